/* Cases of tests/vectors/config, laid out: see cases.h. */
#include "tests/config/load/cases.h"

#include "tests/unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 64 * 1024 };

char cases_home[] = "/tmp/unit_config_XXXXXX";

static void write_file(const char *name, const void *bytes, size_t length, mode_t mode)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(name, mode), 0);
}

/* ---- set-up commands: a name and two words ---- */

static void set_mode(const char *file, const char *octal)
{
    assert_int_equal(chmod(file, (mode_t)strtoul(octal, NULL, 8)), 0);
}

static void make_link(const char *file, const char *target)
{
    (void)unlink(file);
    assert_int_equal(symlink(target, file), 0);
}

static void remove_file(const char *file, const char *unused)
{
    (void)unused;
    assert_int_equal(unlink(file), 0);
}

static void make_folder(const char *file, const char *unused)
{
    (void)unused;
    (void)unlink(file);
    assert_int_equal(mkdir(file, 0700), 0);
}

static void make_fifo(const char *file, const char *unused)
{
    (void)unused;
    (void)unlink(file);
    assert_int_equal(mkfifo(file, 0600), 0);
}

/* Bytes in hex: what editors and repositories would change. */
static void put_bytes(const char *file, const char *hex)
{
    unsigned char bytes[CASES_PATH];
    size_t length = strlen(hex) / 2;
    assert_true(length <= sizeof bytes);
    for (size_t i = 0; i < length; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        bytes[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
    write_file(file, bytes, length, 0600);
}

/* COUNT times the byte 'a'. */
static void fill_file(const char *file, const char *count)
{
    size_t length = strtoul(count, NULL, 10);
    char *bytes = malloc(length);
    assert_non_null(bytes);
    memset(bytes, 'a', length);
    write_file(file, bytes, length, 0600);
    free(bytes);
}

static void set_variable(const char *name, const char *value)
{
    assert_int_equal(setenv(name, value, 1), 0);
}

static const struct {
    const char *name;
    void (*run)(const char *first, const char *second);
} commands[] = {
    {"mode", set_mode},  {"link", make_link}, {"remove", remove_file}, {"folder", make_folder},
    {"fifo", make_fifo}, {"hex", put_bytes},  {"fill", fill_file},     {"env", set_variable},
};

static void set_up(const char *folder)
{
    char *text = unit_vector(folder, "setup");
    char *rest = text;
    for (char *line; rest != NULL && (line = strsep(&rest, "\n")) != NULL;) {
        char command[16];
        char first[CASES_PATH];
        char second[CASES_PATH] = "";
        size_t known = 0;
        if (sscanf(line, "%15s %511s %511s", command, first, second) < 2)
            fail_msg("%s: not a command: %s", folder, line);
        while (known < COUNT(commands) && strcmp(commands[known].name, command) != 0)
            known++;
        assert_true(known < COUNT(commands));
        commands[known].run(first, second);
    }
    free(text);
}

/* ---- one case ---- */

static bool copy_vector(const char *folder, const char *name)
{
    char *path = unit_path(folder, name);
    char *bytes = malloc(FILE_MAX);
    FILE *file = fopen(path, "r");
    bool found = file != NULL;
    assert_non_null(bytes);
    if (found) {
        write_file(name, bytes, fread(bytes, 1, FILE_MAX, file), 0644);
        assert_int_equal(fclose(file), 0);
    }
    free(bytes);
    free(path);
    return found;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    return where->level == 0 ? 0 : remove(path);
}

/* An empty working folder, whatever the last case left. */
void cases_start_afresh(void)
{
    assert_int_equal(chdir(cases_home), 0);
    assert_int_equal(nftw(cases_home, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

void cases_lay_out(const char *folder)
{
    static const char *const files[] = {"countersign.yaml", "policy.yaml"};
    static const char *const catalogs[] = {"more.yaml", "more2.yaml"};
    cases_start_afresh();
    for (size_t i = 0; i < COUNT(files); i++)
        assert_true(copy_vector(folder, files[i]) || copy_vector("config/good", files[i]));
    for (size_t i = 0; i < COUNT(catalogs); i++)
        (void)copy_vector(folder, catalogs[i]);
    write_file("secret_id", "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA\n", 37, 0600);
    write_file("secret_key", "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA\n", 33, 0600);
    set_up(folder);
}

int cases_enter(void **state)
{
    (void)state;
    (void)umask(022);
    return mkdtemp(cases_home) == NULL ? -1 : 0;
}

int cases_leave(void **state)
{
    (void)state;
    cases_start_afresh();
    return rmdir(cases_home);
}
