/* Many threads append while the file is rotated and sealed: one chain, nothing lost. */
#include "gateway/audit/audit.h"
#include "gateway/chain/audit_reader.h"

#include "base/json/json.h"

#include "tests/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREADS = 6, RECORDS = 150, ROTATIONS = 8, LONG_RECORD = 60000, LONG_RECORDS = 760 };

static char folder[] = "/tmp/countersign-audit-XXXXXX";
static char path[sizeof folder + 16];
static struct config_audit config;
static struct log notices;
static _Atomic(struct audit *) failing; /* whose next fdatasync() fails; or NULL */

static char witness[sizeof path + 16];

/* Stands before the C library's.  While it is to fail it waits until another record was written, too, and
 * tells of the error once: so does Linux, whose next fdatasync(2) of the file is good again. */
int fdatasync(int fd)
{
    struct audit *audit = atomic_exchange(&failing, NULL);
    if (audit == NULL)
        return (int)syscall(SYS_fdatasync, fd);
    unit_await(audit_state(audit).records >= 3); /* the one that opens the file, and two */
    errno = EIO;
    return -1;
}

static int append(struct audit *audit, int number)
{
    struct buf members;
    unsigned long long seq = 0;
    buf_init(&members, 1024);
    json_member_int(&members, "number", number);
    int result = audit_append(audit, "intent", AUDIT_NOW, &members, &seq, NULL);
    assert_true(result != 0 || seq > 0);
    buf_done(&members);
    return result;
}

static void *append_some(void *context)
{
    for (int i = 0; i < RECORDS; i++)
        assert_int_equal(append(context, i), 0);
    return NULL;
}

static void rotated(char *out, size_t size, int number)
{
    (void)snprintf(out, size, "%s.%d", path, number);
}

static void verify_file(struct audit_reader *ledger, const char *name, unsigned *broken)
{
    struct audit_reader_line line;
    enum audit_reader_find find;
    FILE *file = fopen(name, "r");
    assert_non_null(file);
    audit_reader_take(ledger, name, file);
    while ((find = audit_reader_next(ledger, &line)) != AUDIT_READER_END)
        *broken += find != AUDIT_READER_RECORD && find != AUDIT_READER_NOTE;
    (void)fclose(file);
    (void)unlink(name);
}

static void verify_all(struct audit_reader *ledger, unsigned *broken)
{
    for (int i = 0; i < ROTATIONS; i++) {
        char name[sizeof path + 16];
        rotated(name, sizeof name, i);
        verify_file(ledger, name, broken);
    }
    verify_file(ledger, path, broken);
}

static void run(bool sync)
{
    struct err err = {0};
    unsigned broken = 0;
    pthread_t threads[THREADS];
    config.sync = sync;
    struct audit *audit = audit_open(&config, &notices, &err);
    assert_non_null(audit);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, append_some, audit), 0);
    for (int i = 0; i < ROTATIONS; i++) {
        char name[sizeof path + 16];
        rotated(name, sizeof name, i);
        assert_int_equal(rename(path, name), 0);
        unit_elapse(1);
        assert_int_equal(audit_reopen(audit, &err), 0);
        (void)audit_state(audit);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    audit_close(audit);
    struct audit_reader *ledger = audit_reader_new(config.key, SEALS_FROM_FIRST);
    assert_non_null(ledger);
    verify_all(ledger, &broken);
    struct audit_reader_sum sum = audit_reader_sum(ledger);
    audit_reader_free(ledger);
    assert_int_equal(broken, 0);
    assert_int_equal(sum.records,
                     1 + THREADS * RECORDS + ROTATIONS + (sync ? 0 : sum.seals.count - 1 - ROTATIONS));
    assert_int_equal(sum.seals.sealed, sync ? 0 : sum.head.seq);
}

static unsigned count_lines(const char *name)
{
    unsigned lines = 0;
    FILE *file = fopen(name, "r");
    assert_non_null(file);
    for (int c = getc(file); c != EOF; c = getc(file))
        lines += c == '\n';
    (void)fclose(file);
    return lines;
}

/* The witness gets the seals meanwhile: of each file's beginning and end, at least. */
static void test_rotated_and_sealed(void **state)
{
    (void)state;
    config.witness_file = witness;
    config.key = secret_new("0123456789abcdef0123456789abcdef", 32);
    run(false);
    secret_free(config.key);
    config.key = NULL;
    config.witness_file = NULL;
    assert_true(count_lines(witness) >= 2);
    assert_int_equal(unlink(witness), 0);
}

static void alter_first_record(void)
{
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, 200, SEEK_SET), 0);
    assert_int_not_equal(fputc('#', file), EOF);
    assert_int_equal(fclose(file), 0);
}

/* More than a start reads. */
static void fill(struct audit *audit)
{
    static char filler[LONG_RECORD + 1];
    unsigned long long seq;
    memset(filler, 'x', LONG_RECORD);
    for (int i = 0; i < LONG_RECORDS; i++) {
        struct buf members;
        buf_init(&members, LONG_RECORD + 100);
        json_member(&members, "filler", filler);
        assert_int_equal(audit_append(audit, "intent", AUDIT_NOW, &members, &seq, NULL), 0);
        buf_done(&members);
    }
}

static void remove_all(void)
{
    DIR *all = opendir(folder);
    assert_non_null(all);
    for (const struct dirent *entry = readdir(all); entry != NULL; entry = readdir(all))
        if (entry->d_name[0] != '.')
            (void)unlinkat(dirfd(all), entry->d_name, 0);
    (void)closedir(all);
}

/* What a start had no time for is found to be broken while others write: another chain begins, and it
 * holds. */
static void test_broken_while_others_write(void **state)
{
    (void)state;
    struct err err = {0};
    unsigned broken = 0;
    pthread_t threads[THREADS];
    config.sync = false;
    config.key = secret_new("0123456789abcdef0123456789abcdef", 32);
    struct audit *audit = audit_open(&config, &notices, &err);
    assert_non_null(audit);
    fill(audit);
    audit_close(audit);
    alter_first_record();
    audit = audit_open(&config, &notices, &err);
    assert_non_null(audit);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, append_some, audit), 0);
    unit_await(audit_state(audit).broken);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_true(audit_state(audit).refusing);
    audit_close(audit);
    struct audit_reader *ledger = audit_reader_new(config.key, SEALS_FROM_FIRST);
    assert_non_null(ledger);
    verify_file(ledger, path, &broken);
    assert_int_equal(broken, 0);
    assert_true(audit_reader_sum(ledger).seals.last.refusing);
    audit_reader_free(ledger);
    secret_free(config.key);
    config.key = NULL;
    remove_all();
}

static void test_synced(void **state)
{
    (void)state;
    run(true);
}

static void *append_one(void *context)
{
    return append(context, 1) == 0 ? context : NULL;
}

/* Both records were given to the disk before it failed. */
static void test_a_disk_fails_for_all_who_wait(void **state)
{
    (void)state;
    struct err err = {0};
    void *good[2];
    pthread_t threads[2];
    config.sync = true;
    struct audit *audit = audit_open(&config, &notices, &err);
    assert_non_null(audit);
    atomic_store(&failing, audit);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, append_one, audit), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], &good[i]), 0);
    assert_null(good[0]);
    assert_null(good[1]);
    assert_int_equal(append(audit, 2), 0); /* the disk is good again */
    audit_close(audit);
    assert_int_equal(unlink(path), 0);
}

static int enter(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/audit.log", folder);
    (void)snprintf(witness, sizeof witness, "%s/witness.log", folder);
    assert_int_equal(log_init(&notices, open("/dev/null", O_WRONLY | O_CLOEXEC)), 0);
    config = (struct config_audit){.file = path, .seal_every = 1000};
    return 0;
}

static int leave(void **state)
{
    (void)state;
    (void)close(notices.fd);
    log_done(&notices);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rotated_and_sealed),
                                       cmocka_unit_test(test_synced),
                                       cmocka_unit_test(test_broken_while_others_write),
                                       cmocka_unit_test(test_a_disk_fails_for_all_who_wait)};
    return cmocka_run_group_tests(tests, enter, leave);
}
