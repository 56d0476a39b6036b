#include "gateway/http/framing.h"

#include "gateway/http/host_check.h"

#include <string.h>
#include <strings.h>

enum { LENGTH_DIGITS_MAX = 10 }; /* far more than any body that is taken */

/* Fields that must not come twice: two readers could choose differently. */
enum single {
    HOST,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    EXPECT,
    AUTHORIZATION,
    CONTENT_TYPE,
    CONTENT_ENCODING,
    SUBJECT,
    SINGLES
};

static const char *const names[] = {
    [HOST] = "Host",
    [CONTENT_LENGTH] = "Content-Length",
    [TRANSFER_ENCODING] = "Transfer-Encoding",
    [EXPECT] = "Expect",
    [AUTHORIZATION] = "Authorization",
    [CONTENT_TYPE] = "Content-Type",
    [CONTENT_ENCODING] = "Content-Encoding",
    [SUBJECT] = "Countersign-Subject",
};

static enum request_head_state refuse(struct request_head *head, const char *sentence)
{
    return request_head_refuse(head, PROBLEM_MALFORMED_REQUEST, "%s", sentence);
}

/* Do the letters and digits of `name` spell `plain`?  In lower case. */
static bool spells(const char *name, const char *plain)
{
    for (; *name != '\0'; name++) {
        bool letter = (*name | 0x20) >= 'a' && (*name | 0x20) <= 'z';
        if (!letter && (*name < '0' || *name > '9'))
            continue;
        if (*plain == '\0' || (letter ? *name | 0x20 : *name) != *plain)
            return false;
        plain++;
    }
    return *plain == '\0';
}

bool framing_is_alike(const char *name)
{
    return spells(name, "contentlength") || spells(name, "transferencoding");
}

static enum single which(const char *name)
{
    enum single i = 0;
    while (i < SINGLES &&
           (((unsigned char)(name[0] ^ names[i][0]) & ~0x20u) != 0 || strcasecmp(name, names[i]) != 0))
        i++;
    return i;
}

static enum request_head_state find_singles(struct request_head *head, const char *values[SINGLES])
{
    for (size_t i = 0; i < head->field_count; i++) {
        const struct request_field *field = &head->fields[i];
        enum single single = which(field->name);
        if (single == SINGLES && framing_is_alike(field->name))
            return request_head_refuse(head, PROBLEM_MALFORMED_REQUEST,
                                       "the header field %.40s could be taken for another: it has no such "
                                       "punctuation",
                                       field->name);
        if (single == SINGLES)
            continue;
        if (values[single] != NULL)
            return request_head_refuse(head, PROBLEM_MALFORMED_REQUEST,
                                       "the header field %s is there twice, and can be there once",
                                       names[single]);
        values[single] = field->value;
    }
    return REQUEST_HEAD_PART;
}

/* Section 3.2; with an absolute target the Host field would be ignored, so they must agree (section
 * 3.2.2). */
static enum request_head_state judge_host(struct request_head *head)
{
    if (head->host == NULL && (head->minor > 0 || head->authority != NULL))
        return refuse(head, "the Host field is missing");
    if (head->host != NULL && head->takes_loose_host)
        head->host = host_check_plain(head->host, &head->loose_host);
    if (head->host != NULL && !head->loose_host && !host_check_is_valid(head->host))
        return refuse(head, HOST_CHECK_LOOSE);
    if (head->authority != NULL && (strlen(head->host) != head->authority_length ||
                                    strncasecmp(head->host, head->authority, head->authority_length) != 0))
        return refuse(head, "the request target names another host than the Host field");
    return REQUEST_HEAD_PART;
}

/* 1 to 10 digits, nothing else: RFC 9110 section 8.6. */
static bool read_length(const char *text, long long *length)
{
    size_t digits = strspn(text, "0123456789");
    *length = 0;
    for (size_t i = 0; i < digits && i < LENGTH_DIGITS_MAX; i++)
        *length = *length * 10 + (text[i] - '0');
    return digits >= 1 && digits <= LENGTH_DIGITS_MAX && text[digits] == '\0';
}

/* Sections 6.1 to 6.3, without the ways out that they leave to the lenient. */
static enum request_head_state judge_length(struct request_head *head, const char *length, const char *coding)
{
    struct request_message *message = &head->message;
    if (coding != NULL && length != NULL)
        return refuse(head, "Content-Length and Transfer-Encoding contradict each other: send one of them");
    if (coding != NULL && head->minor == 0)
        return refuse(head, "HTTP/1.0 has no Transfer-Encoding");
    if (coding != NULL && strcasecmp(coding, "chunked") != 0)
        return refuse(head, "Transfer-Encoding can only be chunked, once");
    if (length != NULL && !read_length(length, &message->content_length))
        return refuse(head, "Content-Length must be one decimal number");
    message->has_length = length != NULL;
    message->chunked = coding != NULL;
    return REQUEST_HEAD_PART;
}

/* Does a comma-separated list hold the word? */
static bool lists(const char *value, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = value; *at != '\0'; at += strcspn(at, ",")) {
        at += strspn(at, ", \t");
        if (strncasecmp(at, word, length) == 0 && strchr(", \t", at[length]) != NULL)
            return true;
    }
    return false;
}

/* Section 9.3.  A connection ends, too, on an offer to upgrade it: some of those who offer wait for the
 * answer to that before they send more. */
static bool lives_on(const struct request_head *head)
{
    for (size_t i = 0; i < head->field_count; i++)
        if (request_head_is(&head->fields[i], "Connection") &&
            (lists(head->fields[i].value, "close") || lists(head->fields[i].value, "upgrade")))
            return false;
    return head->minor > 0;
}

enum request_head_state framing_judge(struct request_head *head)
{
    const char *values[SINGLES] = {0};
    enum request_head_state state = find_singles(head, values);
    head->host = values[HOST];
    if (state == REQUEST_HEAD_PART)
        state = judge_host(head);
    if (state == REQUEST_HEAD_PART)
        state = judge_length(head, values[CONTENT_LENGTH], values[TRANSFER_ENCODING]);
    if (state != REQUEST_HEAD_PART)
        return state;
    if (values[EXPECT] != NULL && strcasecmp(values[EXPECT], "100-continue") != 0)
        return request_head_refuse(head, PROBLEM_EXPECTATION_FAILED, "Expect can only be 100-continue");
    head->message.expects_invitation = values[EXPECT] != NULL && head->minor > 0; /* RFC 9110 10.1.1 */
    head->message.keep_alive = lives_on(head);
    return REQUEST_HEAD_PART;
}
