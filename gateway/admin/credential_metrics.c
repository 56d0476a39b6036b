#include "gateway/admin/credential_metrics.h"

#include "gateway/keeper/keeper.h"
#include "gateway/metrics/prometheus_text.h"

/* ---- those that are issued: a family at a time, over all of them ---- */

static void put_left(const struct keeper_state *state, const char *name, struct buf *out)
{
    const struct prometheus_text_label label = {"credential", state->name};
    prometheus_text_real(out, name, "", &label, 1, (double)state->left_s);
}

static void put_life(const struct keeper_state *state, const char *name, struct buf *out)
{
    const struct prometheus_text_label label = {"credential", state->name};
    prometheus_text_real(out, name, "", &label, 1, (double)state->life_s);
}

static void put_refreshes(const struct keeper_state *state, const char *name, struct buf *out)
{
    const struct prometheus_text_label good[] = {{"credential", state->name}, {"result", "good"}};
    const struct prometheus_text_label bad[] = {{"credential", state->name}, {"result", "bad"}};
    prometheus_text_count(out, name, "", good, COUNT(good), state->good);
    prometheus_text_count(out, name, "", bad, COUNT(bad), state->bad);
}

static void put_failing(const struct keeper_state *state, const char *name, struct buf *out)
{
    const struct prometheus_text_label label = {"credential", state->name};
    prometheus_text_count(out, name, "", &label, 1, state->failing);
}

static const struct {
    const char *name;
    const char *type;
    const char *help;
    void (*put)(const struct keeper_state *state, const char *name, struct buf *out);
} credential_families[] = {
    {"countersign_credential_seconds_left", "gauge",
     "How long a credential that is issued still lives; 0: there is none.", put_left},
    {"countersign_credential_life_seconds", "gauge", "How long it had to live when it was fetched.",
     put_life},
    {"countersign_credential_refreshes_total", "counter", "How often it was fetched, by result.",
     put_refreshes},
    {"countersign_credential_failing", "gauge", "1 when it could not be fetched the last time.", put_failing},
};

static void put_credentials(const struct shared *gateway, const struct snapshot *snapshot, struct buf *out)
{
    for (size_t i = 0; i < COUNT(credential_families); i++) {
        prometheus_text_open(out, credential_families[i].name, credential_families[i].type,
                             credential_families[i].help);
        for (size_t j = 0; j < snapshot->config->credential_count; j++) {
            struct keeper_state state;
            if (keeper_look(gateway->keeper, snapshot->keeping, j, &state))
                credential_families[i].put(&state, credential_families[i].name, out);
        }
    }
}

/* ---- sessions of clients, likewise ---- */

static void put_session_count(const struct sessions_state *state, const char *credential, const char *name,
                              struct buf *out)
{
    const struct prometheus_text_label label = {"credential", credential};
    prometheus_text_real(out, name, "", &label, 1, (double)state->count);
}

static void put_session_fetches(const struct sessions_state *state, const char *credential, const char *name,
                                struct buf *out)
{
    const struct prometheus_text_label good[] = {{"credential", credential}, {"result", "good"}};
    const struct prometheus_text_label bad[] = {{"credential", credential}, {"result", "bad"}};
    prometheus_text_count(out, name, "", good, COUNT(good), state->good);
    prometheus_text_count(out, name, "", bad, COUNT(bad), state->bad);
}

static void put_session_evictions(const struct sessions_state *state, const char *credential,
                                  const char *name, struct buf *out)
{
    const struct prometheus_text_label label = {"credential", credential};
    prometheus_text_count(out, name, "", &label, 1, state->evicted);
}

static const struct {
    const char *name;
    const char *type;
    const char *help;
    void (*put)(const struct sessions_state *state, const char *credential, const char *name,
                struct buf *out);
} session_families[] = {
    {"countersign_credential_sessions", "gauge", "Sessions of clients that are kept, of a credential.",
     put_session_count},
    {"countersign_credential_session_fetches_total", "counter", "How often one was fetched, by result.",
     put_session_fetches},
    {"countersign_credential_session_evictions_total", "counter",
     "Sessions that were evicted because there were as many as session_limit.", put_session_evictions},
};

static void put_sessions(const struct snapshot *snapshot, struct buf *out)
{
    for (size_t i = 0; i < COUNT(session_families); i++) {
        prometheus_text_open(out, session_families[i].name, session_families[i].type,
                             session_families[i].help);
        for (size_t j = 0; j < snapshot->config->credential_count; j++) {
            struct sessions_state state;
            if (keeper_look_sessions(snapshot->keeping, j, &state))
                session_families[i].put(&state, snapshot->config->credentials[j].name,
                                        session_families[i].name, out);
        }
    }
}

void credential_metrics_write(const struct shared *gateway, const struct snapshot *snapshot, struct buf *out)
{
    put_credentials(gateway, snapshot, out);
    put_sessions(snapshot, out);
}
