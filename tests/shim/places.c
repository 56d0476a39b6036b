/* An allocation fails, once: see places.h.  Linked into a program of the tests, where arena.c
 * lets an arena fail, too.  What is allocated before main(), or when it is over, is not ours: it
 * neither counts nor fails. */
#include "tests/shim/places.h"

#include "tests/shim/allocator.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FRAMES = 48, OWN_FRAMES = 8 };

static struct memory none;
static struct memory *memory = &none;
static atomic_bool in_main;
static uintptr_t program; /* where it begins, and */
static uintptr_t program_size;
static _Thread_local bool looking __attribute__((tls_model("initial-exec")));

struct memory *memory_shared(void)
{
    return memory;
}

/* The first is the program itself. */
static int find_program(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    program = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD)
            program_size = info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
    return 1;
}

__attribute__((constructor)) static void begin(void)
{
    void *frames[FRAMES];
    const char *name = getenv("SHIM_MEMORY");
    (void)dl_iterate_phdr(find_program, NULL);
    (void)backtrace(frames, FRAMES); /* the first time it loads a library */
    int fd = name == NULL ? -1 : open(name, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    void *map = mmap(NULL, sizeof *memory, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED)
        memory = map;
    (void)close(fd);
}

static void end(void)
{
    atomic_store(&in_main, false);
}

/* What the C library calls to run main(). */
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end);

static int (*real_main)(int, char **, char **);

static int our_main(int argc, char **argv, char **variables)
{
    (void)atexit(end);
    atomic_store(&in_main, true);
    return real_main(argc, argv, variables);
}

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
    int (*real)(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void),
                void *);
    *(void **)&real = dlsym(RTLD_NEXT, "__libc_start_main");
    real_main = main;
    return real(our_main, argc, argv, init, fini, rtld_fini, stack_end);
}

/* Where it failed, for whom looks for the reason: SHIM_SHOW is a file. */
static void show(void)
{
    void *frames[FRAMES];
    const char *file = getenv("SHIM_SHOW");
    int fd = file == NULL ? -1 : open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    looking = true;
    dprintf(fd, "%lld\n", atomic_load(&memory->calls));
    backtrace_symbols_fd(frames, backtrace(frames, FRAMES), fd);
    looking = false;
    (void)close(fd);
}

/* Not 0. */
static uint64_t place(void)
{
    void *frames[FRAMES];
    uint64_t hash = 14695981039346656037u; /* FNV-1a, but for words */
    looking = true;
    int count = backtrace(frames, FRAMES);
    looking = false;
    for (int i = 0, own = 0; i < count && own < OWN_FRAMES; i++) {
        uintptr_t at = (uintptr_t)frames[i] - program;
        if (at >= program_size)
            continue;
        hash = (hash ^ at) * 1099511628211u;
        own++;
    }
    hash ^= hash >> 32;
    return hash == 0 ? 1 : hash;
}

/* False where it is there already, or there is no room. */
static bool remember(uint64_t new)
{
    for (size_t i = 0; i < MEMORY_PLACES; i++) {
        uint64_t there = 0;
        _Atomic uint64_t *at = &memory->places[(new + i) % MEMORY_PLACES];
        if (atomic_compare_exchange_strong(at, &there, new))
            return true;
        if (there == new)
            return false;
    }
    return false;
}

static bool is_last_of_countdown(void)
{
    return atomic_load(&memory->countdown) > 0 && atomic_fetch_sub(&memory->countdown, 1) == 1;
}

static bool is_new_place(long long kind)
{
    if (atomic_load(&memory->fresh) != kind)
        return false;
    uint64_t here = place();
    uint64_t every = (uint64_t)atomic_load(&memory->every);
    return here % every == (uint64_t)atomic_load(&memory->first) % every && remember(here) &&
           atomic_exchange(&memory->fresh, 0) == kind;
}

bool memory_fails(void)
{
    if (!atomic_load(&in_main) || looking)
        return false;
    atomic_fetch_add(&memory->calls, 1);
    if (!is_last_of_countdown() && !is_new_place(MEMORY_FRESH))
        return false;
    atomic_fetch_add(&memory->failed, 1);
    show();
    errno = ENOMEM;
    return true;
}

static bool allocation_fails(void)
{
    return memory_fails();
}

bool memory_call_fails(void)
{
    if (!atomic_load(&in_main) || !is_new_place(CALLS_FRESH))
        return false;
    atomic_fetch_add(&memory->failed, 1);
    show();
    return true;
}
