/* The first station: framing, an id, the path and query, and what is said about the body. */
#include "gateway/request/accept.h"

#include "base/text.h"
#include "gateway/exchange/gateway.h"
#include "gateway/http/authority.h"
#include "gateway/http/source.h"

#include <string.h>
#include <strings.h>

void accept_choose_id(struct exchange *x)
{
    unsigned char bytes[IDENT_SIZE];
    const char *given = framing_field(&x->framing, "X-Request-Id");
    trace_choose(&x->trace, &x->framing, &x->gateway->ident);
    if (given != NULL && text_is_name(given)) {
        memcpy(x->id, given, strlen(given) + 1); /* text_is_name(): at most EXCHANGE_ID_MAX */
        return;
    }
    ident_take(&x->gateway->ident, bytes);
    text_hex(bytes, sizeof bytes, x->id);
}

/* CivetWeb leaves the blanks behind a value; they are not part of it (RFC 9110 section 5.5). */
static int trim_values(struct exchange *x)
{
    for (size_t i = 0; i < x->framing.field_count; i++) {
        struct framing_field *field = &x->framing.fields[i];
        size_t length = strlen(field->value);
        size_t kept = length;
        while (kept > 0 && (field->value[kept - 1] == ' ' || field->value[kept - 1] == '\t'))
            kept--;
        if (kept < length && (field->value = arena_copy(x->arena, field->value, kept)) == NULL)
            return -1;
    }
    return 0;
}

/* "application/json", at most with charset=utf-8 (RFC 8259 section 8.1, RFC 9110 section 8.3). */
static bool is_json_type(const char *type)
{
    static const char json[] = "application/json";
    static const char charset[] = "charset=";
    if (type == NULL || strncasecmp(type, json, sizeof json - 1) != 0)
        return false;
    const char *rest = type + sizeof json - 1;
    rest += strspn(rest, " \t");
    if (*rest == '\0')
        return true;
    if (*rest != ';')
        return false;
    rest++;
    rest += strspn(rest, " \t");
    if (strncasecmp(rest, charset, sizeof charset - 1) != 0)
        return false;
    rest += sizeof charset - 1;
    return strcasecmp(rest, "utf-8") == 0 || strcasecmp(rest, "\"utf-8\"") == 0;
}

/* Only where the configuration says by which names callers ask. */
static enum problem check_host(struct exchange *x)
{
    const struct config_names *hosts = &x->config->browsers.hosts;
    if (hosts->count == 0 || authority_is_among(hosts, framing_field(&x->framing, "Host")))
        return PROBLEM_NONE;
    return exchange_stop(
        x, PROBLEM_MISDIRECTED_REQUEST,
        "this gateway is not asked for by that name: see browsers.hosts in its configuration");
}

/* What is said about the body, before a byte of it is read. */
static enum problem check_body(struct exchange *x)
{
    const char *coding = framing_field(&x->framing, "Content-Encoding");
    if (x->message.content_length > FRAMING_BODY_MAX)
        return exchange_stop(x, PROBLEM_CONTENT_TOO_LARGE, "the body may have at most %d bytes",
                             FRAMING_BODY_MAX);
    if (x->message.content_length == 0)
        return PROBLEM_NONE;
    if (coding != NULL && strcasecmp(coding, "identity") != 0)
        return exchange_stop(x, PROBLEM_UNSUPPORTED_MEDIA_TYPE, "Content-Encoding is not taken here");
    if (!is_json_type(framing_field(&x->framing, "Content-Type")))
        return exchange_stop(x, PROBLEM_UNSUPPORTED_MEDIA_TYPE,
                             "Content-Type must be application/json (UTF-8)");
    return PROBLEM_NONE;
}

/* From here on limits, policy and log know the caller's own address, not that of a proxy of ours. */
static enum problem find_source(struct exchange *x)
{
    char text[NETWORK_TEXT_SIZE];
    switch (
        source_find(&x->framing, x->config->trusted_proxies, x->config->trusted_proxy_count, &x->address)) {
    case SOURCE_PEER:
        return PROBLEM_NONE;
    case SOURCE_UNREADABLE:
        return exchange_stop(x, PROBLEM_MALFORMED_REQUEST,
                             "X-Forwarded-For of a trusted proxy has no address");
    case SOURCE_FORWARDED:
        break;
    }
    network_format(&x->address, text);
    x->source = arena_strdup(x->arena, text);
    return x->source == NULL ? exchange_fail(x) : PROBLEM_NONE;
}

enum problem accept_request(struct exchange *x)
{
    x->close = true; /* until the whole message was understood, nothing behind it may be read */
    enum problem problem = framing_check(&x->framing, &x->err);
    if (problem == PROBLEM_NONE && trim_values(x) != 0)
        problem = exchange_fail(x);
    accept_choose_id(x);
    if (problem == PROBLEM_NONE)
        problem = find_source(x);
    if (problem == PROBLEM_NONE)
        problem = framing_read(&x->framing, &x->message, &x->err);
    if (problem == PROBLEM_NONE)
        problem = check_host(x);
    if (problem != PROBLEM_NONE)
        return problem;
    if (target_parse(x->framing.target, x->framing.query, x->arena, &x->target, &x->err) != 0)
        return x->err.kind == ERR_MEMORY ? PROBLEM_INTERNAL : PROBLEM_MALFORMED_REQUEST;
    problem = check_body(x);
    if (problem == PROBLEM_NONE) /* a body that was not read yet would be taken for the next request */
        x->close = !x->message.keep_alive || x->message.content_length > 0;
    return problem;
}
