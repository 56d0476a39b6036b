/* bench/decide POLICY: nanoseconds per decision and per token, milliseconds to load, MiB resident. */
#include "auth/policy.h"
#include "auth/token.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

enum { ROUNDS = 200000, ARENA = 64 * 1024 };

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

/* Every client in turn, so that no bucket stays warm. */
static double time_decisions(const struct config *config, const struct call *call)
{
    unsigned allowed = 0;
    struct config_client *client = config->clients;
    double begun = now_ns();
    for (int i = 0; i < ROUNDS; i++) {
        const struct policy_question question = {.client = client, .call = call, .now = 1795478400};
        allowed += policy_decide(&question).allowed;
        client = client->hh.next != NULL ? client->hh.next : config->clients;
    }
    return allowed == 0 ? (now_ns() - begun) / ROUNDS : -1; /* no rule has this VPC */
}

static double time_tokens(const struct config *config)
{
    unsigned good = 0;
    char token[32];
    double begun = now_ns();
    for (int i = 0; i < ROUNDS; i++) {
        const struct config_token *found = NULL;
        int length = snprintf(token, sizeof token, "token-%d", i % 10);
        good += token_check(config, token, (size_t)length, 1795478400, &found) == TOKEN_GOOD;
    }
    return good == ROUNDS ? (now_ns() - begun) / ROUNDS : -1;
}

int main(int argc, char **argv)
{
    struct report report;
    struct rusage usage = {0};
    int result = 1;
    struct arena *arena = arena_new(ARENA);
    report_init(&report);
    double begun = now_ns();
    struct config *config = argc == 2 ? config_load_policy(argv[1], 1795478400, &report) : NULL;
    double loaded = now_ns() - begun;
    struct call *call = config == NULL || arena == NULL ? NULL : make_call(config, arena);
    fputs(buf_text(&report.errors), stderr);
    if (call != NULL && getrusage(RUSAGE_SELF, &usage) == 0) {
        printf("%.0f %.0f %.0f %.0f\n", time_decisions(config, call), time_tokens(config), loaded / 1e6,
               (double)usage.ru_maxrss / 1024);
        result = 0;
    }
    config_release(config);
    report_done(&report);
    arena_free(arena);
    return result;
}
