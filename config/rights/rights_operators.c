#include "config/rights/rights_operators.h"

#include "config/rights/words.h"

#include <string.h>

enum { LINE_MAX = 1024 };

struct pair {
    const struct config *old, *new;
    const struct rights_question *question;
    struct rights_counts *counts;
};

static const char *const roles[] = {[CONFIG_VIEWER] = "viewer", [CONFIG_OPERATOR] = "operator"};

static const struct config_operator *find(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->operator_count; i++)
        if (strcmp(config->operators[i].name, name) == 0)
            return &config->operators[i];
    return NULL;
}

static bool is_live(const struct config_token *token, int64_t now)
{
    return !token->disabled && token->expires > now;
}

/* The same token of the same operator; NULL: there is none. */
static const struct config_token *same(const struct config *config, const struct config_token *token)
{
    const struct config_token *found = token_index_find(&config->operator_tokens, token->digest);
    return found != NULL && strcmp(found->operated->name, token->operated->name) == 0 ? found : NULL;
}

/* ---- lines ---- */

static void put(const struct pair *pair, bool more, struct buf *line)
{
    (*(more ? &pair->counts->more : &pair->counts->less))++;
    pair->question->put(pair->question->context, buf_text(line));
}

static void put_operator(const struct pair *pair, bool more, const struct config_operator *one,
                         const char *what, int role)
{
    char text[LINE_MAX];
    struct buf line;
    buf_init_in(&line, text, sizeof text);
    buf_put_format(&line, "%s operator '%s' %s", more ? "more:" : "less:", one->name, what);
    buf_put_format(&line, "%s", roles[role]);
    put(pair, more, &line);
}

static void put_token(const struct pair *pair, bool more, const struct config_token *token, const char *what)
{
    char text[LINE_MAX];
    struct buf line;
    buf_init_in(&line, text, sizeof text);
    buf_put_format(&line, "%s operator '%s': token '%s' %s", more ? "more:" : "less:", token->operated->name,
                   token->id, what);
    put(pair, more, &line);
}

static void put_end(const struct pair *pair, const struct config_token *token)
{
    char text[LINE_MAX];
    struct buf what;
    buf_init_in(&what, text, sizeof text);
    buf_put(&what, "ends ");
    if (token->expires == CONFIG_NEVER)
        buf_put(&what, "never");
    else
        words_put_time(&what, token->expires);
    put_token(pair, token->expires > same(pair->old, token)->expires, token, buf_text(&what));
}

/* ---- what is compared ---- */

static void compare_operators(const struct pair *pair)
{
    for (size_t i = 0; i < pair->new->operator_count; i++) {
        const struct config_operator *one = &pair->new->operators[i], *before = find(pair->old, one->name);
        if (before == NULL)
            put_operator(pair, true, one, "is new: ", one->role);
        else if (before->role != one->role)
            put_operator(pair, one->role == CONFIG_OPERATOR, one, "is now: ", one->role);
    }
    for (size_t i = 0; i < pair->old->operator_count; i++)
        if (find(pair->new, pair->old->operators[i].name) == NULL)
            put_operator(pair, false, &pair->old->operators[i], "is gone: ", pair->old->operators[i].role);
}

static void compare_token(const struct pair *pair, const struct config_token *token)
{
    const struct config_token *before = same(pair->old, token);
    if (before == NULL) {
        if (is_live(token, pair->question->now))
            put_token(pair, true, token, "is new");
        return;
    }
    if (before->disabled != token->disabled)
        put_token(pair, before->disabled, token, token->disabled ? "is disabled" : "is no longer disabled");
    else if (before->expires != token->expires)
        put_end(pair, token);
    if (before->not_before != token->not_before)
        put_token(pair, before->not_before > token->not_before, token,
                  before->not_before > token->not_before ? "begins earlier" : "begins later");
}

void rights_operators_diff(const struct config *old, const struct config *new,
                           const struct rights_question *question, struct rights_counts *counts)
{
    const struct pair pair = {old, new, question, counts};
    compare_operators(&pair);
    for (size_t i = 0; i < new->operator_tokens.count; i++)
        compare_token(&pair, &new->operator_tokens.items[i]);
    for (size_t i = 0; i < old->operator_tokens.count; i++) {
        const struct config_token *token = &old->operator_tokens.items[i];
        if (is_live(token, question->now) && same(new, token) == NULL)
            put_token(&pair, false, token, "is gone");
    }
}

bool rights_operators_only_less(const struct config *old, const struct config *new)
{
    for (size_t i = 0; i < new->operator_count; i++) {
        const struct config_operator *before = find(old, new->operators[i].name);
        if (before == NULL ||
            (before->role != new->operators[i].role &&new->operators[i].role == CONFIG_OPERATOR))
            return false;
    }
    for (size_t i = 0; i < new->operator_tokens.count; i++) {
        const struct config_token *token = &new->operator_tokens.items[i], *before = same(old, token);
        if (before == NULL || token->not_before < before->not_before || token->expires > before->expires ||
            (before->disabled && !token->disabled))
            return false;
    }
    return true;
}
