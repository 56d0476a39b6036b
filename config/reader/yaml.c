#include "config/reader/yaml.h"

#include "base/buf.h"
#include "base/file.h"

#include <string.h>
#include <yaml.h>

#define HASH_NONFATAL_OOM 1 /* see config.h */
#include <uthash.h>

/* A key seen in a map that is being read. */
struct seen_key {
    const char *text;
    const struct yaml_node *node;
    UT_hash_handle hh;
};

/* A list or map that is being read. */
struct level {
    struct yaml_node *node;
    struct yaml_node **end; /* where its next child is hung */
    const char *key;        /* read, its value is awaited   */
    struct mark key_mark;
    struct seen_key *seen;
};

struct reader {
    yaml_parser_t parser;
    const char *bytes;
    size_t length;
    const char *name;
    struct arena *arena;
    struct report *report;
    struct yaml_node *root;
    struct level levels[YAML_DEPTH_MAX];
    size_t depth;
};

const char *yaml_kind_name(enum yaml_kind kind)
{
    return kind == YAML_SCALAR ? "text" : kind == YAML_LIST ? "a list" : "a map";
}

static struct mark mark_of(const struct reader *reader, const yaml_mark_t *mark)
{
    return (struct mark){reader->name, (unsigned)mark->line + 1, (unsigned)mark->column + 1};
}

static int out_of_memory(struct reader *reader)
{
    struct mark mark = {reader->name, 0, 0};
    return report_error(reader->report, &mark, "out of memory");
}

/* Reader errors come with an offset only. */
static unsigned line_at(const struct reader *reader, size_t offset)
{
    unsigned line = 1;
    for (size_t i = 0; i < offset && i < reader->length; i++)
        line += reader->bytes[i] == '\n';
    return line;
}

static void report_parser(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    struct mark mark = mark_of(reader, &parser->problem_mark);
    if (parser->error == YAML_MEMORY_ERROR)
        out_of_memory(reader);
    else if (parser->error == YAML_READER_ERROR)
        report_error(reader->report, &(struct mark){reader->name, line_at(reader, parser->problem_offset), 1},
                     "not plain UTF-8 text (at byte %zu of the file)", parser->problem_offset);
    else
        report_error(reader->report, &mark, "%s", parser->problem ? parser->problem : "not YAML");
}

static struct yaml_node *new_node(struct reader *reader, enum yaml_kind kind, const struct mark *mark)
{
    struct yaml_node *node = arena_alloc(reader->arena, sizeof *node);
    if (node == NULL) {
        out_of_memory(reader);
        return NULL;
    }
    node->kind = kind;
    node->mark = *mark;
    return node;
}

/* 1 when the key is there already: an error, but reading goes on to find the others. */
static int remember_key(struct reader *reader, struct level *level, struct yaml_node *node)
{
    struct seen_key *seen = NULL;
    HASH_FIND_STR(level->seen, level->key, seen);
    if (seen != NULL) {
        report_error(reader->report, &level->key_mark, "the key '%.64s' is already on line %u", level->key,
                     seen->node->key_mark.line);
        return 1;
    }
    seen = arena_alloc(reader->arena, sizeof *seen);
    if (seen == NULL)
        return out_of_memory(reader);
    seen->text = level->key;
    seen->node = node;
    HASH_ADD_KEYPTR(hh, level->seen, seen->text, strlen(seen->text), seen);
    return seen->hh.tbl == NULL ? out_of_memory(reader) : 0;
}

/* Hangs the node where it belongs. */
static int place(struct reader *reader, struct yaml_node *node)
{
    if (reader->depth == 0) {
        reader->root = node;
        return 0;
    }
    struct level *level = &reader->levels[reader->depth - 1];
    if (level->node->kind == YAML_MAP) {
        node->key = level->key;
        node->key_mark = level->key_mark;
        int known = remember_key(reader, level, node);
        level->key = NULL;
        if (known != 0)
            return known < 0 ? -1 : 0; /* the first one stays */
    }
    *level->end = node;
    level->end = &node->next;
    level->node->count++;
    return 0;
}

static bool awaits_key(const struct reader *reader)
{
    if (reader->depth == 0)
        return false;
    const struct level *level = &reader->levels[reader->depth - 1];
    return level->node->kind == YAML_MAP && level->key == NULL;
}

static int refuse_decoration(struct reader *reader, const struct mark *mark, const yaml_char_t *anchor,
                             const yaml_char_t *tag)
{
    if (anchor != NULL)
        return report_error(reader->report, mark, "anchors are not taken here: write the value out");
    if (tag != NULL)
        return report_error(reader->report, mark, "tags are not taken here: remove the '!'");
    return 0;
}

static int read_scalar(struct reader *reader, const yaml_event_t *event, const struct mark *mark)
{
    const char *bytes = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (refuse_decoration(reader, mark, event->data.scalar.anchor, event->data.scalar.tag) != 0)
        return -1;
    if (memchr(bytes, '\0', length) != NULL)
        return report_error(reader->report, mark, "a NUL character is not text");
    char *text = arena_copy(reader->arena, bytes, length);
    if (text == NULL)
        return out_of_memory(reader);
    if (awaits_key(reader)) {
        struct level *level = &reader->levels[reader->depth - 1];
        level->key = text;
        level->key_mark = *mark;
        return 0;
    }
    struct yaml_node *node = new_node(reader, YAML_SCALAR, mark);
    if (node == NULL)
        return -1;
    node->text = text;
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return place(reader, node);
}

static int open_level(struct reader *reader, enum yaml_kind kind, const struct mark *mark)
{
    if (awaits_key(reader))
        return report_error(reader->report, mark, "a key must be plain text");
    if (reader->depth == YAML_DEPTH_MAX)
        return report_error(reader->report, mark, "nested deeper than %d levels", YAML_DEPTH_MAX);
    struct yaml_node *node = new_node(reader, kind, mark);
    if (node == NULL || place(reader, node) != 0)
        return -1;
    reader->levels[reader->depth++] = (struct level){.node = node, .end = &node->children};
    return 0;
}

static void close_level(struct reader *reader)
{
    struct level *level = &reader->levels[--reader->depth];
    HASH_CLEAR(hh, level->seen); /* the entries are the arena's */
}

/* -1 stops, 1 ends, 0 goes on. */
static int read_event(struct reader *reader, const yaml_event_t *event)
{
    struct mark mark = mark_of(reader, &event->start_mark);
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (reader->root != NULL)
            return report_error(reader->report, &mark, "a second document: one file is one document");
        return 0;
    case YAML_ALIAS_EVENT:
        return report_error(reader->report, &mark, "aliases are not taken here: write the value out");
    case YAML_SCALAR_EVENT:
        return read_scalar(reader, event, &mark);
    case YAML_SEQUENCE_START_EVENT:
        if (refuse_decoration(reader, &mark, event->data.sequence_start.anchor,
                              event->data.sequence_start.tag) != 0)
            return -1;
        return open_level(reader, YAML_LIST, &mark);
    case YAML_MAPPING_START_EVENT:
        if (refuse_decoration(reader, &mark, event->data.mapping_start.anchor,
                              event->data.mapping_start.tag) != 0)
            return -1;
        return open_level(reader, YAML_MAP, &mark);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        close_level(reader);
        return 0;
    case YAML_STREAM_END_EVENT:
        return 1;
    default:
        return 0;
    }
}

static int read_events(struct reader *reader)
{
    int verdict = 0;
    while (verdict == 0) {
        yaml_event_t event;
        if (!yaml_parser_parse(&reader->parser, &event)) {
            report_parser(reader);
            verdict = -1;
            break;
        }
        verdict = read_event(reader, &event);
        yaml_event_delete(&event);
    }
    while (reader->depth > 0)
        close_level(reader);
    return verdict < 0 ? -1 : 0;
}

struct yaml_node *yaml_parse(const char *bytes, size_t length, const char *name, struct arena *arena,
                             struct report *report)
{
    struct reader reader = {.bytes = bytes, .length = length, .name = name, .arena = arena, .report = report};
    if (!yaml_parser_initialize(&reader.parser)) {
        report_error(report, NULL, "out of memory");
        return NULL;
    }
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)bytes, length);
    int result = read_events(&reader);
    yaml_parser_delete(&reader.parser);
    if (result == 0 && reader.root == NULL)
        report_error(report, &(struct mark){reader.name, 1, 1}, "the file is empty");
    return result == 0 ? reader.root : NULL;
}

struct yaml_node *yaml_load(const char *path, struct arena *arena, struct digest *digest,
                            struct report *report)
{
    struct buf bytes;
    struct err err = {0};
    struct yaml_node *root = NULL;
    buf_init(&bytes, YAML_FILE_MAX);
    if (file_read(path, FILE_PLAIN, &bytes, &err) != 0)
        report_error(report, &(struct mark){path, 1, 1}, "%s", err.text);
    else {
        digest_add(digest, buf_text(&bytes), bytes.length);
        root = yaml_parse(buf_text(&bytes), bytes.length, path, arena, report);
    }
    buf_done(&bytes);
    return root;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    if (map == NULL || map->kind != YAML_MAP)
        return NULL;
    for (const struct yaml_node *node = map->children; node != NULL; node = node->next)
        if (strcmp(node->key, key) == 0)
            return node;
    return NULL;
}
