#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

int err_set(struct err *err, enum err_kind kind, const char *format, ...)
{
    if (err == NULL || err->kind != ERR_NONE)
        return -1;
    err->kind = kind;
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(err->text, sizeof err->text, format, arguments);
    va_end(arguments);
    if (written < 0)
        err->text[0] = '\0';
    return -1;
}

int err_memory(struct err *err)
{
    return err_set(err, ERR_MEMORY, "out of memory");
}

void err_clear(struct err *err)
{
    err->kind = ERR_NONE;
    err->text[0] = '\0';
}
