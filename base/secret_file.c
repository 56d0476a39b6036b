#include "base/secret_file.h"

size_t secret_file_length(const char *bytes, size_t length)
{
    while (length > 0 && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r'))
        length--;
    return length;
}

struct secret *secret_file_read(const char *path, enum file_care care, struct err *err)
{
    struct buf bytes;
    struct secret *secret = NULL;
    buf_init(&bytes, SECRET_MAX);
    if (file_read(path, care, &bytes, err) == 0) {
        secret = secret_new(buf_text(&bytes), secret_file_length(buf_text(&bytes), bytes.length));
        if (secret == NULL)
            err_memory(err);
    }
    buf_done(&bytes);
    return secret;
}

bool secret_file_is_clean(const struct secret *secret)
{
    for (size_t i = 0; i < secret_length(secret); i++)
        if ((unsigned char)secret_bytes(secret)[i] <= 0x20 || (unsigned char)secret_bytes(secret)[i] >= 0x7F)
            return false;
    return secret_length(secret) > 0;
}
