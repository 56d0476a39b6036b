#include "gateway/limits/freezes.h"

#include "base/time/clock.h"
#include "base/file.h"
#include "base/log/operator_log.h"
#include "base/time/periodic.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FREEZES_FILE_MAX = STATE_FREEZES_MAX * (STATE_FREEZE_MAX + 1),
    FREEZES_ARENA = 64 * 1024,
};

struct freezes {
    struct state *state;
    char *file;
    struct log *notices;
    struct periodic poller; /* with a shared store only */
    bool polls;

    pthread_mutex_t turn; /* one at a time changes something, or asks the store: held while that answers */

    pthread_mutex_t mutex; /* guards the list, and is never held for long */
    struct freeze_list list;
    atomic_size_t known; /* its length */
    atomic_bool away;
};

/* ---- the list ---- */

/* Of what holds; -1: memory is out. */
static int copy_list(struct freezes *freezes, int64_t now_ms, struct freeze_list *copy)
{
    int result = 0;
    *copy = (struct freeze_list){0};
    (void)pthread_mutex_lock(&freezes->mutex);
    for (size_t i = 0; i < freezes->list.count && result == 0; i++)
        if (freeze_holds(&freezes->list.items[i], now_ms))
            result = freeze_list_add(copy, &freezes->list.items[i]);
    (void)pthread_mutex_unlock(&freezes->mutex);
    return result;
}

/* Takes the list. */
static void use_list(struct freezes *freezes, struct freeze_list *list)
{
    (void)pthread_mutex_lock(&freezes->mutex);
    free(freezes->list.items);
    freezes->list = *list;
    atomic_store(&freezes->known, list->count);
    (void)pthread_mutex_unlock(&freezes->mutex);
    *list = (struct freeze_list){0};
}

/* ---- the file ---- */

static bool save(struct freezes *freezes)
{
    struct buf text;
    buf_init(&text, FREEZES_FILE_MAX);
    (void)pthread_mutex_lock(&freezes->mutex);
    for (size_t i = 0; i < freezes->list.count; i++) {
        freeze_put_record(&text, &freezes->list.items[i]);
        buf_put_char(&text, '\n');
    }
    (void)pthread_mutex_unlock(&freezes->mutex);
    bool saved = !text.failed && file_replace(freezes->file, &text) == 0;
    if (!saved)
        operator_log_warn(freezes->notices, "what is frozen cannot be kept in '%s': %s", freezes->file,
                          text.failed ? "out of memory" : strerror(errno));
    buf_done(&text);
    return saved;
}

static int load_lines(struct freezes *freezes, const struct buf *text, struct err *err)
{
    struct freeze_list list = {0};
    int result = 0;
    for (const char *at = buf_text(text); *at != '\0' && result == 0;) {
        struct freeze freeze;
        size_t length = strcspn(at, "\n");
        if (!freeze_read(at, length, &freeze))
            result =
                err_set(err, ERR_INPUT, "'%s' does not say what is frozen: if nobody is, take the file away",
                        freezes->file);
        else if (freeze_list_add(&list, &freeze) != 0)
            result = err_memory(err);
        at += length + (at[length] == '\n');
    }
    use_list(freezes, &list);
    return result;
}

static int load(struct freezes *freezes, struct err *err)
{
    struct buf text;
    if (access(freezes->file, F_OK) != 0 && errno == ENOENT)
        return 0;
    buf_init(&text, FREEZES_FILE_MAX);
    int result = file_read(freezes->file, FILE_PLAIN, &text, err);
    if (result == 0)
        result = load_lines(freezes, &text, err);
    buf_done(&text);
    return result;
}

/* ---- the store ---- */

static void name_of(const struct freeze *freeze, char name[STATE_NAME_MAX + 1])
{
    (void)snprintf(name, STATE_NAME_MAX + 1, "%s%s%s", freeze->client, freeze->token[0] == '\0' ? "" : "/",
                   freeze->token);
}

static int tell_store(struct freezes *freezes, const struct freeze *freeze, int64_t now_ms)
{
    struct buf text;
    char name[STATE_NAME_MAX + 1];
    int64_t left = freeze->until_ms == FREEZE_FOREVER ? INT64_MAX : freeze->until_ms - now_ms;
    name_of(freeze, name);
    buf_init(&text, STATE_FREEZE_MAX);
    freeze_put_record(&text, freeze);
    int result = text.failed ? -1 : state_freeze(freezes->state, name, buf_text(&text), left);
    buf_done(&text);
    return result;
}

/* A record that cannot be read still freezes whom it names. */
static void read_stored(const struct state_freeze *stored, int64_t now_ms, struct freeze *freeze)
{
    if (!freeze_read(stored->text, strlen(stored->text), freeze)) {
        *freeze = (struct freeze){.reason = "(the store does not say why)", .since_ms = now_ms};
        size_t length = strcspn(stored->name, "/");
        (void)snprintf(freeze->client, sizeof freeze->client, "%.*s", (int)length, stored->name);
        (void)snprintf(freeze->token, sizeof freeze->token, "%s",
                       stored->name + length + (stored->name[length] == '/'));
    }
    freeze->until_ms = stored->left_ms == INT64_MAX ? FREEZE_FOREVER : now_ms + stored->left_ms;
}

/* What the store has, and what it was not told of yet.  -1: it does not answer, or memory is out. */
static int ask_store(struct freezes *freezes, struct freeze_list *list, int64_t now_ms)
{
    struct state_freeze *stored = NULL;
    size_t count = 0;
    struct arena *arena = arena_new(FREEZES_ARENA);
    int result = arena == NULL ? -1 : state_freezes(freezes->state, arena, &stored, &count);
    for (size_t i = 0; i < count && result == 0; i++) {
        struct freeze freeze;
        read_stored(&stored[i], now_ms, &freeze);
        result = freeze_list_add(list, &freeze);
    }
    arena_free(arena);
    return result;
}

static int keep_pending(struct freezes *freezes, struct freeze_list *list, int64_t now_ms)
{
    struct freeze_list mine;
    int result = copy_list(freezes, now_ms, &mine);
    for (size_t i = 0; i < mine.count && result == 0; i++) {
        if (!mine.items[i].pending)
            continue;
        mine.items[i].pending = tell_store(freezes, &mine.items[i], now_ms) != 0;
        result = freeze_list_add(list, &mine.items[i]);
    }
    free(mine.items);
    return result;
}

/* Is it another one, but for the time that is left, of which the store's clock tells? */
static bool has_changed(struct freezes *freezes, const struct freeze_list *list)
{
    bool changed = list->count != freezes->list.count;
    (void)pthread_mutex_lock(&freezes->mutex);
    for (size_t i = 0; i < list->count && !changed; i++) {
        bool found = false;
        for (size_t j = 0; j < freezes->list.count && !found; j++) {
            const struct freeze *known = &freezes->list.items[j];
            found = freeze_is(known, list->items[i].client, list->items[i].token) &&
                    strcmp(known->reason, list->items[i].reason) == 0 &&
                    known->since_ms == list->items[i].since_ms;
        }
        changed = !found;
    }
    (void)pthread_mutex_unlock(&freezes->mutex);
    return changed;
}

static void tell_away(struct freezes *freezes, bool away)
{
    bool was = atomic_exchange(&freezes->away, away);
    if (away && !was)
        operator_log_warn(freezes->notices,
                          "the store does not tell what is frozen: what was known stays in force");
    else if (was && !away)
        operator_log_write(freezes->notices, "the store tells again what is frozen");
}

static void poll_store(void *context)
{
    struct freezes *freezes = context;
    struct freeze_list list = {0};
    (void)pthread_mutex_lock(&freezes->turn);
    int64_t now_ms = clock_wall_ms();
    int result = ask_store(freezes, &list, now_ms);
    tell_away(freezes, result != 0);
    if (result == 0 && keep_pending(freezes, &list, now_ms) == 0) {
        bool changed = has_changed(freezes, &list);
        use_list(freezes, &list);
        if (changed)
            (void)save(freezes); /* told there */
    }
    free(list.items);
    (void)pthread_mutex_unlock(&freezes->turn);
}

/* ---- from outside ---- */

bool freezes_find(struct freezes *freezes, const char *client, const char *token, int64_t now_ms,
                  struct freeze *found)
{
    bool any = false;
    if (atomic_load_explicit(&freezes->known, memory_order_acquire) == 0)
        return false;
    (void)pthread_mutex_lock(&freezes->mutex);
    for (size_t i = 0; i < freezes->list.count && !any; i++) {
        const struct freeze *freeze = &freezes->list.items[i];
        any = strcmp(freeze->client, client) == 0 && freeze_holds(freeze, now_ms) &&
              (freeze->token[0] == '\0' || strcmp(freeze->token, token) == 0);
        if (any)
            *found = *freeze;
    }
    (void)pthread_mutex_unlock(&freezes->mutex);
    return any;
}

int freezes_add(struct freezes *freezes, const struct freeze *freeze, struct freezes_reach *reach,
                struct err *err)
{
    struct freeze_list list;
    struct freeze mine = *freeze;
    bool shared = state_is_shared(freezes->state);
    (void)pthread_mutex_lock(&freezes->turn);
    int64_t now_ms = clock_wall_ms();
    mine.pending = shared && tell_store(freezes, &mine, now_ms) != 0;
    int result = copy_list(freezes, now_ms, &list) == 0 && freeze_list_add(&list, &mine) == 0
                     ? 0
                     : err_set(err, ERR_LIMIT, "memory is out, or %d are frozen already", STATE_FREEZES_MAX);
    if (result == 0) {
        use_list(freezes, &list);
        bool saved = save(freezes);
        *reach =
            (struct freezes_reach){.everywhere = !mine.pending, .kept = saved || (shared && !mine.pending)};
    }
    free(list.items);
    (void)pthread_mutex_unlock(&freezes->turn);
    return result;
}

int freezes_remove(struct freezes *freezes, const char *client, const char *token, bool *was, struct err *err)
{
    struct freeze_list list;
    struct freeze named = {0};
    char name[STATE_NAME_MAX + 1];
    (void)snprintf(named.client, sizeof named.client, "%s", client);
    (void)snprintf(named.token, sizeof named.token, "%s", token);
    name_of(&named, name);
    (void)pthread_mutex_lock(&freezes->turn);
    int result = copy_list(freezes, clock_wall_ms(), &list) == 0 ? 0 : err_memory(err);
    if (result == 0 && state_is_shared(freezes->state) && state_thaw(freezes->state, name) != 0)
        result = err_set(err, ERR_SYSTEM, "the store did not answer: it may be thawed, or not; ask again");
    if (result == 0) {
        *was = freeze_list_remove(&list, client, token);
        use_list(freezes, &list);
        (void)save(freezes); /* told there */
    }
    free(list.items);
    (void)pthread_mutex_unlock(&freezes->turn);
    return result;
}

struct freeze *freezes_list(struct freezes *freezes, int64_t now_ms, size_t *count)
{
    struct freeze_list list;
    if (copy_list(freezes, now_ms, &list) != 0) {
        free(list.items);
        return NULL;
    }
    *count = list.count;
    return list.items != NULL ? list.items : calloc(1, sizeof *list.items);
}

size_t freezes_count(struct freezes *freezes, int64_t now_ms)
{
    size_t count = 0;
    (void)pthread_mutex_lock(&freezes->mutex);
    for (size_t i = 0; i < freezes->list.count; i++)
        count += freeze_holds(&freezes->list.items[i], now_ms);
    (void)pthread_mutex_unlock(&freezes->mutex);
    return count;
}

bool freezes_away(const struct freezes *freezes)
{
    return atomic_load(&freezes->away);
}

/* ---- from start to end ---- */

static struct freezes *freezes_new(struct state *state, const char *file, struct log *notices)
{
    struct freezes *freezes = calloc(1, sizeof *freezes);
    if (freezes == NULL)
        return NULL;
    freezes->state = state;
    freezes->notices = notices;
    freezes->file = strdup(file);
    atomic_init(&freezes->known, 0);
    atomic_init(&freezes->away, false);
    if (freezes->file != NULL && pthread_mutex_init(&freezes->turn, NULL) == 0 &&
        pthread_mutex_init(&freezes->mutex, NULL) == 0)
        return freezes;
    free(freezes->file);
    free(freezes);
    return NULL;
}

struct freezes *freezes_open(struct state *state, const char *file, struct log *notices, struct err *err)
{
    struct freezes *freezes = freezes_new(state, file, notices);
    if (freezes == NULL) {
        err_memory(err);
        return NULL;
    }
    int result = load(freezes, err);
    if (result == 0 && state_is_shared(state)) {
        poll_store(freezes);
        freezes->polls = periodic_start(&freezes->poller, FREEZES_POLL_MS, poll_store, freezes) == 0;
        if (!freezes->polls)
            result = err_set(err, ERR_SYSTEM, "the thread that asks for freezes cannot be started");
    }
    if (result == 0)
        return freezes;
    freezes_close(freezes);
    return NULL;
}

void freezes_close(struct freezes *freezes)
{
    if (freezes == NULL)
        return;
    if (freezes->polls)
        periodic_stop(&freezes->poller);
    free(freezes->list.items);
    (void)pthread_mutex_destroy(&freezes->turn);
    (void)pthread_mutex_destroy(&freezes->mutex);
    free(freezes->file);
    free(freezes);
}
