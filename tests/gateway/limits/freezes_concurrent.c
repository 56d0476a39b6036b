/* What is frozen: on two gateways of one store, over a restart, and where the store does not answer. */
#include "gateway/limits/freezes.h"

#include "base/time/clock.h"
#include "base/log/operator_log.h"
#include "tests/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_ROOM = 128, LOOKS = 2000 };

static char folder[] = "/tmp/countersign-freezes.XXXXXX";

struct gateway {
    char file[PATH_ROOM];
    struct log notices;
    struct state *state;
    struct freezes *freezes;
};

static void begin(struct gateway *gateway, const char *name, const struct config_store *store)
{
    struct err err = {0};
    (void)snprintf(gateway->file, sizeof gateway->file, "%s/%s", folder, name);
    assert_int_equal(operator_log_init(&gateway->notices, false), 0);
    gateway->state = state_open(store, &gateway->notices, &err);
    assert_non_null(gateway->state);
    gateway->freezes = freezes_open(gateway->state, gateway->file, &gateway->notices, &err);
    if (gateway->freezes == NULL)
        print_error("%s\n", err.text);
    assert_non_null(gateway->freezes);
}

static void end(struct gateway *gateway)
{
    freezes_close(gateway->freezes);
    state_close(gateway->state);
    log_done(&gateway->notices);
}

static struct config_store in_sqlite(char path[PATH_ROOM])
{
    (void)snprintf(path, PATH_ROOM, "%s/state.db", folder);
    return (struct config_store){.kind = CONFIG_STORE_SQLITE, .instances = 8, .file = path};
}

/* A port of this machine where nobody listens: reserved by IANA, and never given out. */
static struct config_store in_nowhere(void)
{
    static const struct config_redis_server servers[] = {{"127.0.0.1:1", "127.0.0.1", 1}};
    return (struct config_store){.kind = CONFIG_STORE_REDIS,
                                 .instances = 8,
                                 .servers = servers,
                                 .server_count = COUNT(servers),
                                 .prefix = "test:"};
}

static struct freeze of(const char *client, const char *token, int64_t for_ms)
{
    struct freeze freeze = {.since_ms = clock_wall_ms() / 1000 * 1000, .until_ms = FREEZE_FOREVER};
    (void)snprintf(freeze.client, sizeof freeze.client, "%s", client);
    (void)snprintf(freeze.token, sizeof freeze.token, "%s", token);
    (void)snprintf(freeze.by, sizeof freeze.by, "alice");
    (void)snprintf(freeze.reason, sizeof freeze.reason, "a \"reason\"");
    if (for_ms > 0)
        freeze.until_ms = clock_wall_ms() + for_ms;
    return freeze;
}

static bool is_frozen(struct gateway *gateway, const char *client, const char *token)
{
    struct freeze found;
    return freezes_find(gateway->freezes, client, token, clock_wall_ms(), &found) &&
           strcmp(found.by, "alice") == 0 && strcmp(found.reason, "a \"reason\"") == 0;
}

static struct freezes_reach add(struct gateway *gateway, struct freeze freeze)
{
    struct freezes_reach reach = {0};
    struct err err = {0};
    assert_int_equal(freezes_add(gateway->freezes, &freeze, &reach, &err), 0);
    return reach;
}

/* ---- tests ---- */

static void one_gateway(void **context)
{
    const struct config_store store = {.kind = CONFIG_STORE_MEMORY, .instances = 8};
    struct gateway gateway;
    struct err err = {0};
    bool was = false;
    (void)context;
    begin(&gateway, "alone", &store);
    assert_false(is_frozen(&gateway, "web", "a"));
    struct freezes_reach reach = add(&gateway, of("web", "", 0));
    assert_true(reach.everywhere && reach.kept);
    (void)add(&gateway, of("batch", "b", 0));
    (void)add(&gateway, of("short", "", 1));
    assert_true(is_frozen(&gateway, "web", "a") && is_frozen(&gateway, "batch", "b"));
    assert_false(is_frozen(&gateway, "batch", "a") || is_frozen(&gateway, "we", "a"));
    unit_await(!is_frozen(&gateway, "short", "a"));
    end(&gateway);
    begin(&gateway, "alone", &store);
    assert_true(is_frozen(&gateway, "web", "a") && is_frozen(&gateway, "batch", "b"));
    assert_int_equal(freezes_count(gateway.freezes, clock_wall_ms()), 2);
    assert_int_equal(freezes_remove(gateway.freezes, "web", "", &was, &err), 0);
    assert_true(was);
    assert_int_equal(freezes_remove(gateway.freezes, "web", "", &was, &err), 0);
    assert_false(was || is_frozen(&gateway, "web", "a"));
    end(&gateway);
}

static void two_gateways(void **context)
{
    char path[PATH_ROOM];
    const struct config_store store = in_sqlite(path);
    struct gateway one;
    struct gateway other;
    struct err err = {0};
    bool was = false;
    (void)context;
    begin(&one, "one", &store);
    begin(&other, "other", &store);
    assert_true(add(&one, of("web", "", 0)).everywhere);
    unit_await(is_frozen(&other, "web", "a"));
    (void)add(&other, of("web", "b", 3600000));
    unit_await(freezes_count(one.freezes, clock_wall_ms()) == 2);
    assert_int_equal(freezes_remove(other.freezes, "web", "", &was, &err), 0);
    unit_await(!is_frozen(&one, "web", "a"));
    assert_true(is_frozen(&one, "web", "b"));
    end(&one);
    end(&other);
    begin(&other, "third", &store); /* it begins with what the store has */
    assert_true(is_frozen(&other, "web", "b"));
    end(&other);
}

/* What was known from the file stays, a freeze holds here, and nothing is thawed. */
static void a_store_that_is_away(void **context)
{
    const struct config_store alone = {.kind = CONFIG_STORE_MEMORY, .instances = 8};
    const struct config_store nowhere = in_nowhere();
    struct gateway gateway;
    struct err err = {0};
    bool was = false;
    (void)context;
    begin(&gateway, "away", &alone);
    (void)add(&gateway, of("web", "", 0));
    end(&gateway);
    begin(&gateway, "away", &nowhere);
    assert_true(freezes_away(gateway.freezes) && is_frozen(&gateway, "web", "a"));
    struct freezes_reach reach = add(&gateway, of("batch", "", 0));
    assert_true(!reach.everywhere && reach.kept && is_frozen(&gateway, "batch", "a"));
    assert_int_equal(freezes_remove(gateway.freezes, "web", "", &was, &err), -1);
    assert_non_null(strstr(err.text, "it may be thawed, or not"));
    assert_true(is_frozen(&gateway, "web", "a"));
    end(&gateway);
    begin(&gateway, "away", &nowhere);
    assert_true(is_frozen(&gateway, "web", "a") && is_frozen(&gateway, "batch", "a"));
    end(&gateway);
}

static void a_file_that_is_none(void **context)
{
    const struct config_store store = {.kind = CONFIG_STORE_MEMORY, .instances = 8};
    struct gateway gateway;
    struct err err = {0};
    (void)context;
    begin(&gateway, "none", &store);
    FILE *file = fopen(gateway.file, "we");
    assert_non_null(file);
    assert_true(fputs("{\"client\":\"web\"}\n{}\n", file) >= 0 && fclose(file) == 0);
    assert_null(freezes_open(gateway.state, gateway.file, &gateway.notices, &err));
    assert_non_null(strstr(err.text, "does not say what is frozen"));
    end(&gateway);
}

static void *look(void *context)
{
    struct gateway *gateway = context;
    for (int i = 0; i < LOOKS; i++)
        (void)is_frozen(gateway, "web", "a");
    return NULL;
}

/* Callers look while operators change and the store is asked. */
static void many_threads(void **context)
{
    char path[PATH_ROOM];
    const struct config_store store = in_sqlite(path);
    struct gateway gateway;
    pthread_t threads[4];
    struct err err = {0};
    bool was = false;
    (void)context;
    begin(&gateway, "threads", &store);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look, &gateway), 0);
    for (int i = 0; i < 20; i++) {
        (void)add(&gateway, of("web", "", 0));
        assert_int_equal(freezes_remove(gateway.freezes, "web", "", &was, &err), 0);
    }
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_false(is_frozen(&gateway, "web", "a"));
    end(&gateway);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_gateway), cmocka_unit_test(two_gateways),
                                       cmocka_unit_test(a_store_that_is_away),
                                       cmocka_unit_test(a_file_that_is_none), cmocka_unit_test(many_threads)};
    if (mkdtemp(folder) == NULL)
        return 1;
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    char command[PATH_ROOM];
    (void)snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command) != 0 ? 1 : result;
}
