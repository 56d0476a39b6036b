#include "config/model/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* The whole value; a dot is any byte; nothing is captured, so that nothing refers to it. */
static const uint32_t options = PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOTALL | PCRE2_NO_AUTO_CAPTURE |
                                PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C;

/* PCRE2 keeps the ways that are still to be tried in memory that it takes for each match: 20 KiB where it
 * may, which is more than malloc() has at hand without a lock.  An expression with few ways needs less than 1
 * KiB; one that keeps a way for each character of a long text, such as ([a-z]|[0-9])* of 4 KiB, a
 * megabyte. */
static const uint32_t heap_kib[] = {1, 256, 4096};

/* What a match works in is kept for the next one after texts of so many bytes: after longer ones it can be
 * megabytes. */
enum { PATTERN_KEPT_MAX = 256 };

struct pattern {
    pcre2_code *code;
    _Atomic(pcre2_match_data *)
        *spare; /* one that nobody uses now, or NULL; apart: a match's pattern is const */
    pcre2_match_context *limits[COUNT(heap_kib)]; /* each where the one before does not do */
};

static int refuse(struct pattern *pattern, int code, size_t offset, struct err *err)
{
    PCRE2_UCHAR reason[128] = "";
    pattern_free(pattern);
    (void)pcre2_get_error_message(code, reason, sizeof reason); /* cut, where it is longer */
    return err_set(err, ERR_INPUT, "%s, at character %zu", (const char *)reason, offset + 1);
}

static bool set_limits(struct pattern *pattern)
{
    for (size_t i = 0; i < COUNT(heap_kib); i++) {
        pattern->limits[i] = pcre2_match_context_create(NULL);
        if (pattern->limits[i] == NULL)
            return false;
        (void)pcre2_set_match_limit(pattern->limits[i], PATTERN_STEPS); /* these cannot fail */
        (void)pcre2_set_heap_limit(pattern->limits[i], heap_kib[i]);
    }
    return true;
}

struct pattern *pattern_new(const char *expression, struct err *err)
{
    int code = 0;
    PCRE2_SIZE offset = 0;
    struct pattern *pattern = calloc(1, sizeof *pattern);
    if (pattern == NULL) {
        err_memory(err);
        return NULL;
    }
    pattern->code =
        pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED, options, &code, &offset, NULL);
    if (pattern->code == NULL) {
        (void)refuse(pattern, code, offset, err);
        return NULL;
    }
    pattern->spare = calloc(1, sizeof *pattern->spare);
    if (pattern->spare == NULL || !set_limits(pattern)) {
        err_memory(err);
        pattern_free(pattern);
        return NULL;
    }
    return pattern;
}

void pattern_free(struct pattern *pattern)
{
    if (pattern == NULL)
        return;
    for (size_t i = 0; i < COUNT(heap_kib); i++)
        pcre2_match_context_free(pattern->limits[i]);
    if (pattern->spare != NULL)
        pcre2_match_data_free(atomic_load(pattern->spare));
    free(pattern->spare);
    pcre2_code_free(pattern->code);
    free(pattern);
}

static pcre2_match_data *take_data(const struct pattern *pattern)
{
    pcre2_match_data *data = atomic_exchange_explicit(pattern->spare, NULL, memory_order_acquire);
    return data == NULL ? pcre2_match_data_create(1, NULL) : data;
}

static void give_data(const struct pattern *pattern, pcre2_match_data *data, size_t length)
{
    if (length <= PATTERN_KEPT_MAX)
        data = atomic_exchange_explicit(pattern->spare, data, memory_order_acq_rel);
    if (data != NULL)
        pcre2_match_data_free(data);
}

enum pattern_result pattern_match(const struct pattern *pattern, const char *value)
{
    int result = PCRE2_ERROR_HEAPLIMIT;
    size_t length = strlen(value);
    pcre2_match_data *found = take_data(pattern);
    if (found == NULL)
        return PATTERN_FAILED;
    for (size_t i = 0; i < COUNT(heap_kib) && result == PCRE2_ERROR_HEAPLIMIT; i++)
        result = pcre2_match(pattern->code, (PCRE2_SPTR)value, length, 0, 0, found, pattern->limits[i]);
    give_data(pattern, found, length);
    return result >= 0 ? PATTERN_FITS : result == PCRE2_ERROR_NOMEMORY ? PATTERN_FAILED : PATTERN_DIFFERS;
}

size_t pattern_shortest(const struct pattern *pattern)
{
    uint32_t length = 0;
    return pcre2_pattern_info(pattern->code, PCRE2_INFO_MINLENGTH, &length) == 0 ? length : 0;
}
