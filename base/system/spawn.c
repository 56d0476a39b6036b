#include "base/system/spawn.h"

#include "base/time/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NAMES = 3, VALUE_MAX = 512, READ_SIZE = 2048 };

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
static int begin(const char *const *argv, int input, int output, pid_t *pid)
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
            (result = posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0)) ==
                0 &&
            (result = posix_spawn_file_actions_adddup2(&files, output < 0 ? STDERR_FILENO : output,
                                                       STDOUT_FILENO)) == 0 &&
            (result = posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1)) == 0)
            result = posix_spawn(pid, argv[0], &files, &attributes, (char *const *)(uintptr_t)argv,
                                 environment.list);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&files);
    return result;
}

/* What it may take: less than the gateway, which has raised its own.  A program that has ended needs none. */
static void limit(pid_t pid, long long millis)
{
    const rlim_t seconds = (rlim_t)(millis / 1000 + 1);
    const struct rlimit files = {SPAWN_FILES, SPAWN_FILES};
    const struct rlimit core = {0, 0};
    const struct rlimit time = {seconds, seconds};
    (void)prlimit(pid, RLIMIT_NOFILE, &files, NULL);
    (void)prlimit(pid, RLIMIT_CORE, &core, NULL);
    (void)prlimit(pid, RLIMIT_CPU, &time, NULL);
}

/* One read of a pipe that does not wait.  False: it is over, or `output` takes no more. */
static bool take(int from, struct buf *output)
{
    char bytes[READ_SIZE];
    ssize_t got = read(from, bytes, sizeof bytes);
    if (got > 0)
        buf_put_bytes(output, bytes, (size_t)got);
    explicit_bzero(bytes, sizeof bytes);
    return got > 0 ? !output->failed : got < 0 && (errno == EAGAIN || errno == EINTR);
}

/* True when the program has ended, with what it wrote in `output`; false: it is time to kill it. */
static bool follow(int fd, int from, struct buf *output, long long millis)
{
    const int64_t until_us = clock_monotonic_us() + millis * 1000;
    struct pollfd ends[] = {{.fd = fd, .events = POLLIN}, {.fd = from, .events = POLLIN}};
    for (int64_t left = millis; fd >= 0 && left > 0; left = (until_us - clock_monotonic_us()) / 1000) {
        if (poll(ends, COUNT(ends), (int)left) < 0)
            continue; /* its thread takes no signals: EINTR only, and it is looked at the clock */
        if (ends[1].revents != 0 && !take(from, output)) {
            if (output->failed)
                return false;
            ends[1].fd = -1; /* it has closed its standard output */
        } else if (ends[0].revents != 0 && ends[1].revents == 0) {
            return true; /* and all that it wrote was read */
        }
    }
    return false;
}

/* False: it was killed, and with it what it had begun. */
static bool wait_for(pid_t pid, int from, struct buf *output, long long millis, int *status)
{
    int fd = pidfd_open(pid, 0);
    bool ended = follow(fd, from, output, millis);
    if (!ended) {
        (void)kill(-pid, SIGKILL);
        (void)kill(pid, SIGKILL); /* it may have left its group */
    }
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        continue;
    if (fd >= 0)
        (void)close(fd);
    return ended;
}

/* The ends of a pipe for its standard output, or -1 and -1 where nobody reads it. */
static int open_output(const struct buf *output, int ends[2])
{
    ends[0] = ends[1] = -1;
    if (output == NULL)
        return 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
        return 0;
    (void)close(ends[0]);
    (void)close(ends[1]);
    return -1;
}

static void close_end(int fd)
{
    if (fd >= 0)
        (void)close(fd); /* of a pipe */
}

static int judge(const char *const *argv, const struct buf *output, bool ended, int status, long long millis,
                 struct err *err)
{
    if (output != NULL && output->failed)
        return err_set(err, ERR_LIMIT, "'%s' wrote more than %zu bytes", argv[0], output->ceiling);
    if (!ended)
        return err_set(err, ERR_SYSTEM, "'%s' did not end within %lld ms", argv[0], millis);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    return err_set(err, ERR_SYSTEM, "'%s' ended with %s %d", argv[0], WIFEXITED(status) ? "status" : "signal",
                   WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

int spawn_run(const char *const *argv, const char *input, size_t length, struct buf *output, long long millis,
              struct err *err)
{
    pid_t pid = 0;
    int status = 0;
    int to[2];
    int from = fill_pipe(input, length);
    if (from < 0 || open_output(output, to) != 0) {
        close_end(from);
        return err_set(err, ERR_SYSTEM, "'%s' cannot be given its input and output", argv[0]);
    }
    int number = begin(argv, from, to[1], &pid);
    close_end(from);
    close_end(to[1]);
    if (number != 0) {
        close_end(to[0]);
        return err_set(err, ERR_SYSTEM, "'%s' cannot be run: %s", argv[0], strerror(number));
    }
    limit(pid, millis);
    bool ended = wait_for(pid, to[0], output, millis, &status);
    close_end(to[0]);
    return judge(argv, output, ended, status, millis, err);
}
