#include "gateway/dryrun/replay_groups.h"

#include "base/buf.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { GROUP_SAMPLES = 3, GROUP_KEY_MAX = 2048 };

struct group {
    char *key; /* what the line says */
    char *param;
    char *samples[GROUP_SAMPLES]; /* values, each another */
    bool more;                    /* there are further ones */
    char *first;                  /* request id */
    unsigned long long count;
    UT_hash_handle hh;
};

struct replay_groups {
    struct group *groups; /* uthash, by key */
    unsigned long long others;
};

struct replay_groups *replay_groups_new(void)
{
    return calloc(1, sizeof(struct replay_groups));
}

static void group_free(struct group *group)
{
    for (size_t i = 0; i < GROUP_SAMPLES; i++)
        free(group->samples[i]);
    free(group->key);
    free(group->param);
    free(group->first);
    free(group);
}

void replay_groups_free(struct replay_groups *groups)
{
    struct group *group = NULL;
    struct group *next = NULL;
    if (groups == NULL)
        return;
    HASH_ITER(hh, groups->groups, group, next)
    {
        HASH_DELETE(hh, groups->groups, group);
        group_free(group);
    }
    free(groups);
}

static const char *rule_name(const char *id)
{
    return id[0] == '\0' ? "no rule" : id;
}

static void put_key(struct buf *key, const struct policy_replay_change *change)
{
    buf_put_format(key, "%.64s %.64s: %.16s by %.64s, would be %.16s by %.64s", change->client,
                   change->action, change->before, rule_name(change->before_rule), change->after,
                   rule_name(change->after_rule));
    if (change->param[0] != '\0')
        buf_put_format(key, " (%.64s", change->param);
}

static struct group *group_new(const char *key, const struct policy_replay_change *change)
{
    struct group *group = calloc(1, sizeof *group);
    if (group == NULL)
        return NULL;
    group->key = strdup(key);
    group->param = strdup(change->param);
    group->first = strdup(change->request_id);
    if (group->key != NULL && group->param != NULL && group->first != NULL)
        return group;
    group_free(group);
    return NULL;
}

static struct group *find_or_add(struct replay_groups *groups, const struct policy_replay_change *change)
{
    struct buf key;
    struct group *group = NULL;
    buf_init(&key, GROUP_KEY_MAX);
    put_key(&key, change);
    HASH_FIND_STR(groups->groups, buf_text(&key), group);
    if (group == NULL && !key.failed && HASH_COUNT(groups->groups) < REPLAY_GROUPS_MAX)
        group = group_new(buf_text(&key), change);
    if (group != NULL && group->count == 0) {
        HASH_ADD_KEYPTR(hh, groups->groups, group->key, strlen(group->key), group);
        if (group->hh.tbl == NULL) {
            group_free(group);
            group = NULL;
        }
    }
    buf_done(&key);
    return group;
}

static void add_sample(struct group *group, const char *value)
{
    size_t i = 0;
    while (i < GROUP_SAMPLES && group->samples[i] != NULL && strcmp(group->samples[i], value) != 0)
        i++;
    if (i == GROUP_SAMPLES)
        group->more = true;
    else if (group->samples[i] == NULL)
        group->samples[i] = strdup(value); /* without memory there is one sample less */
}

void replay_groups_add(struct replay_groups *groups, const struct policy_replay_change *change)
{
    struct group *group = find_or_add(groups, change);
    if (group == NULL) {
        groups->others++;
        return;
    }
    group->count++;
    if (change->param[0] != '\0')
        add_sample(group, change->value);
}

/* A log may hold anything: a line stays a line. */
static void put_plain(const char *text, FILE *out)
{
    for (const char *c = text; *c != '\0'; c++)
        (void)fputc(text_has_control(c, 1) ? '?' : *c, out);
}

static void put_group(const struct group *group, FILE *out)
{
    put_plain(group->key, out);
    for (size_t i = 0; i < GROUP_SAMPLES && group->samples[i] != NULL; i++) {
        (void)fputs(i == 0 ? ": " : "; ", out);
        put_plain(group->samples[i][0] == '\0' ? "not in the call" : group->samples[i], out);
    }
    fprintf(out, "%s%s; %llu call%s, first ", group->more ? "; ..." : "", group->param[0] != '\0' ? ")" : "",
            group->count, group->count == 1 ? "" : "s");
    put_plain(group->first, out);
    (void)fputc('\n', out);
}

void replay_groups_put(const struct replay_groups *groups, FILE *out)
{
    for (const struct group *group = groups->groups; group != NULL; group = group->hh.next)
        put_group(group, out);
    if (groups->others > 0)
        fprintf(out, "and %llu calls of further clients, actions, rules or parameters\n", groups->others);
}
