/* tests/vectors/definitions has the compact form as docs/definitions.md tells it; each way to spoil it is a
 * row. */
#include "config/definitions/definitions.h"

#include "base/buf.h"
#include "config/definitions/definitions_text.h"

#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

enum { CEILING = 16 * 1024 * 1024 };

/* The vector with `from` changed to `to`; in memory of exactly its size. */
static char *spoilt(const char *from, const char *to, size_t *length)
{
    struct buf out;
    char *text = unit_vector("definitions", "zoo-20200102.txt");
    assert_non_null(text);
    buf_init(&out, CEILING);
    char *at = strstr(text, from);
    assert_non_null(at);
    buf_put_bytes(&out, text, (size_t)(at - text));
    buf_put(&out, to);
    buf_put(&out, at + strlen(from));
    buf_put_char(&out, '\n'); /* which unit_vector() took away */
    *length = out.length;
    char *copy = malloc(out.length + 1);
    assert_non_null(copy);
    memcpy(copy, buf_text(&out), out.length + 1);
    free(text);
    buf_done(&out);
    return copy;
}

static const struct {
    const char *row, *from, *to, *message;
} bad[] = {
    {"another format", "countersign-definitions 1", "definitions: 1", "it does not begin with the line"},
    {"a later form", "definitions 1", "definitions 2", "it does not begin with the line"},
    {"no service", "service zoo 2020-01-02\n", "", "it is cut: its last line is missing"},
    {"no date", "2020-01-02", "2020", "x:2: a service and its version belong here"},
    {"an effect that is none", "DescribeAnimals read", "DescribeAnimals reads", "x:5: reads is no effect"},
    {"a status that is none", "read deprecated", "read gone", "x:5: gone is no effect or no status"},
    {"a word more", "FeedAnimal change", "FeedAnimal change online A B C", "x:6: an action is its name"},
    {"an answer without its object", "DescribeAnimalsRequest GetCageKeyResponse", "DescribeAnimalsRequest",
     "x:7: an action is its name"},
    {"an action twice", "action FeedAnimal change", "action DescribeAnimals read",
     "x: the action DescribeAnimals is there twice"},
    {"an object twice", "object Food Parts:[Food] Born:date", "object Cage Born:date",
     "x: the object Cage is there twice"},
    {"a member twice", "Parts:[Food] Born:date", "Born:[Food] Born:date",
     "x: the object Food has Born twice"},
    {"a type that is not there", "Cage:Cage", "Cage:Cave", "GetCageKeyResponse.Cage is of the type Cave"},
    {"an action without its object", "object FeedAnimalResponse", "object FeedResponse",
     "the action FeedAnimal takes or gives an object FeedAnimalResponse"},
    {"a member without a type", "Weight:float", "Weight", "x:11: a member is its name and type"},
    {"a type that is no name", "Weight:float", "Weight:fl.at", "x:11: the member Weight has no type"},
    {"an object with a type's name", "object Cage ", "object int64 ", "x:8: an object is its name"},
    {"two blanks", "object Cage Door", "object Cage  Door", "x:8: a member is its name and type"},
    {"an empty line", "object Food", "\nobject Food", "x:13: a line is empty"},
    {"a line of another kind", "object Food Parts", "thing Food Parts",
     "x:13: there is no line of that kind"},
    {"cut between lines", "\nend 3 7", "", "it is cut: its last line is missing"},
    {"lines are missing", "object FeedAnimalResponse RequestId:string\n", "",
     "it does not have as many actions and objects"},
    {"a last line that says less", "end 3 7", "end 3", "it does not have as many actions and objects"},
    {"something behind the end", "end 3 7", "end 3 7\nobject Z", "nothing may stand behind the last line"},
};

static void test_bad(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        size_t length;
        struct err err = {0};
        struct definitions definitions;
        struct arena *arena = arena_new(CEILING);
        char *text = spoilt(bad[i].from, bad[i].to, &length);
        int result = definitions_text_read(&definitions, text, length, "x", arena, &err);
        bool good = result == -1 && strstr(err.text, bad[i].message) != NULL;
        wrong += unit_wrong(bad[i].row, good);
        if (!good)
            print_error("%s\n", err.text);
        free(text);
        arena_free(arena);
    }
    assert_int_equal(wrong, 0);
}

/* Wherever it is cut, and whatever byte becomes a NUL, it is refused. */
static void test_cut(void **state)
{
    size_t length;
    char *whole = spoilt("zoo", "zoo", &length);
    (void)state;
    for (size_t i = 1; i < 2 * length; i++) {
        struct definitions definitions;
        struct arena *arena = arena_new(CEILING);
        size_t size = i < length ? i : length;
        char *text = malloc(size + 1);
        assert_non_null(text);
        memcpy(text, whole, size);
        text[size] = '\0';
        if (i >= length)
            text[i - length] = '\0';
        assert_int_equal(definitions_text_read(&definitions, text, size, "x", arena, NULL), -1);
        free(text);
        arena_free(arena);
    }
    free(whole);
}

static void test_good(void **state)
{
    size_t length;
    struct err err = {0};
    struct definitions definitions;
    struct buf out;
    struct arena *arena = arena_new(CEILING);
    char *text = spoilt("zoo", "zoo", &length);
    char *whole = spoilt("zoo", "zoo", &length);
    (void)state;
    assert_int_equal(definitions_text_read(&definitions, text, length, "x", arena, &err), 0);
    buf_init(&out, CEILING);
    definitions_text_put(&out, &definitions);
    assert_string_equal(buf_text(&out), whole);
    const struct definitions_action *action = definitions_action(&definitions, "FeedAnimal");
    assert_non_null(action);
    assert_int_equal(action->effect, DEFINITIONS_CHANGE);
    assert_int_equal(action->input->required_count, 2);
    const struct definitions_member *member = definitions_member(action->input, "Amounts!", 7);
    assert_non_null(member);
    assert_true(member->list && member->required && member->type == DEFINITIONS_INT64);
    assert_null(definitions_member(action->input, "Amounts!", 6));
    assert_null(definitions_member(action->input, "Amountsx", 8));
    assert_null(definitions_action(&definitions, "feedAnimal"));
    member = definitions_member(action->input, "Food", 4);
    assert_ptr_equal(member->object, definitions_object(&definitions, "Food"));
    assert_ptr_equal(member->object->members[0].object, member->object); /* it has itself inside */
    buf_reset(&out);
    definitions_text_show(&out, &definitions, action);
    assert_non_null(strstr(buf_text(&out), "    Parts [Food], as above\n"));
    buf_done(&out);
    free(text);
    free(whole);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
