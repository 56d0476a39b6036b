#include "base/file.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { CEILING = 5000 };

static char folder[] = "/tmp/unit_file_XXXXXX";

/* All tests run in one empty folder; each makes and removes what it needs. */
static int enter(void **state)
{
    (void)state;
    (void)umask(0);
    return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static int leave(void **state)
{
    (void)state;
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static void make(const char *name, size_t size, mode_t mode)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    for (size_t i = 0; i < size; i++)
        assert_true(fputc('a' + (int)(i % 26), file) != EOF);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(name, mode), 0);
}

static void expect_read(const char *name, enum file_care care, size_t size)
{
    struct buf out;
    struct err err = {0};
    buf_init(&out, CEILING);
    assert_int_equal(file_read(name, care, &out, &err), 0);
    assert_int_equal(err.kind, ERR_NONE);
    assert_int_equal(out.length, size);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(out.bytes[i], 'a' + (int)(i % 26));
    buf_done(&out);
}

static void expect_refusal(const char *name, enum file_care care, enum err_kind kind, const char *sentence)
{
    struct buf out;
    struct err err = {0};
    buf_init(&out, CEILING);
    assert_int_equal(file_read(name, care, &out, &err), -1);
    assert_int_equal(err.kind, kind);
    assert_string_equal(err.text, sentence);
    buf_done(&out);
}

static void sizes_around_a_chunk(void **state)
{
    static const size_t sizes[] = {0, 1, 2047, 2048, 2049, 4096, CEILING};
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        make("file", sizes[i], 0600);
        expect_read("file", FILE_PRIVATE, sizes[i]);
        assert_int_equal(unlink("file"), 0);
    }
}

static void too_large(void **state)
{
    (void)state;
    make("file", CEILING + 1, 0600);
    expect_refusal("file", FILE_PLAIN, ERR_LIMIT, "'file' is larger than 5000 bytes");
    assert_int_equal(unlink("file"), 0);
}

/* The ceiling is that of the buffer, whatever stands in it already. */
static void appends_below_the_ceiling(void **state)
{
    struct buf out;
    struct err err = {0};
    (void)state;
    make("file", 10, 0600);
    buf_init(&out, 13);
    buf_put(&out, "xyz");
    assert_int_equal(file_read("file", FILE_PLAIN, &out, &err), 0);
    assert_string_equal(buf_text(&out), "xyzabcdefghij");
    assert_int_equal(file_read("file", FILE_PLAIN, &out, &err), -1);
    assert_int_equal(err.kind, ERR_LIMIT);
    buf_done(&out);
    assert_int_equal(unlink("file"), 0);
}

/* A size of 0 is no promise: files of /proc have it. */
static void size_is_not_believed(void **state)
{
    struct buf out;
    struct err err = {0};
    (void)state;
    buf_init(&out, 64 * 1024);
    assert_int_equal(file_read("/proc/self/status", FILE_PLAIN, &out, &err), 0);
    assert_true(out.length > 100);
    buf_done(&out);
}

static void modes(void **state)
{
    static const struct {
        mode_t mode;
        const char *sentence; /* NULL: private enough */
    } rows[] = {
        {0600, NULL},
        {0400, NULL},
        {0700, NULL},
        {0640, "'file' can be read or written by others (mode 640); run: chmod 600 file"},
        {0604, "'file' can be read or written by others (mode 604); run: chmod 600 file"},
        {0644, "'file' can be read or written by others (mode 644); run: chmod 600 file"},
        {0620, "'file' can be read or written by others (mode 620); run: chmod 600 file"},
        {0602, "'file' can be read or written by others (mode 602); run: chmod 600 file"},
        {0666, "'file' can be read or written by others (mode 666); run: chmod 600 file"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        make("file", 3, rows[i].mode);
        expect_read("file", FILE_PLAIN, 3);
        if (rows[i].sentence == NULL)
            expect_read("file", FILE_PRIVATE, 3);
        else
            expect_refusal("file", FILE_PRIVATE, ERR_INPUT, rows[i].sentence);
        assert_int_equal(unlink("file"), 0);
    }
}

static void links(void **state)
{
    (void)state;
    make("file", 3, 0600);
    assert_int_equal(symlink("file", "link"), 0);
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    expect_read("link", FILE_PLAIN, 3);
    expect_refusal("link", FILE_PRIVATE, ERR_INPUT, "'link' is a symbolic link; name the file itself");
    expect_refusal("dangling", FILE_PRIVATE, ERR_INPUT,
                   "'dangling' is a symbolic link; name the file itself");
    expect_refusal("dangling", FILE_PLAIN, ERR_SYSTEM, "cannot open 'dangling': No such file or directory");
    assert_int_equal(unlink("file"), 0);
    assert_int_equal(unlink("link"), 0);
    assert_int_equal(unlink("dangling"), 0);
}

static void no_such_file(void **state)
{
    (void)state;
    expect_refusal("absent", FILE_PLAIN, ERR_SYSTEM, "cannot open 'absent': No such file or directory");
    expect_refusal("absent", FILE_PRIVATE, ERR_SYSTEM, "cannot open 'absent': No such file or directory");
}

/* None of these may make us wait: the test's own time limit would tell. */
static void what_is_no_regular_file(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)state;
    assert_int_equal(mkdir("folder", 0700), 0);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    for (int care = FILE_PLAIN; care <= FILE_PRIVATE; care++) {
        expect_refusal("folder", (enum file_care)care, ERR_INPUT, "'folder' is not a regular file");
        expect_refusal("fifo", (enum file_care)care, ERR_INPUT, "'fifo' is not a regular file");
        expect_refusal("/dev/zero", (enum file_care)care, ERR_INPUT, "'/dev/zero' is not a regular file");
        expect_refusal("socket", (enum file_care)care, ERR_SYSTEM,
                       "cannot open 'socket': No such device or address");
    }
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink("socket"), 0);
    assert_int_equal(unlink("fifo"), 0);
    assert_int_equal(rmdir("folder"), 0);
}

/* Only root can give a file away; others have nothing to try here. */
static void of_another_user(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    make("file", 3, 0600);
    assert_int_equal(chown("file", 12345, 12345), 0);
    expect_read("file", FILE_PLAIN, 3);
    expect_refusal("file", FILE_PRIVATE, ERR_INPUT, "'file' belongs to another user (uid 12345)");
    assert_int_equal(unlink("file"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_around_a_chunk),
        cmocka_unit_test(too_large),
        cmocka_unit_test(appends_below_the_ceiling),
        cmocka_unit_test(size_is_not_believed),
        cmocka_unit_test(modes),
        cmocka_unit_test(links),
        cmocka_unit_test(no_such_file),
        cmocka_unit_test(what_is_no_regular_file),
        cmocka_unit_test(of_another_user),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
