/* The breaker as a story: one line is one thing that happens at a time, and what it must lead to. */
#include "gateway/health/breaker.h"

#include "tests/unit.h"

#include <string.h>

enum { MS = 1000, WAYS = 4 };

enum what { ENTER, GOOD, BAD, CANCEL };

struct line {
    int64_t at_ms;
    enum what what;
    unsigned call; /* whose pass: calls are numbered by their slot in the story */
    int expect;    /* of ENTER a pass, of GOOD and BAD an event */
    enum breaker_state state;
};

#define DOWN                                                                                                 \
    {0, ENTER, 0, BREAKER_CALL, BREAKER_CLOSED}, {1, BAD, 0, BREAKER_SAME, BREAKER_CLOSED},                  \
        {1, BAD, 0, BREAKER_SAME, BREAKER_CLOSED}, {1, BAD, 0, BREAKER_SAME, BREAKER_CLOSED},                \
        {1, BAD, 0, BREAKER_SAME, BREAKER_CLOSED},                                                           \
    {                                                                                                        \
        1, BAD, 0, BREAKER_OPENED, BREAKER_OPEN                                                              \
    }

static const struct story {
    const char *name;
    struct line lines[16];
} stories[] = {
    {"five in a row open it", {DOWN, {2, ENTER, 1, BREAKER_REFUSED, BREAKER_OPEN}}},
    {"an answer in between starts the count again",
     {{0, ENTER, 0, BREAKER_CALL, BREAKER_CLOSED},
      {1, BAD, 0, BREAKER_SAME, BREAKER_CLOSED},
      {1, BAD, 0, BREAKER_SAME, BREAKER_CLOSED},
      {1, BAD, 0, BREAKER_SAME, BREAKER_CLOSED},
      {1, BAD, 0, BREAKER_SAME, BREAKER_CLOSED},
      {2, GOOD, 0, BREAKER_SAME, BREAKER_CLOSED},
      {3, ENTER, 1, BREAKER_CALL, BREAKER_CLOSED},
      {4, BAD, 1, BREAKER_SAME, BREAKER_CLOSED}}},
    {"one probe at a time",
     {DOWN,
      {250, ENTER, 1, BREAKER_REFUSED, BREAKER_OPEN},
      {251, ENTER, 1, BREAKER_PROBE, BREAKER_HALF_OPEN},
      {252, ENTER, 2, BREAKER_REFUSED, BREAKER_HALF_OPEN},
      {900, ENTER, 2, BREAKER_REFUSED, BREAKER_HALF_OPEN}}},
    {"a good probe closes it",
     {DOWN,
      {300, ENTER, 1, BREAKER_PROBE, BREAKER_HALF_OPEN},
      {320, GOOD, 1, BREAKER_CLOSES, BREAKER_CLOSED},
      {320, ENTER, 2, BREAKER_CALL, BREAKER_CLOSED}}},
    {"a bad probe leaves it open and rests",
     {DOWN,
      {300, ENTER, 1, BREAKER_PROBE, BREAKER_HALF_OPEN},
      {320, BAD, 1, BREAKER_SAME, BREAKER_OPEN},
      {569, ENTER, 2, BREAKER_REFUSED, BREAKER_OPEN},
      {570, ENTER, 2, BREAKER_PROBE, BREAKER_HALF_OPEN}}},
    {"a probe that hangs is overtaken, and no longer heard when it fails",
     {DOWN,
      {300, ENTER, 1, BREAKER_PROBE, BREAKER_HALF_OPEN},
      {999, ENTER, 2, BREAKER_REFUSED, BREAKER_HALF_OPEN},
      {1000, ENTER, 2, BREAKER_PROBE, BREAKER_HALF_OPEN},
      {1100, BAD, 1, BREAKER_SAME, BREAKER_HALF_OPEN},
      {1400, ENTER, 3, BREAKER_REFUSED, BREAKER_HALF_OPEN},
      {1410, GOOD, 2, BREAKER_CLOSES, BREAKER_CLOSED}}},
    {"a probe that was not made lets the next one go",
     {DOWN,
      {300, ENTER, 1, BREAKER_PROBE, BREAKER_HALF_OPEN},
      {310, CANCEL, 1, 0, BREAKER_OPEN},
      {310, ENTER, 2, BREAKER_PROBE, BREAKER_HALF_OPEN}}},
    {"a late answer of the old times closes it too",
     {{0, ENTER, 3, BREAKER_CALL, BREAKER_CLOSED}, DOWN, {50, GOOD, 3, BREAKER_CLOSES, BREAKER_CLOSED}}},
    {"what began before the last answer and fails now is no news",
     {{0, ENTER, 3, BREAKER_CALL, BREAKER_CLOSED},
      {0, ENTER, 0, BREAKER_CALL, BREAKER_CLOSED},
      {9, GOOD, 0, BREAKER_SAME, BREAKER_CLOSED},
      {10, BAD, 3, BREAKER_SAME, BREAKER_CLOSED},
      {10, BAD, 3, BREAKER_SAME, BREAKER_CLOSED},
      {10, BAD, 3, BREAKER_SAME, BREAKER_CLOSED},
      {10, BAD, 3, BREAKER_SAME, BREAKER_CLOSED},
      {10, BAD, 3, BREAKER_SAME, BREAKER_CLOSED},
      {11, ENTER, 1, BREAKER_CALL, BREAKER_CLOSED}}},
    {"stragglers that fail do not put the next probe off",
     {{0, ENTER, 3, BREAKER_CALL, BREAKER_CLOSED},
      DOWN,
      {200, BAD, 3, BREAKER_SAME, BREAKER_OPEN},
      {251, ENTER, 1, BREAKER_PROBE, BREAKER_HALF_OPEN},
      {260, BAD, 3, BREAKER_SAME, BREAKER_HALF_OPEN},
      {270, GOOD, 1, BREAKER_CLOSES, BREAKER_CLOSED}}},
};

static bool happens(struct breaker *breaker, struct breaker_entry entries[WAYS], const struct line *line)
{
    struct breaker_entry *entry = &entries[line->call];
    int got = 0;
    if (line->what == ENTER) {
        *entry = breaker_enter(breaker, line->at_ms * MS);
        got = (int)entry->pass;
        if (entry->pass == BREAKER_REFUSED && (entry->wait_us <= 0 || entry->wait_us > BREAKER_PROBE_US))
            return false;
    } else if (line->what == CANCEL) {
        breaker_cancel(breaker, entry);
    } else {
        got = (int)breaker_note(breaker, entry, line->what == GOOD, line->at_ms * MS);
    }
    return got == line->expect && breaker_state(breaker) == line->state;
}

static void as_told(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(stories); i++) {
        struct breaker breaker;
        struct breaker_entry entries[WAYS] = {0};
        const struct line none = {0};
        memset(&breaker, 0, sizeof breaker);
        for (size_t j = 0; j < COUNT(stories[i].lines); j++) {
            const struct line *line = &stories[i].lines[j];
            if (line->at_ms == none.at_ms && line->expect == none.expect && j > 0)
                break; /* every first expectation of a story is BREAKER_CALL, no line but an unused one has
                          zeros */
            bool good = happens(&breaker, entries, line);
            if (!good)
                print_message("line %zu of: ", j + 1);
            wrong += unit_wrong(stories[i].name, good);
        }
    }
    assert_int_equal(wrong, 0);
}

/* Both pauses together: how long an upstream can be back without anybody knowing. */
static void recovery_is_within_a_second(void **state)
{
    (void)state;
    assert_true(BREAKER_REST_US + BREAKER_PROBE_US < 1000 * MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_told),
                                       cmocka_unit_test(recovery_is_within_a_second)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
