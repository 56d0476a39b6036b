#include "gateway/http/trace.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

/* 00-<trace id>-<parent id>-<flags> */
enum {
    ID_AT = 3,
    PARENT_AT = ID_AT + TRACE_ID_HEX + 1,
    FLAGS_AT = PARENT_AT + TRACE_SPAN_HEX + 1,
    LENGTH = FLAGS_AT + 2
};

static bool is_hex(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text_hex_value(text[i]) < 0 || (text[i] >= 'A' && text[i] <= 'F'))
            return false;
    return true;
}

static bool is_id(const char *text, size_t length)
{
    return is_hex(text, length) && strspn(text, "0") < length;
}

/* Version ff is forbidden; 00 ends with the flags. */
static bool is_version(const char *text)
{
    if (!is_hex(text, 2) || strncmp(text, "ff", 2) == 0)
        return false;
    return text[LENGTH] == '\0' || (text[LENGTH] == '-' && strncmp(text, "00", 2) != 0);
}

bool trace_read(struct trace *trace, const char *traceparent)
{
    if (strlen(traceparent) < LENGTH || !is_version(traceparent) || traceparent[ID_AT - 1] != '-' ||
        traceparent[PARENT_AT - 1] != '-' || traceparent[FLAGS_AT - 1] != '-' ||
        !is_id(traceparent + ID_AT, TRACE_ID_HEX) || !is_id(traceparent + PARENT_AT, TRACE_SPAN_HEX) ||
        !is_hex(traceparent + FLAGS_AT, 2))
        return false;
    memcpy(trace->id, traceparent + ID_AT, TRACE_ID_HEX);
    trace->id[TRACE_ID_HEX] = '\0';
    trace->sampled = (text_hex_value(traceparent[FLAGS_AT + 1]) & 1) != 0;
    return true;
}

void trace_choose(struct trace *trace, const struct request_head *head, struct unique_id *ident)
{
    unsigned char bytes[UNIQUE_ID_SIZE];
    const char *given = request_head_only_field(head, "traceparent"); /* section 3.3: of two, neither */
    unique_id_take(ident, bytes);
    bytes[0] |= 1; /* no id is all zeros */
    text_hex(bytes, TRACE_SPAN_HEX / 2, trace->span);
    if (given == NULL || !trace_read(trace, given)) {
        unique_id_take(ident, bytes);
        bytes[0] |= 1;
        text_hex(bytes, TRACE_ID_HEX / 2, trace->id);
        trace->sampled = false; /* nobody asked for it */
    }
}
