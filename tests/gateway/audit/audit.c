/* The writer and the reader of audit files against each other, with everything between them that a kill, a
 * full disk or a forger can do to the bytes.  tests/e2e/test_audit.py checks the same chain with Python's
 * hashlib. */
#include "gateway/audit/audit.h"
#include "gateway/chain/audit_reader.h"

#include "base/json/json.h"

#include "tests/unit.h"

#include <signal.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RECORDS = 3, FILE_MAX = 64 * 1024 };

static char folder[] = "/tmp/countersign-audit-XXXXXX";
static char path[sizeof folder + 16];
static struct config_audit config;
static struct log notices;

static int enter(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/audit.log", folder);
    assert_int_equal(log_init(&notices, open("/dev/null", O_WRONLY | O_CLOEXEC)), 0);
    config = (struct config_audit){.file = path, .seal_every = 3600000};
    return 0;
}

static int leave(void **state)
{
    (void)state;
    (void)close(notices.fd);
    log_done(&notices);
    (void)unlink(path);
    return rmdir(folder);
}

/* ---- the file ---- */

static size_t read_back(char *bytes)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t length = fread(bytes, 1, FILE_MAX, file);
    (void)fclose(file);
    return length;
}

static void write_file(const char *bytes, size_t length)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static int append_one(struct audit *audit, int number)
{
    struct buf members;
    unsigned long long seq = 0;
    buf_init(&members, 1024);
    json_member_int(&members, "number", number);
    int result = audit_append(audit, "intent", AUDIT_NOW, &members, &seq, NULL);
    buf_done(&members);
    return result;
}

/* Opens, appends and closes, as one life of a gateway does. */
static void live(int records)
{
    struct err err = {0};
    struct audit *audit = audit_open(&config, &notices, &err);
    if (audit == NULL)
        fail_msg("%s", err.text);
    for (int i = 0; i < records; i++)
        assert_int_equal(append_one(audit, i), 0);
    audit_close(audit);
}

struct findings {
    unsigned records;
    unsigned broken;
    unsigned torn;
    unsigned notes;
    unsigned long long sealed;
    unsigned long long unfound;
};

static struct findings verify(const struct secret *key)
{
    struct audit_reader_line line;
    struct findings found = {0};
    enum audit_reader_find find;
    FILE *file = fopen(path, "r");
    struct audit_reader *ledger = audit_reader_new(key, SEALS_FROM_FIRST);
    assert_true(file != NULL && ledger != NULL);
    audit_reader_take(ledger, "audit.log", file);
    while ((find = audit_reader_next(ledger, &line)) != AUDIT_READER_END) {
        assert_int_not_equal(find, AUDIT_READER_FAILED);
        found.broken += find == AUDIT_READER_BROKEN || find == AUDIT_READER_ANEW;
        found.notes += find == AUDIT_READER_NOTE;
        found.torn += find == AUDIT_READER_TORN;
    }
    found.records = (unsigned)audit_reader_sum(ledger).records;
    found.sealed = audit_reader_sum(ledger).seals.sealed;
    found.unfound = audit_reader_sum(ledger).seals.unfound;
    audit_reader_free(ledger);
    (void)fclose(file);
    return found;
}

static unsigned count_lines(const char *bytes, size_t length)
{
    unsigned lines = 0;
    for (size_t i = 0; i < length; i++)
        lines += bytes[i] == '\n';
    return lines;
}

static size_t fresh(char *bytes)
{
    (void)unlink(path);
    live(RECORDS);
    return read_back(bytes);
}

/* ---- tests ---- */

static void test_a_life(void **state)
{
    static char bytes[FILE_MAX];
    (void)state;
    assert_int_equal(count_lines(bytes, fresh(bytes)), 1 + RECORDS);
    live(RECORDS); /* a second life goes on */
    struct findings found = verify(NULL);
    assert_int_equal(found.records, 2 * (1 + RECORDS));
    assert_int_equal(found.broken + found.torn, 0);
}

/* A kill can end the file at any byte; the next life goes on behind it, and a kill can end that too. */
static void test_cut_at_every_byte(void **state)
{
    static char bytes[FILE_MAX];
    static char longer[FILE_MAX];
    size_t length = fresh(bytes);
    int wrong = 0;
    (void)state;
    for (size_t cut = 0; cut <= length; cut++) {
        char row[64];
        bool at_line =
            cut == 0 || bytes[cut - 1] == '\n' || bytes[cut] == '\n'; /* only its line feed is missing */
        write_file(bytes, cut);
        (void)snprintf(row, sizeof row, "cut at %zu", cut);
        assert_int_equal(verify(NULL).broken, 0);
        assert_int_equal(verify(NULL).torn, at_line ? 0 : 1);
        live(1);
        struct findings found = verify(NULL);
        unsigned whole = count_lines(bytes, cut) + (cut < length && cut > 0 && bytes[cut] == '\n');
        wrong += unit_wrong(row, found.broken == 0 && found.torn == !at_line && found.records == whole + 2);
        if (cut % 37 != 0)
            continue;
        size_t long_length = read_back(longer);
        for (size_t again = cut; again < long_length; again += 7) {
            write_file(longer, again);
            live(1);
            found = verify(NULL);
            wrong += unit_wrong(row, found.broken == 0);
        }
    }
    assert_int_equal(wrong, 0);
}

/* Whoever changes one byte is found out.  In the last line he may only have torn it. */
static void test_every_altered_byte_shows(void **state)
{
    static char bytes[FILE_MAX];
    size_t length = fresh(bytes);
    size_t last = length - 1;
    int wrong = 0;
    (void)state;
    while (bytes[last - 1] != '\n')
        last--;
    for (size_t i = 0; i < length; i++) {
        char row[64];
        bytes[i] ^= 1;
        write_file(bytes, length);
        bytes[i] ^= 1;
        (void)snprintf(row, sizeof row, "byte %zu", i);
        struct findings found = verify(NULL);
        wrong += unit_wrong(row, found.broken > 0 || (i >= last && found.torn > 0));
    }
    assert_int_equal(wrong, 0);
}

static const char *line_at(const char *bytes, unsigned number)
{
    while (number-- > 0)
        bytes = strchr(bytes, '\n') + 1;
    return bytes;
}

/* Lines 1 and 2 of 0 to 3, in another order or number. */
static void test_lines_moved(void **state)
{
    static const struct {
        const char *what;
        unsigned lines[8];
        unsigned count;
    } rows[] = {
        {"removed", {0, 2, 3}, 3},           {"two removed", {0, 3}, 2},
        {"twice", {0, 1, 1, 2, 3}, 5},       {"exchanged", {0, 2, 1, 3}, 4},
        {"a copy", {0, 1, 2, 3, 1}, 5},      {"from the start", {0, 1, 2, 3, 0}, 5},
        {"the first last", {1, 2, 3, 0}, 4},
    };
    static char bytes[FILE_MAX + 1];
    static char moved[FILE_MAX];
    int wrong = 0;
    (void)state;
    bytes[fresh(bytes)] = '\0';
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t length = 0;
        for (unsigned j = 0; j < rows[i].count; j++) {
            const char *line = line_at(bytes, rows[i].lines[j]);
            size_t size = strcspn(line, "\n") + 1;
            memcpy(moved + length, line, size);
            length += size;
        }
        write_file(moved, length);
        wrong += unit_wrong(rows[i].what, verify(NULL).broken > 0);
    }
    assert_int_equal(wrong, 0);
}

static void test_seals(void **state)
{
    static char bytes[FILE_MAX + 1];
    struct secret *key = secret_new("0123456789abcdef0123456789abcdef", 32);
    struct secret *other = secret_new("0123456789abcdef0123456789abcdeF", 32);
    (void)state;
    (void)unlink(path);
    config.key = key;
    live(RECORDS);
    config.key = NULL;
    struct findings found = verify(key);
    assert_int_equal(found.broken, 0);
    assert_int_equal(found.sealed, 1 + RECORDS + 1);
    assert_true(verify(other).broken > 0);
    assert_int_equal(verify(NULL).broken, 0);
    size_t length = read_back(bytes);
    write_file(bytes, (size_t)(line_at(bytes, 1 + RECORDS) - bytes)); /* the seal is cut off */
    assert_int_equal(verify(key).sealed, 1);                          /* the first record is sealed, too */
    assert_true(length > 0);
    secret_free(key);
    secret_free(other);
}

/* Are there line feeds around? */
static bool is_near_line(const char *bytes, size_t length, size_t place)
{
    size_t first = place < 3 ? 0 : place - 3;
    return memchr(bytes + first, '\n', length - first < 20 ? length - first : 20) != NULL;
}

/* As test_cut_at_every_byte(), with seals: the next life never takes a kill for an attack, seals what it
 * writes, and says how many records it found that no seal vouches for. */
static void test_sealed_and_cut(void **state)
{
    static char bytes[FILE_MAX];
    struct secret *key = secret_new("0123456789abcdef0123456789abcdef", 32);
    int wrong = 0;
    (void)state;
    config.key = key;
    size_t length = fresh(bytes);
    for (size_t cut = 0; cut <= length; cut += is_near_line(bytes, length, cut) ? 1 : 13) {
        char row[64];
        struct err err = {0};
        unsigned whole = count_lines(bytes, cut) + (cut < length && cut > 0 && bytes[cut] == '\n');
        unsigned unsealed = whole > RECORDS + 1 || whole == 0 ? 0 : whole - 1;
        write_file(bytes, cut);
        struct audit *audit = audit_open(&config, &notices, &err);
        bool broken = audit == NULL || audit_state(audit).broken;
        audit_close(audit);
        struct findings found = verify(key);
        (void)snprintf(row, sizeof row, "cut at %zu", cut);
        wrong += unit_wrong(row, !broken && found.broken == 0 && found.unfound == unsealed &&
                                     found.records == whole + 2 && found.sealed == found.records);
    }
    config.key = NULL;
    secret_free(key);
    assert_int_equal(wrong, 0);
}

/* A disk that is full in the middle of a record: refused until there is room, then the chain holds.  (The
 * limit of a process's files ends a write like a full disk does.) */
static void test_full_disk(void **state)
{
    struct rlimit before;
    struct err err = {0};
    static char bytes[FILE_MAX];
    (void)state;
    (void)unlink(path);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct audit *audit = audit_open(&config, &notices, &err);
    assert_non_null(audit);
    assert_int_equal(append_one(audit, 0), 0);
    for (rlim_t room = 0; room < 300; room += 13) {
        size_t length = read_back(bytes);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){length + room, before.rlim_max}), 0);
        int refused = append_one(audit, 1);
        assert_true(audit_state(audit).failing == (refused != 0));
        int again = append_one(audit, 2);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_true(refused != 0 || room > 150);
        assert_true(again != 0);
        assert_int_equal(append_one(audit, 3), 0);
        assert_false(audit_state(audit).failing);
        assert_int_equal(verify(NULL).broken, 0);
    }
    assert_true(verify(NULL).torn > 0);
    assert_true(audit_state(audit).failed > 0);
    audit_close(audit);
}

static void test_what_is_no_audit_file(void **state)
{
    static const char *const rows[] = {"version: 1\n", "{\"seq\":1}\n", "\n", "x"};
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = {0};
        write_file(rows[i], strlen(rows[i]));
        wrong += unit_wrong(rows[i], audit_open(&config, &notices, &err) == NULL && err.kind == ERR_INPUT);
    }
    assert_int_equal(wrong, 0);
}

static void test_one_writer(void **state)
{
    struct err err = {0};
    (void)state;
    (void)unlink(path);
    struct audit *audit = audit_open(&config, &notices, &err);
    assert_non_null(audit);
    assert_null(audit_open(&config, &notices, &err));
    assert_non_null(strstr(err.text, "in use by"));
    audit_close(audit);
}

static void test_removed_while_open(void **state)
{
    struct err err = {0};
    (void)state;
    (void)unlink(path);
    struct audit *audit = audit_open(&config, &notices, &err);
    assert_non_null(audit);
    assert_int_equal(append_one(audit, 0), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(append_one(audit, 1), 0);
    audit_close(audit);
    assert_int_equal(verify(NULL).records, 2); /* in a new file, which goes on from the old one */
}

/* Asked by somebody who is not root, since root may write everywhere. */
static int check_as_a_user(void)
{
    struct err err = {0};
    pid_t child = fork();
    if (child == 0) {
        bool is_user = geteuid() != 0 || setuid(65534) == 0;
        _exit(is_user && audit_check(&config, &err) == 0 ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void test_who_only_asks(void **state)
{
    char missing[sizeof path + 16];
    struct err err = {0};
    (void)state;
    (void)unlink(path);
    assert_int_equal(audit_check(&config, &err), 0);
    assert_false(audit_lacks_folder(&config));
    (void)snprintf(missing, sizeof missing, "%s/none/audit.log", folder);
    const struct config_audit later = {.file = missing};
    assert_int_equal(audit_check(&later, &err), 0);
    assert_true(audit_lacks_folder(&later));
    assert_int_equal(chmod(folder, 0777), 0);
    assert_int_equal(check_as_a_user(), 0);
    assert_int_equal(chmod(folder, 0555), 0);
    assert_int_not_equal(check_as_a_user(), 0);
    assert_int_equal(chmod(folder, 0700), 0);
    assert_int_not_equal(access(path, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_life),
        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_every_altered_byte_shows),
        cmocka_unit_test(test_lines_moved),
        cmocka_unit_test(test_seals),
        cmocka_unit_test(test_sealed_and_cut),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_what_is_no_audit_file),
        cmocka_unit_test(test_one_writer),
        cmocka_unit_test(test_removed_while_open),
        cmocka_unit_test(test_who_only_asks),
    };
    (void)signal(SIGXFSZ, SIG_IGN); /* as serve does */
    return cmocka_run_group_tests(tests, enter, leave);
}
