#include "gateway/exchange/exchange.h"

#include <stdarg.h>
#include <stdio.h>

enum problem exchange_stop(struct exchange *x, enum problem problem, const char *format, ...)
{
    char text[sizeof x->err.text];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(text, sizeof text, format, arguments) < 0)
        text[0] = '\0';
    va_end(arguments);
    err_set(&x->err, ERR_INPUT, "%s", text);
    return problem;
}

enum problem exchange_fail(struct exchange *x)
{
    return exchange_stop(x, PROBLEM_INTERNAL, "the gateway is out of memory, or its library failed");
}

const char *exchange_outcome_name(enum outcome outcome)
{
    static const char *const names[] = {"not-executed", "executed", "unknown"};
    return names[outcome];
}

const struct config_client *exchange_client(const struct exchange *x)
{
    if (x->client != NULL)
        return x->client;
    if (x->token != NULL)
        return x->token->client;
    return x->certificate == NULL ? NULL : x->certificate->client;
}

bool exchange_changes(const struct exchange *x)
{
    return x->route != NULL && x->client != NULL && x->route->effect == CONFIG_CHANGE;
}
