#include "config/reader/url.h"

#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

enum { CEILING = 64 * 1024 };

/* clang-format off */
static const struct {
    const char *text;
    bool tls;
    const char *host, *authority, *path;
} good[] = {
    {"https://vpc.api.qcloud.com/v2/index.php", true, "vpc.api.qcloud.com", "vpc.api.qcloud.com",
     "/v2/index.php"},
    {"https://vpc.api.qcloud.com:443/v2/index.php", true, "vpc.api.qcloud.com", "vpc.api.qcloud.com:443",
     "/v2/index.php"},
    {"https://10.0.0.1:8443/", true, "10.0.0.1", "10.0.0.1:8443", "/"},
    {"https://[2001:db8::1]:8443/a", true, "2001:db8::1", "[2001:db8::1]:8443", "/a"},
    {"http://127.0.0.1:8081/v2/index.php", false, "127.0.0.1", "127.0.0.1:8081", "/v2/index.php"},
    {"http://127.255.255.254/x", false, "127.255.255.254", "127.255.255.254", "/x"},
    {"http://localhost:1/x", false, "localhost", "localhost:1", "/x"},
    {"http://[::1]:65535/x", false, "::1", "[::1]:65535", "/x"},
    {"https://x/~user/a-b_c.d", true, "x", "x", "/~user/a-b_c.d"},
};
/* clang-format on */

#define SCHEME  "the url must start with https:// (or http:// for a loopback address)"
#define NO_PATH "the url lacks its path, such as /v2/index.php"
#define PATH    "the url's path takes letters, digits and / - . _ ~ only"
#define PORT    "the url's port must be 1 to 65535"
#define HOST    "the url's host must be a host name or an address"
#define CLEAR   "http:// is taken for a loopback address only; use https://"

/* clang-format off */
static const struct {
    const char *text, *sentence;
} bad[] = {
    {"", SCHEME},
    {"vpc.api.qcloud.com/v2/index.php", SCHEME},
    {"ftp://vpc.api.qcloud.com/v2", SCHEME},
    {"file:///etc/passwd", SCHEME},
    {"https:/vpc.api.qcloud.com/v2", SCHEME},
    {" https://vpc.api.qcloud.com/v2", SCHEME},
    {"https://vpc.api.qcloud.com", NO_PATH},
    {"https://vpc.api.qcloud.com?x=1", NO_PATH},
    {"https://vpc.api.qcloud.com/v2?x=1", PATH},
    {"https://vpc.api.qcloud.com/v2#x", PATH},
    {"https://vpc.api.qcloud.com/v%32", PATH},
    {"https://vpc.api.qcloud.com/v 2", PATH},
    {"https://vpc.api.qcloud.com/v\xC3\xA9", PATH},
    {"https://vpc.api.qcloud.com:/v2", PORT},
    {"https://vpc.api.qcloud.com:0/v2", PORT},
    {"https://vpc.api.qcloud.com:080/v2", PORT},
    {"https://vpc.api.qcloud.com:65536/v2", PORT},
    {"https://vpc.api.qcloud.com:4294967376/v2", PORT},
    {"https://vpc.api.qcloud.com:80x/v2", PORT},
    {"https://vpc.api.qcloud.com:-1/v2", PORT},
    {"https://[::1]x/v2", PORT},
    {"https://[::1/v2", "the url's address lacks its ']'"},
    {"https://[::g]/v2", HOST},
    {"https://::1/v2", PORT},
    {"https:///v2", HOST},
    {"https://user@vpc.api.qcloud.com/v2", HOST},
    {"https://vpc_api/v2", HOST},
    {"https://-vpc.api.qcloud.com/v2", HOST},
    {"https://.qcloud.com/v2", HOST},
    {"https://vpc.api.qcloud.com\\@evil/v2", HOST},
    {"http://vpc.api.qcloud.com/v2", CLEAR},
    {"http://10.0.0.1/v2", CLEAR},
    {"http://0.0.0.0/v2", CLEAR},
    {"http://128.0.0.1/v2", CLEAR},
    {"http://127.0.0.1.example.com/v2", CLEAR},
    {"http://localhost.example.com/v2", CLEAR},
    {"http://[::2]/v2", CLEAR},
    {"http://[::ffff:10.0.0.1]/v2", CLEAR},
};
/* clang-format on */

static void good_table(void **state)
{
    struct arena *arena = arena_new(CEILING);
    int wrong = 0;
    (void)state;
    assert_non_null(arena);
    for (size_t i = 0; i < COUNT(good); i++) {
        struct url url;
        struct err err = {0};
        int result = url_parse(good[i].text, arena, &url, &err);
        wrong += unit_differs(good[i].text, "", err.text);
        if (result != 0)
            continue;
        wrong += unit_wrong(good[i].text, url.tls == good[i].tls);
        wrong += unit_differs(good[i].text, good[i].text, url.text);
        wrong += unit_differs(good[i].text, good[i].host, url.host);
        wrong += unit_differs(good[i].text, good[i].authority, url.authority);
        wrong += unit_differs(good[i].text, good[i].path, url.path);
    }
    arena_free(arena);
    assert_int_equal(wrong, 0);
}

static void bad_table(void **state)
{
    struct arena *arena = arena_new(CEILING);
    int wrong = 0;
    (void)state;
    assert_non_null(arena);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct url url;
        struct err err = {0};
        wrong += unit_wrong(bad[i].text, url_parse(bad[i].text, arena, &url, &err) == -1);
        wrong += unit_differs(bad[i].text, bad[i].sentence, err.text);
    }
    arena_free(arena);
    assert_int_equal(wrong, 0);
}

/* A password in the address must not be told to whoever reads the message. */
static void user_info_is_not_repeated(void **state)
{
    struct arena *arena = arena_new(CEILING);
    struct url url;
    struct err err = {0};
    (void)state;
    assert_int_equal(url_parse("https://user:hunter2@vpc.api.qcloud.com/v2", arena, &url, &err), -1);
    assert_null(strstr(err.text, "hunter2"));
    arena_free(arena);
}

static void loopback_is_told(void **state)
{
    static const char *const here[] = {"http://127.0.0.2:1", "http://localhost:1/", "http://[::1]:1"};
    static const char *const away[] = {"http://10.0.0.1:1", "http://localhost.example:1", "http://[::2]:1"};
    struct arena *arena = arena_new(CEILING);
    struct url url;
    struct err err = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(here); i++) {
        assert_int_equal(url_parse_proxy(here[i], arena, &url, &err), 0);
        assert_true(url_is_loopback(&url));
        assert_int_equal(url_parse_proxy(away[i], arena, &url, &err), 0);
        assert_false(url_is_loopback(&url));
    }
    arena_free(arena);
}

static void host_name_is_bounded(void **state)
{
    char text[400];
    struct url url;
    struct arena *arena = arena_new(CEILING);
    (void)state;
    for (int length = 252; length <= 255; length++) { /* RFC 1035: 253 characters as text */
        struct err err = {0};
        (void)snprintf(text, sizeof text, "https://%0*d/v2", length, 0);
        assert_int_equal(url_parse(text, arena, &url, &err), length <= 253 ? 0 : -1);
    }
    arena_free(arena);
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_table),
        cmocka_unit_test(bad_table),
        cmocka_unit_test(user_info_is_not_repeated),
        cmocka_unit_test(loopback_is_told),
        cmocka_unit_test(host_name_is_bounded),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
