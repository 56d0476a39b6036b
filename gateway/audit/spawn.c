#include "gateway/audit/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NAMES = 3, VALUE_MAX = 512 };

struct environment {
    char values[NAMES][VALUE_MAX];
    char *list[NAMES + 1];
};

/* What programs need to find others and their files; the rest is not theirs. */
static void fill_environment(struct environment *environment)
{
    static const char *const names[NAMES] = {"PATH", "HOME", "LANG"};
    size_t count = 0;
    for (size_t i = 0; i < NAMES; i++) {
        const char *value = getenv(names[i]);
        if (value == NULL || strlen(value) > VALUE_MAX - sizeof "PATH=")
            continue;
        (void)snprintf(environment->values[count], VALUE_MAX, "%s=%s", names[i], value);
        environment->list[count] = environment->values[count];
        count++;
    }
    environment->list[count] = NULL;
}

/* The end to read from of a pipe that holds the input and nothing more; -1. */
static int fill_pipe(const char *input, size_t length)
{
    int ends[2];
    if (length > SPAWN_INPUT_MAX || pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    ssize_t written = write(ends[1], input, length);
    (void)close(ends[1]); /* its bytes are in the pipe */
    if (written == (ssize_t)length)
        return ends[0];
    (void)close(ends[0]); /* only read from */
    return -1;
}

/* Its own process group; descriptors 0, 1 and 2; every signal as a program expects it.  0 or an errno. */
static int begin(const char *const *argv, int input, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    struct environment environment;
    sigset_t none;
    sigset_t all;
    int result;
    fill_environment(&environment);
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    if ((result = posix_spawn_file_actions_init(&files)) != 0)
        return result;
    if ((result = posix_spawnattr_init(&attributes)) == 0) {
        (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                        POSIX_SPAWN_SETPGROUP);
        (void)posix_spawnattr_setsigmask(&attributes, &none); /* these cannot fail */
        (void)posix_spawnattr_setsigdefault(&attributes, &all);
        (void)posix_spawnattr_setpgroup(&attributes, 0);
        if ((result = posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO)) == 0 &&
            (result = posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)) ==
                0 &&
            (result = posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO)) == 0 &&
            (result = posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1)) == 0)
            result = posix_spawn(pid, argv[0], &files, &attributes, (char *const *)(uintptr_t)argv,
                                 environment.list);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&files);
    return result;
}

/* False: it was killed at the deadline. */
static bool wait_for(pid_t pid, long long millis, int *status)
{
    int fd = pidfd_open(pid, 0);
    struct pollfd end = {.fd = fd, .events = POLLIN};
    int ready = 0;
    do
        ready = fd < 0 ? 0 : poll(&end, 1, (int)millis);
    while (ready < 0 && errno == EINTR); /* its thread takes no signals */
    if (ready != 1) {
        (void)kill(-pid, SIGKILL);
        (void)kill(pid, SIGKILL); /* it may have left its group */
    }
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        continue;
    if (fd >= 0)
        (void)close(fd);
    return ready == 1;
}

int spawn_run(const char *const *argv, const char *input, size_t length, long long millis, struct err *err)
{
    pid_t pid = 0;
    int status = 0;
    int from = fill_pipe(input, length);
    if (from < 0)
        return err_set(err, ERR_SYSTEM, "'%s' cannot be given its input", argv[0]);
    int number = begin(argv, from, &pid);
    (void)close(from); /* only read from */
    if (number != 0)
        return err_set(err, ERR_SYSTEM, "'%s' cannot be run: %s", argv[0], strerror(number));
    if (!wait_for(pid, millis, &status))
        return err_set(err, ERR_SYSTEM, "'%s' did not end within %lld ms", argv[0], millis);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    return err_set(err, ERR_SYSTEM, "'%s' ended with %s %d", argv[0], WIFEXITED(status) ? "status" : "signal",
                   WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}
