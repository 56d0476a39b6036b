#include "gateway/command_policy/files_watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { FILES_WATCH_MS = 200 };

int files_watch_init(struct files_watch *watch, struct err *err)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP);
    *watch = (struct files_watch){.items = calloc(FILES_WATCH_MAX, sizeof *watch->items), .signals = -1};
    if (watch->items == NULL)
        return err_memory(err);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || (watch->signals = signalfd(-1, &set, SFD_CLOEXEC)) < 0)
        return err_set(err, ERR_SYSTEM, "signals cannot be read: %s", strerror(errno));
    return 0;
}

void files_watch_done(struct files_watch *watch)
{
    for (size_t i = 0; i < watch->count; i++)
        free(watch->items[i].path);
    free(watch->items);
    if (watch->signals >= 0)
        (void)close(watch->signals);
    *watch = (struct files_watch){.signals = -1};
}

static void look(const char *path, struct stat *seen)
{
    if (stat(path, seen) != 0)
        *seen = (struct stat){0};
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mode == b->st_mode && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

void files_watch_add(struct files_watch *watch, const char *path)
{
    for (size_t i = 0; i < watch->count; i++)
        if (strcmp(watch->items[i].path, path) == 0)
            return;
    char *copy = watch->count == FILES_WATCH_MAX ? NULL : strdup(path);
    if (copy == NULL)
        return;
    watch->items[watch->count].path = copy;
    look(path, &watch->items[watch->count].seen);
    watch->count++;
}

static const char *find_change(struct files_watch *watch)
{
    const char *changed = NULL;
    for (size_t i = 0; i < watch->count; i++) {
        struct stat now;
        look(watch->items[i].path, &now);
        if (is_same(&now, &watch->items[i].seen))
            continue;
        watch->items[i].seen = now;
        changed = watch->items[i].path;
    }
    return changed;
}

const char *files_watch_wait(struct files_watch *watch)
{
    struct pollfd ends = {.fd = watch->signals, .events = POLLIN};
    const char *changed = NULL;
    while ((changed = find_change(watch)) == NULL) {
        int ready = poll(&ends, 1, FILES_WATCH_MS);
        if (ready > 0 || (ready < 0 && errno != EINTR))
            return NULL;
    }
    return changed;
}
