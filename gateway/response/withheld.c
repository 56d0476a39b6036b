#include "gateway/response/withheld.h"

#include "gateway/response/secret_scan.h"

#include <string.h>

void withheld_all(struct answer *answer)
{
    *answer = (struct answer){.length = answer->length,
                              .named = answer->named,
                              .code = answer->code,
                              .code_desc = answer->named ? "withheld" : NULL};
}

/* A code or an id, in which nothing is escaped, and which repeats no secret value. */
static const char *harmless(const char *text, const struct call *call, const char *instead)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    if (text == NULL)
        return NULL;
    return strspn(text, plain) == strlen(text) && !secret_scan_repeats(text, call) ? text : instead;
}

void withheld_words(struct answer *answer, const struct call *call)
{
    if (!call_has_secret(call))
        return;
    answer->bytes = NULL;
    answer->message = NULL;
    answer->detail = NULL;
    answer->code_desc = harmless(answer->code_desc, call, answer->named ? "withheld" : NULL);
    answer->request_id = harmless(answer->request_id, call, NULL);
}
