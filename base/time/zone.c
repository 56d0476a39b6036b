#include "base/time/zone.h"

#include "base/buf.h"
#include "base/file.h"

#include <stdio.h>
#include <string.h>

enum {
    ZONE_FILE_MAX = 64 * 1024,
    ZONE_HEADER = 44,
    ZONE_NAME_MAX = 64,
    ZONE_TYPE = 6,    /* bytes of a local time type: offset, daylight flag, name */
    ZONE_COUNTS = 20, /* where the header's six counts stand */
};

static const int64_t zone_horizon = 2114380800; /* 2037-01-01: what a table with rules behind it must reach */

struct zone {
    size_t count;
    int64_t *times;   /* when an offset begins; ascending */
    int32_t *offsets; /* from times[i] on, seconds east of UTC */
    int32_t first;    /* before times[0] */
};

/* The six counts of a header, RFC 8536 section 3.1. */
struct counts {
    uint32_t isut, isstd, leap, time, type, name;
};

static int64_t big_endian(const char *bytes, size_t size)
{
    uint64_t value = (bytes[0] & 0x80) != 0 ? UINT64_MAX : 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | (unsigned char)bytes[i];
    return (int64_t)value;
}

static bool read_counts(const struct buf *file, size_t at, struct counts *counts)
{
    uint32_t *const fields[] = {&counts->isut, &counts->isstd, &counts->leap,
                                &counts->time, &counts->type,  &counts->name};
    if (file->length < at + ZONE_HEADER || strncmp(file->bytes + at, "TZif", 4) != 0)
        return false;
    for (size_t i = 0; i < COUNT(fields); i++) {
        *fields[i] = (uint32_t)big_endian(file->bytes + at + ZONE_COUNTS + 4 * i, 4);
        if (*fields[i] > ZONE_FILE_MAX)
            return false;
    }
    return true;
}

/* Bytes behind a header, with times of `width` bytes. */
static size_t block_size(const struct counts *counts, size_t width)
{
    return counts->time * (width + 1) + (size_t)counts->type * ZONE_TYPE + counts->name +
           counts->leap * (width + 4) + counts->isstd + counts->isut;
}

static bool fill(struct zone *zone, const struct buf *file, size_t at, const struct counts *counts)
{
    const char *times = file->bytes + at;
    const char *indices = times + (size_t)counts->time * 8;
    const char *types = indices + counts->time;
    for (uint32_t i = 0; i < counts->time; i++) {
        unsigned char type = (unsigned char)indices[i];
        if (type >= counts->type)
            return false;
        zone->times[i] = big_endian(times + (size_t)i * 8, 8);
        zone->offsets[i] = (int32_t)big_endian(types + (size_t)type * ZONE_TYPE, 4);
    }
    zone->count = counts->time;
    zone->first = (int32_t)big_endian(types, 4);
    return true;
}

/* Room for so many times; NULL: memory is out. */
static struct zone *zone_new(struct arena *arena, size_t count)
{
    struct zone *zone = arena_alloc(arena, sizeof *zone);
    if (zone == NULL)
        return NULL;
    zone->times = arena_array(arena, count, sizeof *zone->times);
    zone->offsets = arena_array(arena, count, sizeof *zone->offsets);
    return zone->times == NULL || zone->offsets == NULL ? NULL : zone;
}

static const struct zone *parse(const struct buf *file, const char *name, struct arena *arena,
                                struct err *err)
{
    struct counts counts;
    if (!read_counts(file, 0, &counts) || file->bytes[4] < '2')
        goto broken;
    size_t second = ZONE_HEADER + block_size(&counts, 4); /* the first block has 32-bit times: skipped */
    if (!read_counts(file, second, &counts) || counts.type == 0)
        goto broken;
    size_t at = second + ZONE_HEADER;
    size_t footer = at + block_size(&counts, 8);
    if (footer > file->length)
        goto broken;
    struct zone *zone = zone_new(arena, counts.time);
    if (zone == NULL) {
        err_memory(err);
        return NULL;
    }
    if (!fill(zone, file, at, &counts))
        goto broken;
    bool rules_follow = memchr(file->bytes + footer, ',', file->length - footer) != NULL;
    if (rules_follow && (zone->count == 0 || zone->times[zone->count - 1] < zone_horizon)) {
        err_set(err, ERR_INPUT, "the time zone '%s' has no table up to 2037: install Debian's tzdata", name);
        return NULL;
    }
    return zone;
broken:
    err_set(err, ERR_INPUT, "the time zone file of '%s' cannot be used", name);
    return NULL;
}

static bool is_zone_name(const char *name)
{
    size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+-");
    return length > 0 && length <= ZONE_NAME_MAX && name[length] == '\0' && name[0] != '/';
}

const struct zone *zone_load(const char *name, struct arena *arena, struct err *err)
{
    char path[sizeof ZONE_FOLDER + ZONE_NAME_MAX + 2];
    struct buf file;
    const struct zone *zone = NULL;
    if (!is_zone_name(name)) {
        err_set(err, ERR_INPUT, "'%.64s' is not a time zone's name, such as Asia/Shanghai", name);
        return NULL;
    }
    (void)snprintf(path, sizeof path, "%s/%s", ZONE_FOLDER, name); /* fits: the name was measured */
    buf_init(&file, ZONE_FILE_MAX);
    if (file_read(path, FILE_PLAIN, &file, err) == 0)
        zone = parse(&file, name, arena, err);
    buf_done(&file);
    return zone;
}

struct zone_time zone_at(const struct zone *zone, int64_t seconds)
{
    size_t low = 0;
    size_t high = zone->count; /* the first time after `seconds` is in [low, high] */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->times[middle] <= seconds)
            low = middle + 1;
        else
            high = middle;
    }
    int64_t local = seconds + (low == 0 ? zone->first : zone->offsets[low - 1]);
    int64_t day = local >= 0 ? local / 86400 : -((-local + 86399) / 86400);
    return (struct zone_time){.weekday = (int)(((day + 3) % 7 + 7) % 7), /* 1970-01-01 was a Thursday */
                              .minute = (int)((local - day * 86400) / 60)};
}
