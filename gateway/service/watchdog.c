#include "gateway/service/watchdog.h"

#include "gateway/call/pages.h"

enum {
    WATCHDOG_BODY_MS = 15000, /* the longest that a caller may take to send its body, with room     */
};

static int64_t longest_walk_us(const struct config *config)
{
    long long deadline = 0;
    for (size_t i = 0; i < config->upstream_count; i++)
        if (config->upstreams[i].deadline > deadline)
            deadline = config->upstreams[i].deadline;
    return (WATCHDOG_BODY_MS + deadline) * 1000 + PAGES_TIME_US;
}

bool watchdog_moves(struct watchdog *pulse, const struct config *config, unsigned in_flight,
                    unsigned long long ended, int64_t now_us)
{
    if (ended != pulse->ended || (long long)in_flight < config->workers) {
        pulse->ended = ended;
        pulse->since_us = now_us;
    }
    return now_us - pulse->since_us <= longest_walk_us(config);
}
