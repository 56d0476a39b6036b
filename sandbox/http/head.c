#include "sandbox/http/head.h"

#include "base/text.h"
#include "sandbox/http/number.h"

#include <string.h>
#include <strings.h>

/* Cuts the line at `*at` off, without its CRLF; NULL when it does not end with one or holds a bare CR or
 * LF. */
static char *take_line(char **at)
{
    char *line = *at;
    size_t length = strcspn(line, "\r\n");
    if (line[length] != '\r' || line[length + 1] != '\n')
        return NULL;
    line[length] = '\0';
    *at = line + length + 2;
    return line;
}

static char *take_word(char **at)
{
    char *word = *at;
    char *space = strchr(word, ' ');
    if (space == NULL)
        return NULL;
    *space = '\0';
    *at = space + 1;
    return word;
}

static bool is_target(const char *text)
{
    if (text[0] != '/')
        return false;
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7F || *c == '#')
            return false;
    return true;
}

static int parse_request_line(struct http_request *request, char *line)
{
    const char *method = take_word(&line);
    char *target = method == NULL ? NULL : take_word(&line);
    if (target == NULL || !text_is_token(method, strlen(method)) || !is_target(target))
        return 400;
    if (strncmp(line, "HTTP/", 5) != 0)
        return 400;
    if (strcmp(line, "HTTP/1.1") != 0 && strcmp(line, "HTTP/1.0") != 0)
        return 505;
    request->keep_alive = strcmp(line, "HTTP/1.1") == 0;
    request->method = method;
    request->path = target;
    char *question = strchr(target, '?');
    if (question != NULL) {
        *question = '\0';
        request->query = question + 1;
    }
    return HTTP_READ;
}

static int field_host(struct http_request *request, const char *value)
{
    if (value[0] == '\0')
        return 400;
    request->host = value;
    return HTTP_READ;
}

static int field_length(struct http_request *request, const char *value)
{
    long long length;
    if (!number_parse(value, 0, INT64_MAX, &length))
        return 400;
    if (length > HTTP_BODY_MAX)
        return 413;
    request->has_length = true;
    request->content_length = (size_t)length;
    return HTTP_READ;
}

static int field_type(struct http_request *request, const char *value)
{
    request->content_type = value;
    return HTTP_READ;
}

static int field_connection(struct http_request *request, const char *value)
{
    if (strcasecmp(value, "close") == 0)
        request->keep_alive = false;
    return HTTP_READ;
}

static int field_expect(struct http_request *request, const char *value)
{
    if (strcasecmp(value, "100-continue") != 0)
        return 417;
    request->expects_continue = true;
    return HTTP_READ;
}

static int field_coding(struct http_request *request, const char *value)
{
    (void)request;
    (void)value;
    return 501;
}

static int parse_field(struct http_request *request, char *line)
{
    static const struct {
        const char *name;
        int (*take)(struct http_request *request, const char *value);
    } fields[] = {
        {"Host", field_host},         {"Content-Length", field_length},
        {"Content-Type", field_type}, {"Connection", field_connection},
        {"Expect", field_expect},     {"Transfer-Encoding", field_coding},
    };
    char *colon = strchr(line, ':');
    if (colon == NULL)
        return 400;
    *colon = '\0';
    if (!text_is_token(line, strlen(line))) /* also refuses folded lines, and a blank before the colon */
        return 400;
    char *value = colon + 1 + strspn(colon + 1, " \t");
    for (size_t length = strlen(value); length > 0 && strchr(" \t", value[length - 1]) != NULL; length--)
        value[length - 1] = '\0';
    if (text_has_control(value, strlen(value)))
        return 400;
    if (http_request_field(request, line) != NULL) /* which of the two would have been signed? */
        return 400;
    if (request->field_count == HTTP_FIELDS_MAX)
        return 431;
    request->fields[request->field_count++] = (struct http_field){.name = line, .value = value};
    for (size_t i = 0; i < COUNT(fields); i++)
        if (strcasecmp(fields[i].name, line) == 0)
            return fields[i].take(request, value);
    return HTTP_READ;
}

int head_parse(struct http_request *request)
{
    char *at = request->head.bytes;
    if (at == NULL || strlen(at) != request->head.length)
        return 400;
    char *line = take_line(&at);
    int status = line == NULL ? 400 : parse_request_line(request, line);
    while (status == HTTP_READ) {
        line = take_line(&at);
        if (line == NULL)
            return 400;
        if (line[0] == '\0')
            break;
        status = parse_field(request, line);
    }
    if (status == HTTP_READ && (request->host[0] == '\0' || *at != '\0'))
        return 400;
    return status;
}
