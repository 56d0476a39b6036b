#include "tests/unit.h"

#include "base/json/json.h"
#include "sandbox/fault/fault.h"

#include <string.h>

static const char *const good[] = {
    "*:delay=20",
    "DetachClassicLinkVpc:cut",
    "DetachClassicLinkVpc:cut=10:count=1:after=2:every=3",
    "*:hang",
    "*:refuse",
    "*:garbage",
    "*:html",
    "*:huge=100",
    "*:drip=1",
    "*:type=text/plain; charset=utf-8",
    "*:status=503",
    "*:redirect=http://127.0.0.1:1/x:y:count=2",
    "*:code=4400",
    "*:code=5000/InvalidVpc.NotFound:after=1",
    "*:string-code",
    "*:body={\"code\":0,\"x\":\"a:b=c\"}",
    "*:body=",
    "*:echo-secret",
    "*:skew=-600",
};

/* And a word that the sentence must have. */
static const struct {
    const char *spec;
    const char *word;
} bad[] = {
    {"", "is written"},
    {"delay=20", "is written"},
    {":delay=20", "is written"},
    {"*:", "no fault ''"},
    {"*:dela=20", "no fault"},
    {"*:delayed", "no fault"},
    {"*:delay", "takes a value"},
    {"*:delay=", "a number from"},
    {"*:delay=-1", "a number from"},
    {"*:delay=1s", "a number from"},
    {"*:drip=0", "a number from"},
    {"*:status=99", "a number from"},
    {"*:hang=1", "no value"},
    {"*:code=x", "is written"},
    {"*:code=0", "is written"},
    {"*:code=4000/", "is written"},
    {"*:code=4000000000", "is written"},
    {"*:type=", "is written"},
    {"*:redirect", "takes a value"},
    {"*:cut=x", "a number from"},
    {"*:cut:count=0", "count=0"},
    {"*:cut:every=0", "every=0"},
    {"*:cut:after=x", "after=x"},
    {"*:cut:often=1", "no fault"},
    {"*:body=a\nb", "is written"},
};

static void specs(void **state)
{
    (void)state;
    struct fault fault;
    int wrong = 0;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct err err = {0};
        if (fault_parse(&fault, good[i], &err) == 0) {
            wrong += unit_differs(good[i], good[i], fault.spec);
            fault_done(&fault);
        }
        wrong += unit_differs(good[i], "", err.text);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct err err = {0};
        assert_int_equal(fault_parse(&fault, bad[i].spec, &err), -1);
        wrong += unit_wrong(bad[i].spec, strstr(err.text, bad[i].word) != NULL);
    }
    assert_int_equal(wrong, 0);
}

static void parts(void **state)
{
    (void)state;
    struct fault fault;
    assert_int_equal(fault_parse(&fault, "Do:redirect=http://a:1/:every=x:count=2:after=3", NULL), -1);
    assert_int_equal(fault_parse(&fault, "Do:redirect=http://a:1/:count=2:after=3", NULL), 0);
    assert_string_equal(fault.action, "Do");
    assert_string_equal(fault.kind->name, "redirect");
    assert_string_equal(fault.text, "http://a:1/");
    assert_int_equal(fault.count, 2);
    assert_int_equal(fault.after, 3);
    assert_int_equal(fault.every, 1);
    fault_done(&fault);
}

/* One letter a request: the first of the kind's name, or '.'. */
static void assert_strikes(const char *lines, const char *action, enum fault_class class,
                           const char *expected)
{
    struct fault_set *set = fault_set_new();
    struct fault_strike strike;
    assert_int_equal(fault_set_replace(set, lines, NULL), 0);
    for (; *expected != '\0'; expected++) {
        assert_int_equal(fault_set_strike(set, action, &strike), 0);
        const struct fault_kind *kind = strike.by_class[class].kind;
        assert_int_equal(kind == NULL ? '.' : kind->name[0], *expected);
        fault_strike_done(&strike);
    }
    fault_set_free(set);
}

static void schedule(void **state)
{
    (void)state;
    assert_strikes("", "Do", FAULT_OUTCOME, "...");
    assert_strikes("*:cut", "Do", FAULT_OUTCOME, "ccc");
    assert_strikes("Do:cut", "Do", FAULT_OUTCOME, "ccc");
    assert_strikes("Other:cut", "Do", FAULT_OUTCOME, "...");
    assert_strikes("*:cut:count=2", "Do", FAULT_OUTCOME, "cc...");
    assert_strikes("*:cut:after=2", "Do", FAULT_OUTCOME, "..ccc");
    assert_strikes("*:cut:every=3", "Do", FAULT_OUTCOME, "c..c..c");
    assert_strikes("*:cut:after=1:every=2:count=2", "Do", FAULT_OUTCOME, ".c.c...");
    assert_strikes("*:cut:count=1\n*:html", "Do", FAULT_OUTCOME, "chh");
    assert_strikes("# a comment\n\n*:html:every=2\r\n*:cut:count=2\n", "Do", FAULT_OUTCOME, "hchch.h");
    assert_strikes("*:skew=1\n*:delay=1\n*:cut", "Do", FAULT_CLOCK, "ss");
    assert_strikes("*:skew=1\n*:delay=1\n*:cut", "Do", FAULT_PACE, "dd");
}

static void replace_is_all_or_nothing(void **state)
{
    (void)state;
    struct buf out;
    struct err err = {0};
    struct fault_set *set = fault_set_new();
    buf_init(&out, 4096);
    assert_int_equal(fault_set_add(set, "*:cut", &err), 0);
    assert_int_equal(fault_set_replace(set, "*:html\n*:nonsense\n", &err), -1);
    json_open(&out);
    fault_set_put(set, &out);
    assert_string_equal(buf_text(&out), "{\"faults\":[{\"spec\":\"*:cut\",\"seen\":0,\"struck\":0}]");
    for (int i = 1; i < FAULTS_MAX; i++)
        assert_int_equal(fault_set_add(set, "*:cut", &err), 0);
    assert_int_equal(fault_set_add(set, "*:cut", &err), -1);
    buf_done(&out);
    fault_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(specs), cmocka_unit_test(parts),
                                       cmocka_unit_test(schedule),
                                       cmocka_unit_test(replace_is_all_or_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
