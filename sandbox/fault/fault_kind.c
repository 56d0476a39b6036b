#include "sandbox/fault/fault_kind.h"

#include "base/json/json.h"
#include "sandbox/fault/api_request.h"
#include "sandbox/http/number.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAULT_HUGE_MAX = 64 * 1024 * 1024, FAULT_MS_MAX = 3600 * 1000, FAULT_SKEW_MAX = 10 * 366 * 86400 };

static void set_body(struct api_request *exchange, const char *text)
{
    buf_reset(&exchange->answer->body);
    buf_put(&exchange->answer->body, text);
}

static void set_type(struct api_request *exchange, const char *type)
{
    (void)snprintf(exchange->answer->type, sizeof exchange->answer->type, "%s", type);
}

static void apply_skew(const struct fault *fault, struct api_request *exchange)
{
    exchange->now += fault->number;
    exchange->answer->date = exchange->now;
}

static void apply_delay(const struct fault *fault, struct api_request *exchange)
{
    exchange->answer->delivery.delay_ms = (int)fault->number;
}

static void apply_drip(const struct fault *fault, struct api_request *exchange)
{
    exchange->answer->delivery.drip_ms = (int)fault->number;
}

static void apply_hang(const struct fault *fault, struct api_request *exchange)
{
    (void)fault;
    exchange->answer->delivery.hang = true;
}

/* Also "refuse": that one has not executed. */
static void apply_cut(const struct fault *fault, struct api_request *exchange)
{
    exchange->answer->delivery.cut = true;
    exchange->answer->delivery.cut_at = fault->number > 0 ? (size_t)fault->number : 0;
}

static void apply_garbage(const struct fault *fault, struct api_request *exchange)
{
    (void)fault;
    set_body(exchange, "\x01\xFF\xFE{\"code\":0,\"message\":\"\",]\x80 not JSON");
}

static void apply_html(const struct fault *fault, struct api_request *exchange)
{
    (void)fault;
    set_type(exchange, "text/html");
    set_body(exchange, "<!DOCTYPE html><html><head><title>Welcome</title></head>"
                       "<body><h1>A page from a box in between</h1></body></html>\n");
}

static bool check_type(const struct fault *fault)
{
    return fault->text[0] != '\0' && strlen(fault->text) < HTTP_TYPE_SIZE;
}

static void apply_type(const struct fault *fault, struct api_request *exchange)
{
    set_type(exchange, fault->text);
}

/* A member of its own: the answer stays one JSON object. */
static void apply_huge(const struct fault *fault, struct api_request *exchange)
{
    static const char start[] = ",\"padding\":\"";
    static const char end[] = "\"}";
    struct buf *body = &exchange->answer->body;
    size_t size = (size_t)fault->number;
    if (body->length < 2 || body->length - 1 + sizeof start - 1 + sizeof end - 1 > size)
        return;
    char *bytes = calloc(1, size + 1);
    if (bytes == NULL)
        return;
    size_t length = body->length - 1;
    memcpy(bytes, body->bytes, length);
    memcpy(bytes + length, start, sizeof start - 1);
    length += sizeof start - 1;
    memset(bytes + length, 'x', size - length - (sizeof end - 1));
    memcpy(bytes + size - (sizeof end - 1), end, sizeof end - 1);
    buf_reset(body);
    buf_put_bytes(body, bytes, size);
    free(bytes);
}

static void apply_status(const struct fault *fault, struct api_request *exchange)
{
    exchange->answer->status = (int)fault->number;
    set_body(exchange, "{\"error\":\"the sandbox was told to answer with this status\"}");
}

static void apply_redirect(const struct fault *fault, struct api_request *exchange)
{
    exchange->answer->status = 302;
    buf_put(&exchange->answer->location, fault->text);
    set_body(exchange, "{\"error\":\"the sandbox was told to redirect\"}");
}

/* NNNN or NNNN/CodeDesc */
static bool check_code(const struct fault *fault)
{
    char digits[8] = "";
    long long code;
    size_t length = strcspn(fault->text, "/");
    if (length >= sizeof digits || (fault->text[length] == '/' && fault->text[length + 1] == '\0'))
        return false;
    memcpy(digits, fault->text, length);
    return number_parse(digits, 1, INT_MAX, &code);
}

static void apply_code(const struct fault *fault, struct api_request *exchange)
{
    const char *slash = strchr(fault->text, '/');
    outcome_pretend(&exchange->outcome, (int)strtol(fault->text, NULL, 10), slash == NULL ? NULL : slash + 1,
                    "the sandbox was told to answer so");
    buf_reset(&exchange->answer->body);
    if (exchange->generation == 3)
        outcome_put3(&exchange->outcome, &exchange->answer->body);
    else
        outcome_put(&exchange->outcome, &exchange->answer->body);
}

/* {"code":0,... becomes {"code":"0",...: the official samples have both. */
static void apply_string_code(const struct fault *fault, struct api_request *exchange)
{
    static const char start[] = "{\"code\":";
    struct buf *body = &exchange->answer->body;
    (void)fault;
    if (strncmp(buf_text(body), start, sizeof start - 1) != 0)
        return;
    char *rest = strdup(body->bytes + sizeof start - 1);
    if (rest == NULL)
        return;
    size_t digits = strspn(rest, "0123456789");
    buf_reset(body);
    buf_put(body, start);
    buf_put_char(body, '"');
    buf_put_bytes(body, rest, digits);
    buf_put_char(body, '"');
    buf_put(body, rest + digits);
    free(rest);
}

static void apply_body(const struct fault *fault, struct api_request *exchange)
{
    set_body(exchange, fault->text);
}

static void put_secrets(const struct api_request *exchange, struct buf *message)
{
    const struct auth_params *claim = &exchange->claim;
    const struct state_account *account =
        claim->secret_id == NULL ? NULL : state_account(exchange->state, claim->secret_id);
    buf_put(message, "no match: SecretId=");
    buf_put(message, claim->secret_id == NULL ? "" : claim->secret_id);
    buf_put(message, " SecretKey=");
    buf_put(message, account == NULL ? "" : secret_bytes(account->secret_key));
    buf_put(message, " Signature=");
    buf_put(message, claim->signature == NULL ? "" : claim->signature);
}

/* The worst upstream: it tells all that it knows.  What is told never reaches this sandbox's own lines. */
static void apply_echo_secret(const struct fault *fault, struct api_request *exchange)
{
    struct buf *body = &exchange->answer->body;
    struct buf message;
    (void)fault;
    buf_init(&message, HTTP_BODY_MAX);
    if (exchange->generation == 2)
        buf_put(&message, "(100004)");
    put_secrets(exchange, &message);
    (void)outcome_refuse(&exchange->outcome, OUTCOME_BAD_SIGNATURE, "secrets were echoed");
    buf_reset(body);
    json_open(body);
    if (exchange->generation == 3) {
        json_open_member(body, "Response");
        json_open_member(body, "Error");
        json_member(body, "Code", exchange->outcome.name);
        json_member(body, "Message", buf_text(&message));
        json_close(body);
        json_member(body, "RequestId", exchange->outcome.request_id);
        json_close(body);
    } else {
        json_member_int(body, "code", exchange->outcome.code);
        json_member(body, "message", buf_text(&message));
        json_member(body, "codeDesc", exchange->outcome.code_desc);
    }
    json_close(body);
    buf_done(&message);
}

/* clang-format off */
static const struct fault_kind kinds[] = {
    {"delay",       "=MS",          FAULT_PACE,    true,  FAULT_NUMBER, 0, FAULT_MS_MAX, NULL, apply_delay,
     "executes, answers after MS milliseconds"},
    {"drip",        "=MS",          FAULT_PACE,    true,  FAULT_NUMBER, 1, FAULT_MS_MAX, NULL, apply_drip,
     "executes, answers one byte every MS milliseconds"},
    {"hang",        "",             FAULT_OUTCOME, true,  FAULT_NO_VALUE, 0, 0, NULL, apply_hang,
     "executes, does not answer until the client leaves (or 300 s)"},
    {"cut",         "[=N]",         FAULT_OUTCOME, true,  FAULT_MAYBE_NUMBER, 0, FAULT_HUGE_MAX,
     NULL, apply_cut, "executes, closes after N (0) bytes of the answer"},
    {"garbage",     "",             FAULT_OUTCOME, true,  FAULT_NO_VALUE, 0, 0, NULL, apply_garbage,
     "executes, answers 200 with bytes that are not JSON"},
    {"html",        "",             FAULT_OUTCOME, true,  FAULT_NO_VALUE, 0, 0, NULL, apply_html,
     "executes, answers 200 with a web page"},
    {"type",        "=TEXT",        FAULT_OUTCOME, true,  FAULT_TEXT, 0, 0, check_type, apply_type,
     "executes, answers with this Content-Type"},
    {"huge",        "=BYTES",       FAULT_OUTCOME, true,  FAULT_NUMBER, 1, FAULT_HUGE_MAX, NULL, apply_huge,
     "executes, answers JSON of BYTES bytes"},
    {"string-code", "",             FAULT_OUTCOME, true,  FAULT_NO_VALUE, 0, 0, NULL, apply_string_code,
     "executes, answers \"code\":\"0\" with a string"},
    {"refuse",      "",             FAULT_OUTCOME, false, FAULT_NO_VALUE, 0, 0, NULL, apply_cut,
     "closes without an answer; nothing is executed"},
    {"status",      "=NNN",         FAULT_OUTCOME, false, FAULT_NUMBER, 200, 599, NULL, apply_status,
     "answers this HTTP status with some JSON; nothing is executed"},
    {"redirect",    "=URL",         FAULT_OUTCOME, false, FAULT_TEXT, 0, 0, NULL, apply_redirect,
     "answers 302 to URL; nothing is executed"},
    {"code",        "=NNNN[/DESC]", FAULT_OUTCOME, false, FAULT_TEXT, 0, 0, check_code, apply_code,
     "answers this error (4400 throttled, 4500 replay); nothing is executed"},
    {"body",        "=TEXT",        FAULT_OUTCOME, false, FAULT_TEXT, 0, 0, NULL, apply_body,
     "answers 200 with exactly TEXT; nothing is executed"},
    {"echo-secret", "",             FAULT_OUTCOME, false, FAULT_NO_VALUE, 0, 0, NULL, apply_echo_secret,
     "answers 4100 and repeats id, key and signature; nothing is executed"},
    {"skew",        "=SECONDS",     FAULT_CLOCK,   true,  FAULT_NUMBER, -FAULT_SKEW_MAX, FAULT_SKEW_MAX,
     NULL, apply_skew, "the sandbox's clock is so far ahead (or behind: -600)"},
};
/* clang-format on */

const struct fault_kind *fault_kind_find(const char *name, size_t length)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (strlen(kinds[i].name) == length && strncmp(kinds[i].name, name, length) == 0)
            return &kinds[i];
    return NULL;
}

const struct fault_kind *fault_kind_table(size_t *count)
{
    *count = COUNT(kinds);
    return kinds;
}
