/* Preloaded: the n-th allocation of the program fails, or none.  A test and the process share a page, a file
 * named by SHIM_MEMORY: the test writes `countdown` (1: the next one fails; 0: none does) and reads `calls`.
 * Only what main() does is counted and fails: what libraries do before it and at the exit, and what a build
 * adds there to count lines, is not the program's. */
#include "tests/shim/allocator.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct page {
    atomic_llong countdown;
    atomic_llong calls;
    atomic_llong failed;
};

typedef int main_function(int, char **, char **);

static struct page *_Atomic page; /* NULL: none, or main() is not running */
static main_function *real_main;
static _Thread_local bool sanitizer_asks __attribute__((tls_model("initial-exec")));

static struct page *open_page(void)
{
    const char *name = getenv("SHIM_MEMORY");
    int fd = name == NULL ? -1 : open(name, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    void *map = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    return map == MAP_FAILED ? NULL : map;
}

static int counted_main(int argc, char **argv, char **environment)
{
    page = open_page();
    int result = real_main(argc, argv, environment);
    page = NULL;
    return result;
}

int __libc_start_main(main_function *program, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end);

/* The C library's, which the first instructions of a program call. */
int __libc_start_main(main_function *program, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end)
{
    int (*real_start)(main_function *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
    *(void **)&real_start = dlsym(RTLD_NEXT, "__libc_start_main");
    real_main = program;
    return real_start(counted_main, argc, argv, init, fini, rtld_fini, stack_end);
}

/* The address sanitizer asks so for the stack of each thread, and ends the process where that fails. */
int pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes)
{
    int (*real_getattr)(pthread_t, pthread_attr_t *);
    *(void **)&real_getattr = dlsym(RTLD_NEXT, "pthread_getattr_np");
    sanitizer_asks = true;
    int result = real_getattr(thread, attributes);
    sanitizer_asks = false;
    return result;
}

static bool allocation_fails(void)
{
    if (page == NULL || sanitizer_asks)
        return false;
    atomic_fetch_add(&page->calls, 1);
    if (atomic_load(&page->countdown) <= 0 || atomic_fetch_sub(&page->countdown, 1) != 1)
        return false;
    atomic_fetch_add(&page->failed, 1);
    errno = ENOMEM;
    return true;
}
