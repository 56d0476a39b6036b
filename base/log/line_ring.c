#include "base/log/line_ring.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Where a line is: bytes are counted from the first that was ever put, gaps at the ring's end included, so a
 * line is still there while `end` is no more than LINE_RING_BYTES behind its start. */
struct line_ring_line {
    uint64_t start;
    uint32_t length;
};

struct line_ring {
    pthread_mutex_t mutex;
    uint64_t end;   /* of what was put */
    uint64_t count; /* of lines that were put */
    struct line_ring_line lines[LINE_RING_LINES];
    char bytes[LINE_RING_BYTES];
};

struct line_ring *line_ring_new(void)
{
    struct line_ring *ring = calloc(1, sizeof *ring);
    if (ring != NULL && pthread_mutex_init(&ring->mutex, NULL) != 0) {
        free(ring);
        return NULL;
    }
    return ring;
}

void line_ring_free(struct line_ring *ring)
{
    if (ring == NULL)
        return;
    (void)pthread_mutex_destroy(&ring->mutex);
    free(ring);
}

static void put_line(struct line_ring *ring, const char *line, size_t length)
{
    size_t at = ring->end % LINE_RING_BYTES;
    if (length > LINE_RING_BYTES)
        return;
    if (length > LINE_RING_BYTES - at) { /* a line is never in two pieces */
        ring->end += LINE_RING_BYTES - at;
        at = 0;
    }
    memcpy(ring->bytes + at, line, length);
    ring->lines[ring->count++ % LINE_RING_LINES] = (struct line_ring_line){ring->end, (uint32_t)length};
    ring->end += length;
}

void line_ring_put(struct line_ring *ring, const char *lines, size_t length)
{
    (void)pthread_mutex_lock(&ring->mutex);
    for (size_t done = 0; done < length;) {
        const char *end = memchr(lines + done, '\n', length - done);
        size_t size = end == NULL ? length - done : (size_t)(end - lines) - done;
        put_line(ring, lines + done, size);
        done += size + 1;
    }
    (void)pthread_mutex_unlock(&ring->mutex);
}

struct line_ring *line_ring_copy(struct line_ring *ring)
{
    struct line_ring *copy = line_ring_new();
    if (copy == NULL)
        return NULL;
    (void)pthread_mutex_lock(&ring->mutex);
    copy->end = ring->end;
    copy->count = ring->count;
    memcpy(copy->lines, ring->lines, sizeof ring->lines);
    memcpy(copy->bytes, ring->bytes, ring->end < LINE_RING_BYTES ? (size_t)ring->end : LINE_RING_BYTES);
    (void)pthread_mutex_unlock(&ring->mutex);
    return copy;
}

const char *line_ring_at(const struct line_ring *copy, size_t back, size_t *length)
{
    if (back >= LINE_RING_LINES || back >= copy->count)
        return NULL;
    const struct line_ring_line *line = &copy->lines[(copy->count - 1 - back) % LINE_RING_LINES];
    if (copy->end - line->start > LINE_RING_BYTES)
        return NULL;
    *length = line->length;
    return copy->bytes + line->start % LINE_RING_BYTES;
}

size_t line_ring_count(const struct line_ring *copy)
{
    size_t length;
    size_t low = 0;
    size_t high = copy->count < LINE_RING_LINES ? (size_t)copy->count : LINE_RING_LINES;
    while (low < high) { /* older lines are overwritten before younger ones */
        size_t middle = low + (high - low) / 2;
        if (line_ring_at(copy, middle, &length) != NULL)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
