/* What an upstream could answer, against what jansson reads in the same bytes, where it can read them. */
#include "tests/fuzz/fuzz.h"

#include "base/text.h"
#include "gateway/call/caller_view.h"
#include "gateway/exchange/answer_meaning.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_FUZZ_MAX = 64 * 1024 };

/* NULL: jansson cannot hold it, or it has a key twice. */
static json_t *second_reading(const char *bytes, size_t length)
{
    return json_loadb(bytes, length, JSON_REJECT_DUPLICATES, NULL);
}

static void check_text(const char *text)
{
    FUZZ_MUST(text == NULL || (strlen(text) <= ANSWER_TEXT_MAX && text_is_utf8(text, strlen(text))));
}

static void check_answer(const struct answer *answer, const char *bytes, size_t size)
{
    struct answer_meaning meaning = answer_meaning(answer);
    FUZZ_MUST(answer->bytes == bytes && answer->length == size);
    FUZZ_MUST(!answer->named ||
              (answer->code != 0 && answer->code_desc != NULL && answer->code_desc[0] != '\0'));
    FUZZ_MUST(answer_is_good(answer) == (meaning.problem == PROBLEM_NONE));
    FUZZ_MUST(!answer_is_good(answer) || meaning.outcome == OUTCOME_EXECUTED);
    FUZZ_MUST(answer->task == NULL || text_is_name(answer->task));
    FUZZ_MUST(answer->request_id == NULL || text_is_name(answer->request_id));
    FUZZ_MUST(answer->members.kind == JSON_VALUE_OBJECT);
    check_text(answer->code_desc);
    check_text(answer->message);
}

static void check_code(const struct answer *answer, const json_t *code)
{
    if (json_is_integer(code))
        FUZZ_MUST(!answer->named && answer->code == json_integer_value(code));
    else
        FUZZ_MUST(json_is_string(code));
    if (json_is_string(code) && !answer->named)
        FUZZ_MUST(answer->code == strtoll(json_string_value(code), NULL, 10));
}

static void check_api2(const struct answer *answer, const json_t *root)
{
    check_code(answer, json_object_get(root, "code"));
    if (answer->detail != NULL) {
        json_t *detail = json_loads(answer->detail, JSON_DECODE_ANY, NULL);
        FUZZ_MUST(json_equal(detail, json_object_get(root, "detail")));
        json_decref(detail);
    }
}

/* API 3.0 has an Error by name, or none. */
static void check_api3(const struct answer *answer, const json_t *root)
{
    const json_t *response = json_object_get(root, "Response");
    const json_t *error = json_object_get(response, "Error");
    bool none = error == NULL || json_is_null(error);
    FUZZ_MUST(json_is_object(response));
    FUZZ_MUST(answer_is_good(answer) == none && answer->named == !none);
}

/* How many values there are, whatever their keys. */
static size_t count_values(const struct json_value *value)
{
    size_t count = 1;
    struct json_items items = json_value_items(value);
    for (struct json_value item; json_value_next(&items, &item);)
        count += item.kind == JSON_VALUE_ARRAY || item.kind == JSON_VALUE_OBJECT ? item.count + 1 : 1;
    return count;
}

/* What callers see of a good answer is a JSON object with code 0, no larger than it may become, and made of
 * the answer's own values. */
static void check_view(const struct config_route *route, int api, struct answer *answer, const json_t *root)
{
    struct err err = {0};
    struct json_value seen = {0};
    const struct answer page = *answer;
    const struct caller_view view = {.route = route, .api = api, .pages = &page, .page_count = 1};
    int result = caller_view_write(&view, fuzz_arena(), answer, &err);
    FUZZ_MUST((result != 0) == (err.kind != ERR_NONE));
    if (result != 0)
        return;
    FUZZ_MUST(answer->length <= CALLER_VIEW_GROWTH * page.length + 64);
    FUZZ_MUST(json_value_read(answer->bytes, answer->length, JSON_VALUE_DEPTH_MAX, &seen, &err) == 0);
    FUZZ_MUST(seen.kind == JSON_VALUE_OBJECT && count_values(&seen) <= count_values(&page.members) + 3);
    if (root == NULL)
        return;
    json_t *read =
        second_reading(answer->bytes, answer->length); /* a key is there twice only if it was before */
    FUZZ_MUST(read != NULL);
    FUZZ_MUST(api == CONFIG_API2 || json_integer_value(json_object_get(read, "code")) == 0);
    FUZZ_MUST(route->dialects[api].status.from == NULL || json_is_string(json_object_get(read, "status")));
    json_decref(read);
}

static void read_as(int api, const char *text, size_t size, const json_t *root)
{
    const struct config *config = fuzz_config();
    for (size_t i = 0; i < config->route_count; i++) {
        struct answer answer = {0};
        struct err err = {0};
        int result = answer_read(text, size, &config->routes[i], api, fuzz_arena(), &answer, &err);
        FUZZ_MUST((result == 0) == (err.kind == ERR_NONE));
        if (result != 0)
            continue;
        check_answer(&answer, text, size);
        if (root != NULL)
            (api == CONFIG_API3 ? check_api3 : check_api2)(&answer, root);
        if (answer_is_good(&answer))
            check_view(&config->routes[i], api, &answer, root);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size > ANSWER_FUZZ_MAX)
        return 0;
    char *text = malloc(size + (size == 0)); /* exactly what came */
    if (text == NULL)
        abort();
    memmove(text, bytes, size);
    json_t *root = second_reading(text, size);
    read_as(CONFIG_API2, text, size, root);
    read_as(CONFIG_API3, text, size, root);
    json_decref(root);
    free(text);
    return 0;
}
