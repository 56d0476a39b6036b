/* One client by two policies, but for its rules. */
#include "config/rights/rights_diff.h"

#include "config/rights/words.h"

#include <string.h>

static bool is_live(const struct config_token *token, int64_t now)
{
    return !token->disabled && token->expires > now;
}

static void put_token(struct rights_diff *diff, const struct config_token *token, const char *sign,
                      const char *what, size_t *count)
{
    buf_put_format(&diff->line, "%s %s: token '%s' %s", sign, diff->name, token->id, what);
    rights_diff_put_line(diff, count);
}

static void put_end(struct rights_diff *diff, const struct config_token *before,
                    const struct config_token *after)
{
    bool more = after->expires > before->expires;
    buf_put_format(&diff->line, "%s %s: token '%s' ends ", more ? "more:" : "less:", diff->name, after->id);
    if (after->expires == CONFIG_NEVER)
        buf_put(&diff->line, "never");
    else
        words_put_time(&diff->line, after->expires);
    buf_put(&diff->line, ", before: ");
    if (before->expires == CONFIG_NEVER)
        buf_put(&diff->line, "never");
    else
        words_put_time(&diff->line, before->expires);
    rights_diff_put_line(diff, more ? &diff->counts->more : &diff->counts->less);
}

static void compare_tokens(struct rights_diff *diff)
{
    struct rights_counts *counts = diff->counts;
    for (size_t i = 0; i < diff->new.config->tokens.count; i++) {
        const struct config_token *token = &diff->new.config->tokens.items[i];
        const struct config_token *before = token_index_find(&diff->old.config->tokens, token->digest);
        if (token->client != diff->new.client)
            continue;
        if (before != NULL && strcmp(before->client->name, diff->name) != 0)
            before = NULL;
        if (before == NULL && is_live(token, diff->question->now))
            put_token(diff, token, "more:", "is new", &counts->more);
        else if (before != NULL && !before->disabled && token->disabled)
            put_token(diff, token, "less:", "is disabled", &counts->less);
        else if (before != NULL && before->disabled && !token->disabled)
            put_token(diff, token, "more:", "is no longer disabled", &counts->more);
        else if (before != NULL && before->expires != token->expires)
            put_end(diff, before, token);
        if (before != NULL && before->not_before != token->not_before)
            put_token(diff, token, before->not_before > token->not_before ? "more:" : "less:",
                      before->not_before > token->not_before ? "begins earlier" : "begins later",
                      before->not_before > token->not_before ? &counts->more : &counts->less);
    }
    for (size_t i = 0; i < diff->old.config->tokens.count; i++) {
        const struct config_token *token = &diff->old.config->tokens.items[i];
        const struct config_token *after = token_index_find(&diff->new.config->tokens, token->digest);
        if (token->client == diff->old.client && is_live(token, diff->question->now) &&
            (after == NULL || strcmp(after->client->name, diff->name) != 0))
            put_token(diff, token, "less:", "is gone", &counts->less);
    }
}

/* Those of the client that `has` them and does not find them in `other`. */
static void compare_certificates(struct rights_diff *diff, const struct config *has,
                                 const struct config *other, const char *what, size_t *count)
{
    for (const struct config_client_certificate *one = has->certificates; one != NULL; one = one->hh.next) {
        const struct config_client_certificate *found = config_certificate(other, one->key);
        if (strcmp(one->client->name, diff->name) != 0 ||
            (found != NULL && strcmp(found->client->name, diff->name) == 0))
            continue;
        buf_put_format(&diff->line, "%s %s: certificate '%s' is %s",
                       has == diff->new.config ? "more:" : "less:", diff->name, one->id, what);
        rights_diff_put_line(diff, count);
    }
}

/* What it must show from now on, or need not any more. */
static void compare_requirements(struct rights_diff *diff)
{
    static const char *const names[] = {"token", "certificate"};
    unsigned old = diff->old.client == NULL ? 0 : diff->old.client->requires;
    unsigned new = diff->new.client == NULL ? 0 : diff->new.client->requires;
    for (unsigned i = 0; i < COUNT(names) && diff->old.client != NULL && diff->new.client != NULL; i++) {
        bool less = (new & 1U << i) != 0;
        if (((old ^ new) & 1U << i) == 0)
            continue;
        buf_put_format(&diff->line, "%s %s %s a %s", less ? "less:" : "more:", diff->name,
                       less ? "now requires" : "no longer requires", names[i]);
        rights_diff_put_line(diff, less ? &diff->counts->less : &diff->counts->more);
    }
}

static void compare_keys(struct rights_diff *diff)
{
    const struct config_client *old = diff->old.client;
    const struct config_client *new = diff->new.client;
    if (old == NULL || new == NULL || old->requires_key == new->requires_key)
        return;
    buf_put_format(&diff->line, "%s %s %s an Idempotency-Key for each change",
                   new->requires_key ? "less:" : "more:", diff->name,
                   new->requires_key ? "now needs" : "no longer needs");
    rights_diff_put_line(diff, new->requires_key ? &diff->counts->less : &diff->counts->more);
}

/* What it has to say of who is behind it, and whether rules may look at that. */
static void compare_subjects(struct rights_diff *diff)
{
    static const char *const names[] = {[CONFIG_SUBJECT_TOLD] = "told",
                                        [CONFIG_SUBJECT_REQUIRED] = "required",
                                        [CONFIG_SUBJECT_TRUSTED] = "trusted"};
    const struct config_client *old = diff->old.client;
    const struct config_client *new = diff->new.client;
    if (old == NULL || new == NULL || old->subject == new->subject)
        return;
    buf_put_format(&diff->line, "other: %s has the subject %s, before: %s", diff->name, names[new->subject],
                   names[old->subject]);
    rights_diff_put_line(diff, &diff->counts->other);
}

static void put_limit(struct rights_diff *diff, const struct config_client *client)
{
    if (client->rate.interval_us == 0)
        buf_put(&diff->line, "no rate");
    else
        words_put_rate(&diff->line, &client->rate);
    if (client->in_flight > 0)
        buf_put_format(&diff->line, ", %lld in flight", client->in_flight);
}

static void compare_limits(struct rights_diff *diff)
{
    const struct config_client *old = diff->old.client;
    const struct config_client *new = diff->new.client;
    if (old == NULL || new == NULL ||
        (old->rate.interval_us == new->rate.interval_us && old->rate.burst == new->rate.burst &&
         old->in_flight == new->in_flight))
        return;
    buf_put_format(&diff->line, "other: %s is limited to ", diff->name);
    put_limit(diff, new);
    buf_put(&diff->line, ", before: ");
    put_limit(diff, old);
    rights_diff_put_line(diff, &diff->counts->other);
}

/* Where its requests go that name none. */
static void compare_account(struct rights_diff *diff)
{
    const struct config_client *old = diff->old.client;
    const struct config_client *new = diff->new.client;
    if (old == NULL || new == NULL ||
        strcmp(old->account == NULL ? "" : old->account, new->account == NULL ? "" : new->account) == 0)
        return;
    buf_put_format(&diff->line, "other: %s has the account %.64s, before: %.64s", diff->name,
                   new->account == NULL ? "that is said" : new->account,
                   old->account == NULL ? "that was said" : old->account);
    rights_diff_put_line(diff, &diff->counts->other);
}

void rights_diff_client(struct rights_diff *diff)
{
    compare_tokens(diff);
    compare_certificates(diff, diff->new.config, diff->old.config, "new", &diff->counts->more);
    compare_certificates(diff, diff->old.config, diff->new.config, "gone", &diff->counts->less);
    compare_requirements(diff);
    compare_keys(diff);
    compare_subjects(diff);
    compare_limits(diff);
    compare_account(diff);
}
