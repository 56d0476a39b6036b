/* The first station: a head that is good, an id, the path and query, and what is said about the body. */
#include "gateway/request/accept.h"

#include "base/text.h"
#include "gateway/exchange/shared.h"
#include "gateway/request/client_address.h"
#include "gateway/http/host_check.h"
#include "gateway/door/door.h"
#include "gateway/request/doors.h"
#include "gateway/door/route.h"

#include <string.h>
#include <strings.h>

enum { ACCEPT_ALLOW_MAX = 256 };

static void choose_id(struct exchange *x)
{
    unsigned char bytes[UNIQUE_ID_SIZE];
    const char *given = request_head_only_field(x->head, "X-Request-Id");
    trace_choose(&x->trace, x->head, &x->gateway->ident);
    if (given != NULL && text_is_name(given)) {
        memcpy(x->id, given, strlen(given) + 1); /* text_is_name(): at most EXCHANGE_ID_MAX */
        return;
    }
    unique_id_take(&x->gateway->ident, bytes);
    text_hex(bytes, sizeof bytes, x->id);
}

/* Only where the configuration says by which names callers ask. */
static enum problem check_host(struct exchange *x)
{
    const struct config_names *hosts = &x->config->browsers.hosts;
    if (hosts->count == 0 || host_check_is_among(hosts, x->head->host))
        return PROBLEM_NONE;
    return exchange_stop(
        x, PROBLEM_MISDIRECTED_REQUEST,
        "this gateway is not asked for by that name: see browsers.hosts in its configuration");
}

static bool is_from_proxy(const struct exchange *x)
{
    const struct config *config = x->config;
    for (size_t i = 0; i < config->trusted_proxy_count; i++)
        if (network_contains(&config->trusted_proxies[i], &x->address))
            return true;
    return false;
}

/* What a proxy took away from the path: a trusted one may say so itself, request by request. */
static const char *prefix_of(const struct exchange *x)
{
    const char *said = request_head_field(x->head, "X-Forwarded-Prefix");
    return said != NULL && is_from_proxy(x) && config_is_prefix(said) ? said : x->config->prefix;
}

/* Behind a proxy that passes its callers' certificates, the proxy's own is nobody's. */
static enum problem find_certificate(struct exchange *x)
{
    const char *field = x->config->client_certificate_field;
    if (field == NULL || !is_from_proxy(x))
        return PROBLEM_NONE;
    x->names = NULL;
    if (request_head_field(x->head, field) == NULL)
        return PROBLEM_NONE;
    const char *value = request_head_only_field(x->head, field);
    if (value != NULL && *value == '\0')
        return PROBLEM_NONE; /* its caller has shown none */
    x->names = value == NULL ? NULL : certificate_names_read(value, x->arena);
    return x->names == NULL
               ? exchange_stop(x, PROBLEM_MALFORMED_REQUEST, "%s of a trusted proxy is no certificate", field)
               : PROBLEM_NONE;
}

/* From here on limits, policy and log know the caller's own address, not that of a proxy of ours. */
static enum problem find_source(struct exchange *x)
{
    char text[NETWORK_TEXT_SIZE];
    x->prefix = prefix_of(x); /* while `address` is the peer's */
    enum problem problem = find_certificate(x);
    if (problem != PROBLEM_NONE)
        return problem;
    switch (client_address_find(x->head, x->config->trusted_proxies, x->config->trusted_proxy_count,
                                &x->address)) {
    case CLIENT_ADDRESS_PEER:
        return PROBLEM_NONE;
    case CLIENT_ADDRESS_UNREADABLE:
        return exchange_stop(x, PROBLEM_MALFORMED_REQUEST,
                             "X-Forwarded-For of a trusted proxy has no address");
    case CLIENT_ADDRESS_FORWARDED:
        break;
    }
    network_format(&x->address, text);
    x->source = arena_strdup(x->arena, text);
    return x->source == NULL ? exchange_fail(x) : PROBLEM_NONE;
}

/* "OPTIONS *": what the gateway as a whole takes (RFC 9110 section 9.3.7). */
static enum problem answer_options(struct exchange *x)
{
    struct buf fields;
    buf_init(&fields, ACCEPT_ALLOW_MAX);
    buf_put(&fields, "Allow: ");
    route_put_methods(&fields, x->config);
    buf_put(&fields, ", HEAD, OPTIONS\r\n");
    const char *text = fields.failed ? NULL : arena_strdup(x->arena, buf_text(&fields));
    buf_done(&fields);
    if (text == NULL)
        return exchange_fail(x);
    x->own = (struct exchange_own){.status = 204, .bytes = "", .fields = text};
    return PROBLEM_NONE;
}

static enum problem read_target(struct exchange *x)
{
    if (strcmp(x->head->target, "*") == 0)
        return answer_options(x);
    if (target_parse(x->head->target, x->head->query, x->arena, &x->target, &x->err) != 0)
        return x->err.kind == ERR_MEMORY ? PROBLEM_INTERNAL : PROBLEM_MALFORMED_REQUEST;
    return x->door->accept(x);
}

/* What the front door has refused is refused here, with an id and a source; else HTTP/1.0 may still lack a
 * host. */
static enum problem check_head(struct exchange *x)
{
    if (x->head->problem != PROBLEM_NONE)
        return exchange_stop(x, x->head->problem, "%s", x->head->err.text);
    if (x->head->host == NULL)
        return exchange_stop(x, PROBLEM_MALFORMED_REQUEST, "the Host field is missing");
    if (x->head->loose_host && !x->door->loose_host)
        return exchange_stop(x, PROBLEM_MALFORMED_REQUEST, HOST_CHECK_LOOSE);
    return PROBLEM_NONE;
}

enum problem accept_request(struct exchange *x)
{
    x->close = true; /* until the whole message was understood, nothing behind it may be read */
    choose_id(x);
    doors_choose(x);
    enum problem problem = check_head(x);
    if (problem == PROBLEM_NONE)
        problem = find_source(x);
    if (problem == PROBLEM_NONE)
        problem = check_host(x);
    if (problem == PROBLEM_NONE)
        problem = read_target(x);
    if (problem == PROBLEM_NONE) /* a body that was not read yet would be taken for the next request */
        x->close = !x->head->message.keep_alive || (request_head_has_body(x->head) && !x->received);
    return problem;
}
