#include "gateway/http/request_line.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { RAW_SHOWN = 4 }; /* octets of a raw character: the longest in UTF-8 */

/* RFC 9110 section 9.1 and RFC 5789. */
static const char *const methods[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                      "CONNECT", "OPTIONS", "TRACE", "PATCH"};

static enum request_head_state refuse(struct request_head *head, const char *sentence)
{
    return request_head_refuse(head, PROBLEM_MALFORMED_REQUEST, "%s", sentence);
}

static enum request_head_state read_method(struct request_head *head, char *line, size_t length, bool *known)
{
    if (!text_is_token(line, length))
        return refuse(head, "the request line does not begin with a method and one blank");
    line[length] = '\0';
    head->method = line;
    *known = true;
    for (size_t i = 0; i < COUNT(methods); i++) {
        if (((unsigned char)(methods[i][0] ^ line[0]) & ~0x20u) != 0)
            continue;
        if (strcmp(methods[i], line) == 0)
            return REQUEST_HEAD_PART;
        if (strcasecmp(methods[i], line) == 0)
            return request_head_refuse(head, PROBLEM_MALFORMED_REQUEST, "methods are in upper case: %s",
                                       methods[i]);
    }
    *known = false;
    return REQUEST_HEAD_PART;
}

static enum request_head_state refuse_octet(struct request_head *head, const unsigned char *at,
                                            const char *end)
{
    char escaped[RAW_SHOWN * 3 + 1] = "";
    if (*at == '#')
        return refuse(head, "the request target has a fragment ('#'), which no client sends");
    if (*at == '\t')
        return refuse(head, "the request line holds a tab");
    for (size_t i = 0; i < RAW_SHOWN && (const char *)at + i < end && at[i] >= 0x80; i++)
        (void)snprintf(escaped + 3 * i, 4, "%%%02X", at[i]);
    return request_head_refuse(head, PROBLEM_MALFORMED_REQUEST,
                               "the request target holds a character that is not ASCII: write it as %s",
                               escaped);
}

/* "http://" authority, before a path that may be empty.  Where that begins; NULL: it is none. */
static char *skip_authority(struct request_head *head, char *target, const char *end)
{
    size_t scheme = strncasecmp(target, "http://", 7) == 0    ? 7
                    : strncasecmp(target, "https://", 8) == 0 ? 8
                                                              : 0;
    if (scheme == 0)
        return NULL;
    head->authority = target + scheme;
    head->authority_length = strcspn(head->authority, "/?");
    if (head->authority_length == 0 || head->authority + head->authority_length > end)
        return NULL;
    return target + scheme + head->authority_length;
}

/* `target` is a string by now: origin-form, absolute-form or asterisk-form (section 3.2). */
static enum request_head_state read_target(struct request_head *head, char *target, size_t length)
{
    const unsigned char *octets = (const unsigned char *)target;
    head->target = target; /* for the record, if nothing else */
    for (size_t i = 0; i < length; i++)
        if (octets[i] == '#' || octets[i] == '\t' || octets[i] >= 0x80)
            return refuse_octet(head, octets + i, target + length);
    if (strcmp(target, "*") == 0)
        return strcmp(head->method, "OPTIONS") == 0 ? REQUEST_HEAD_PART
                                                    : refuse(head, "only OPTIONS has the target '*'");
    char *path = target[0] == '/' ? target : skip_authority(head, target, target + length);
    if (path == NULL)
        return refuse(head, "the request target must start with '/'");
    char *query = strchr(path, '?');
    if (query != NULL) {
        *query = '\0';
        head->query = query + 1;
    }
    head->target = path;
    if (*path == '\0') /* section 3.2.4 */
        head->target = strcmp(head->method, "OPTIONS") == 0 && query == NULL ? "*" : "/";
    return REQUEST_HEAD_PART;
}

/* HTTP/1.0 or HTTP/1.1, in upper case (section 2.3). */
static enum request_head_state read_version(struct request_head *head, const char *version, size_t length)
{
    static const char name[] = "HTTP/1.";
    if (length == sizeof name && strncmp(version, name, sizeof name - 1) == 0 &&
        (version[length - 1] == '0' || version[length - 1] == '1')) {
        head->minor = (unsigned)(version[length - 1] - '0');
        return REQUEST_HEAD_PART;
    }
    if (memchr(version, ' ', length) != NULL)
        return refuse(head, "the request line has more than two blanks");
    if (length == sizeof name && strncmp(version, name, 5) == 0 && version[6] == '.' && version[5] >= '0' &&
        version[5] <= '9' && version[7] >= '0' && version[7] <= '9')
        return request_head_refuse(head, PROBLEM_VERSION_NOT_SUPPORTED,
                                   "the version must be HTTP/1.1 or 1.0");
    return refuse(head, "the request line does not end in HTTP/1.1");
}

enum request_head_state request_line_read(struct request_head *head, char *line, size_t length)
{
    const char *end = line + length;
    const char *blank = memchr(line, ' ', length);
    bool known = false;
    enum request_head_state state =
        read_method(head, line, blank == NULL ? length : (size_t)(blank - line), &known);
    if (state != REQUEST_HEAD_PART)
        return state;
    if (blank == NULL)
        return refuse(head, "the request line has no target");
    char *target = line + (blank - line) + 1;
    blank = memchr(target, ' ', (size_t)(end - target));
    size_t target_length = blank == NULL ? (size_t)(end - target) : (size_t)(blank - target);
    if (target_length == 0)
        return refuse(head, "the request line has more than one blank, or none, before its target");
    target[target_length] = '\0';
    state = read_target(head, target, target_length);
    if (state != REQUEST_HEAD_PART)
        return state;
    if (blank == NULL)
        return refuse(head, "the request line has no HTTP version");
    state = read_version(head, target + target_length + 1, (size_t)(end - target) - target_length - 1);
    if (state == REQUEST_HEAD_PART && !known) /* RFC 9110 section 9.1 */
        return request_head_refuse(head, PROBLEM_NOT_IMPLEMENTED, "the method is none of HTTP's");
    return state;
}
