#include "sandbox/state/request_id.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

void request_id_salt(unsigned char salt[REQUEST_ID_SALT])
{
    if (getrandom(salt, REQUEST_ID_SALT, 0) != REQUEST_ID_SALT)
        abort(); /* a kernel whose getrandom() fails for 10 bytes is none to test with */
}

void request_id_format(const unsigned char salt[REQUEST_ID_SALT], long long number,
                       char out[OUTCOME_REQUEST_ID_SIZE])
{
    char hex[2 * REQUEST_ID_SALT + 1];
    text_hex(salt, REQUEST_ID_SALT, hex);
    (void)snprintf(out, OUTCOME_REQUEST_ID_SIZE, "%.8s-%.4s-%.4s-%.4s-%012llx", hex, hex + 8, hex + 12,
                   hex + 16, (unsigned long long)number & 0xFFFFFFFFFFFFULL);
}

void request_id_random(char out[OUTCOME_REQUEST_ID_SIZE])
{
    unsigned char salt[REQUEST_ID_SALT];
    unsigned char more[REQUEST_ID_SALT];
    long long number = 0;
    request_id_salt(salt);
    request_id_salt(more);
    memcpy(&number, more, sizeof number);
    request_id_format(salt, number, out);
}

long long request_id_number(const char *text)
{
    if (strlen(text) != sizeof form - 1)
        return -1;
    for (size_t i = 0; form[i] != '\0'; i++)
        if (form[i] == '-' ? text[i] != '-' : text_hex_value(text[i]) < 0)
            return -1;
    return strtoll(strrchr(text, '-') + 1, NULL, 16);
}
