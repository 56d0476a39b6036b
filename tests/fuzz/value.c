/* A value (behind two bytes that choose what the catalog says and what signs) against a second reading of
 * docs/routes.md: integers by the C library, texts byte by byte.  What is taken can be said in API 3.0, and
 * comes out of its JSON as it was. */
#include "tests/fuzz/fuzz.h"

#include "auth/sign/sign_tc3.h"
#include "base/text.h"
#include "config/model/param_value.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SIZE = 32, BODY_MAX = 1024 * 1024 };

#define WIRES                                                                                                \
    {                                                                                                        \
        {.name = "a", .max_items = 1},                                                                       \
        {                                                                                                    \
            .name = "A", .max_items = 1                                                                      \
        }                                                                                                    \
    }
static const struct config_param params[] = {
    {.name = "a", .type = CONFIG_INTEGER, .min = INT64_MIN, .max = INT64_MAX, .wire = WIRES},
    {.name = "a", .type = CONFIG_INTEGER, .min = -5, .max = 3000000000, .wire = WIRES},
    {.name = "a", .type = CONFIG_BOOLEAN, .wire = WIRES},
    {.name = "a", .type = CONFIG_STRING, .length = 16, .wire = WIRES},
    {.name = "a", .type = CONFIG_STRING, .length = 4096, .empty = true, .wire = WIRES},
    {.name = "a", .type = CONFIG_STRINGS, .length = 4096, .empty = true, .wire = WIRES},
};
static const struct config_upstream upstreams[] = {
    {.name = "cbs", .region = "a", .api = CONFIG_API2, .scheme = CONFIG_HMAC_SHA256},
    {.name = "cbs", .region = "a", .api = CONFIG_API3, .scheme = CONFIG_HMAC_SHA1},
    {.name = "cbs", .region = "a", .api = CONFIG_API3, .scheme = CONFIG_TC3},
};

/* A number is what printf(3) would write for what strtoll(3) reads. */
static bool is_number(const struct config_param *param, const char *text)
{
    char again[TEXT_SIZE];
    errno = 0;
    long long number = strtoll(text, NULL, 10);
    return errno == 0 && snprintf(again, sizeof again, "%lld", number) > 0 && strcmp(again, text) == 0 &&
           number >= param->min && number <= param->max;
}

static bool is_good(const struct config_param *param, const char *text)
{
    size_t length = strlen(text);
    if (param->type == CONFIG_INTEGER)
        return is_number(param, text);
    if (param->type == CONFIG_BOOLEAN)
        return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
    return (length > 0 || (param->empty && param->type == CONFIG_STRING)) && length <= (size_t)param->length;
}

static bool can_be_signed(const struct config_upstream *upstream, const char *text)
{
    bool joined = upstream->scheme != CONFIG_TC3;
    if (!text_is_utf8(text, strlen(text)) || (joined && text[0] == '@'))
        return false;
    for (const char *c = text; joined && *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7F || *c == '&' || *c == '=')
            return false;
    return true;
}

/* The body that is hashed, as jansson reads it. */
static void check_body(const struct config_param *param, const struct config_upstream *upstream,
                       const char *text)
{
    struct buf body;
    const char *values[] = {text};
    const struct config_route route = {.params = (struct config_param *)(uintptr_t)param, .param_count = 1};
    struct call *call = call_new(&route, upstream, fuzz_arena());
    FUZZ_MUST(call != NULL && call_add(call, param, values, 1, NULL) == 0);
    buf_init(&body, BODY_MAX);
    sign_tc3_compose(call, &body);
    FUZZ_MUST(!body.failed && !text_has_control(buf_text(&body), body.length));
    json_t *root = json_loadb(buf_text(&body), body.length, JSON_REJECT_DUPLICATES, NULL);
    const json_t *value = json_object_get(root, "A");
    FUZZ_MUST(json_object_size(root) == 1);
    if (param->type == CONFIG_STRINGS)
        value = json_array_get(value, 0);
    if (param->type == CONFIG_INTEGER)
        FUZZ_MUST(json_is_integer(value) && json_integer_value(value) == strtoll(text, NULL, 10));
    else if (param->type == CONFIG_BOOLEAN)
        FUZZ_MUST(json_is_boolean(value) && json_is_true(value) == (text[0] == 't'));
    else
        FUZZ_MUST(json_is_string(value) && strcmp(json_string_value(value), text) == 0);
    json_decref(root);
    buf_done(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct err err = {0};
    struct err unsignable = {0};
    if (size < 2 || size > CONFIG_LENGTH_MAX)
        return 0;
    const struct config_param *param = &params[bytes[0] % COUNT(params)];
    const struct config_upstream *upstream = &upstreams[bytes[1] % COUNT(upstreams)];
    char *text = fuzz_text(bytes + 2, size - 2);
    bool good = param_value_check(param, upstream, text, &err) == 0;
    bool is_signed = param_value_check_signed(param->name, upstream, text, &unsignable) == 0;
    FUZZ_MUST(good == is_good(param, text) && good == (err.kind == ERR_NONE));
    FUZZ_MUST(is_signed == can_be_signed(upstream, text) && is_signed == (unsignable.kind == ERR_NONE));
    FUZZ_MUST(text_is_utf8(err.text, strlen(err.text)) && !text_has_control(err.text, strlen(err.text)));
    FUZZ_MUST(text_is_utf8(unsignable.text, strlen(unsignable.text)));
    if (param->type != CONFIG_STRINGS) /* and a default is what a call could say */
        FUZZ_MUST((param_value_check_default(param, upstream, text, NULL) == 0) == (good && is_signed));
    if (good && is_signed && upstream->scheme == CONFIG_TC3)
        check_body(param, upstream, text);
    free(text);
    return 0;
}
