/* What an upstream could answer, against what jansson reads in the same bytes. */
#include "tests/fuzz/fuzz.h"

#include "base/text.h"
#include "gateway/call/view.h"
#include "gateway/exchange/answer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_FUZZ_MAX = 64 * 1024 };

static void check_code(const struct answer *answer, const json_t *code)
{
    if (json_is_integer(code))
        FUZZ_MUST(answer->code == json_integer_value(code));
    else
        FUZZ_MUST(json_is_string(code));
    if (json_is_string(code) && answer->code != ANSWER_NO_CODE)
        FUZZ_MUST(answer->code == strtoll(json_string_value(code), NULL, 10));
    if (answer->code == ANSWER_NO_CODE && !json_is_integer(code))
        FUZZ_MUST(answer->code_desc != NULL && answer->code_desc[0] != '\0');
}

static void check_text(const char *text)
{
    FUZZ_MUST(text == NULL || (strlen(text) <= ANSWER_TEXT_MAX && text_is_utf8(text, strlen(text))));
}

static void check_good(const struct answer *answer, json_t *root, const char *bytes, size_t size)
{
    FUZZ_MUST(json_is_object(root));
    FUZZ_MUST(answer->bytes == bytes && answer->length == size);
    check_code(answer, json_object_get(root, "code"));
    check_text(answer->code_desc);
    check_text(answer->message);
    FUZZ_MUST(answer->task == NULL || text_is_name(answer->task));
    struct answer_meaning meaning = answer_meaning(answer);
    FUZZ_MUST((meaning.problem == PROBLEM_NONE) == (answer->code == 0));
    FUZZ_MUST(answer->code != 0 || meaning.executed);
    if (answer->detail != NULL) {
        json_t *detail = json_loads(answer->detail, JSON_DECODE_ANY, NULL);
        FUZZ_MUST(detail != NULL && json_equal(detail, json_object_get(root, "detail")));
        json_decref(detail);
    }
}

/* API 3.0 has an Error by name, or none. */
static void check_api3(const struct answer *answer, json_t *root)
{
    const json_t *response = json_object_get(root, "Response");
    const json_t *error = json_object_get(response, "Error");
    FUZZ_MUST(json_is_object(response));
    FUZZ_MUST((answer->code == 0) == (error == NULL));
    FUZZ_MUST(error == NULL || (answer->code == ANSWER_NO_CODE && answer->code_desc[0] != '\0'));
    FUZZ_MUST(answer->task == NULL || text_is_name(answer->task));
    FUZZ_MUST(answer->request_id == NULL || text_is_name(answer->request_id));
    check_text(answer->code_desc);
    check_text(answer->message);
}

/* What callers see of a good answer is a JSON object with code 0, whatever was in it. */
static void check_view(const struct config_route *route, int api, struct answer *answer)
{
    struct err err = {0};
    json_t *view = view_new(route, api, answer, &err);
    FUZZ_MUST((view == NULL) == (err.kind != ERR_NONE));
    if (view == NULL)
        return;
    FUZZ_MUST(view_write(view, fuzz_arena(), answer, &err) == 0);
    json_t *read = json_loadb(answer->bytes, answer->length, JSON_REJECT_DUPLICATES, NULL);
    FUZZ_MUST(json_equal(read, view));
    FUZZ_MUST(api == CONFIG_API2 || json_is_integer(json_object_get(read, "code")));
    FUZZ_MUST(route->dialects[api].status.from == NULL || json_is_string(json_object_get(read, "status")));
    json_decref(read);
    json_decref(view);
}

static void read_as(int api, const char *text, size_t size)
{
    const struct config *config = fuzz_config();
    for (size_t i = 0; i < config->route_count; i++) {
        struct answer answer = {0};
        struct err err = {0};
        if (answer_read(text, size, &config->routes[i], api, fuzz_arena(), &answer, &err) != 0)
            return; /* no route makes a difference here */
        if (api == CONFIG_API3) {
            json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
            check_api3(&answer, root);
            json_decref(root);
        }
        if (answer.code == 0)
            check_view(&config->routes[i], api, &answer);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size > ANSWER_FUZZ_MAX)
        return 0;
    struct answer answer = {0};
    struct err err = {0};
    char *text = malloc(size + (size == 0)); /* exactly what came */
    if (text == NULL)
        abort();
    memmove(text, bytes, size);
    int result = answer_read(text, size, &fuzz_config()->routes[0], CONFIG_API2, fuzz_arena(), &answer, &err);
    FUZZ_MUST((result == 0) == (err.kind == ERR_NONE));
    if (result == 0) {
        json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        check_good(&answer, root, text, size);
        json_decref(root);
    }
    read_as(CONFIG_API2, text, size);
    read_as(CONFIG_API3, text, size);
    free(text);
    return 0;
}
