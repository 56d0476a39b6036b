/* request_heads FILE...: reads each file as what a client sends, cut at every byte, and prints a line each:
 * the status of a refused head; "part"; or "whole", its octets, and for a chunked body those of its chunks,
 * "part", or "broken".  "differs" where it depends on the cut.  For tests/e2e/test_framing.py. */
#include "gateway/connection/chunked.h"
#include "gateway/http/request_head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 200000, RESULT_MAX = 400 };

static void read_chunks(const char *bytes, size_t length, size_t cut, char *result)
{
    static char out[OUT_MAX];
    struct chunked chunked;
    enum chunked_state state = CHUNKED_PART;
    size_t used = 0;
    size_t put = 0;
    chunked_begin(&chunked);
    for (size_t end = cut < length ? cut : length; state == CHUNKED_PART && used < length; end = length) {
        size_t taken = 0;
        size_t step = 0;
        state = chunked_read(&chunked, bytes + used, end - used, &taken, out + put, sizeof out - put, &step);
        used += taken;
        put += step;
    }
    size_t written = strlen(result);
    if (state == CHUNKED_WHOLE)
        (void)snprintf(result + written, RESULT_MAX - written, " %zu", used);
    else
        (void)snprintf(result + written, RESULT_MAX - written, state == CHUNKED_PART ? " part" : " broken");
}

/* The bytes are of exactly that length, so that one read too many is seen. */
static void read_cut(const char *bytes, size_t length, size_t cut, char result[RESULT_MAX])
{
    static struct request_head head;
    char *copy = malloc(length + 1);
    if (copy == NULL)
        abort();
    memcpy(copy, bytes, length);
    request_head_begin(&head);
    enum request_head_state state = request_head_read(&head, copy, cut);
    if (state == REQUEST_HEAD_PART)
        state = request_head_read(&head, copy, length);
    if (state == REQUEST_HEAD_REFUSED)
        (void)snprintf(result, RESULT_MAX, "%d %s", problem_kind(head.problem)->status, head.err.text);
    else if (state == REQUEST_HEAD_PART)
        (void)snprintf(result, RESULT_MAX, "part");
    else
        (void)snprintf(result, RESULT_MAX, "whole %zu", head.length);
    if (state == REQUEST_HEAD_WHOLE && head.message.chunked)
        read_chunks(copy + head.length, length - head.length, cut > head.length ? cut - head.length : 0,
                    result);
    free(copy);
}

static bool read_file(const char *path)
{
    static char bytes[OUT_MAX];
    char first[RESULT_MAX];
    char result[RESULT_MAX];
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    size_t length = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    read_cut(bytes, length, 0, first);
    for (size_t cut = 1; cut <= length; cut++) {
        read_cut(bytes, length, cut, result);
        if (strcmp(first, result) != 0) {
            (void)printf("differs at %zu: %s; %s\n", cut, first, result);
            return true;
        }
    }
    (void)puts(first);
    return true;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!read_file(argv[i]))
            return 1;
    return 0;
}
