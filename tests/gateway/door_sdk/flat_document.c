#include "gateway/door_sdk/flat_document.h"

#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

enum { CEILING = 1024 * 1024, PAIRS_MAX = 16, OUT_MAX = 4096 };

/* An action's request: texts, numbers, a boolean, a list of texts, an object, a list of objects. */
static struct definitions_object *make_objects(void)
{
    static struct definitions_member tag[] = {
        {"Key", "string", NULL, DEFINITIONS_STRING, false, true, false}};
    static uint16_t tag_order[] = {0};
    static struct definitions_object tags = {"Tag", tag, tag_order, COUNT(tag), 1};
    static struct definitions_member members[] = {
        {"Count", "int64", NULL, DEFINITIONS_INT64, false, false, false},
        {"DryRun", "bool", NULL, DEFINITIONS_BOOL, false, false, false},
        {"Ids", "string", NULL, DEFINITIONS_STRING, true, false, false},
        {"Name", "string", NULL, DEFINITIONS_STRING, false, false, false},
        {"Ratio", "float", NULL, DEFINITIONS_FLOAT, false, false, false},
        {"Tag", "Tag", &tags, DEFINITIONS_OBJECT, false, false, false},
        {"Tags", "Tag", &tags, DEFINITIONS_OBJECT, true, false, false},
    };
    static uint16_t order[] = {0, 1, 2, 3, 4, 5, 6};
    static struct definitions_object object = {"Request", members, order, COUNT(members), 0};
    return &object;
}

/* `pairs`: "name=value&..." without escapes; `out`: the JSON, or with "! " before it what is wrong. */
static const struct {
    const char *pairs;
    const char *out;
} rows[] = {
    {"", "{}"},
    {"Name=a", "{\"Name\":\"a\"}"},
    {"Name=", "{\"Name\":\"\"}"},
    {"Name=1", "{\"Name\":\"1\"}"},
    {"Name=true", "{\"Name\":\"true\"}"},
    {"Name=\"\\", "{\"Name\":\"\\\"\\\\\"}"},
    {"Count=7", "{\"Count\":7}"},
    {"Count=-7", "{\"Count\":-7}"},
    {"Count=07", "{\"Count\":\"07\"}"}, /* no number of JSON: document_read() refuses the text */
    {"Count=", "{\"Count\":\"\"}"},
    {"Count=1 ", "{\"Count\":\"1 \"}"},
    {"Count=1,2", "{\"Count\":\"1,2\"}"},
    {"Count=7}", "{\"Count\":\"7}\"}"},
    {"Ratio=1.5e-3", "{\"Ratio\":1.5e-3}"},
    {"Ratio=1.", "{\"Ratio\":\"1.\"}"},
    {"Ratio=.5", "{\"Ratio\":\".5\"}"},
    {"Ratio=1e", "{\"Ratio\":\"1e\"}"},
    {"Ratio=NaN", "{\"Ratio\":\"NaN\"}"},
    {"DryRun=true", "{\"DryRun\":true}"},
    {"DryRun=True", "{\"DryRun\":true}"},
    {"DryRun=1", "{\"DryRun\":true}"},
    {"DryRun=false", "{\"DryRun\":false}"},
    {"DryRun=False", "{\"DryRun\":false}"},
    {"DryRun=0", "{\"DryRun\":false}"},
    {"DryRun=TRUE", "{\"DryRun\":\"TRUE\"}"},
    {"DryRun=", "{\"DryRun\":\"\"}"},
    {"Ids.1=b&Ids.0=a", "{\"Ids\":[\"a\",\"b\"]}"},
    {"Ids.10=k&Ids.9=j&Ids.0=a&Ids.1=b&Ids.2=c&Ids.3=d&Ids.4=e&Ids.5=f&Ids.6=g&Ids.7=h&Ids.8=i",
     "{\"Ids\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\",\"k\"]}"},
    {"Ids[0]=a&Ids[1]=b", "{\"Ids\":[\"a\",\"b\"]}"},
    {"Ids[0]=a&Ids.1=b", "{\"Ids\":[\"a\",\"b\"]}"},
    {"Ids=a", "{\"Ids\":\"a\"}"}, /* refused by document_read(), as the next five */
    {"Ids.0.x=a", "{\"Ids\":[{}]}"},
    {"Name.0=a", "{\"Name\":{}}"},
    {"Tag=a", "{\"Tag\":\"a\"}"},
    {"Other=a", "{\"Other\":\"a\"}"},
    {"name=a", "{\"name\":\"a\"}"},
    {"Tag.Key=a", "{\"Tag\":{\"Key\":\"a\"}}"},
    {"Tags.0.Key=a&Tags.1.Key=b", "{\"Tags\":[{\"Key\":\"a\"},{\"Key\":\"b\"}]}"},
    {"Tags[0][Key]=a", "{\"Tags\":[{\"Key\":\"a\"}]}"},
    {"Ids.1=b", "! Ids is a list: its items are 0, 1, 2 and so on, without a gap"},
    {"Ids.0=a&Ids.2=b", "! Ids is a list: its items are 0, 1, 2 and so on, without a gap"},
    {"Ids.x=a", "! Ids is a list: its items are 0, 1, 2 and so on, without a gap"},
    {"Ids.00=a", "! Ids is a list: its items are 0, 1, 2 and so on, without a gap"},
    {"Name=a&Name=b", "! Name is there twice"},
    {"Name=a&Name.0=b", "! Name is there twice"},
    {"Ids.0=a&Ids[0]=b", "! Ids.0 is there twice"},
    {"Ids=a&Ids.0=b", "! Ids is there twice"},
    {"Ids[=a", "! a parameter's name does not look like one: write a list as Name.0, Name.1"},
    {"Ids]=a", "! a parameter's name does not look like one: write a list as Name.0, Name.1"},
    {"Ids[]=a", "! a parameter's name does not look like one: write a list as Name.0, Name.1"},
    {"Ids[0]x=a", "! a parameter's name does not look like one: write a list as Name.0, Name.1"},
    {"[0]=a", "! a parameter's name does not look like one: write a list as Name.0, Name.1"},
    {"Ids[0.1]=a", "! a parameter's name does not look like one: write a list as Name.0, Name.1"},
    {".Ids=a", "! a parameter's name does not look like one: write a list as Name.0, Name.1"},
    {"Ids.=a", "! a parameter's name does not look like one: write a list as Name.0, Name.1"},
    {"Ids..0=a", "! a parameter's name does not look like one: write a list as Name.0, Name.1"},
    {"Id\"s=a", "! a parameter's name does not look like one: write a list as Name.0, Name.1"},
    {"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a=1",
     "! a parameter's name does not look like one: write a list as Name.0, Name.1"},
};

static size_t split(char *text, struct target_pair pairs[PAIRS_MAX])
{
    size_t count = 0;
    for (char *at = *text == '\0' ? NULL : text; at != NULL;) {
        char *next = strchr(at, '&');
        if (next != NULL)
            *next++ = '\0';
        char *equals = strchr(at, '=');
        assert_non_null(equals);
        *equals = '\0';
        pairs[count++] = (struct target_pair){at, equals + 1};
        at = next;
    }
    return count;
}

static void table(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[OUT_MAX], result[OUT_MAX];
        struct target_pair pairs[PAIRS_MAX];
        struct err err = {0};
        struct buf out;
        struct arena *arena = arena_new(CEILING);
        (void)snprintf(text, sizeof text, "%s", rows[i].pairs);
        buf_init(&out, OUT_MAX);
        size_t count = split(text, pairs);
        if (flat_document_write(pairs, count, make_objects(), arena, &out, &err) == 0)
            (void)snprintf(result, sizeof result, "%s", buf_text(&out));
        else
            (void)snprintf(result, sizeof result, "! %s", err.text);
        wrong += unit_differs(rows[i].pairs, rows[i].out, result);
        buf_done(&out);
        arena_free(arena);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
