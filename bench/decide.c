/* bench/decide POLICY prints one line of figures, each the fastest of several rounds, since others share the
 * machine: nanoseconds per decision for one client again and again, for all clients in turn, and with every
 * cache emptied before each; nanoseconds per token, all in turn; milliseconds to load; MiB that are kept, and
 * MiB at the peak. The policy is one of bench/policy.py: its tokens are "token-0", "token-1", ... and no rule
 * has the call's VPC, so that each decision looks at every rule that can concern the client. */
#include "auth/policy.h"
#include "auth/token.h"
#include "config/load/config_load.h"

#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    ROUNDS = 100, /* short ones: some find the machine quiet */
    DECISIONS = 10000,
    COLD_DECISIONS = 4,        /* a round: each costs a walk through the caches */
    CACHES = 64 * 1024 * 1024, /* more than the last of them holds */
    LINE = 64,
    LOADS = 5,
    ARENA = 64 * 1024,
};

#define NOW 1795478400 /* 2026-11-24 */

struct bench {
    const struct config *config;
    const struct call *call;
    const struct config_client *client; /* the next one to ask about */
    unsigned char *caches;
    unsigned allowed;
    unsigned good;
};

static double now_ns(void)
{
    struct timespec at = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

static struct call *make_call(const struct config *config, struct arena *arena)
{
    static const char *vpc[] = {"vpc-nowhere"};
    static const char *instances[] = {"ins-df454d"};
    struct err err = {0};
    struct call *call = call_new(&config->routes[0], NULL, arena);
    if (call == NULL || call_add(call, &config->routes[0].params[0], vpc, 1, &err) != 0 ||
        call_add(call, &config->routes[0].params[1], instances, 1, &err) != 0 ||
        call_set_region(call, "ap-guangzhou", &err) != 0) {
        fprintf(stderr, "%s\n", err.text);
        return NULL;
    }
    call_seal(call);
    return call;
}

static void decide(struct bench *bench)
{
    const struct policy_question question = {.client = bench->client, .call = bench->call, .now = NOW};
    bench->allowed += policy_decide(&question).allowed;
}

static void next_client(struct bench *bench)
{
    bench->client = bench->client->hh.next != NULL ? bench->client->hh.next : bench->config->clients;
}

static double time_warm(struct bench *bench)
{
    double begun = now_ns();
    for (int i = 0; i < DECISIONS; i++)
        decide(bench);
    return (now_ns() - begun) / DECISIONS;
}

static double time_in_turn(struct bench *bench)
{
    double begun = now_ns();
    for (int i = 0; i < DECISIONS; i++) {
        decide(bench);
        next_client(bench);
    }
    return (now_ns() - begun) / DECISIONS;
}

/* The clock alone is asked twice as well: what it takes is part of the figure, some 30 ns. */
static double time_cold(struct bench *bench)
{
    double spent = 0;
    for (int i = 0; i < COLD_DECISIONS; i++) {
        for (size_t at = 0; at < CACHES; at += LINE)
            bench->caches[at]++;
        double begun = now_ns();
        decide(bench);
        spent += now_ns() - begun;
        next_client(bench);
    }
    return spent / COLD_DECISIONS;
}

static double time_tokens(struct bench *bench)
{
    char token[32];
    unsigned tokens = (unsigned)bench->config->tokens.count;
    double begun = now_ns();
    for (unsigned i = 0; i < DECISIONS; i++) {
        const struct config_token *found = NULL;
        unsigned number =
            (unsigned)(i * UINT64_C(7919) % tokens); /* 7919: prime, so that neighbours are far */
        int length = snprintf(token, sizeof token, "token-%u", number);
        bench->good += token_check(bench->config, token, (size_t)length, NOW, &found) == TOKEN_GOOD;
    }
    return (now_ns() - begun) / DECISIONS;
}

static double fastest(struct bench *bench, double (*time_one)(struct bench *bench))
{
    double best = time_one(bench);
    for (int i = 1; i < ROUNDS; i++)
        best = fmin(best, time_one(bench));
    return best;
}

static int measure(struct bench *bench, double load_ms, double kept, double resident)
{
    double warm = fastest(bench, time_warm);
    double in_turn = fastest(bench, time_in_turn);
    double cold = fastest(bench, time_cold);
    double token = fastest(bench, time_tokens);
    if (bench->allowed != 0 || bench->good != ROUNDS * DECISIONS) {
        fputs("decide: not a policy of bench/policy.py\n", stderr);
        return 1;
    }
    printf("%.0f %.0f %.0f %.0f %.0f %.1f %.1f\n", warm, in_turn, cold, token, load_ms, kept, resident);
    return 0;
}

/* The last of several: each takes the memory that the one before has given back, as a reload would. */
static struct config *load(const char *path, struct report *report, double *ms, double *kept)
{
    struct config *config = NULL;
    *ms = INFINITY;
    for (int i = 0; i < LOADS; i++) {
        config_release(config);
        size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
        double begun = now_ns();
        config = config_load_policy(path, NULL, 0, NULL, NULL, NOW, report);
        *ms = fmin(*ms, (now_ns() - begun) / 1e6);
        *kept = (double)(mallinfo2().uordblks + mallinfo2().hblkhd - before) / 1048576;
    }
    return config;
}

/* The most that was ever resident, MiB; getrusage() would count what the process was before it was this
 * one. */
static double peak(void)
{
    char line[128];
    long kib = 0;
    FILE *status = fopen("/proc/self/status", "re");
    while (status != NULL && kib == 0 && fgets(line, sizeof line, status) != NULL)
        (void)sscanf(line, "VmHWM: %ld", &kib); /* the others do not match */
    if (status != NULL)
        (void)fclose(status);
    return (double)kib / 1024;
}

int main(int argc, char **argv)
{
    struct report report;
    double ms = 0;
    double kept = 0;
    int result = 1;
    struct arena *arena = arena_new(ARENA);
    report_init(&report);
    struct config *config = argc == 2 ? load(argv[1], &report, &ms, &kept) : NULL;
    double resident = peak();
    struct bench bench = {.config = config,
                          .client = config == NULL ? NULL : config->clients,
                          .call = config == NULL || arena == NULL ? NULL : make_call(config, arena),
                          .caches = calloc(1, CACHES)};
    fputs(buf_text(&report.errors), stderr);
    if (bench.call != NULL && bench.caches != NULL)
        result = measure(&bench, ms, kept, resident);
    free(bench.caches);
    config_release(config);
    report_done(&report);
    arena_free(arena);
    return result;
}
