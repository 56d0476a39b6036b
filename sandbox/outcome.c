#include "sandbox/outcome.h"

#include "base/json.h"

#include <stdarg.h>
#include <stdio.h>

/* The vendor's own sample of a failure is "(100004)projectIdIncorrect": a module number, then text. */
#define MODULE "(100004)"

int outcome_refuse(struct outcome *outcome, int code, const char *code_desc, const char *format, ...)
{
    if (outcome->code != OUTCOME_GOOD)
        return -1;
    outcome->code = code;
    outcome->code_desc = code_desc;
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(outcome->message, sizeof outcome->message, format, arguments) < 0)
        outcome->message[0] = '\0';
    va_end(arguments);
    return -1;
}

void outcome_put(const struct outcome *outcome, struct buf *body)
{
    char message[sizeof MODULE + sizeof outcome->message];
    (void)snprintf(message, sizeof message, MODULE "%s", outcome->message);
    json_open(body);
    json_member_int(body, "code", outcome->code);
    json_member(body, "message", message);
    json_member(body, "codeDesc", outcome->code_desc);
    json_close(body);
}
