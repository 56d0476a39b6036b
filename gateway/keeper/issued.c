#include "gateway/keeper/issued.h"

#include "base/json/json_value.h"
#include "base/secret_file.h"
#include "base/time/timestamp.h"

#include <stdlib.h>
#include <string.h>

enum {
    ISSUED_DEPTH = 16,
    ISSUED_ARENA = 64 * 1024,
    ISSUED_ID_MAX = 1024,            /* bytes; the vendor's page 1150/49457 */
    ISSUED_TOKEN_MAX = 4096,         /* likewise */
    ISSUED_YEARS = 10 * 366 * 86400, /* seconds: an end beyond is a mistake, such as milliseconds */
};

void issued_done(struct issued *issued)
{
    secret_free(issued->parts.id);
    secret_free(issued->parts.key);
    secret_free(issued->parts.token);
    *issued = (struct issued){0};
}

static struct json_value member(const struct json_value *object, const char *key)
{
    struct json_items items = json_value_items(object);
    for (struct json_value item; object->kind == JSON_VALUE_OBJECT && json_value_next(&items, &item);)
        if (json_value_has_key(&item, key))
            return item;
    return (struct json_value){0};
}

/* Of two names the first that is there. */
static struct json_value either(const struct json_value *object, const char *key, const char *other)
{
    struct json_value value = member(object, key);
    return value.kind == JSON_VALUE_NONE ? member(object, other) : value;
}

/* The text is wiped: it is the secret's only copy outside of `*out`. */
static int take_secret(const struct json_value *value, size_t length_max, const char *name,
                       struct arena *arena, struct secret **out, struct err *err)
{
    if (value->kind != JSON_VALUE_STRING || value->length <= 2)
        return err_set(err, ERR_INPUT, "the answer has no %s", name);
    bool exact = false;
    char *text = json_value_text(value, length_max + 1, arena, &exact);
    if (text == NULL)
        return err_memory(err);
    size_t length = strlen(text);
    *out = secret_new(text, length);
    explicit_bzero(text, length);
    if (*out == NULL)
        return err_memory(err);
    if (length > length_max)
        return err_set(err, ERR_LIMIT, "the %s of the answer exceeds %zu bytes", name, length_max);
    if (!exact || !secret_file_is_clean(*out))
        return err_set(err, ERR_INPUT,
                       "the %s of the answer holds a blank or a character beyond ASCII's printable ones",
                       name);
    return 0;
}

/* ExpiredTime, in seconds since 1970; or Expiration, as RFC 3339 has it. */
static int take_end(const struct json_value *root, const struct json_value *inner, struct arena *arena,
                    int64_t *end, struct err *err)
{
    const struct json_value *const both[] = {root, inner};
    for (size_t i = 0; i < COUNT(both); i++) {
        long long seconds = 0;
        struct json_value number = member(both[i], "ExpiredTime");
        struct json_value text = member(both[i], "Expiration");
        const char *time =
            text.kind == JSON_VALUE_STRING ? json_value_text(&text, TIMESTAMP_SIZE, arena, NULL) : NULL;
        *end = seconds;
        if (number.kind == JSON_VALUE_NUMBER && json_value_integer(&number, &seconds) == 0) {
            *end = seconds;
            return 0;
        }
        if (time != NULL && timestamp_parse(time, end))
            return 0;
    }
    return err_set(err, ERR_INPUT, "the answer does not tell when the credential expires");
}

/* A code is foreign text: letters, digits, dots, '_' and '-' of it, or nothing. */
static void take_code(const struct json_value *value, struct arena *arena, char code[ISSUED_CODE_MAX + 1])
{
    const char *text =
        value->kind == JSON_VALUE_STRING ? json_value_text(value, ISSUED_CODE_MAX, arena, NULL) : NULL;
    size_t length = text == NULL ? 0 : strlen(text);
    if (length == 0 ||
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") != length)
        return;
    memcpy(code, text, length + 1);
}

/* {"Error": {"Code": ...}} of STS, or {"Code": ...} other than Success of the metadata service. */
static int check_refusal(const struct json_value *root, struct arena *arena, struct issued *issued,
                         struct err *err)
{
    struct json_value error = member(root, "Error");
    struct json_value code = member(error.kind == JSON_VALUE_OBJECT ? &error : root, "Code");
    if (error.kind == JSON_VALUE_NONE && (code.kind != JSON_VALUE_STRING || json_value_is(&code, "Success")))
        return 0;
    take_code(&code, arena, issued->code);
    return issued->code[0] == '\0' ? err_set(err, ERR_INPUT, "it was refused")
                                   : err_set(err, ERR_INPUT, "it was refused with code %s", issued->code);
}

static int take_parts(const struct json_value *inner, struct arena *arena, struct issued *issued,
                      struct err *err)
{
    struct json_value id = either(inner, "TmpSecretId", "SecretId");
    struct json_value key = either(inner, "TmpSecretKey", "SecretKey");
    struct json_value token = member(inner, "Token");
    if (take_secret(&id, ISSUED_ID_MAX, "TmpSecretId", arena, &issued->parts.id, err) != 0 ||
        take_secret(&key, ISSUED_ID_MAX, "TmpSecretKey", arena, &issued->parts.key, err) != 0)
        return -1;
    return take_secret(&token, ISSUED_TOKEN_MAX, "Token", arena, &issued->parts.token, err);
}

static int read_object(const struct json_value *root, int64_t now, struct arena *arena, struct issued *issued,
                       struct err *err)
{
    int64_t end = 0;
    struct json_value inner = member(root, "Credentials");
    if (inner.kind != JSON_VALUE_OBJECT)
        inner = *root;
    if (check_refusal(root, arena, issued, err) != 0 || take_parts(&inner, arena, issued, err) != 0 ||
        take_end(root, &inner, arena, &end, err) != 0)
        return -1;
    if (end <= now)
        return err_set(err, ERR_INPUT, "the credential of the answer has expired already: is a clock wrong?");
    if (end - now > ISSUED_YEARS)
        return err_set(err, ERR_INPUT, "the credential of the answer expires in more than ten years");
    issued->left_us = (end - now) * 1000000;
    return 0;
}

int issued_read(const char *bytes, size_t length, int64_t now, struct issued *issued, struct err *err)
{
    struct json_value root;
    struct err of_json = {0};
    struct arena *arena = arena_new(ISSUED_ARENA);
    int result = -1;
    *issued = (struct issued){0};
    if (arena == NULL)
        return err_memory(err);
    if (json_value_read(bytes, length, ISSUED_DEPTH, &root, &of_json) != 0 ||
        root.kind != JSON_VALUE_OBJECT) {
        err_set(err, ERR_INPUT, "the answer is no JSON object");
    } else {
        struct json_value response = member(&root, "Response");
        result = read_object(response.kind == JSON_VALUE_OBJECT ? &response : &root, now, arena, issued, err);
    }
    arena_free(arena);
    if (result != 0) {
        secret_free(issued->parts.id);
        secret_free(issued->parts.key);
        secret_free(issued->parts.token);
        issued->parts = (struct config_credential){0};
    }
    return result;
}
