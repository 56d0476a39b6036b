/* What arrives at a manager's socket, read back from a real one.  The words are those of sd_notify(3). */
#include "gateway/reload/sd_notify.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/countersign-notify-XXXXXX";
static char path[128];

static int listen_on(const struct sockaddr_un *address, socklen_t length)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)address, length), 0);
    return fd;
}

/* A path, or after '@' an abstract name: bound as sd_notify(3) says, not as sd_notify.c does it. */
static int manager(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    memcpy(address.sun_path, name, length);
    (void)unlink(name); /* of the test before */
    if (name[0] != '@')
        return listen_on(&address, sizeof address);
    address.sun_path[0] = '\0';
    return listen_on(&address, (socklen_t)(sizeof address.sun_family + length));
}

static void expect(int fd, const char *text)
{
    char got[256] = "";
    ssize_t length = recv(fd, got, sizeof got - 1, 0);
    if (text == NULL) {
        assert_int_equal(length, -1);
        return;
    }
    assert_true(length > 0);
    assert_string_equal(got, text);
}

static struct sd_notify begin(const char *socket, const char *usec, const char *pid, int result)
{
    struct sd_notify notify;
    struct err err = {0};
    const char *const names[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};
    const char *const values[] = {socket, usec, pid};
    for (size_t i = 0; i < COUNT(names); i++) {
        (void)unsetenv(names[i]);
        if (values[i] != NULL)
            assert_int_equal(setenv(names[i], values[i], 1), 0);
    }
    assert_int_equal(sd_notify_init(&notify, &err), result);
    assert_int_equal(err.kind != ERR_NONE, result != 0);
    for (size_t i = 0; i < COUNT(names); i++) /* nobody inherits what was meant for us */
        assert_null(getenv(names[i]));
    return notify;
}

static void whole_life_at(const char *name)
{
    int fd = manager(name);
    struct sd_notify notify = begin(name, NULL, NULL, 0);
    expect(fd, NULL);
    sd_notify_ready(&notify, "Serving");
    expect(fd, "READY=1\nSTATUS=Serving");
    sd_notify_reloading(&notify, 1234567890123);
    expect(fd, "RELOADING=1\nMONOTONIC_USEC=1234567890123\nSTATUS=Reloading");
    sd_notify_alive(&notify, true, 1);
    expect(fd, "WATCHDOG=1");
    sd_notify_alive(&notify, false, 1);
    expect(fd, NULL);
    sd_notify_stopping(&notify);
    expect(fd, "STOPPING=1\nSTATUS=Finishing what is in flight");
    sd_notify_done(&notify);
    (void)close(fd);
}

static void by_path_and_by_name(void **state)
{
    char name[64];
    (void)state;
    whole_life_at(path);
    (void)snprintf(name, sizeof name, "@countersign-notify-%d", (int)getpid());
    whole_life_at(name);
}

static void nobody_asked(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct sd_notify notify = begin(i == 0 ? NULL : "", "30000000", NULL, 0);
        sd_notify_ready(&notify, "Serving");
        sd_notify_alive(&notify, true, 5);
        assert_int_equal(notify.fd, -1);
        assert_int_equal(sd_notify_wait_us(&notify, 5), -1);
        sd_notify_done(&notify);
    }
}

/* A manager that is gone, or does not read: nothing is said, and nobody waits. */
static void nobody_listens(void **state)
{
    int fd = manager(path);
    struct sd_notify notify = begin(path, NULL, NULL, 0);
    (void)state;
    for (int i = 0; i < 10000; i++)
        sd_notify_alive(&notify, true, i);
    (void)close(fd);
    sd_notify_ready(&notify, "Serving");
    (void)unlink(path);
    sd_notify_ready(&notify, "Serving");
    sd_notify_done(&notify);
}

static void what_is_no_socket(void **state)
{
    static const char *const rows[] = {"run/notify", "/", "@", "vsock:2:1234", "unix:/run/notify"};
    char longer[sizeof((struct sockaddr_un *)NULL)->sun_path + 1];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sd_notify notify = begin(rows[i], NULL, NULL, -1);
        sd_notify_done(&notify);
    }
    memset(longer, 'a', sizeof longer - 1);
    longer[0] = '/';
    longer[sizeof longer - 1] = '\0';
    struct sd_notify notify = begin(longer, NULL, NULL, -1);
    sd_notify_done(&notify);
    longer[sizeof longer - 2] = '\0'; /* the longest that fits, with its NUL */
    notify = begin(longer, NULL, NULL, 0);
    sd_notify_done(&notify);
}

static void half_of_what_the_watchdog_allows(void **state)
{
    char mine[24];
    char other[24];
    (void)state;
    (void)snprintf(mine, sizeof mine, "%d", (int)getpid());
    (void)snprintf(other, sizeof other, "%d", (int)getppid());
    const struct {
        const char *usec, *pid;
        int64_t beat_us;
    } rows[] = {
        {"30000000", NULL, 15000000},
        {"30000000", mine, 15000000},
        {"30000000", other, 0},
        {"30000000", "x", 0},
        {NULL, mine, 0},
        {"", NULL, 0},
        {"0", NULL, 0},
        {"-2", NULL, 0},
        {"3s", NULL, 0},
        {"1", NULL, 0},
        {"99999999999999999999", NULL, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sd_notify notify = begin("/nowhere", rows[i].usec, rows[i].pid, 0);
        assert_int_equal(notify.beat_us, rows[i].beat_us);
        assert_int_equal(sd_notify_wait_us(&notify, 100),
                         rows[i].beat_us == 0 ? -1 : 0); /* the first at once */
        sd_notify_alive(&notify, true, 100);
        if (rows[i].beat_us > 0) {
            assert_int_equal(sd_notify_wait_us(&notify, 100), 15000000);
            assert_int_equal(sd_notify_wait_us(&notify, 15000099), 1);
            assert_int_equal(sd_notify_wait_us(&notify, 99000000), 0);
        }
        sd_notify_done(&notify);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_path_and_by_name),
        cmocka_unit_test(nobody_asked),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(what_is_no_socket),
        cmocka_unit_test(half_of_what_the_watchdog_allows),
    };
    if (mkdtemp(folder) == NULL)
        return 1;
    (void)snprintf(path, sizeof path, "%s/notify", folder);
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(path);
    (void)rmdir(folder);
    return result;
}
