#include "gateway/call/claim_note.h"

#include "base/time/timestamp.h"
#include "gateway/audit/audit.h"
#include "gateway/exchange/shared.h"

#include <stdio.h>
#include <string.h>

void claim_note_make(const struct exchange *x, char out[CLAIM_NOTE_SIZE])
{
    const struct shared *gateway = x->gateway;
    char time[TIMESTAMP_SIZE], hash[AUDIT_HASH_SIZE] = "";
    timestamp_format(x->began_ms, time);
    if (gateway->audit != NULL)
        audit_last(gateway->audit, hash);
    if (hash[0] == '\0' || gateway->boot[0] == '\0')
        (void)snprintf(out, CLAIM_NOTE_SIZE, "%s at %s", x->id, time);
    else
        (void)snprintf(out, CLAIM_NOTE_SIZE, "%s at %s\n%s %s %s %s %s", x->id, time, gateway->boot,
                       gateway->process, x->key.holder, hash, x->id);
}

int claim_note_shown(const char *note)
{
    return (int)strcspn(note, "\n");
}

bool claim_note_unsent(const struct exchange *x, const char *note, char holder[STATE_HOLDER_SIZE])
{
    const struct shared *gateway = x->gateway;
    char boot[SHARED_BOOT_SIZE], process[STATE_HOLDER_SIZE], hash[AUDIT_HASH_SIZE], id[EXCHANGE_ID_MAX + 1];
    const char *second = strchr(note, '\n');
    if (second == NULL || gateway->audit == NULL ||
        sscanf(second + 1, "%36s %32s %32s %64s %64s", boot, process, holder, hash, id) != 5)
        return false;
    return strcmp(boot, gateway->boot) == 0 && strcmp(process, gateway->process) != 0 &&
           audit_has(gateway->audit, hash, id) == AUDIT_SEARCH_NOTHING;
}
