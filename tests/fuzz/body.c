/* A body for one of the routes that ship (the first byte chooses) to a call, against what jansson reads in
 * the same bytes: every value of the call stands in the body, nothing else does, and what cannot be signed
 * unambiguously is not there. */
#include "tests/fuzz/fuzz.h"

#include "base/text.h"
#include "gateway/translate/build_call.h"
#include "gateway/door/route.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *method, *path, *query;
} requests[] = {
    {"DELETE", "/vpcs/vpc-2ari9m7h/classiclinks", NULL},
    {"POST", "/vpcs/vpc-2ari9m7h/classiclinks", "region=ap-shanghai"},
    {"DELETE", "/vpcs/vpc-2ari9m7h/classiclinks", "instanceIds=ins-a"},
    {"DELETE", "/vpcs/vpc-2ari9m7h/classiclinks/ins-df454d", NULL},
    {"GET", "/classiclinks", NULL},
    {"GET", "/tasks/135254", "region=ap-guangzhou"},
    {"GET", "/instances", NULL},
    {"GET", "/vpcs", "limit=20"},
};

/* Two ways to say how deep brackets nest must agree where it is JSON. */
static size_t depth_of(const json_t *value)
{
    size_t deepest = 0;
    size_t index;
    const char *key;
    json_t *child;
    json_array_foreach(value, index, child)
    {
        size_t depth = depth_of(child);
        deepest = depth > deepest ? depth : deepest;
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, child)
    {
        size_t depth = depth_of(child);
        deepest = depth > deepest ? depth : deepest;
    }
    return json_is_array(value) || json_is_object(value) ? deepest + 1 : 0;
}

static void check_value(const struct call_param *param, const char *value, const json_t *given)
{
    FUZZ_MUST(value[0] != '\0' && strlen(value) <= (size_t)param->param->length);
    FUZZ_MUST(text_is_utf8(value, strlen(value)) && !text_has_control(value, strlen(value)));
    FUZZ_MUST(strpbrk(value, "&=") == NULL && value[0] != '@');
    if (json_is_string(given))
        FUZZ_MUST(strcmp(json_string_value(given), value) == 0);
    else if (given != NULL)
        FUZZ_MUST(json_is_integer(given) && json_integer_value(given) == strtoll(value, NULL, 10));
    FUZZ_MUST(strpbrk(param->name, "_.&=") == NULL);
}

static void check_call(const struct exchange *x, json_t *root)
{
    const char *key;
    json_t *given;
    size_t from_body = 0;
    FUZZ_MUST(x->call->sealed && x->call->route == x->route && text_is_name(x->call->region));
    for (size_t i = 0; i < x->call->param_count; i++) {
        const struct call_param *param = &x->call->params[i];
        given = json_object_get(root, param->name);
        from_body += given != NULL;
        FUZZ_MUST(param->count >= 1 && (param->list || param->count == 1));
        FUZZ_MUST(!json_is_array(given) || json_array_size(given) == param->count);
        for (size_t j = 0; j < param->count; j++)
            check_value(param, param->values[j], json_is_array(given) ? json_array_get(given, j) : given);
    }
    FUZZ_MUST(from_body == json_object_size(root));
    json_object_foreach(root, key, given) FUZZ_MUST(call_find(x->call, key) != NULL);
    FUZZ_MUST(depth_of(root) <= 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 1 || size > REQUEST_BODY_MAX)
        return 0;
    size_t chosen = bytes[0] % COUNT(requests);
    const struct request_head head = {.method = requests[chosen].method};
    struct exchange x = {.config = fuzz_config(), .arena = fuzz_arena(), .head = &head};
    FUZZ_MUST(target_parse(requests[chosen].path, requests[chosen].query, x.arena, &x.target, &x.err) == 0);
    FUZZ_MUST(route_match(&x) == PROBLEM_NONE);
    if (x.route == NULL)
        return 0;
    char *body = malloc(size - 1 + (size == 1)); /* exactly what came: a byte read too much is seen */
    if (body == NULL)
        abort();
    memcpy(body, bytes + 1, size - 1);
    x.body = size == 1 ? NULL : body;
    x.body_length = size - 1;
    enum problem problem = build_call_request(&x);
    json_t *root = json_loadb(body, size - 1, JSON_REJECT_DUPLICATES, NULL);
    FUZZ_MUST((problem == PROBLEM_NONE) == (x.err.kind == ERR_NONE));
    FUZZ_MUST(text_is_utf8(x.err.text, strlen(x.err.text)) &&
              !text_has_control(x.err.text, strlen(x.err.text)));
    if (problem == PROBLEM_NONE) {
        FUZZ_MUST(x.body == NULL || json_is_object(root));
        check_call(&x, root);
    }
    json_decref(root);
    free(body);
    return 0;
}
