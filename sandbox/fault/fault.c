#include "sandbox/fault/fault.h"

#include "base/json/json.h"
#include "base/text.h"
#include "sandbox/http/number.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct fault_set {
    pthread_mutex_t lock;
    struct fault list[FAULTS_MAX];
    size_t count;
};

void fault_done(struct fault *fault)
{
    free(fault->spec);
    free(fault->action);
    free(fault->text);
    *fault = (struct fault){0};
}

/* `text` is "count=3".  False: it is no modifier, but part of a VALUE that holds colons. */
static bool read_modifier(struct fault *fault, const char *text, bool *good)
{
    const struct {
        const char *name;
        long long min;
        long long *out;
    } modifiers[] = {
        {"count=", 1, &fault->count}, {"after=", 0, &fault->after}, {"every=", 1, &fault->every}};
    for (size_t i = 0; i < COUNT(modifiers); i++) {
        size_t length = strlen(modifiers[i].name);
        if (strncmp(text, modifiers[i].name, length) != 0)
            continue;
        *good = number_parse(text + length, modifiers[i].min, INT_MAX, modifiers[i].out);
        return true;
    }
    return false;
}

/* From the end: a VALUE, such as a URL, may hold colons. */
static int cut_modifiers(struct fault *fault, char *rest, struct err *err)
{
    for (char *colon = strrchr(rest, ':'); colon != NULL; colon = strrchr(rest, ':')) {
        bool good = false;
        if (!read_modifier(fault, colon + 1, &good))
            break;
        if (!good)
            return err_set(err, ERR_INPUT, "'%.40s' in the fault '%.80s' is not a number in its range",
                           colon + 1, fault->spec);
        *colon = '\0';
    }
    return 0;
}

static int read_value(struct fault *fault, const char *value, struct err *err)
{
    const struct fault_kind *kind = fault->kind;
    bool given = value != NULL;
    if (kind->value == FAULT_NO_VALUE && given)
        return err_set(err, ERR_INPUT, "the fault '%s' takes no value: '%.80s'", kind->name, fault->spec);
    if ((kind->value == FAULT_NUMBER || kind->value == FAULT_TEXT) && !given)
        return err_set(err, ERR_INPUT, "the fault '%s' takes a value: %s%s", kind->name, kind->name,
                       kind->takes);
    fault->text = strdup(given ? value : "");
    if (fault->text == NULL)
        return err_memory(err);
    fault->number = -1;
    if ((kind->value == FAULT_NUMBER || kind->value == FAULT_MAYBE_NUMBER) && given &&
        !number_parse(value, kind->min, kind->max, &fault->number))
        return err_set(err, ERR_INPUT, "the fault '%s' takes a number from %lld to %lld: '%.80s'", kind->name,
                       kind->min, kind->max, fault->spec);
    return kind->check == NULL || kind->check(fault)
               ? 0
               : err_set(err, ERR_INPUT, "the fault '%s' is written %s%s: '%.80s'", kind->name, kind->name,
                         kind->takes, fault->spec);
}

static int read_kind(struct fault *fault, char *rest, struct err *err)
{
    char *equals = strchr(rest, '=');
    size_t length = equals == NULL ? strlen(rest) : (size_t)(equals - rest);
    fault->kind = fault_kind_find(rest, length);
    if (fault->kind == NULL)
        return err_set(err, ERR_INPUT, "there is no fault '%.*s': see countersign sandbox --help",
                       length > 40 ? 40 : (int)length, rest);
    return read_value(fault, equals == NULL ? NULL : equals + 1, err);
}

static int parse(struct fault *fault, const char *spec, struct err *err)
{
    const char *colon = strchr(spec, ':');
    if (colon == NULL || colon == spec || strlen(spec) > FAULT_SPEC_MAX ||
        text_has_control(spec, strlen(spec)))
        return err_set(err, ERR_INPUT,
                       "a fault is written ACTION:KIND[=VALUE][:count=N][:after=M][:every=K]: '%.80s'", spec);
    fault->spec = strdup(spec);
    fault->action = strndup(spec, (size_t)(colon - spec));
    char *rest = strdup(colon + 1);
    if (fault->spec == NULL || fault->action == NULL || rest == NULL) {
        free(rest);
        return err_memory(err);
    }
    int result = cut_modifiers(fault, rest, err) != 0 ? -1 : read_kind(fault, rest, err);
    free(rest);
    return result;
}

int fault_parse(struct fault *fault, const char *spec, struct err *err)
{
    struct fault made = {.every = 1};
    if (parse(&made, spec, err) != 0) {
        fault_done(&made);
        return -1;
    }
    *fault = made;
    return 0;
}

struct fault_set *fault_set_new(void)
{
    struct fault_set *set = calloc(1, sizeof *set);
    if (set == NULL || pthread_mutex_init(&set->lock, NULL) != 0) {
        free(set);
        return NULL;
    }
    return set;
}

static void clear(struct fault_set *set)
{
    while (set->count > 0)
        fault_done(&set->list[--set->count]);
}

void fault_set_free(struct fault_set *set)
{
    if (set == NULL)
        return;
    clear(set);
    pthread_mutex_destroy(&set->lock);
    free(set);
}

int fault_set_add(struct fault_set *set, const char *spec, struct err *err)
{
    struct fault fault;
    if (fault_parse(&fault, spec, err) != 0)
        return -1;
    pthread_mutex_lock(&set->lock);
    bool room = set->count < FAULTS_MAX;
    if (room)
        set->list[set->count++] = fault;
    pthread_mutex_unlock(&set->lock);
    if (room)
        return 0;
    fault_done(&fault);
    return err_set(err, ERR_LIMIT, "more than %d faults", FAULTS_MAX);
}

static int add_line(struct fault_set *set, const char *line, size_t length, struct err *err)
{
    if (length > 0 && line[length - 1] == '\r')
        length--;
    if (length == 0 || line[0] == '#')
        return 0;
    char *spec = strndup(line, length);
    int result = spec == NULL ? err_memory(err) : fault_set_add(set, spec, err);
    free(spec);
    return result;
}

static int add_lines(struct fault_set *set, const char *lines, struct err *err)
{
    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");
        if (add_line(set, lines, length, err) != 0)
            return -1;
        lines += lines[length] == '\n' ? length + 1 : length;
    }
    return 0;
}

int fault_set_replace(struct fault_set *set, const char *lines, struct err *err)
{
    struct fault_set *fresh = fault_set_new();
    if (fresh == NULL)
        return err_memory(err);
    int result = add_lines(fresh, lines, err);
    if (result == 0) {
        pthread_mutex_lock(&set->lock);
        clear(set);
        memcpy(set->list, fresh->list, fresh->count * sizeof *set->list);
        set->count = fresh->count;
        pthread_mutex_unlock(&set->lock);
        fresh->count = 0; /* they have moved */
    }
    fault_set_free(fresh);
    return result;
}

/* Counts the request, and tells whether it is this fault's turn. */
static bool is_due(struct fault *fault, const char *action)
{
    if (strcmp(fault->action, "*") != 0 && strcmp(fault->action, action) != 0)
        return false;
    long long turn = fault->seen++ - fault->after;
    return turn >= 0 && turn % fault->every == 0 && (fault->count == 0 || fault->struck < fault->count);
}

static int copy(struct fault *to, const struct fault *from)
{
    *to = *from;
    to->action = NULL;
    to->spec = strdup(from->spec);
    to->text = strdup(from->text);
    return to->spec != NULL && to->text != NULL ? 0 : -1;
}

int fault_set_strike(struct fault_set *set, const char *action, struct fault_strike *strike)
{
    int result = 0;
    *strike = (struct fault_strike){0};
    pthread_mutex_lock(&set->lock);
    for (size_t i = 0; i < set->count; i++) {
        struct fault *fault = &set->list[i];
        struct fault *place = &strike->by_class[fault->kind->class];
        if (!is_due(fault, action) || place->kind != NULL)
            continue;
        fault->struck++;
        if (copy(place, fault) != 0)
            result = -1;
    }
    pthread_mutex_unlock(&set->lock);
    return result;
}

void fault_strike_done(struct fault_strike *strike)
{
    for (size_t i = 0; i < FAULT_CLASSES; i++)
        fault_done(&strike->by_class[i]);
}

void fault_set_put(struct fault_set *set, struct buf *out)
{
    json_open_array(out, "faults");
    pthread_mutex_lock(&set->lock);
    for (size_t i = 0; i < set->count; i++) {
        json_open(out);
        json_member(out, "spec", set->list[i].spec);
        json_member_int(out, "seen", set->list[i].seen);
        json_member_int(out, "struck", set->list[i].struck);
        json_close(out);
    }
    pthread_mutex_unlock(&set->lock);
    json_close_array(out);
}
