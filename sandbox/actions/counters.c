#include "sandbox/actions/counters.h"

#include "base/json/json.h"
#include "sandbox/actions/action_table.h"

#include <pthread.h>
#include <stdlib.h>

struct counts {
    long long requests;
    long long executed; /* changed the state */
};

struct counters {
    pthread_mutex_t lock;
    struct counts all;
    long long accepted;        /* judged, and answered with code 0    */
    long long refused;         /* judged, and answered with an error  */
    long long faulted;         /* a fault answered in their place     */
    struct counts by_action[]; /* a row for each of the action table's */
};

struct counters *counters_new(void)
{
    size_t rows = 0;
    (void)action_table(&rows);
    struct counters *tally = calloc(1, sizeof *tally + rows * sizeof tally->by_action[0]);
    if (tally == NULL || pthread_mutex_init(&tally->lock, NULL) != 0) {
        free(tally);
        return NULL;
    }
    return tally;
}

void counters_free(struct counters *tally)
{
    if (tally == NULL)
        return;
    pthread_mutex_destroy(&tally->lock);
    free(tally);
}

static void count(struct counts *counts, const struct api_request *exchange)
{
    counts->requests++;
    if (exchange->outcome.changed)
        counts->executed++;
}

void counters_count(struct counters *tally, const struct api_request *exchange)
{
    const struct action *action = action_table_find(exchange->action);
    pthread_mutex_lock(&tally->lock);
    count(&tally->all, exchange);
    if (action != NULL)
        count(&tally->by_action[action_table_index(action)], exchange);
    if (!exchange->judged)
        tally->faulted++;
    else if (exchange->outcome.code == OUTCOME_GOOD)
        tally->accepted++;
    else
        tally->refused++;
    pthread_mutex_unlock(&tally->lock);
}

static void put_counts(const struct counts *counts, struct buf *out)
{
    json_member_int(out, "requests", counts->requests);
    json_member_int(out, "executed", counts->executed);
}

void counters_put(struct counters *tally, struct buf *out)
{
    size_t rows = 0;
    const struct action *actions = action_table(&rows);
    pthread_mutex_lock(&tally->lock);
    put_counts(&tally->all, out);
    json_member_int(out, "accepted", tally->accepted);
    json_member_int(out, "refused", tally->refused);
    json_member_int(out, "faulted", tally->faulted);
    json_open_member(out, "actions");
    for (size_t i = 0; i < rows; i++) {
        json_open_member(out, actions[i].name);
        put_counts(&tally->by_action[i], out);
        json_close(out);
    }
    json_close(out);
    pthread_mutex_unlock(&tally->lock);
}
