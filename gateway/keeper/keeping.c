#include "gateway/keeper/keeping.h"

#include <stdlib.h>
#include <string.h>

/* ---- one credential ---- */

struct keeping_entry *keeping_entry_hold(struct keeping_entry *entry)
{
    atomic_fetch_add_explicit(&entry->references, 1, memory_order_relaxed);
    return entry;
}

void keeping_entry_release(struct keeping_entry *entry)
{
    if (entry == NULL || atomic_fetch_sub_explicit(&entry->references, 1, memory_order_acq_rel) != 1)
        return;
    renewal_release(entry->renewal);
    free(entry->same);
    free(entry);
}

static struct keeping_entry *entry_new(const char *same, void (*wake)(void *context), void *context)
{
    struct keeping_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return NULL;
    atomic_init(&entry->references, 1);
    entry->same = strdup(same);
    entry->renewal = renewal_new_kept(wake, context);
    if (entry->same != NULL && entry->renewal != NULL)
        return entry;
    keeping_entry_release(entry);
    return NULL;
}

static struct keeping_entry *find(const struct keeping *previous, const char *same)
{
    for (size_t i = 0; previous != NULL && i < previous->count; i++)
        if (previous->entries[i] != NULL && strcmp(previous->entries[i]->same, same) == 0)
            return keeping_entry_hold(previous->entries[i]);
    return NULL;
}

/* ---- all of a generation ---- */

static struct sessions *find_sessions(const struct keeping *previous, const struct config *config,
                                      const struct config_issuer *issuer, const atomic_bool *abandoned)
{
    for (size_t i = 0; previous != NULL && i < previous->count; i++)
        if (previous->sessions[i] != NULL && sessions_is_same(previous->sessions[i], issuer))
            return sessions_hold(previous->sessions[i]);
    return sessions_new(issuer, (size_t)config->workers, abandoned);
}

static int make_scopes(struct keeping *keeping, size_t index)
{
    keeping->scopes[index] = calloc(HASH_COUNT(keeping->config->clients) + 1, sizeof **keeping->scopes);
    return keeping->scopes[index] == NULL ? -1 : 0;
}

static void scope_free(struct cam_policy *scope)
{
    if (scope != NULL)
        cam_policy_done(scope);
    free(scope);
}

static void free_scopes(struct keeping *keeping, size_t index)
{
    for (size_t i = 0; keeping->scopes[index] != NULL && i < HASH_COUNT(keeping->config->clients); i++)
        scope_free(atomic_load(&keeping->scopes[index][i].made));
    free(keeping->scopes[index]);
}

static int fill(struct keeping *keeping, const struct keeping *previous, void (*wake)(void *context),
                void *context, const atomic_bool *abandoned)
{
    for (size_t i = 0; i < keeping->count; i++) {
        const struct config_credential *credential = &keeping->config->credentials[i];
        if (credential->issuer == NULL) {
            if (renewal_new(credential, &keeping->renewals[i]) != 0)
                return -1;
            continue;
        }
        if (config_has_sessions(credential)) {
            keeping->sessions[i] = find_sessions(previous, keeping->config, credential->issuer, abandoned);
            if (keeping->sessions[i] == NULL ||
                (credential->issuer->down_scope && make_scopes(keeping, i) != 0))
                return -1;
            continue;
        }
        keeping->entries[i] = find(previous, credential->issuer->same);
        if (keeping->entries[i] == NULL)
            keeping->entries[i] = entry_new(credential->issuer->same, wake, context);
        if (keeping->entries[i] == NULL)
            return -1;
        keeping->renewals[i] = renewal_hold(keeping->entries[i]->renewal);
    }
    return 0;
}

/* How many of config->issuers are asked: of STS the certificates have to be read. */
static size_t issuers_of(const struct config *config)
{
    size_t count = 0;
    for (size_t i = 0; i < config->credential_count; i++) {
        const struct config_issuer *issuer = config->credentials[i].issuer;
        if (issuer == NULL || issuer->kind == CONFIG_COMMAND)
            continue;
        if (issuer->kind == CONFIG_WEB_IDENTITY || issuer->kind == CONFIG_ASSUME_ROLE)
            return CONFIG_ISSUERS;
        count = CONFIG_METADATA + 1;
    }
    return count;
}

struct keeping *keeping_new(const struct config *config, const struct keeping *previous,
                            const struct keeping_owner *owner, void (*wake)(void *context), void *context,
                            const atomic_bool *abandoned, struct err *err)
{
    size_t count = config->credential_count;
    size_t issuers = issuers_of(config);
    struct keeping *keeping = calloc(1, sizeof *keeping);
    if (keeping == NULL) {
        err_memory(err);
        return NULL;
    }
    *keeping = (struct keeping){.config = config, .owner = *owner};
    keeping->entries = calloc(count + 1, sizeof *keeping->entries);
    keeping->renewals = calloc(count + 1, sizeof *keeping->renewals);
    keeping->sessions = calloc(count + 1, sizeof(struct sessions *));
    keeping->scopes = calloc(count + 1, sizeof(struct keeping_scope *));
    if (keeping->entries != NULL && keeping->renewals != NULL && keeping->sessions != NULL &&
        keeping->scopes != NULL)
        keeping->count = count;
    bool good = keeping->count == count && fill(keeping, previous, wake, context, abandoned) == 0;
    if (good && issuers > 0) {
        keeping->back = upstream_pool_new(config->issuers, issuers, NULL,
                                          previous == NULL ? NULL : previous->back, SIZE_MAX, abandoned, err);
        good = keeping->back != NULL;
    }
    if (good)
        return keeping;
    err_memory(err); /* the first cause wins */
    keeping_free(keeping);
    return NULL;
}

void keeping_free(struct keeping *keeping)
{
    if (keeping == NULL)
        return;
    upstream_pool_free(keeping->back);
    for (size_t i = 0; i < keeping->count; i++) {
        renewal_release(keeping->renewals[i]);
        sessions_release(keeping->sessions[i]);
        free_scopes(keeping, i);
        keeping_entry_release(keeping->entries[i]);
    }
    free(keeping->renewals);
    free(keeping->sessions);
    free(keeping->scopes);
    free(keeping->entries);
    free(keeping);
}

struct fetch keeping_fetch(const struct keeping *keeping, size_t index)
{
    const struct config_credential *credential = &keeping->config->credentials[index];
    const struct config_credential *from = credential->issuer->from;
    return (struct fetch){.config = keeping->config,
                          .credential = credential,
                          .back = keeping->back,
                          .from =
                              from == NULL ? NULL : keeping->renewals[from - keeping->config->credentials]};
}

static struct cam_policy *scope_new(const struct keeping *keeping, size_t index,
                                    const struct config_client *client, struct err *err)
{
    struct cam_policy *scope = calloc(1, sizeof *scope);
    if (scope == NULL) {
        err_memory(err);
        return NULL;
    }
    if (cam_policy_make(keeping->config, &keeping->config->credentials[index], client, scope, err) == 0)
        return scope;
    free(scope);
    return NULL;
}

int keeping_scope(const struct keeping *keeping, size_t index, const struct config_client *client,
                  const struct cam_policy **scope, struct err *err)
{
    *scope = NULL;
    if (keeping->scopes[index] == NULL)
        return 0;
    struct keeping_scope *place = &keeping->scopes[index][client->index];
    struct cam_policy *made = atomic_load(&place->made);
    if (made == NULL) {
        struct cam_policy *mine = scope_new(keeping, index, client, err);
        if (mine == NULL)
            return -1;
        if (atomic_compare_exchange_strong(&place->made, &made, mine))
            made = mine;
        else
            scope_free(mine); /* another call of the client was first: they are the same */
    }
    *scope = made;
    return 0;
}

struct upstream_pool_kept keeping_of_pool(const struct keeping *keeping)
{
    return (struct upstream_pool_kept){keeping->config->credentials, keeping->renewals};
}
