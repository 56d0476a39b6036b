/* Credential files that are replaced while many threads sign and are refused: everybody gets whole versions,
 * nobody waits for a disk that hangs. */
#include "gateway/upstream/renewal.h"

#include "base/time/clock.h"

#include "tests/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 200 };

static char folder[] = "/tmp/countersign-renewal-XXXXXX";
static char id_path[64], key_path[64];
static struct renewal *renewal;
static atomic_llong clock_us; /* ours, so that looks need no pause */
static atomic_int torn, news_told;

static int enter(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(id_path, sizeof id_path, "%s/id", folder);
    (void)snprintf(key_path, sizeof key_path, "%s/key", folder);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    (void)unlink(id_path);
    (void)unlink(key_path);
    return rmdir(folder);
}

static void put(const char *path, const char *text)
{
    char other[80];
    (void)snprintf(other, sizeof other, "%s.new", path);
    int fd = open(other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
    assert_int_equal(rename(other, path), 0);
}

static void put_both(int number)
{
    char text[32];
    (void)snprintf(text, sizeof text, "id-%d\n", number);
    put(id_path, text);
    (void)snprintf(text, sizeof text, "key-%d\n", number);
    put(key_path, text);
}

/* From its files; the token is of the environment. */
static struct renewal *make(void)
{
    struct renewal *made = NULL;
    struct config_credential credential = {
        .id = secret_new("id-0", 4), .key = secret_new("key-0", 5), .token = secret_new("token", 5)};
    credential.files[CONFIG_ID] = (struct config_secret_file){id_path, true};
    credential.files[CONFIG_KEY] = (struct config_secret_file){key_path, true};
    assert_int_equal(renewal_new(&credential, &made), 0);
    assert_non_null(made);
    secret_free(credential.id);
    secret_free(credential.key);
    secret_free(credential.token);
    return made;
}

/* Asked again and again, for the disk has no promise to keep either. */
static bool ask(unsigned number, struct err *news)
{
    for (int i = 0; i < 100; i++) {
        int64_t now_us = atomic_fetch_add(&clock_us, RENEWAL_PAUSE_US) + RENEWAL_PAUSE_US;
        struct err one = {0};
        bool newer = renewal_ask(renewal, number, now_us, &one);
        if (one.text[0] != '\0')
            *news = one;
        if (newer || one.kind != ERR_NONE)
            return newer;
    }
    return false;
}

static void *use(void *unused)
{
    unsigned number = 0;
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        struct err news = {0};
        int64_t now_us = atomic_fetch_add(&clock_us, RENEWAL_PAUSE_US / 4);
        bool newer = renewal_ask(renewal, number, now_us, &news);
        atomic_fetch_add(&news_told, news.text[0] != '\0' && news.kind == ERR_NONE);
        if (!newer || renewal_number(renewal) == number)
            continue;
        struct renewal_version *version = renewal_take(renewal, 0, NULL);
        bool whole = strncmp(secret_bytes(version->credential.id), "id-", 3) == 0 &&
                     strncmp(secret_bytes(version->credential.key), "key-", 4) == 0 &&
                     strcmp(secret_bytes(version->credential.token), "token") == 0 &&
                     version->number > number;
        atomic_fetch_add(&torn, !whole);
        number = version->number;
        renewal_version_release(version);
    }
    return NULL;
}

static void test_many_threads(void **state)
{
    pthread_t threads[THREADS];
    (void)state;
    put_both(0);
    renewal = make();
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use, NULL), 0);
    for (int i = 1; i < 50; i++)
        put_both(i);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&torn), 0);
    assert_true((unsigned)atomic_load(&news_told) <= renewal_number(renewal));
    renewal_release(renewal); /* a look may be going on */
}

static void assert_has(const char *id, const char *key)
{
    struct renewal_version *version = renewal_take(renewal, 0, NULL);
    assert_string_equal(secret_bytes(version->credential.id), id);
    assert_string_equal(secret_bytes(version->credential.key), key);
    assert_string_equal(secret_bytes(version->credential.token), "token");
    renewal_version_release(version);
}

/* Half of a replacement is a version of its own, refused like the one before, and survived. */
static void test_one_after_the_other(void **state)
{
    struct err news = {0};
    (void)state;
    put_both(0);
    renewal = make();
    assert_false(ask(0, &news));
    assert_string_equal(news.text, ""); /* nothing changed, nothing is told */
    put(id_path, "id-1\n");
    assert_true(ask(0, &news));
    assert_has("id-1", "key-0");
    put(key_path, "key-1");
    assert_true(ask(1, &news));
    assert_has("id-1", "key-1");
    assert_true(ask(1, &news)); /* who is behind asks nobody */
    assert_int_equal(renewal_number(renewal), 2);
    renewal_release(renewal);
}

static void test_what_cannot_be_read(void **state)
{
    struct err news = {0};
    (void)state;
    put_both(0);
    renewal = make();
    assert_int_equal(unlink(key_path), 0);
    assert_false(ask(0, &news));
    assert_non_null(strstr(news.text, "No such file"));
    news = (struct err){0};
    assert_false(ask(0, &news)); /* told once */
    assert_string_equal(news.text, "");
    put(key_path, "");
    assert_false(ask(0, &news));
    put(key_path, "key-1");
    assert_int_equal(chmod(key_path, 0644), 0);
    assert_false(ask(0, &news));
    assert_int_equal(chmod(key_path, 0600), 0);
    assert_true(ask(0, &news));
    assert_has("id-0", "key-1");
    renewal_release(renewal);
}

static void test_at_most_every_few_seconds(void **state)
{
    struct err news = {0};
    int64_t now_us = atomic_fetch_add(&clock_us, 10 * RENEWAL_PAUSE_US) + 5 * RENEWAL_PAUSE_US;
    (void)state;
    put_both(0);
    renewal = make();
    assert_false(renewal_ask(renewal, 0, now_us, &news));
    put_both(1);
    assert_false(renewal_ask(renewal, 0, now_us + RENEWAL_PAUSE_US - 1, &news));
    bool newer = false;
    for (int i = 0; i < 100 && !newer; i++) /* the machine may be busy */
        newer = renewal_ask(renewal, 0, now_us + (1 + i) * (int64_t)RENEWAL_PAUSE_US, &news);
    assert_has("id-1", "key-1");
    renewal_release(renewal);
}

static void test_what_has_no_file(void **state)
{
    struct renewal *made = NULL;
    struct config_credential credential = {.id = secret_new("id", 2), .key = secret_new("key", 3)};
    (void)state;
    assert_int_equal(renewal_new(&credential, &made), 0);
    assert_null(made);
    secret_free(credential.id);
    secret_free(credential.key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_after_the_other),
        cmocka_unit_test(test_what_cannot_be_read),
        cmocka_unit_test(test_at_most_every_few_seconds),
        cmocka_unit_test(test_what_has_no_file),
        cmocka_unit_test(test_many_threads),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
