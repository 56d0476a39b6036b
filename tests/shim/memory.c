/* Preloaded: the n-th allocation fails, or none.  A test and the process share a page, a file named by
 * SHIM_MEMORY: the test writes `countdown` (1: the next one fails; 0: none does) and reads `calls`. */
#include "tests/shim/allocator.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct page {
    atomic_llong countdown;
    atomic_llong calls;
    atomic_llong failed;
};

static struct page none;
static struct page *page = &none;

__attribute__((constructor)) static void begin(void)
{
    const char *name = getenv("SHIM_MEMORY");
    find_allocator();
    int fd = name == NULL ? -1 : open(name, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    void *map = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED)
        page = map;
    (void)close(fd);
}

static bool is_ready(void)
{
    return real_malloc != NULL;
}

static bool allocation_fails(void)
{
    atomic_fetch_add(&page->calls, 1);
    if (atomic_load(&page->countdown) <= 0 || atomic_fetch_sub(&page->countdown, 1) != 1)
        return false;
    atomic_fetch_add(&page->failed, 1);
    errno = ENOMEM;
    return true;
}
