/* A keeper whose generations are replaced while it fetches and others sign: nothing is freed that is in use,
 * one thread fetches a credential at a time, and what lives is shared. */
#include "gateway/keeper/keeper.h"

#include "base/time/clock.h"
#include "tests/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { GENERATIONS = 40, READERS = 3 };

/* A configuration, and who holds it. */
struct generation {
    struct config config;
    struct config_credential credentials[2];
    struct config_issuer issuers[2];
    struct keeping *keeping;
    atomic_int references;
};

static char script[] = "/tmp/countersign-keeper-XXXXXX";
static const char *words[] = {"/bin/sh", script, NULL};
static const char *bad_words[] = {"/bin/false", NULL};
static atomic_int alive;
static struct keeper *keeper;

static void hold(void *context)
{
    struct generation *generation = context;
    atomic_fetch_add(&generation->references, 1);
}

static void release(void *context)
{
    struct generation *generation = context;
    if (atomic_fetch_sub(&generation->references, 1) != 1)
        return;
    keeping_free(generation->keeping);
    free(generation);
    atomic_fetch_sub(&alive, 1);
}

static struct generation *make(const struct generation *previous)
{
    struct generation *made = calloc(1, sizeof *made);
    assert_non_null(made);
    atomic_fetch_add(&alive, 1);
    atomic_init(&made->references, 1);
    made->issuers[0] = (struct config_issuer){.kind = CONFIG_COMMAND, .command = words, .same = "good"};
    made->issuers[1] = (struct config_issuer){.kind = CONFIG_COMMAND, .command = bad_words, .same = "bad"};
    made->credentials[0] = (struct config_credential){.name = "good", .issuer = &made->issuers[0]};
    made->credentials[1] = (struct config_credential){.name = "bad", .issuer = &made->issuers[1]};
    made->config.credentials = made->credentials;
    made->config.credential_count = COUNT(made->credentials);
    const struct keeping_owner owner = {hold, release, made};
    struct err err = {0};
    made->keeping =
        keeper_keeping(keeper, &made->config, previous == NULL ? NULL : previous->keeping, &owner, &err);
    assert_non_null(made->keeping);
    return made;
}

/* Prints a credential that lives for two seconds. */
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

static atomic_bool ended;
static atomic_int taken, missed;

static void *sign(void *context)
{
    struct renewal *renewal = context;
    while (!atomic_load(&ended)) {
        struct err err = {0};
        struct renewal_version *version = renewal_take(renewal, clock_monotonic_us(), &err);
        atomic_fetch_add(version == NULL ? &missed : &taken, 1);
        if (version != NULL)
            assert_non_null(version->credential.key);
        renewal_version_release(version);
        unit_elapse(1);
    }
    return NULL;
}

static void generations(void **state)
{
    pthread_t readers[READERS];
    struct log notices;
    struct err err = {0};
    struct keeper_state good;
    struct keeper_state bad;
    (void)state;
    write_script();
    assert_int_equal(log_init(&notices, open("/dev/null", O_WRONLY)), 0);
    keeper = keeper_new(&notices, &err);
    assert_non_null(keeper);
    struct generation *current = make(NULL);
    struct renewal *renewal = renewal_hold(current->keeping->renewals[0]);
    keeper_use(keeper, current->keeping);
    assert_int_equal(keeper_start(keeper, &err), 0);
    keeper_wait(keeper, 20000);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, sign, renewal), 0);
    for (int i = 0; i < GENERATIONS; i++) {
        struct generation *next = make(current);
        keeper_use(keeper, next->keeping);
        release(current);
        current = next;
        assert_ptr_equal(current->keeping->renewals[0], renewal);
        unit_elapse(25);
    }
    unit_await(keeper_look(keeper, current->keeping, 0, &good) && good.good >= 3);
    unit_await(keeper_look(keeper, current->keeping, 1, &bad) && bad.bad >= 2);
    atomic_store(&ended, true);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    assert_false(bad.there);
    assert_true(bad.failing && bad.is_short && atomic_load(&taken) > 0);
    keeper_stop(keeper);
    release(current);
    renewal_release(renewal);
    keeper_free(keeper);
    log_done(&notices);
    (void)unlink(script);
    assert_int_equal(atomic_load(&alive), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(generations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
