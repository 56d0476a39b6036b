/* `countersign top`: what a gateway is doing, live, from the metrics of its admin listener. */
#include "base/time/clock.h"
#include "client/admin_call.h"
#include "gateway/options/screen.h"
#include "gateway/options/command.h"
#include "gateway/command/top_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Usage: countersign top [OPTION...]\n"
    "\n"
    "Shows what a gateway is doing: requests a second, how many were refused or failed, by client, route or\n"
    "rule.  It asks the admin listener, and needs no token.  Where standard output is no terminal it prints\n"
    "one round as plain text.\n"
    "\n";

static const char notes[] =
    "\n"
    "Keys: c client, o route, u rule; r rate, t total, d refused, f failed, n name; q ends it.\n"
    "\n"
    "Exit: 0 done, 1 not reached, 2 wrong usage.\n";

#define KEYS "c client  o route  u rule   sort: r rate  t total  d refused  f failed  n name   q quit"

enum { TOP_METRICS_MAX = 16 * 1024 * 1024, TOP_PAGE_MAX = 1024 * 1024, TOP_INTERVAL_MAX_S = 60 };

struct top {
    struct admin_call call;
    int interval_s;
    enum top_table_view view;
    enum top_table_order order;
    struct buf looks[2]; /* the texts of /metrics, in turn */
    int64_t at_us[2];    /* monotonic: when each came; 0: none has come */
    size_t latest;
};

/* ---- options ---- */

static int take_view(void *place, const char *name, struct err *err)
{
    enum top_table_view *view = place;
    int found = top_table_view_of(name);
    if (found < 0)
        return err_set(err, ERR_INPUT, "--by takes client, route or rule");
    *view = (enum top_table_view)found;
    return 0;
}

static int take_order(void *place, const char *name, struct err *err)
{
    enum top_table_order *order = place;
    int found = top_table_order_of(name);
    if (found < 0)
        return err_set(err, ERR_INPUT, "--sort takes rate, total, refused, failed or name");
    *order = (enum top_table_order)found;
    return 0;
}

static int take_interval(void *place, const char *seconds, struct err *err)
{
    int *interval_s = place;
    long value = strtol(seconds, NULL, 10);
    if (strspn(seconds, "0123456789") != strlen(seconds) || value < 1 || value > TOP_INTERVAL_MAX_S)
        return err_set(err, ERR_INPUT, "--interval takes seconds, 1 to %d", TOP_INTERVAL_MAX_S);
    *interval_s = (int)value;
    return 0;
}

static const struct command_line_option options[] = {
    {.name = "by",
     .value = "WHAT",
     .help = "client, route or rule; default: client",
     .at = offsetof(struct top, view),
     .take = take_view},
    {.name = "sort",
     .value = "WHAT",
     .help = "rate, total, refused, failed or name; default: rate",
     .at = offsetof(struct top, order),
     .take = take_order},
    {.name = "interval",
     .value = "TIME",
     .help = "seconds between two looks, 1 to 60; default: 2",
     .at = offsetof(struct top, interval_s),
     .take = take_interval},
    {.name = "url",
     .value = "URL",
     .help = "the admin listener (COUNTERSIGN_ADMIN_URL, or " ADMIN_CALL_URL ")",
     .at = offsetof(struct top, call.url)},
    {.name = "ca-file",
     .value = "FILE",
     .help = "the only CAs that are trusted (PEM); default: the system's",
     .at = offsetof(struct top, call.ca_file)},
};

static const struct command_line command_line = {
    .usage = usage, .options = options, .count = COUNT(options), .notes = notes};

static int read_options(struct top *top, int argc, char **argv)
{
    struct command_line_operands operands;
    int parsed = command_options("top", &command_line, argc, argv, top, &operands);
    if (parsed != COMMAND_GOOD)
        return parsed;
    return operands.count == 0 ? COMMAND_GOOD : command_usage("top", "it takes no operand");
}

/* ---- looks ---- */

/* The next look takes the place of the one before the last; one that fails leaves both. */
static int look(struct top *top, struct err *err)
{
    size_t next = 1 - top->latest;
    struct buf text;
    long status = 0;
    buf_init(&text, TOP_METRICS_MAX);
    int result = admin_call_look(&top->call, "/metrics", &status, &text, err);
    if (result == 0 && (status != 200 || strstr(buf_text(&text), "countersign_workers") == NULL))
        result =
            err_set(err, ERR_INPUT, "what answered is no admin listener of Countersign (status %ld)", status);
    if (result == 0) {
        buf_done(&top->looks[next]);
        top->looks[next] = text;
        top->at_us[next] = clock_monotonic_us();
        top->latest = next;
    } else {
        buf_done(&text);
    }
    return result;
}

static void put_table(const struct top *top, struct buf *page)
{
    size_t before = 1 - top->latest;
    bool first = top->at_us[before] == 0;
    int64_t apart = top->at_us[top->latest] - top->at_us[before];
    top_table_write(&(struct top_table){.now = buf_text(&top->looks[top->latest]),
                                        .before = first ? "" : buf_text(&top->looks[before]),
                                        .seconds = (double)(apart > 0 ? apart : 1) / 1e6,
                                        .view = top->view,
                                        .order = top->order},
                    page);
}

static int fail(const struct err *err)
{
    fprintf(stderr, "countersign top: %s\n", err->text);
    return COMMAND_FAILED;
}

/* ---- no terminal ---- */

static int print_round(struct top *top)
{
    struct buf page;
    struct err err = {0};
    if (look(top, &err) != 0)
        return fail(&err);
    clock_sleep_us((int64_t)top->interval_s * 1000000);
    if (look(top, &err) != 0)
        return fail(&err);
    buf_init(&page, TOP_PAGE_MAX);
    put_table(top, &page);
    fputs(buf_text(&page), stdout);
    buf_done(&page);
    return COMMAND_GOOD;
}

/* ---- a terminal ---- */

static void take_key(struct top *top, int key)
{
    static const char view_keys[TOP_TABLE_VIEWS + 1] = "cou";
    static const char order_keys[TOP_TABLE_ORDERS + 1] = "rtdfn";
    const char *view = strchr(view_keys, key);
    const char *order = strchr(order_keys, key);
    if (view != NULL && *view != '\0')
        top->view = (enum top_table_view)(view - view_keys);
    if (order != NULL && *order != '\0')
        top->order = (enum top_table_order)(order - order_keys);
}

static void show(struct top *top, struct screen *screen, const struct err *err)
{
    struct buf page;
    buf_init(&page, TOP_PAGE_MAX);
    buf_put_format(&page, "countersign top: by %s, sorted by %s, every %d s\n",
                   top_table_view_name(top->view), top_table_order_name(top->order), top->interval_s);
    buf_put(&page, KEYS "\n");
    if (err->text[0] != '\0')
        buf_put_format(&page, "not reached now: %s\n", err->text);
    put_table(top, &page);
    screen_show(screen, &page);
    buf_done(&page);
}

static void run(struct top *top, struct screen *screen)
{
    struct err err = {0};
    int64_t next_us = clock_monotonic_us() + (int64_t)top->interval_s * 1000000;
    int key = SCREEN_TIME;
    while (key != 'q' && key != SCREEN_END) {
        show(top, screen, &err);
        int64_t left_us = next_us - clock_monotonic_us();
        key = screen_wait(screen, left_us > 0 ? (int)(left_us / 1000) + 1 : 0);
        if (key >= 0)
            take_key(top, key);
        if (clock_monotonic_us() >= next_us) {
            err = (struct err){0};
            if (look(top, &err) != 0)
                top->at_us[1 - top->latest] = 0; /* nothing has a rate until there are two looks again */
            next_us = clock_monotonic_us() + (int64_t)top->interval_s * 1000000;
        }
    }
}

static int run_live(struct top *top)
{
    struct screen screen;
    struct err err = {0};
    if (look(top, &err) != 0 || screen_open(&screen, &err) != 0)
        return fail(&err);
    run(top, &screen);
    screen_close(&screen);
    return COMMAND_GOOD;
}

int command_top(int argc, char **argv)
{
    struct top top = {.interval_s = 2};
    int result = read_options(&top, argc, argv);
    if (result != COMMAND_GOOD)
        return result < 0 ? COMMAND_GOOD : result;
    buf_init(&top.looks[0], TOP_METRICS_MAX);
    buf_init(&top.looks[1], TOP_METRICS_MAX);
    result = screen_is_there() ? run_live(&top) : print_round(&top);
    buf_done(&top.looks[0]);
    buf_done(&top.looks[1]);
    return result;
}
