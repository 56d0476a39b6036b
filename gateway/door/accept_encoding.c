#include "gateway/door/accept_encoding.h"

#include <string.h>
#include <strings.h>

enum { UNSAID = -1, WEIGHT_MAX = 1000 };

/* What the client says of each, in thousandths. */
struct weights {
    int gzip, identity, any;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *at)
{
    while (is_blank(*at))
        at++;
    return at;
}

/* "0.5" and at most three digits behind the point: RFC 9110 section 12.4.2.  -1: it is none. */
static int read_qvalue(const char **at)
{
    const char *c = *at;
    int weight = 0;
    if (*c != '0' && *c != '1')
        return -1;
    weight = (*c++ - '0') * WEIGHT_MAX;
    if (*c == '.') {
        int place = WEIGHT_MAX;
        for (c++; *c >= '0' && *c <= '9' && place > 1; c++)
            weight += (*c - '0') * (place /= 10);
    }
    *at = c;
    return weight <= WEIGHT_MAX ? weight : -1;
}

/* From behind the coding to the comma or the end; -1: it makes no sense. */
static int read_weight(const char *at)
{
    int weight = WEIGHT_MAX;
    at = skip_blanks(at);
    if (*at == ';') {
        at = skip_blanks(at + 1);
        if ((*at != 'q' && *at != 'Q') || at[1] != '=')
            return -1;
        at += 2;
        weight = read_qvalue(&at);
        at = skip_blanks(at);
    }
    return *at == '\0' || *at == ',' ? weight : -1;
}

/* What makes no sense is a coding that nobody knows. */
static void read_element(struct weights *weights, const char *at)
{
    size_t length = strcspn(at, " \t;,");
    int weight = read_weight(at + length);
    if (weight < 0)
        return;
    if ((length == 4 && strncasecmp(at, "gzip", length) == 0) ||
        (length == 6 && strncasecmp(at, "x-gzip", length) == 0))
        weights->gzip = weight;
    else if (length == 8 && strncasecmp(at, "identity", length) == 0)
        weights->identity = weight;
    else if (length == 1 && *at == '*')
        weights->any = weight;
}

bool accept_encoding_has_gzip(const struct request_head *head)
{
    struct weights weights = {UNSAID, UNSAID, UNSAID};
    for (size_t i = 0; i < head->field_count; i++) {
        if (strcasecmp(head->fields[i].name, "Accept-Encoding") != 0)
            continue;
        for (const char *at = skip_blanks(head->fields[i].value); *at != '\0';
             at = skip_blanks(at + strcspn(at, ",") + (at[strcspn(at, ",")] == ',')))
            read_element(&weights, at);
    }
    int gzip = weights.gzip != UNSAID ? weights.gzip : weights.any;
    int identity = weights.identity != UNSAID ? weights.identity : 0; /* taken, but not preferred */
    return gzip > 0 && gzip >= identity;
}
