#include "tests/lax.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { LAX_SLACK = 16 }; /* the library's buffer is larger than the header */

/* Up to and with the empty line; 0: there is none, or a control character is before it. */
static size_t header_length(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (iscntrl((unsigned char)bytes[i]) && bytes[i] != '\r' && bytes[i] != '\n')
            return 0;
        if (i + 1 < length && strncmp(bytes + i, "\n\n", 2) == 0)
            return i + 2;
        if (i + 3 < length && strncmp(bytes + i, "\r\n\r\n", 4) == 0)
            return i + 4;
    }
    return 0;
}

/* The next word of the request line is cut off, with all the white space behind it. */
static char *cut_word(char **at, bool last)
{
    char *word = *at;
    while (isgraph((unsigned char)**at))
        (*at)++;
    if (last ? **at != '\r' && **at != '\n' : **at != ' ')
        return NULL;
    do
        *(*at)++ = '\0';
    while (isspace((unsigned char)**at));
    return last || isgraph((unsigned char)**at) ? word : NULL;
}

/* One line "name: value": 1; 0 at the end of the header, or at what looks like one; -1 when it is refused. */
static int cut_field(char **at, struct framing_field *field)
{
    char *c = *at;
    while (*c != ':' && *c > ' ' && *c < 127)
        c++;
    if (c == *at)
        return 0;
    while (*c == ' ')
        *c++ = '\0';
    if (*c != ':')
        return -1;
    *c++ = '\0';
    c += strspn(c, " \t");
    *field = (struct framing_field){*at, c};
    c += strcspn(c, "\r\n");
    if (*c == '\r') {
        *c++ = '\0';
        if (*c != '\n' && *c != '\0')
            return -1;
    }
    if (*c != '\0')
        *c++ = '\0';
    *at = c;
    return 1;
}

static bool cut_fields(struct lax *lax, char *at)
{
    struct framing *framing = &lax->framing;
    framing->fields = lax->fields;
    while (framing->field_count < LAX_FIELDS_MAX) {
        int found = cut_field(&at, &lax->fields[framing->field_count]);
        if (found <= 0)
            return found == 0;
        framing->field_count++;
        if (*at == '\0' || *at == '\r' || *at == '\n')
            return true;
    }
    return true;
}

static bool cut_request(struct lax *lax)
{
    struct framing *framing = &lax->framing;
    char *at = lax->bytes;
    framing->method = cut_word(&at, false);
    char *target = framing->method == NULL ? NULL : cut_word(&at, false);
    char *version = target == NULL ? NULL : cut_word(&at, true);
    if (version == NULL || strncmp(version, "HTTP/", 5) != 0)
        return false;
    framing->target = target;
    framing->version = version + 5;
    if (strcmp(framing->version, "1.0") != 0 && strcmp(framing->version, "1.1") != 0)
        return false;
    if (!cut_fields(lax, at))
        return false;
    char *query = strchr(target, '?');
    if (query != NULL) {
        *query = '\0';
        framing->query = query + 1;
    }
    return true;
}

struct lax *lax_parse(const char *bytes, size_t length, size_t *used)
{
    size_t blanks = 0;
    while (blanks < length && isspace((unsigned char)bytes[blanks]))
        blanks++;
    size_t header = header_length(bytes + blanks, length - blanks);
    if (header == 0)
        return NULL;
    struct lax *lax = calloc(1, sizeof *lax);
    if (lax == NULL || (lax->bytes = malloc(header + LAX_SLACK)) == NULL)
        abort();
    memset(lax->bytes, 'x', header + LAX_SLACK);
    memcpy(lax->bytes, bytes + blanks, header);
    lax->bytes[header - 1] = '\0'; /* the last LF of the header */
    if (used != NULL)
        *used = blanks + header;
    if (cut_request(lax))
        return lax;
    lax_free(lax);
    return NULL;
}

void lax_free(struct lax *lax)
{
    if (lax == NULL)
        return;
    free(lax->bytes);
    free(lax);
}
