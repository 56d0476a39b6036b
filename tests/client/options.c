/* Command lines, as people type them: what is made of each, and what is said of those that are wrong
 * (countersign(1), "call").  The token is never among what is said. */
#include "client/options.h"

#include "client/client.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS = 10, RIGHT = -1 };

static char token_file[] = "/tmp/countersign-options-XXXXXX";

/* clang-format off */
static const struct row {
    const char *name;
    const char *words[WORDS]; /* behind "call" */
    const char *url;          /* COUNTERSIGN_URL */
    bool no_token;            /* else COUNTERSIGN_TOKEN is there */
    bool good;                /* help: exit code 0; else 2 */
    const char *part;         /* of what is said */
} wrong_rows[] = {
    {.name = "nothing", .words = {NULL}, .part = "METHOD and PATH"},
    {.name = "no path", .words = {"GET"}, .part = "METHOD and PATH"},
    {.name = "no method", .words = {"G3T", "/a"}, .part = "not 'G3T'"},
    {.name = "empty method", .words = {"", "/a"}, .part = "a method is GET"},
    {.name = "long method", .words = {"ABCDEFGHIJKLMNOP", "/a"}, .part = "a method is"},
    {.name = "a url for a path", .words = {"GET", "http://h/a"}, .part = "starts with '/'"},
    {.name = "a blank in it", .words = {"GET", "/a b"}, .part = "percent-encoded"},
    {.name = "a fragment", .words = {"GET", "/a#b"}, .part = "percent-encoded"},
    {.name = "a line feed", .words = {"GET", "/a\nHost: b"}, .part = "percent-encoded"},
    {.name = "UTF-8", .words = {"GET", "/\xC3\xA9"}, .part = "percent-encoded"},
    {.name = "no '='", .words = {"GET", "/a", "b"}, .part = "'b' is not NAME=VALUE"},
    {.name = "no name", .words = {"GET", "/a", "=b"}, .part = "'=b' is not NAME=VALUE"},
    {.name = "twice", .words = {"POST", "/a", "b=1", "--body", "{}"}, .part = "twice"},
    {.name = "no such option", .words = {"GET", "/a", "--tokn=x"}, .part = "no such option"},
    {.name = "no value", .words = {"GET", "/a", "--url"}, .part = "lacks its value"},
    {.name = "a value too many", .words = {"GET", "/a", "--help=1"}, .part = "option"},
    {.name = "no seconds", .words = {"GET", "/a", "--wait="}, .part = "1 to 3600"},
    {.name = "0 seconds", .words = {"GET", "/a", "--wait=0"}, .part = "1 to 3600"},
    {.name = "too many seconds", .words = {"GET", "/a", "--wait=3601"}, .part = "1 to 3600"},
    {.name = "seconds with a unit", .words = {"GET", "/a", "--wait=3s"}, .part = "1 to 3600"},
    {.name = "an empty key", .words = {"PUT", "/a", "--idempotency-key", ""}, .part = "1 to 255"},
    {.name = "a key of two words", .words = {"PUT", "/a", "--idempotency-key", "a b"}, .part = "1 to 255"},
    {.name = "a key with a field", .words = {"PUT", "/a", "--idempotency-key", "a\r\nB:c"},
     .part = "1 to 255"},
    {.name = "no such file", .words = {"GET", "/a", "--token-file", "/nowhere/t"}, .part = "/nowhere/t"},
    {.name = "a file that others read", .words = {"GET", "/a", "--token-file", "/etc/passwd"},
     .part = "/etc/passwd"},
    {.name = "no such body", .words = {"POST", "/a", "--body", "@/nowhere/b"}, .part = "/nowhere/b"},
    {.name = "no token", .words = {"GET", "/a"}, .no_token = true, .part = "no token"},
    {.name = "ftp", .words = {"GET", "/a", "--url", "ftp://h"}, .part = "https://"},
    {.name = "no host", .words = {"GET", "/a", "--url", "https://"}, .part = "url must be"},
    {.name = "a path behind it", .words = {"GET", "/a", "--url", "https://h/x"}, .part = "nothing behind it"},
    {.name = "a user in it", .words = {"GET", "/a", "--url", "https://u:p@h"}, .part = "url must be"},
    {.name = "in the clear", .words = {"GET", "/a", "--url", "http://h.example"},
     .part = "everybody on the way"},
    {.name = "looks like a loopback", .words = {"GET", "/a", "--url", "http://127.0.0.1.example:80"},
     .part = "everybody on the way"},
    {.name = "localhost of somebody", .words = {"GET", "/a"}, .url = "http://localhost.example",
     .part = "everybody on the way"},
    {.name = "the help", .words = {"--help"}, .good = true, .part = "Usage: countersign call"},
    {.name = "the help, shortly", .words = {"GET", "/a", "-h"}, .no_token = true, .good = true,
     .part = "--token-file FILE"},
};
/* clang-format on */

static const char token[] = "tokenOfTheTest0";

/* The exit code that options_read() gives, or RIGHT, and what it printed; the caller frees that. */
static int read_words(const struct row *row, char *copies[WORDS], struct options *order, char **said)
{
    size_t length = 0;
    int code = RIGHT;
    int argc = 1;
    FILE *kept[] = {stdout, stderr};
    copies[0] = strdup("call");
    for (; argc < WORDS && row->words[argc - 1] != NULL; argc++)
        copies[argc] = strdup(row->words[argc - 1]);
    assert_int_equal(row->no_token ? unsetenv("COUNTERSIGN_TOKEN") : setenv("COUNTERSIGN_TOKEN", token, 1),
                     0);
    assert_int_equal(row->url == NULL ? unsetenv("COUNTERSIGN_URL") : setenv("COUNTERSIGN_URL", row->url, 1),
                     0);
    FILE *stream = open_memstream(said, &length);
    assert_non_null(stream);
    stdout = stderr = stream;
    int result = options_read(order, argc, copies, &code);
    stdout = kept[0];
    stderr = kept[1];
    assert_int_equal(fclose(stream), 0);
    assert_int_equal(result == 0, code == RIGHT);
    return code;
}

static void free_words(char *copies[WORDS])
{
    for (int i = 0; i < WORDS; i++)
        free(copies[i]);
}

static void wrong_lines(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(wrong_rows); i++) {
        struct options order;
        char *copies[WORDS] = {NULL};
        char *said = NULL;
        int code = read_words(&wrong_rows[i], copies, &order, &said);
        options_done(&order);
        wrong += unit_wrong(wrong_rows[i].name, code == (wrong_rows[i].good ? CLIENT_GOOD : CLIENT_USAGE) &&
                                                    strstr(said, wrong_rows[i].part) != NULL &&
                                                    strstr(said, token) == NULL);
        free(said);
        free_words(copies);
    }
    assert_int_equal(wrong, 0);
}

/* What is asked for, in words: the url, the method, the path, parameters, the body, the wait, the token. */
static char *shown(const struct options *order)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    fprintf(out, "%s %s %s", order->url, order->method, order->path);
    for (size_t i = 0; i < order->pair_count; i++)
        fprintf(out, " %.*s:%s", (int)order->pairs[i].name_length, order->pairs[i].text,
                order->pairs[i].text + order->pairs[i].name_length + 1);
    if (order->has_body)
        fprintf(out, " body %s", buf_text(&order->body));
    if (order->ca_file != NULL)
        fprintf(out, " ca %s", order->ca_file);
    fprintf(out, " wait %d %s", order->wait_s, secret_bytes(order->token));
    assert_int_equal(fclose(out), 0);
    return text;
}

/* clang-format off */
static const struct {
    struct row row;
    const char *shown;
} right_rows[] = {
    {{.name = "a read", .words = {"GET", "/vpcs"}}, "http://127.0.0.1:8080 GET /vpcs wait 0 tokenOfTheTest0"},
    {{.name = "small letters", .words = {"delete", "/a?b=c"}},
     "http://127.0.0.1:8080 DELETE /a?b=c wait 0 tokenOfTheTest0"},
    {{.name = "parameters", .words = {"GET", "/a", "b=1", "b=", "c==x=y", "d=e f"}},
     "http://127.0.0.1:8080 GET /a b:1 b: c:=x=y d:e f wait 0 tokenOfTheTest0"},
    {{.name = "options behind operands", .words = {"PUT", "/a", "b=1", "--wait", "--ca-file", "ca.pem",
                                                        "c=2"}},

     "http://127.0.0.1:8080 PUT /a b:1 c:2 ca ca.pem wait 120 tokenOfTheTest0"},
    {{.name = "a wait of its own", .words = {"--wait=3600", "GET", "/a"}},
     "http://127.0.0.1:8080 GET /a wait 3600 tokenOfTheTest0"},
    {{.name = "a body", .words = {"POST", "/a", "--body", "{\"b\":1}"}},
     "http://127.0.0.1:8080 POST /a body {\"b\":1} wait 0 tokenOfTheTest0"},
    {{.name = "an empty body", .words = {"POST", "/a", "--body="}},
     "http://127.0.0.1:8080 POST /a body  wait 0 tokenOfTheTest0"},
    {{.name = "the environment's url", .words = {"GET", "/a"}, .url = "https://g.example:8443/"},
     "https://g.example:8443 GET /a wait 0 tokenOfTheTest0"},
    {{.name = "the option's url", .words = {"GET", "/a", "--url", "https://h"}, .url = "https://g.example"},
     "https://h GET /a wait 0 tokenOfTheTest0"},
    {{.name = "every loopback", .words = {"GET", "/a", "--url=http://127.9.9.9:1"}},
     "http://127.9.9.9:1 GET /a wait 0 tokenOfTheTest0"},
    {{.name = "IPv6", .words = {"GET", "/a", "--url=http://[::1]:8080"}},
     "http://[::1]:8080 GET /a wait 0 tokenOfTheTest0"},
    {{.name = "a name", .words = {"GET", "/a", "--url=http://localhost"}},
     "http://localhost GET /a wait 0 tokenOfTheTest0"},
    {{.name = "a token's file", .words = {"GET", "/a", "--token-file", token_file}, .no_token = true},
     "http://127.0.0.1:8080 GET /a wait 0 fromItsFile"},
    {{.name = "the file before the environment", .words = {"GET", "/a", "--token-file", token_file}},
     "http://127.0.0.1:8080 GET /a wait 0 fromItsFile"},
};
/* clang-format on */

static void right_lines(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(right_rows); i++) {
        struct options order;
        char *copies[WORDS] = {NULL};
        char *said = NULL;
        char *got = NULL;
        int code = read_words(&right_rows[i].row, copies, &order, &said);
        if (code == RIGHT)
            got = shown(&order);
        wrong += unit_differs(right_rows[i].row.name, right_rows[i].shown, got == NULL ? said : got);
        options_done(&order);
        free(got);
        free(said);
        free_words(copies);
    }
    assert_int_equal(wrong, 0);
}

/* Tokens that no gateway has: what a shell or an editor puts in by mistake. */
static void tokens(void **state)
{
    static const char *const bad[] = {"", " a", "a b", "a\tb", "caf\xC3\xA9", "a\r\nX: y"};
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        int code = RIGHT;
        struct options order;
        char *words[] = {strdup("call"), strdup("GET"), strdup("/a"), NULL};
        assert_int_equal(setenv("COUNTERSIGN_TOKEN", bad[i], 1), 0);
        assert_int_equal(options_read(&order, 3, words, &code), -1);
        assert_int_equal(code, CLIENT_USAGE);
        options_done(&order);
        for (int j = 0; j < 3; j++)
            free(words[j]);
    }
}

/* As many as a gateway takes, and no more. */
static void many_parameters(void **state)
{
    char *words[OPTIONS_PAIRS_MAX + 4] = {strdup("call"), strdup("GET"), strdup("/a")};
    (void)state;
    assert_int_equal(setenv("COUNTERSIGN_TOKEN", token, 1), 0);
    for (int i = 0; i <= OPTIONS_PAIRS_MAX; i++)
        words[3 + i] = strdup("a=b");
    for (int more = 0; more < 2; more++) {
        int code = RIGHT;
        struct options order;
        assert_int_equal(options_read(&order, 3 + OPTIONS_PAIRS_MAX + more, words, &code), -more);
        options_done(&order);
    }
    for (size_t i = 0; i < COUNT(words); i++)
        free(words[i]);
}

static int make_file(void **state)
{
    static const char text[] = "fromItsFile\r\n";
    int fd = mkstemp(token_file); /* for its owner alone */
    (void)state;
    return fd < 0 || write(fd, text, sizeof text - 1) != (ssize_t)sizeof text - 1 || close(fd) != 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(token_file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_lines),
        cmocka_unit_test(right_lines),
        cmocka_unit_test(tokens),
        cmocka_unit_test(many_parameters),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
