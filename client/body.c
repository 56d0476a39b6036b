#include "client/body.h"

#include "base/json/json.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>

enum { DEPTH_MAX = 32 };

bool body_wants_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
}

/* ---- where the document speaks of the request ---- */

static bool is_segment(const char *text, size_t length)
{
    return length > 2 && text[0] == '{' && text[length - 1] == '}';
}

/* "/vpcs/{vpcId}" takes "/vpcs/vpc-1" and its query. */
static bool takes(const char *template, const char *path)
{
    while (*template == '/' && *path == '/') {
        size_t wanted = strcspn(++template, "/");
        size_t there = strcspn(++path, "/?");
        if (!is_segment(template, wanted) && (wanted != there || strncmp(template, path, wanted) != 0))
            return false;
        template += wanted;
        path += there;
    }
    return *template == '\0' && (*path == '\0' || *path == '?');
}

static json_t *find_properties(json_t *document, const struct options *order)
{
    const char *template;
    json_t *item;
    char method[sizeof order->method];
    for (size_t i = 0; i < sizeof method; i++)
        method[i] = (char)tolower((unsigned char)order->method[i]);
    json_object_foreach(json_object_get(document, "paths"), template, item)
    {
        json_t *body = json_object_get(json_object_get(item, method), "requestBody");
        json_t *content = json_object_get(json_object_get(body, "content"), "application/json");
        if (body != NULL && takes(template, order->path))
            return json_object_get(json_object_get(content, "schema"), "properties");
    }
    return NULL;
}

/* "array", "integer", "boolean", "string"; NULL: the document does not say. */
static const char *type_of(json_t *properties, const struct options_pair *pair)
{
    const char *key;
    json_t *schema;
    json_object_foreach((json_t *)(uintptr_t)properties, key,
                        schema) if (strlen(key) == pair->name_length &&
                                    strncmp(key, pair->text, pair->name_length) ==
                                        0) return json_string_value(json_object_get(schema, "type"));
    return NULL;
}

/* ---- the body ---- */

static bool is_same_name(const struct options_pair *one, const struct options_pair *other)
{
    return one->name_length == other->name_length && strncmp(one->text, other->text, one->name_length) == 0;
}

static size_t count_name(const struct options *order, size_t from, size_t to, const struct options_pair *pair)
{
    size_t count = 0;
    for (size_t i = from; i < to; i++)
        count += is_same_name(&order->pairs[i], pair);
    return count;
}

static bool is_number(const char *text)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    size_t length = strspn(digits, "0123456789");
    return length > 0 && digits[length] == '\0' && (length == 1 || digits[0] != '0');
}

/* What is none of its type goes as a string: the gateway says best what is wrong with it. */
static void put_value(struct buf *out, const char *type, const char *value)
{
    bool raw =
        type != NULL &&
        ((strcmp(type, "integer") == 0 && is_number(value)) ||
         (strcmp(type, "boolean") == 0 && (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)));
    if (raw)
        buf_put(out, value);
    else
        json_put_string(out, value, strlen(value));
}

static void put_list(struct buf *out, const struct options *order, const struct options_pair *pair)
{
    const char *separator = "[";
    for (size_t i = 0; i < order->pair_count; i++) {
        const struct options_pair *other = &order->pairs[i];
        if (!is_same_name(other, pair))
            continue;
        const char *value = other->text + other->name_length + 1;
        buf_put(out, separator);
        json_put_string(out, value, strlen(value));
        separator = ",";
    }
    buf_put_char(out, ']');
}

static int put_pair(struct buf *out, const struct options *order, const struct options_pair *pair,
                    const char *type, struct err *err)
{
    bool again = count_name(order, 0, order->pair_count, pair) > 1;
    bool list = type == NULL ? again : strcmp(type, "array") == 0;
    if (again && !list)
        return err_set(err, ERR_INPUT, "%.*s is not a list: say it once", (int)pair->name_length, pair->text);
    json_put_string(out, pair->text, pair->name_length);
    buf_put_char(out, ':');
    if (list)
        put_list(out, order, pair);
    else
        put_value(out, type, pair->text + pair->name_length + 1);
    return 0;
}

static int put_pairs(struct buf *out, const struct options *order, json_t *properties, struct err *err)
{
    const char *separator = "{";
    for (size_t i = 0; i < order->pair_count; i++) {
        const struct options_pair *pair = &order->pairs[i];
        if (count_name(order, 0, i, pair) > 0)
            continue;
        buf_put(out, separator);
        if (put_pair(out, order, pair, type_of(properties, pair), err) != 0)
            return -1;
        separator = ",";
    }
    buf_put(out, order->pair_count == 0 ? "{}" : "}");
    return out->failed ? err_set(err, ERR_LIMIT, "the body is over %d bytes", OPTIONS_BODY_MAX) : 0;
}

int body_put_body(struct buf *out, const struct options *order, const struct buf *document, struct err *err)
{
    json_t *root = NULL;
    if (json_depth(buf_text(document), document->length, DEPTH_MAX) <= DEPTH_MAX)
        root = json_loadb(buf_text(document), document->length, JSON_REJECT_DUPLICATES, NULL);
    int result = put_pairs(out, order, find_properties(root, order), err);
    json_decref(root);
    return result;
}
