/* tests/vectors/definitions/api.json is written by the vendor's form; zoo-20200102.txt is what must become of
 * it, written by hand. */
#include "config/definitions/api_json.h"

#include "base/buf.h"
#include "config/definitions/definitions_text.h"

#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

enum { CEILING = 16 * 1024 * 1024 };

static int read_text(const char *text, size_t length, struct buf *out, struct err *err)
{
    struct definitions definitions;
    struct arena *arena = arena_new(CEILING);
    int result = api_json_read(&definitions, text, length, arena, err);
    if (result == 0 && out != NULL)
        definitions_text_put(out, &definitions);
    arena_free(arena);
    return result;
}

static void test_good(void **state)
{
    struct err err = {0};
    struct buf out;
    char *json = unit_vector("definitions", "api.json");
    char *text = unit_vector("definitions", "zoo-20200102.txt");
    (void)state;
    buf_init(&out, CEILING);
    assert_int_equal(read_text(json, strlen(json), &out, &err), 0);
    assert_memory_equal(buf_text(&out), text, strlen(text));
    assert_int_equal(out.length, strlen(text) + 1);
    buf_done(&out);
    free(json);
    free(text);
}

static const struct {
    const char *row, *from, *to, *message;
} bad[] = {
    {"no metadata", "\"metadata\"", "\"meta\"", "metadata is no object"},
    {"no version", "apiVersion", "apiversion", "apiVersion must be a date"},
    {"no date", "2020-01-02", "20200102", "apiVersion must be a date"},
    {"a service that is a path", "\"zoo\"", "\"../zoo\"", "serviceShortName must be a name"},
    {"no actions", "\"actions\"", "\"Actions\"", "has no actions or no objects"},
    {"objects are a list", "\"objects\": {", "\"objects\": [], \"x\": {", "has no actions or no objects"},
    {"actions twice", "\"objects\": {", "\"actions\": {}, \"objects\": {", "has the key actions twice"},
    {"an action twice", "\"GetCageKey\"", "\"FeedAnimal\"", "the action FeedAnimal is there twice"},
    {"an object twice", "\"Cage\": {", "\"Food\": {", "the object Food is there twice"},
    {"a member twice", "\"name\": \"Born\"", "\"name\": \"Parts\"", "the object Food has Parts twice"},
    {"a key of a member twice", "\"type\": \"float\"", "\"type\": \"float\", \"type\": \"float\"",
     "FeedAnimalRequest.Weight has the key type twice"},
    {"a key of an action twice", "\"status\": \"online\"", "\"status\": \"online\", \"status\": \"online\"",
     "FeedAnimal has the key status twice"},
    {"the same key, escaped", "\"status\": \"online\"",
     "\"status\": \"online\", \"st\\u0061tus\": \"online\"", "FeedAnimal has the key status twice"},
    {"a status that is none", "deprecated", "gone", "DescribeAnimals: there is no status 'gone'"},
    {"a type that is none", "\"type\": \"float\"", "\"type\": \"double\"",
     "there is no type double of float"},
    {"a type and another's member", "\"type\": \"float\"", "\"type\": \"int\"",
     "there is no type int of float"},
    {"a list that is called an object", "\"type\": \"list\", \"member\": \"Food\"",
     "\"type\": \"string\", \"member\": \"Food\"", "there is no type string of Food"},
    {"a type that is not there", "\"member\": \"Cage\"", "\"member\": \"Cave\"", "is of the type Cave"},
    {"required by a text", "\"required\": true", "\"required\": \"true\"", "required must be true or false"},
    {"members are no list", "\"DescribeAnimalsRequest\": {\"members\": []}",
     "\"DescribeAnimalsRequest\": {\"members\": {}}", "DescribeAnimalsRequest needs at most"},
    {"an action that is no object", "\"GetCageKey\": {", "\"X\": 1, \"GetCageKey\": {", "X is no object"},
    {"a name with a blank", "\"GetCageKey\"", "\"Get CageKey\"", "a key that is no name"},
    {"a name with a line feed", "\"Born\"", "\"Bo\\nrn\"", "name must be a name"},
};

static void test_bad(void **state)
{
    int wrong = 0;
    char *json = unit_vector("definitions", "api.json");
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct err err = {0};
        struct buf out;
        buf_init(&out, CEILING);
        char *at = strstr(json, bad[i].from);
        assert_non_null(at);
        buf_put_bytes(&out, json, (size_t)(at - json));
        buf_put(&out, bad[i].to);
        buf_put(&out, at + strlen(bad[i].from));
        int result = read_text(out.bytes, out.length, NULL, &err);
        bool good = result == -1 && strstr(err.text, bad[i].message) != NULL;
        wrong += unit_wrong(bad[i].row, good);
        if (!good)
            print_error("%s\n", err.text);
        buf_done(&out);
    }
    free(json);
    assert_int_equal(wrong, 0);
}

static void test_cut(void **state)
{
    char *json = unit_vector("definitions", "api.json");
    size_t length = strlen(json);
    (void)state;
    while (json[length - 1] != '}')
        length--;
    for (size_t i = 0; i < length; i++) {
        char *exact = malloc(i == 0 ? 1 : i);
        assert_non_null(exact);
        memcpy(exact, json, i);
        assert_int_equal(read_text(exact, i, NULL, NULL), -1);
        free(exact);
    }
    free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
