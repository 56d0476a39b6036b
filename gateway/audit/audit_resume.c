#include "gateway/audit/audit_resume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The last bytes of the file, all of them or -1. */
static int read_end(int fd, size_t size, char *bytes, size_t length, struct err *err)
{
    for (size_t done = 0; done < length;) {
        ssize_t got = pread(fd, bytes + done, length - done, (off_t)(size - length + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return err_set(err, ERR_SYSTEM, "it cannot be read: %s",
                           got < 0 ? strerror(errno) : "it shrinks");
        done += (size_t)got;
    }
    return 0;
}

/* Where the line begins that ends before `end`. */
static size_t line_start(const char *bytes, size_t end)
{
    while (end > 0 && bytes[end - 1] != '\n')
        end--;
    return end;
}

/* The end of the last whole line within the bytes, behind its line feed if it has one; 0: there is none. */
static size_t last_whole(const char *bytes, size_t length, struct hash_chain_head *head)
{
    struct hash_chain_line line;
    for (size_t end = length; end > 0;) {
        size_t stop = bytes[end - 1] == '\n' ? end - 1 : end;
        size_t start = line_start(bytes, stop);
        if (hash_chain_read(bytes + start, stop - start, &line) == HASH_CHAIN_WHOLE) {
            *head = line.head;
            return end;
        }
        end = start;
    }
    return 0;
}

/* Can these bytes be what is left of the first record? */
static bool is_first_piece(const char *bytes, size_t length)
{
    static const char front[] = "{\"seq\":1,\"prev\":\"0";
    size_t common = length < sizeof front - 1 ? length : sizeof front - 1;
    return strncmp(bytes, front, common) == 0;
}

/* `bytes` has room for one more. */
static int judge(char *bytes, size_t length, bool all, struct audit_resume *tail, struct err *err)
{
    size_t end = last_whole(bytes, length, &tail->head);
    if (end == 0 && !(all && is_first_piece(bytes, length)))
        return err_set(err, ERR_INPUT, "its last %zu bytes hold no record of ours: move it away", length);
    tail->unended = length > 0 && bytes[length - 1] != '\n';
    if (end == length)
        return 0;
    if (tail->unended)
        bytes[length++] = '\n';
    tail->torn = length - end;
    return hash_chain_hash(bytes + end, tail->torn, tail->torn_hash) == 0 ? 0 : err_memory(err);
}

int audit_resume_read(int fd, size_t size, struct audit_resume *tail, struct err *err)
{
    size_t length = size < AUDIT_RESUME_MAX ? size : AUDIT_RESUME_MAX;
    char *bytes = malloc(length + 1);
    *tail = (struct audit_resume){0};
    hash_chain_begin(&tail->head);
    int result = bytes == NULL ? err_memory(err) : read_end(fd, size, bytes, length, err);
    if (result == 0)
        result = judge(bytes, length, length == size, tail, err);
    free(bytes);
    return result;
}
