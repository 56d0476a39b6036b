#include "gateway/admin/operate.h"

#include "base/time/clock.h"
#include "base/json/json.h"
#include "base/text.h"
#include "gateway/audit/audit.h"
#include "gateway/chain/settlement.h"
#include "gateway/limits/freezes.h"

#include <stdlib.h>
#include <string.h>

enum {
    OPERATE_DEPTH = 2,
    OPERATE_RECORD = 16 * 1024,
    OPERATE_FOR_MIN_S = 1,
    OPERATE_FOR_MAX_S = 366 * 86400, /* a year: what is to last for longer belongs into the policy */
};

/* ---- what is asked ---- */

/* The members that a request may have, ended by NULL. */
static bool has_only(const json_t *object, const char *const *keys)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        size_t i = 0;
        while (keys[i] != NULL && strcmp(keys[i], key) != 0)
            i++;
        if (keys[i] == NULL)
            return false;
    }
    return true;
}

/* The request's JSON object, to be given up with json_decref(); NULL after a problem. */
static json_t *read_body(const struct operate *operate, const char *const *keys, struct desk_answer *answer)
{
    size_t length = 0;
    const char *body = desk_body(operate->visit, &length, answer);
    if (body == NULL)
        return NULL;
    json_t *object = json_depth(body, length, OPERATE_DEPTH) > OPERATE_DEPTH
                         ? NULL
                         : json_loadb(body, length, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(object) && has_only(object, keys))
        return object;
    json_decref(object);
    desk_put_problem(answer, 400, "the body is no JSON object with the members that this takes");
    return NULL;
}

/* A text without controls; "" where it is absent.  NULL: it is something else, or too long. */
static const char *text_of(const json_t *object, const char *key, size_t max)
{
    const json_t *value = json_object_get(object, key);
    const char *text = json_string_value(value);
    if (value == NULL)
        return "";
    if (text == NULL || json_string_length(value) > max || strlen(text) != json_string_length(value) ||
        text_has_control(text, strlen(text)))
        return NULL;
    return text;
}

static int refuse(struct desk_answer *answer, int status, const char *detail)
{
    desk_put_problem(answer, status, detail);
    return -1;
}

/* "90s", "30m", "2h", "7d"; "" is for good.  False: it is none. */
static bool read_for(const char *text, int64_t *seconds)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char *end = NULL;
    if (text[0] == '\0')
        return true;
    if (text[0] < '1' || text[0] > '9' || strlen(text) > sizeof "31622400s")
        return false;
    long long number = strtoll(text, &end, 10);
    for (size_t i = 0; i < COUNT(units); i++)
        if (end[0] == units[i].unit && end[1] == '\0') {
            *seconds = number * units[i].seconds;
            return *seconds >= OPERATE_FOR_MIN_S && *seconds <= OPERATE_FOR_MAX_S;
        }
    return false;
}

/* ---- the answer, and the record ---- */

static void end_answer(struct desk_answer *answer)
{
    json_close(&answer->body);
    buf_put_char(&answer->body, '\n');
}

/* -1: it is not there. */
static int put_record(const struct operate *operate, const char *kind, const struct freeze *freeze)
{
    struct buf members;
    unsigned long long seq = 0;
    if (operate->gateway->audit == NULL)
        return 0;
    buf_init(&members, OPERATE_RECORD);
    operators_put(&members, operate->use, operate->visit);
    freeze_put(&members, freeze);
    int result = audit_append(operate->gateway->audit, kind, AUDIT_NOW, &members, &seq, NULL);
    buf_done(&members);
    return result;
}

/* ---- freezes ---- */

static int find_client(const struct operate *operate, const char *client, const char *token,
                       struct desk_answer *answer)
{
    const struct config *config = operate->config;
    const struct config_client *known = config_client(config, client);
    if (known == NULL)
        return refuse(answer, 404, "the policy has no client of that name: nothing was frozen");
    for (size_t i = 0; i < config->tokens.count; i++)
        if (config->tokens.items[i].client == known && strcmp(config->tokens.items[i].id, token) == 0)
            return 0;
    return token[0] == '\0' ? 0
                            : refuse(answer, 404, "the client has no token of that id: nothing was frozen");
}

static int read_freeze(const struct operate *operate, const json_t *body, struct freeze *freeze,
                       struct desk_answer *answer)
{
    const char *client = text_of(body, "client", FREEZE_NAME);
    const char *token = text_of(body, "token", FREEZE_NAME);
    const char *how_long = text_of(body, "for", FREEZE_NAME);
    const char *reason = text_of(body, "reason", FREEZE_REASON);
    int64_t seconds = 0;
    if (client == NULL || client[0] == '\0' || token == NULL)
        return refuse(answer, 400, "client, and token where it is one of its tokens, are names");
    if (reason == NULL || reason[0] == '\0')
        return refuse(answer, 400, "a reason is needed, of at most 500 bytes without control characters");
    if (how_long == NULL || !read_for(how_long, &seconds))
        return refuse(answer, 400, "for is a time such as 30m, 2h or 7d, up to a year");
    if (find_client(operate, client, token, answer) != 0)
        return -1;
    int64_t now_ms = clock_wall_ms() / 1000 * 1000; /* records say it to the second */
    *freeze = (struct freeze){.since_ms = now_ms,
                              .until_ms = seconds == 0 ? FREEZE_FOREVER : now_ms + (seconds + 1) * 1000};
    (void)snprintf(freeze->client, sizeof freeze->client, "%s", client);
    (void)snprintf(freeze->token, sizeof freeze->token, "%s", token);
    (void)snprintf(freeze->by, sizeof freeze->by, "%s", operate->use->token->operated->name);
    (void)snprintf(freeze->reason, sizeof freeze->reason, "%s", reason);
    return 0;
}

/* It holds also where it cannot be recorded: somebody wants to stop something now. */
static void freeze_client(const struct operate *operate, const struct freeze *freeze,
                          struct desk_answer *answer)
{
    struct freezes_reach reach = {0};
    struct err err = {0};
    if (freezes_add(operate->gateway->freezes, freeze, &reach, &err) != 0) {
        desk_put_problem(answer, 503, err.text);
        return;
    }
    bool recorded = put_record(operate, "freeze", freeze) == 0;
    json_open(&answer->body);
    json_member(&answer->body, "status", "frozen");
    freeze_put(&answer->body, freeze);
    json_member_bool(&answer->body, "everywhere", reach.everywhere);
    json_member_bool(&answer->body, "kept", reach.kept);
    if (!recorded)
        json_member(&answer->body, "audit", "lacks the record");
    end_answer(answer);
}

void operate_freeze_as(const struct operate *operate, const json_t *body, struct desk_answer *answer)
{
    struct freeze freeze;
    if (read_freeze(operate, body, &freeze, answer) == 0)
        freeze_client(operate, &freeze, answer);
}

void operate_freeze(const struct operate *operate, struct desk_answer *answer)
{
    static const char *const keys[] = {"client", "token", "for", "reason", NULL};
    json_t *body = read_body(operate, keys, answer);
    if (body != NULL)
        operate_freeze_as(operate, body, answer);
    json_decref(body);
}

/* The freeze that is to end; -1 after a problem. */
static int find_freeze(const struct operate *operate, const json_t *body, struct freeze *freeze,
                       struct desk_answer *answer)
{
    const char *client = text_of(body, "client", FREEZE_NAME);
    const char *token = text_of(body, "token", FREEZE_NAME);
    size_t count = 0;
    if (client == NULL || token == NULL)
        return refuse(answer, 400, "client, and token where it is one of its tokens, are names");
    struct freeze *list = freezes_list(operate->gateway->freezes, clock_wall_ms(), &count);
    if (list == NULL)
        return refuse(answer, 503, "out of memory");
    bool found = false;
    for (size_t i = 0; i < count && !found; i++)
        if (strcmp(list[i].client, client) == 0 && strcmp(list[i].token, token) == 0) {
            *freeze = list[i];
            found = true;
        }
    free(list);
    return found ? 0 : refuse(answer, 404, "that is not frozen");
}

/* What lets somebody in again is recorded before. */
static void thaw_client(const struct operate *operate, const struct freeze *freeze,
                        struct desk_answer *answer)
{
    bool was = false;
    struct err err = {0};
    if (put_record(operate, "thaw", freeze) != 0) {
        desk_put_problem(answer, 503, "the audit file cannot be written to: nothing was thawed");
        return;
    }
    if (freezes_remove(operate->gateway->freezes, freeze->client, freeze->token, &was, &err) != 0) {
        desk_put_problem(answer, 503, err.text);
        return;
    }
    json_open(&answer->body);
    json_member(&answer->body, "status", "thawed");
    json_member(&answer->body, "client", freeze->client);
    json_member(&answer->body, "clientToken", freeze->token[0] == '\0' ? NULL : freeze->token);
    end_answer(answer);
}

void operate_thaw_as(const struct operate *operate, const json_t *body, struct desk_answer *answer)
{
    struct freeze freeze;
    if (find_freeze(operate, body, &freeze, answer) == 0)
        thaw_client(operate, &freeze, answer);
}

void operate_thaw(const struct operate *operate, struct desk_answer *answer)
{
    static const char *const keys[] = {"client", "token", NULL};
    json_t *body = read_body(operate, keys, answer);
    if (body != NULL)
        operate_thaw_as(operate, body, answer);
    json_decref(body);
}

void operate_freezes(const struct operate *operate, struct desk_answer *answer)
{
    size_t count = 0;
    struct freeze *list = freezes_list(operate->gateway->freezes, clock_wall_ms(), &count);
    if (list == NULL) {
        desk_put_problem(answer, 503, "out of memory");
        return;
    }
    json_open(&answer->body);
    json_open_array(&answer->body, "freezes");
    for (size_t i = 0; i < count; i++) {
        json_open(&answer->body);
        freeze_put(&answer->body, &list[i]);
        if (list[i].pending)
            json_member_bool(&answer->body, "pending", true);
        json_close(&answer->body);
    }
    json_close_array(&answer->body);
    json_member_bool(&answer->body, "storeAway", freezes_away(operate->gateway->freezes));
    end_answer(answer);
    free(list);
}

/* ---- what became of an unknown ---- */

static int read_settlement(const json_t *body, struct settlement *settlement, unsigned long long *seq,
                           struct desk_answer *answer)
{
    struct err err = {0};
    json_int_t number = json_integer_value(json_object_get(body, "seq"));
    settlement->outcome = text_of(body, "outcome", SETTLEMENT_BY);
    settlement->by = text_of(body, "by", SETTLEMENT_BY);
    settlement->note = text_of(body, "note", SETTLEMENT_NOTE);
    if (number < 1 || settlement->outcome == NULL || settlement->by == NULL || settlement->note == NULL)
        return refuse(answer, 400, "it takes seq, outcome, by and note, as `audit settle` does");
    *seq = (unsigned long long)number;
    return settlement_check(settlement, &err) == 0 ? 0 : refuse(answer, 400, err.text);
}

static int append_settlement(const struct operate *operate, struct settlement *settlement,
                             unsigned long long asked, unsigned long long *seq, struct desk_answer *answer)
{
    struct err err = {0};
    struct buf members;
    const char *const files[] = {operate->config->audit.file, NULL};
    if (settlement_find(files, asked, true, settlement, &err) != 0)
        return refuse(answer, 409, err.text);
    settlement->operator_name = operate->use->token->operated->name;
    buf_init(&members, OPERATE_RECORD);
    settlement_put(&members, settlement);
    int result = audit_append(operate->gateway->audit, "settle", AUDIT_NOW, &members, seq, &err);
    buf_done(&members);
    return result == 0 ? 0 : refuse(answer, 503, err.text);
}

void operate_settle_as(const struct operate *operate, const json_t *body, struct desk_answer *answer)
{
    struct settlement settlement = {0};
    unsigned long long asked = 0;
    unsigned long long seq = 0;
    if (operate->gateway->audit == NULL) {
        desk_put_problem(answer, 404, "no audit file is kept");
        return;
    }
    if (read_settlement(body, &settlement, &asked, answer) != 0)
        return;
    (void)pthread_mutex_lock(operate->settling);
    int result = append_settlement(operate, &settlement, asked, &seq, answer);
    (void)pthread_mutex_unlock(operate->settling);
    if (result != 0)
        return;
    json_open(&answer->body);
    json_member(&answer->body, "status", "settled");
    json_member_int(&answer->body, "seq", (long long)seq);
    json_member_int(&answer->body, "of", (long long)settlement.of);
    json_member(&answer->body, "outcome", settlement.outcome);
    end_answer(answer);
}

void operate_settle(const struct operate *operate, struct desk_answer *answer)
{
    static const char *const keys[] = {"seq", "outcome", "by", "note", NULL};
    json_t *body = read_body(operate, keys, answer);
    if (body != NULL)
        operate_settle_as(operate, body, answer);
    json_decref(body);
}
