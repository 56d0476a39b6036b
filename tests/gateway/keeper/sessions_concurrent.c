/* Sessions of clients, taken, refused, renewed and evicted by many threads: nothing is freed that is in use,
 * and no more are kept than the limit says. */
#include "gateway/keeper/sessions.h"

#include "base/time/clock.h"
#include "tests/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LIMIT = 3, CLIENTS = 5, CALLERS = 4, CALLS = 60, WAIT_US = 20000000 };

static char script[] = "/tmp/countersign-sessions-XXXXXX";
static const char *words[] = {"/bin/sh", script, NULL};
static const struct config_issuer issuer = {
    .kind = CONFIG_COMMAND, .command = words, .same = "a", .tags = "", .session_limit = LIMIT};
static const struct config_credential credential = {.name = "main", .issuer = &issuer};
static const char *const names[CLIENTS] = {"one", "two", "three", "four", "five"};
static atomic_bool abandoned, ended;
static struct sessions *sessions;

/* Prints a credential that lives for some two seconds. */
static void write_script(void)
{
    int fd = mkstemp(script);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    assert_non_null(file);
    fputs(
        "printf '{\"TmpSecretId\":\"id\",\"TmpSecretKey\":\"key-%s\",\"Token\":\"t\",\"ExpiredTime\":%s}' $$ "
        "$(($(date +%s) + 2))\n",
        file);
    assert_int_equal(fclose(file), 0);
}

static void *call(void *context)
{
    const struct fetch fetch = {.credential = &credential};
    unsigned seed = *(const unsigned *)context;
    for (int i = 0; i < CALLS; i++) {
        seed = seed * 1103515245 + 12345;
        const struct sessions_owner owner = {names[(seed >> 16) % (i < CALLS / 2 ? LIMIT : CLIENTS)], "k1"};
        int64_t now_us = clock_monotonic_us();
        struct err err = {0};
        struct renewal_version *version = sessions_find(sessions, &owner, now_us);
        if (version == NULL)
            version = sessions_take(sessions, &owner, &fetch, now_us + WAIT_US, &err);
        assert_true((version != NULL) == (err.kind == ERR_NONE));
        if (version == NULL)
            continue; /* all are being fetched */
        assert_non_null(version->credential.key);
        if (i % 16 == 0) {
            bool other = sessions_refuse(sessions, &owner, version, now_us);
            (void)other; /* it may be too young */
        }
        renewal_version_release(version);
    }
    return NULL;
}

static void *keep(void *context)
{
    const struct fetch fetch = {.credential = &credential};
    (void)context;
    while (!atomic_load(&ended)) {
        int64_t wait_us = 1000;
        struct sessions_state state;
        struct session *due = sessions_due(sessions, clock_monotonic_us(), &wait_us);
        if (due != NULL)
            sessions_renew(sessions, due, &fetch);
        sessions_look(sessions, &state);
        assert_true(state.count <= LIMIT);
        unit_elapse(1);
    }
    return NULL;
}

static void all_at_once(void **state)
{
    pthread_t callers[CALLERS];
    pthread_t keeper;
    unsigned seeds[CALLERS] = {1, 2, 3, 4};
    struct sessions_state seen;
    (void)state;
    sessions = sessions_new(&issuer, CALLERS, &abandoned);
    assert_non_null(sessions);
    assert_int_equal(pthread_create(&keeper, NULL, keep, NULL), 0);
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&callers[i], NULL, call, &seeds[i]), 0);
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_join(callers[i], NULL), 0);
    atomic_store(&ended, true);
    assert_int_equal(pthread_join(keeper, NULL), 0);
    sessions_look(sessions, &seen);
    assert_true(seen.good >= CLIENTS && seen.evicted > 0 && seen.bad == 0);
    sessions_release(sessions);
}

/* A caller that waits is answered when all is abandoned, and evictions spare those that are waited for. */
static void what_is_over(void **state)
{
    const struct fetch fetch = {.credential = &credential};
    const struct sessions_owner owner = {"one", NULL};
    struct err err = {0};
    (void)state;
    sessions = sessions_new(&issuer, CALLERS, &abandoned);
    assert_non_null(sessions);
    assert_null(sessions_take(sessions, &owner, &fetch, clock_monotonic_us() - 1, &err));
    assert_non_null(strstr(err.text, "until the call's deadline"));
    atomic_store(&abandoned, true);
    err_clear(&err);
    assert_null(sessions_take(sessions, &owner, &fetch, clock_monotonic_us() + WAIT_US, &err));
    assert_string_equal(err.text, "the gateway ends");
    atomic_store(&abandoned, false);
    sessions_release(sessions);
}

/* Expected by hand, from the vendor's page of AssumeRole: 2 to 128 characters, a list of Key and Value. */
static void what_sts_gets(void **state)
{
    static const struct {
        const char *client, *token, *tags, *members;
    } rows[] = {
        {"web", "k1", "",
         "\"RoleSessionName\":\"web\",\"Tags\":[{\"Key\":\"client\",\"Value\":\"web\"},"
         "{\"Key\":\"token\",\"Value\":\"k1\"}]"},
        {"w", NULL, "{\"Key\":\"team\",\"Value\":\"a\"}",
         "\"RoleSessionName\":\"w-\",\"Tags\":[{\"Key\":\"team\",\"Value\":\"a\"},"
         "{\"Key\":\"client\",\"Value\":\"w\"}]"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out;
        const struct sessions_owner owner = {rows[i].client, rows[i].token};
        buf_init(&out, 1024);
        sessions_put_members(&owner, rows[i].tags, &out);
        assert_string_equal(buf_text(&out), rows[i].members);
        buf_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_at_once), cmocka_unit_test(what_is_over),
                                       cmocka_unit_test(what_sts_gets)};
    write_script();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(script);
    return failed;
}
