/* Preloaded: the n-th allocation fails, or none.  A test and the process share a page, a file named by
 * SHIM_MEMORY: the test writes `countdown` (1: the next one fails; 0: none does) and reads `calls`. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct page {
    atomic_llong countdown;
    atomic_llong calls;
    atomic_llong failed;
};

static struct page none;
static struct page *page = &none;
static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);

/* dlsym() may allocate before it has told us where to: a little room for that. */
static char early[16384];
static size_t early_used;

static void *early_alloc(size_t size)
{
    size_t begin = (early_used + 15) / 16 * 16;
    if (begin + size > sizeof early)
        return NULL;
    early_used = begin + size;
    return early + begin;
}

static int is_early(const void *pointer)
{
    return (const char *)pointer >= early && (const char *)pointer < early + sizeof early;
}

__attribute__((constructor)) static void begin(void)
{
    const char *name = getenv("SHIM_MEMORY");
    *(void **)&real_malloc = dlsym(RTLD_NEXT, "malloc");
    *(void **)&real_calloc = dlsym(RTLD_NEXT, "calloc");
    *(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
    int fd = name == NULL ? -1 : open(name, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    void *map = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED)
        page = map;
    (void)close(fd);
}

static int fails(void)
{
    atomic_fetch_add(&page->calls, 1);
    if (atomic_load(&page->countdown) <= 0 || atomic_fetch_sub(&page->countdown, 1) != 1)
        return 0;
    atomic_fetch_add(&page->failed, 1);
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    if (real_malloc == NULL)
        return early_alloc(size);
    return fails() ? NULL : real_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    if (real_calloc == NULL)
        return early_alloc(count * size); /* static, so zero */
    return fails() ? NULL : real_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    if (real_realloc == NULL || is_early(old)) {
        size_t most = old == NULL ? 0 : (size_t)(early + sizeof early - (char *)old);
        void *new = malloc(size);
        if (new != NULL && old != NULL)
            (void)memcpy(new, old, size < most ? size : most);
        return new;
    }
    return fails() ? NULL : real_realloc(old, size);
}

void free(void *pointer)
{
    static void (*real_free)(void *);
    if (pointer == NULL || is_early(pointer))
        return;
    if (real_free == NULL)
        *(void **)&real_free = dlsym(RTLD_NEXT, "free");
    real_free(pointer);
}
