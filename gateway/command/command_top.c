/* `countersign top`: what a gateway is doing, live, from the metrics of its admin listener. */
#include "base/clock.h"
#include "client/admin_call.h"
#include "client/screen.h"
#include "gateway/command/command.h"
#include "gateway/command/top_table.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: countersign top [OPTION...]\n"
    "\n"
    "Shows what a gateway is doing: requests a second, how many were refused or failed, by client, route or\n"
    "rule.  It asks the admin listener, and needs no token.  Where standard output is no terminal it prints\n"
    "one round as plain text.\n"
    "\n"
    "      --by WHAT         client, route or rule; default: client\n"
    "      --sort WHAT       rate, total, refused, failed or name; default: rate\n"
    "      --interval TIME   seconds between two looks, 1 to 60; default: 2\n"
    "      --url URL         the admin listener (COUNTERSIGN_ADMIN_URL, or " ADMIN_CALL_URL ")\n"
    "      --ca-file FILE    the only CAs that are trusted (PEM); default: the system's\n"
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

static int take_option(struct top *top, int option, char **argv)
{
    int found;
    switch (option) {
    case 'u':
        top->call.url = optarg;
        return COMMAND_GOOD;
    case 'c':
        top->call.ca_file = optarg;
        return COMMAND_GOOD;
    case 'b':
        found = top_table_view_of(optarg);
        top->view = found < 0 ? TOP_TABLE_CLIENTS : (enum top_table_view)found;
        return found >= 0 ? COMMAND_GOOD : command_usage("top", "--by takes client, route or rule");
    case 's':
        found = top_table_order_of(optarg);
        top->order = found < 0 ? TOP_TABLE_BY_RATE : (enum top_table_order)found;
        return found >= 0 ? COMMAND_GOOD
                          : command_usage("top", "--sort takes rate, total, refused, failed or name");
    case 'i':
        top->interval_s = (int)strtol(optarg, NULL, 10);
        return strspn(optarg, "0123456789") == strlen(optarg) && top->interval_s >= 1 &&
                       top->interval_s <= TOP_INTERVAL_MAX_S
                   ? COMMAND_GOOD
                   : command_usage("top", "--interval takes seconds, 1 to %d", TOP_INTERVAL_MAX_S);
    case ':':
        return command_usage("top", "%s needs a value", argv[optind - 1]);
    default:
        return command_usage("top", "there is no option %s", argv[optind - 1]);
    }
}

static int read_options(struct top *top, int argc, char **argv)
{
    static const struct option options[] = {{"url", required_argument, NULL, 'u'},
                                            {"ca-file", required_argument, NULL, 'c'},
                                            {"by", required_argument, NULL, 'b'},
                                            {"sort", required_argument, NULL, 's'},
                                            {"interval", required_argument, NULL, 'i'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option;
    int result = COMMAND_GOOD;
    opterr = 0;
    optind = 1;
    while (result == COMMAND_GOOD && (option = getopt_long(argc, argv, "+:h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return -1;
        }
        result = take_option(top, option, argv);
    }
    return result == COMMAND_GOOD && optind != argc ? command_usage("top", "it takes no operand") : result;
}

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
