#include "gateway/exchange/answer.h"

#include "base/document.h"
#include "base/json.h"
#include "base/text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_TASK_MAX = 64 };

/* The names that are known, before the numbers: codeDesc of API 2.0 and Error.Code of 3.0 (the vendor's pages
 * of common and of VPC and CVM errors).  '*' as in policies; the first that matches decides. */
static const struct {
    const char *pattern;
    struct answer_meaning meaning;
} by_name[] = {
    {"*.NotFound", {.problem = PROBLEM_NOT_FOUND}},
    {"InstanceAlreadyLinked", {.problem = PROBLEM_CONFLICT}},
    {"InstanceLimitExceeded", {.problem = PROBLEM_CONFLICT}},
    {"AuthFailure", {.problem = PROBLEM_UPSTREAM_CREDENTIAL, .other_credential = true}},
    {"AuthFailure.SignatureExpire", {.problem = PROBLEM_UPSTREAM_CLOCK}},
    {"AuthFailure.SignatureFailure", {.problem = PROBLEM_UPSTREAM_CREDENTIAL, .other_credential = true}},
    {"AuthFailure.SecretIdNotFound", {.problem = PROBLEM_UPSTREAM_CREDENTIAL, .other_credential = true}},
    {"AuthFailure.InvalidSecretId", {.problem = PROBLEM_UPSTREAM_CREDENTIAL, .other_credential = true}},
    {"AuthFailure.*", {.problem = PROBLEM_UPSTREAM_CREDENTIAL}},
    {"UnauthorizedOperation*", {.problem = PROBLEM_UPSTREAM_CREDENTIAL}},
    {"IpInBlacklist", {.problem = PROBLEM_UPSTREAM_CREDENTIAL}},
    {"IpNotInWhitelist", {.problem = PROBLEM_UPSTREAM_CREDENTIAL}},
    {"UnsupportedProtocol", {.problem = PROBLEM_UPSTREAM_CREDENTIAL}}, /* as 4600: https only */
    {"RequestLimitExceeded*", {.problem = PROBLEM_UPSTREAM_THROTTLED}},
    {"ResourceNotFound*", {.problem = PROBLEM_NOT_FOUND}},
    {"InvalidParameter*", {.problem = PROBLEM_UPSTREAM_REJECTED_PARAMETER}},
    {"MissingParameter*", {.problem = PROBLEM_UPSTREAM_REJECTED_PARAMETER}},
    {"UnknownParameter*", {.problem = PROBLEM_UPSTREAM_REJECTED_PARAMETER}},
    {"UnsupportedRegion", {.problem = PROBLEM_UPSTREAM_REJECTED_PARAMETER}},
    {"RequestSizeLimitExceeded*", {.problem = PROBLEM_UPSTREAM_REJECTED_PARAMETER}},
    {"LimitExceeded*", {.problem = PROBLEM_CONFLICT}},
    {"ResourceInUse*", {.problem = PROBLEM_CONFLICT}},
    {"UnsupportedOperation*", {.problem = PROBLEM_CONFLICT}},
    {"InvalidAction", {.problem = PROBLEM_UPSTREAM_FAILED}}, /* as 6100, and so the next three */
    {"NoSuchVersion", {.problem = PROBLEM_UPSTREAM_FAILED}},
    {"NoSuchProduct", {.problem = PROBLEM_UPSTREAM_FAILED}},
    {"ActionOffline", {.problem = PROBLEM_UPSTREAM_FAILED}},
};

/* The vendor's list of general error codes. */
static const struct {
    int first, last;
    struct answer_meaning meaning;
} by_code[] = {
    {4000, 4000, {.problem = PROBLEM_UPSTREAM_REJECTED_PARAMETER}},
    {4100, 4100, {.problem = PROBLEM_UPSTREAM_CREDENTIAL, .other_credential = true}},
    {4101, 4103, {.problem = PROBLEM_UPSTREAM_CREDENTIAL}},
    {4104, 4104, {.problem = PROBLEM_UPSTREAM_CREDENTIAL, .other_credential = true}},
    {4105, 4110, {.problem = PROBLEM_UPSTREAM_CREDENTIAL}},
    {4200, 4200, {.problem = PROBLEM_UPSTREAM_CREDENTIAL}},
    {4300, 4300, {.problem = PROBLEM_UPSTREAM_CREDENTIAL}},
    {4400, 4400, {.problem = PROBLEM_UPSTREAM_THROTTLED}},
    {4500, 4500, {.problem = PROBLEM_UPSTREAM_CLOCK}},
    {4600, 4600, {.problem = PROBLEM_UPSTREAM_CREDENTIAL}},
    {5000, 5000, {.problem = PROBLEM_NOT_FOUND}},
    {5100, 5100, {.problem = PROBLEM_UPSTREAM_FAILED}},
    {5200, 5200, {.problem = PROBLEM_UPSTREAM_FAILED}},
    {5300, 5300, {.problem = PROBLEM_UPSTREAM_FAILED}},
    {5400, 5400, {.problem = PROBLEM_PARTIAL, .executed = true}},
    {5500, 5500, {.problem = PROBLEM_UPSTREAM_FAILED}},
    {6000, 6000, {.problem = PROBLEM_UPSTREAM_FAILED, .executed_unknown = true}},
    {6100, 6100, {.problem = PROBLEM_UPSTREAM_FAILED}},
    {6200, 6200, {.problem = PROBLEM_UPSTREAM_MAINTENANCE}},
};

struct answer_meaning answer_meaning(const struct answer *answer)
{
    if (answer->code == 0)
        return (struct answer_meaning){.problem = PROBLEM_NONE, .executed = true};
    for (size_t i = 0; answer->code_desc != NULL && i < COUNT(by_name); i++)
        if (text_matches(by_name[i].pattern, answer->code_desc))
            return by_name[i].meaning;
    for (size_t i = 0; i < COUNT(by_code); i++)
        if (answer->code >= by_code[i].first && answer->code <= by_code[i].last)
            return by_code[i].meaning;
    return (struct answer_meaning){.problem = PROBLEM_UPSTREAM_FAILED, .executed_unknown = true};
}

/* A number, or a string that holds one: official samples have both. */
static int read_code(const json_t *value, long long *code)
{
    const char *text = json_string_value(value);
    char *end = NULL;
    if (json_is_integer(value)) {
        *code = json_integer_value(value);
        return 0;
    }
    if (text == NULL || text[0] == '\0' || strlen(text) > 9 || strspn(text, "-0123456789") != strlen(text))
        return -1;
    *code = strtoll(text, &end, 10);
    return *end == '\0' ? 0 : -1;
}

/* Strings are copied, cut where they are endless; anything else is absent. */
static const char *copy_text(const json_t *value, struct arena *arena)
{
    size_t length = json_is_string(value) ? json_string_length(value) : 0;
    if (!json_is_string(value))
        return NULL;
    if (length > ANSWER_TEXT_MAX)
        length = ANSWER_TEXT_MAX;
    while (length > 0 && !text_is_utf8(json_string_value(value), length))
        length--; /* the cut went through a character: at most 3 steps */
    return arena_copy(arena, json_string_value(value), length);
}

/* It becomes part of a Location: only what can stand in a path as it is. */
static const char *copy_task(const json_t *value, struct arena *arena)
{
    char number[TEXT_NUMBER_SIZE];
    const char *text = json_string_value(value);
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        text_number(number, json_integer_value(value));
        text = number;
    }
    if (text == NULL || strlen(text) > ANSWER_TASK_MAX || !text_is_name(text))
        return NULL;
    return arena_strdup(arena, text);
}

/* {"code": 0, "message": "", ...}; the numeric code and the codeDesc can both be there, either can be a
 * number or a string. */
static int read_api2(const json_t *root, const char *task, struct arena *arena, struct answer *read)
{
    const json_t *code = json_object_get(root, "code");
    read->code_desc = copy_text(json_object_get(root, "codeDesc"), arena);
    if (read_code(code, &read->code) != 0) {
        read->code = ANSWER_NO_CODE; /* a name in its place counts as the codeDesc */
        read->code_desc = copy_text(code, arena);
        if (read->code_desc == NULL || read->code_desc[0] == '\0')
            return -1;
    }
    read->message = copy_text(json_object_get(root, "message"), arena);
    read->task = task == NULL ? NULL : copy_task(json_object_get(root, task), arena);
    if (read->code != 0)
        read->detail = document_text(json_object_get(root, "detail"), arena);
    return 0;
}

/* {"Response": {..., "RequestId": ""}}, or {"Response": {"Error": {"Code": "", "Message": ""}, "RequestId":
 * ""}} */
static int read_api3(const json_t *root, const char *task, struct arena *arena, struct answer *read)
{
    const json_t *response = json_object_get(root, "Response");
    const json_t *error = json_object_get(response, "Error");
    if (!json_is_object(response))
        return -1;
    read->request_id = copy_task(json_object_get(response, "RequestId"), arena);
    if (error == NULL) {
        read->task = task == NULL ? NULL : copy_task(json_object_get(response, task), arena);
        return 0;
    }
    read->code = ANSWER_NO_CODE;
    read->code_desc = copy_text(json_object_get(error, "Code"), arena);
    read->message = copy_text(json_object_get(error, "Message"), arena);
    return read->code_desc == NULL || read->code_desc[0] == '\0' ? -1 : 0;
}

int answer_read(const char *bytes, size_t length, const struct config_route *route, int api,
                struct arena *arena, struct answer *answer, struct err *err)
{
    int result = -1;
    json_error_t where;
    json_t *root = NULL;
    struct answer read = {.bytes = bytes, .length = length};
    const char *task = route->dialects[api].task;
    if (json_depth(bytes, length, ANSWER_DEPTH_MAX) <= ANSWER_DEPTH_MAX)
        root = document_read(bytes, length, &where);
    if (!json_is_object(root))
        err_set(err, ERR_INPUT, "the upstream's answer is not a JSON object");
    else if ((api == CONFIG_API3 ? read_api3 : read_api2)(root, task, arena, &read) != 0)
        err_set(err, ERR_INPUT, "the upstream's answer has no %s", api == CONFIG_API3 ? "Response" : "code");
    else
        result = 0;
    if (result == 0)
        *answer = read;
    json_decref(root);
    return result;
}
