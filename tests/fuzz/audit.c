/* The life of an audit file: the bytes say what happens to it.  Records are written, bytes are torn off its
 * end, others are put there or in its middle, the gateway is killed and starts again, with a key or without.
 * Whatever happens, the file is either refused and left alone, or what `countersign audit verify` reads of it
 * after a start is whole: every piece is a record that fits, or explained as torn.  After a start with the
 * key the seals hold, too: what did not was set aside. */
#include "tests/fuzz/fuzz.h"

#include "base/json/json.h"
#include "gateway/audit/audit.h"
#include "gateway/chain/audit_reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEPS_MAX = 64 };

static char folder[] = "/tmp/countersign-fuzz-audit-XXXXXX";
static char path[sizeof folder + 16];
static struct log notices;
static struct secret *key;
static bool sealed; /* the last start was one with the key */

/* The file, and those that were set aside. */
static void clear(void)
{
    DIR *all = opendir(folder);
    FUZZ_MUST(all != NULL);
    for (const struct dirent *entry = readdir(all); entry != NULL; entry = readdir(all))
        if (entry->d_name[0] != '.')
            FUZZ_MUST(unlinkat(dirfd(all), entry->d_name, 0) == 0);
    (void)closedir(all);
}

static void leave(void)
{
    clear();
    (void)rmdir(folder);
    secret_free(key);
}

static void enter(void)
{
    static bool entered;
    if (!entered) {
        FUZZ_MUST(mkdtemp(folder) != NULL && atexit(leave) == 0);
        (void)snprintf(path, sizeof path, "%s/audit.log", folder);
        key = secret_new("0123456789abcdef0123456789abcdef", 32);
        FUZZ_MUST(key != NULL);
        FUZZ_MUST(log_init(&notices, open("/dev/null", O_WRONLY | O_CLOEXEC)) == 0);
        entered = true;
    }
    clear();
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    FUZZ_MUST(fd >= 0 && close(fd) == 0);
    sealed = false;
}

static size_t file_size(void)
{
    struct stat status;
    FUZZ_MUST(stat(path, &status) == 0);
    return (size_t)status.st_size;
}

static void put_bytes(const void *bytes, size_t length)
{
    FILE *file = fopen(path, "ae");
    FUZZ_MUST(file != NULL && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
}

static void cut(size_t bytes)
{
    size_t size = file_size();
    FUZZ_MUST(truncate(path, (off_t)(bytes < size ? size - bytes : 0)) == 0);
}

/* One byte of the file becomes another. */
static void alter(size_t place)
{
    char byte;
    size_t size = file_size();
    int fd = open(path, O_RDWR | O_CLOEXEC);
    FUZZ_MUST(fd >= 0);
    if (size > 0) {
        FUZZ_MUST(pread(fd, &byte, 1, (off_t)(place % size)) == 1);
        byte ^= 1;
        FUZZ_MUST(pwrite(fd, &byte, 1, (off_t)(place % size)) == 1);
    }
    FUZZ_MUST(close(fd) == 0);
}

static void must_be_whole(unsigned long long least)
{
    struct audit_reader_line line;
    enum audit_reader_find find;
    unsigned long long records = 0;
    FILE *file = fopen(path, "re");
    struct audit_reader *ledger = audit_reader_new(sealed ? key : NULL, SEALS_FROM_FIRST);
    FUZZ_MUST(file != NULL && ledger != NULL);
    audit_reader_take(ledger, "audit.log", file);
    while ((find = audit_reader_next(ledger, &line)) != AUDIT_READER_END) {
        FUZZ_MUST(find == AUDIT_READER_RECORD || find == AUDIT_READER_NOTE || find == AUDIT_READER_TORN);
        records += find != AUDIT_READER_TORN;
    }
    FUZZ_MUST(records >= least && records == audit_reader_sum(ledger).records);
    audit_reader_free(ledger);
    (void)fclose(file);
}

/* One life: it starts, writes `records`, and ends. */
static void live(unsigned records, bool with_key)
{
    const struct config_audit what = {.file = path, .key = with_key ? key : NULL, .seal_every = 3600000};
    struct err err = {0};
    unsigned long long seq = 0;
    size_t before = file_size();
    struct audit *audit = audit_open(&what, &notices, &err);
    if (audit == NULL) {
        FUZZ_MUST(err.kind == ERR_INPUT && file_size() == before);
        return;
    }
    for (unsigned i = 0; i < records; i++) {
        struct buf members;
        buf_init(&members, 256);
        json_member_int(&members, "number", i);
        FUZZ_MUST(audit_append(audit, "intent", AUDIT_NOW, &members, &seq, &err) == 0);
        buf_done(&members);
    }
    audit_close(audit);
    sealed = with_key;
    must_be_whole(1 + records);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char line[] =
        "{\"seq\":1,\"prev\":\"0000000000000000000000000000000000000000000000000000000000000000\",";
    enter();
    for (size_t i = 0; i < size && i < STEPS_MAX; i++) {
        uint8_t amount = bytes[i] >> 3;
        switch (bytes[i] & 7) {
        case 0:
            live(amount % 4, amount >= 16);
            break;
        case 1:
            cut(amount);
            break;
        case 2:
            cut((size_t)amount * 23);
            break;
        case 3:
            put_bytes("\n", 1);
            break;
        case 4:
            put_bytes(line, amount * (sizeof line - 1) / 31);
            break;
        case 5:
            if (sealed) { /* without a key it would go on behind it */
                alter((size_t)amount * 131);
                live(amount % 2, true);
            }
            break;
        default:
            put_bytes(bytes + i, size - i < amount ? size - i : amount);
            break;
        }
    }
    live(1, sealed);
    return 0;
}
