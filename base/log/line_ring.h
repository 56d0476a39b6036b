/* base/log/line_ring.h - the last lines of a log, in memory of a fixed size.
 *
 * One thread after another puts lines; any thread takes a copy, in which it then reads as long as it likes:
 * the lock is held for a copy of LINE_RING_BYTES at most, some milliseconds. */
#ifndef BASE_LOG_LINE_RING_H
#define BASE_LOG_LINE_RING_H

#include "base/base.h"

enum {
    LINE_RING_LINES = 10000,
    LINE_RING_BYTES =
        8 * 1024 * 1024, /* of all lines: 800 for each; where they are longer, there are fewer */
};

struct line_ring;

/* NULL when memory is out.  Memory that no line has used yet is not resident. */
MUST_USE struct line_ring *line_ring_new(void);
void line_ring_free(struct line_ring *ring); /* NULL does nothing */

/* Takes copies of whole lines, each ended by a line feed; a line longer than the ring is left out. */
void line_ring_put(struct line_ring *ring, const char *lines, size_t length);

/* What is there now, for the caller alone: line_ring_free().  NULL when memory is out. */
MUST_USE struct line_ring *line_ring_copy(struct line_ring *ring);

/* Of a copy: how many lines there are, and the one that is so many before the newest (0), without its line
 * feed.  Lives as long as the copy; NULL: there are not so many. */
size_t line_ring_count(const struct line_ring *copy);
const char *line_ring_at(const struct line_ring *copy, size_t back, size_t *length);

#endif
