/* The compact form is lines of words: see docs/definitions.md. */
#include "config/definitions/definitions_text.h"

#include <stdlib.h>
#include <string.h>

static const char first_line[] = "countersign-definitions 1\n";

enum { SHOWN_DEPTH_MAX = 15, SHOWN_OBJECTS_MAX = 256, SHOWN_INDENT = 2 };

/* ---- read ---- */

struct reader {
    struct definitions *definitions;
    struct arena *arena;
    bool ended; /* its last line was read */
};

/* The next word of a line, cut off; NULL: no more. */
static char *next_word(char **at)
{
    char *word = *at;
    if (*word == '\0')
        return NULL;
    char *blank = strchr(word, ' ');
    *at = blank == NULL ? word + strlen(word) : blank + 1;
    if (blank != NULL)
        *blank = '\0';
    return word;
}

static int read_service(struct reader *reader, char *rest, struct err *err)
{
    const char *service = next_word(&rest);
    const char *version = next_word(&rest);
    if (service == NULL || version == NULL || *rest != '\0' ||
        !definitions_is_name(service, strlen(service)) || !definitions_is_version(version))
        return err_set(err, ERR_INPUT, "a service and its version belong here, as in service vpc 2017-03-12");
    reader->definitions->service = service;
    reader->definitions->version = version;
    return 0;
}

/* NAME, or NAME and what stands behind it for the request's or the answer's object. */
static const char *object_name(struct reader *reader, const char *action, const char *suffix)
{
    size_t length = strlen(action);
    char *name = arena_alloc(reader->arena, length + strlen(suffix) + 1);
    if (name == NULL)
        return NULL;
    memcpy(name, action, length);
    memcpy(name + length, suffix, strlen(suffix) + 1);
    return name;
}

static int read_action(struct reader *reader, char *rest, struct err *err)
{
    struct definitions_action *action = &reader->definitions->actions[reader->definitions->action_count];
    const char *effect = NULL;
    const char *status = NULL;
    action->name = next_word(&rest);
    effect = next_word(&rest);
    status = next_word(&rest);
    action->input_name = next_word(&rest);
    action->output_name = next_word(&rest);
    if (action->name == NULL || effect == NULL || *rest != '\0' ||
        !definitions_is_name(action->name, strlen(action->name)) ||
        (action->input_name == NULL) != (action->output_name == NULL))
        return err_set(err, ERR_INPUT,
                       "an action is its name, its effect, and perhaps its status and objects");
    action->effect = definitions_effect_of(effect);
    action->status = status == NULL ? DEFINITIONS_ONLINE : definitions_status_of(status);
    if (action->effect < 0 || action->status < 0)
        return err_set(err, ERR_INPUT, "%.64s is no effect or no status",
                       action->effect < 0 ? effect : status);
    if (action->input_name == NULL) {
        action->input_name = object_name(reader, action->name, "Request");
        action->output_name = object_name(reader, action->name, "Response");
    }
    reader->definitions->action_count++;
    return action->input_name == NULL || action->output_name == NULL ? err_memory(err) : 0;
}

/* NAME:TYPE or NAME:[TYPE], with '!' behind it where it is required, '-' where it is disabled. */
static int read_member(char *word, struct definitions_member *member, struct err *err)
{
    char *type = strchr(word, ':');
    if (type == NULL || !definitions_is_name(word, (size_t)(type - word)))
        return err_set(err, ERR_INPUT, "a member is its name and type, as in VpcId:string!");
    *type++ = '\0';
    size_t length = strlen(type);
    for (; length > 0 && (type[length - 1] == '!' || type[length - 1] == '-'); type[--length] = '\0')
        *(type[length - 1] == '!' ? &member->required : &member->disabled) = true;
    member->list = length > 2 && type[0] == '[' && type[length - 1] == ']';
    if (member->list) {
        type[--length] = '\0';
        type++;
        length--;
    }
    if (!definitions_is_name(type, length))
        return err_set(err, ERR_INPUT, "the member %.64s has no type", word);
    member->name = word;
    member->type_name = type;
    member->type = (unsigned char)definitions_type_of(type);
    return 0;
}

static size_t count_words(const char *line)
{
    size_t count = *line != '\0';
    for (; *line != '\0'; line++)
        count += *line == ' ';
    return count;
}

static int read_object(struct reader *reader, char *rest, struct err *err)
{
    struct definitions_object *object = &reader->definitions->objects[reader->definitions->object_count];
    object->name = next_word(&rest);
    size_t count = count_words(rest);
    if (object->name == NULL || !definitions_is_name(object->name, strlen(object->name)) ||
        definitions_type_of(object->name) != DEFINITIONS_OBJECT || count > DEFINITIONS_MEMBERS_MAX)
        return err_set(err, ERR_INPUT, "an object is its name and at most %d members",
                       DEFINITIONS_MEMBERS_MAX);
    object->members = arena_array(reader->arena, count + 1, sizeof *object->members);
    if (object->members == NULL)
        return err_memory(err);
    for (char *word; (word = next_word(&rest)) != NULL; object->member_count++)
        if (read_member(word, &object->members[object->member_count], err) != 0)
            return -1;
    reader->definitions->object_count++;
    return 0;
}

/* How many there are, so that what is cut is noticed wherever it is. */
static int read_end(struct reader *reader, const char *rest, struct err *err)
{
    char *end = NULL;
    unsigned long actions = strtoul(rest, &end, 10);
    unsigned long objects = *end == ' ' ? strtoul(end + 1, &end, 10) : 0;
    if (*end != '\0' || actions != reader->definitions->action_count ||
        objects != reader->definitions->object_count)
        return err_set(err, ERR_INPUT, "it does not have as many actions and objects as its last line says");
    reader->ended = true;
    return 0;
}

static int read_line(struct reader *reader, char *line, struct err *err)
{
    char *rest = line;
    const char *kind = next_word(&rest);
    if (kind == NULL || reader->ended)
        return err_set(err, ERR_INPUT,
                       reader->ended ? "nothing may stand behind the last line" : "a line is empty");
    if (strcmp(kind, "service") == 0)
        return read_service(reader, rest, err);
    if (strcmp(kind, "source") == 0 || strcmp(kind, "license") == 0) {
        *(kind[0] == 's' ? &reader->definitions->source : &reader->definitions->license) = rest;
        return 0;
    }
    if (strcmp(kind, "action") == 0)
        return read_action(reader, rest, err);
    if (strcmp(kind, "object") == 0)
        return read_object(reader, rest, err);
    if (strcmp(kind, "end") == 0)
        return read_end(reader, rest, err);
    return err_set(err, ERR_INPUT, "there is no line of that kind");
}

static size_t count_lines(const char *text, const char *kind)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, kind)) != NULL; at++)
        count++;
    return count;
}

static int prepare(struct reader *reader, const char *text, size_t length, struct err *err)
{
    if (strncmp(text, first_line, strlen(first_line)) != 0)
        return err_set(err, ERR_INPUT, "it does not begin with the line countersign-definitions 1");
    if (strlen(text) != length || text[length - 1] != '\n')
        return err_set(err, ERR_INPUT, "it is cut, or no text");
    reader->definitions->actions =
        arena_array(reader->arena, count_lines(text, "\naction "), sizeof *reader->definitions->actions);
    reader->definitions->objects =
        arena_array(reader->arena, count_lines(text, "\nobject "), sizeof *reader->definitions->objects);
    return reader->definitions->actions == NULL || reader->definitions->objects == NULL ? err_memory(err) : 0;
}

static int read_lines(struct reader *reader, char *text, size_t *number, struct err *err)
{
    for (char *line = text; *line != '\0'; (*number)++) {
        char *end = strchr(line, '\n');
        *end = '\0';
        if (*number > 1 && read_line(reader, line, err) != 0)
            return -1;
        line = end + 1;
    }
    if (!reader->ended || reader->definitions->service == NULL)
        return err_set(err, ERR_INPUT, "it is cut: its last line is missing");
    return 0;
}

int definitions_text_read(struct definitions *definitions, char *text, size_t length, const char *name,
                          struct arena *arena, struct err *err)
{
    struct reader reader = {.definitions = definitions, .arena = arena};
    struct err cause = {0};
    size_t line = 1;
    *definitions = (struct definitions){.source = "", .license = ""};
    if (prepare(&reader, text, length, &cause) == 0 && read_lines(&reader, text, &line, &cause) == 0) {
        if (definitions_settle(definitions, arena, &cause) == 0)
            return 0;
        line = 0;
    }
    if (line == 0)
        return err_set(err, cause.kind, "%.120s: %s", name, cause.text);
    return err_set(err, cause.kind, "%.120s:%zu: %s", name, line, cause.text);
}

/* ---- written ---- */

void definitions_text_put_type(struct buf *out, const struct definitions_member *member)
{
    buf_put_format(out, member->list ? "[%s]" : "%s", member->type_name);
}

static void put_action(struct buf *out, const struct definitions_action *action)
{
    size_t length = strlen(action->name);
    bool usual = strncmp(action->input_name, action->name, length) == 0 &&
                 strcmp(action->input_name + length, "Request") == 0 &&
                 strncmp(action->output_name, action->name, length) == 0 &&
                 strcmp(action->output_name + length, "Response") == 0;
    buf_put_format(out, "action %s %s", action->name, definitions_effect_name(action->effect));
    if (action->status != DEFINITIONS_ONLINE || !usual)
        buf_put_format(out, " %s", definitions_status_name(action->status));
    if (!usual)
        buf_put_format(out, " %s %s", action->input_name, action->output_name);
    buf_put_char(out, '\n');
}

static void put_object(struct buf *out, const struct definitions_object *object)
{
    buf_put_format(out, "object %s", object->name);
    for (size_t i = 0; i < object->member_count; i++) {
        const struct definitions_member *member = &object->members[i];
        buf_put_format(out, " %s:", member->name);
        definitions_text_put_type(out, member);
        buf_put(out, member->required ? "!" : "");
        buf_put(out, member->disabled ? "-" : "");
    }
    buf_put_char(out, '\n');
}

void definitions_text_put(struct buf *out, const struct definitions *definitions)
{
    buf_put(out, first_line);
    buf_put_format(out, "service %s %s\nsource %s\nlicense %s\n", definitions->service, definitions->version,
                   definitions->source, definitions->license);
    for (size_t i = 0; i < definitions->action_count; i++)
        put_action(out, &definitions->actions[i]);
    for (size_t i = 0; i < definitions->object_count; i++)
        put_object(out, &definitions->objects[i]);
    buf_put_format(out, "end %zu %zu\n", definitions->action_count, definitions->object_count);
}

/* ---- for people ---- */

struct shown {
    const struct definitions_object *objects[SHOWN_OBJECTS_MAX];
    size_t count;
};

static bool is_shown(const struct shown *shown, const struct definitions_object *object)
{
    for (size_t i = 0; i < shown->count; i++)
        if (shown->objects[i] == object)
            return true;
    return shown->count == SHOWN_OBJECTS_MAX;
}

static void show_members(struct buf *out, const struct definitions_object *object, struct shown *shown,
                         int depth)
{
    shown->objects[shown->count++] = object;
    for (size_t i = 0; i < object->member_count; i++) {
        const struct definitions_member *member = &object->members[i];
        buf_put_format(out, "%*s%s ", SHOWN_INDENT * depth, "", member->name);
        definitions_text_put_type(out, member);
        buf_put(out, member->required ? ", required" : "");
        buf_put(out, member->disabled ? ", disabled" : "");
        bool again = member->object != NULL && is_shown(shown, member->object);
        buf_put(out, again ? ", as above\n" : "\n");
        if (member->object != NULL && !again && depth < SHOWN_DEPTH_MAX)
            show_members(out, member->object, shown, depth + 1);
    }
}

void definitions_text_show(struct buf *out, const struct definitions *definitions,
                           const struct definitions_action *action)
{
    struct shown shown = {.count = 0};
    buf_put_format(out, "%s:%s, version %s, %s%s%s\n", definitions->service, action->name,
                   definitions->version, definitions_effect_name(action->effect),
                   action->status == DEFINITIONS_ONLINE ? "" : ", ",
                   action->status == DEFINITIONS_ONLINE ? "" : definitions_status_name(action->status));
    buf_put(out, action->input->member_count == 0 ? "takes nothing\n" : "takes\n");
    show_members(out, action->input, &shown, 1);
    shown.count = 0;
    buf_put(out, "answers\n");
    show_members(out, action->output, &shown, 1);
}
