/* What an upstream could answer, against what jansson reads in the same bytes. */
#include "tests/fuzz/fuzz.h"

#include "base/text.h"
#include "gateway/answer.h"

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
    int result = answer_read(text, size, "taskId", fuzz_arena(), &answer, &err);
    FUZZ_MUST((result == 0) == (err.kind == ERR_NONE));
    if (result == 0) {
        json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        check_good(&answer, root, text, size);
        json_decref(root);
    }
    free(text);
    return 0;
}
