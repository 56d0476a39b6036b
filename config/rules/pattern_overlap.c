/* The expression is walked with the set of places of the pattern that a text can have reached by then: a
 * character moves each place on or drops it, alternatives unite what they reach, repetition goes on until
 * nothing is new. */
#include "config/rules/pattern_overlap.h"

#include <stdlib.h>
#include <string.h>

enum {
    PATTERN_OVERLAP_PLACES = 257, /* of a pattern as long as a value may be */
    PATTERN_OVERLAP_DEPTH = 8,    /* groups in groups; each takes some kilobytes of stack */
    PATTERN_OVERLAP_REPEAT = 256, /* more repetitions than a value has characters change nothing */
    /* characters walked over, each time anew: repetitions of repetitions multiply */
    PATTERN_OVERLAP_STEPS = 100000,
};

struct places {
    bool at[PATTERN_OVERLAP_PLACES];
};

struct walk {
    const char *pattern;
    size_t length;
    unsigned depth;
    unsigned steps;
    bool unsure;
};

/* A set of bytes: of an atom that takes one character. */
struct bytes {
    bool has[256];
};

static const char *walk_choice(struct walk *walk, const char *at, const struct places *from,
                               struct places *to);

/* A star may stand for nothing.  False: nothing is new. */
static bool unite(const struct walk *walk, struct places *to, const struct places *from)
{
    bool grown = false;
    for (size_t i = 0; i <= walk->length; i++) {
        bool reached = from->at[i] || (i > 0 && walk->pattern[i - 1] == '*' && to->at[i - 1]);
        grown = grown || (reached && !to->at[i]);
        to->at[i] = to->at[i] || reached;
    }
    return grown;
}

static void take(struct walk *walk, const struct bytes *bytes, const struct places *from, struct places *to)
{
    struct places moved = {{false}};
    walk->unsure = walk->unsure || ++walk->steps > PATTERN_OVERLAP_STEPS;
    for (size_t i = 0; i < walk->length; i++) {
        if (from->at[i] && walk->pattern[i] == '*')
            moved.at[i] = true;
        else if (from->at[i] && bytes->has[(unsigned char)walk->pattern[i]])
            moved.at[i + 1] = true;
    }
    *to = (struct places){{false}};
    (void)unite(walk, to, &moved);
}

/* "[a-z_]", from behind the bracket. */
static const char *read_bracket(struct walk *walk, const char *at, struct bytes *bytes)
{
    bool negated = at[0] == '^';
    const char *first = at += negated;
    for (; *at != '\0' && (*at != ']' || at == first); at++) {
        bool range = at[1] == '-' && at[2] != ']' && at[2] != '\0';
        unsigned char low = (unsigned char)at[0];
        unsigned char high = (unsigned char)at[range ? 2 : 0];
        walk->unsure = walk->unsure || at[0] == '[' || at[0] == '\\' || high >= 0x80 || low >= 0x80;
        for (unsigned c = low; c <= high; c++)
            bytes->has[c] = true;
        at += range ? 2 : 0;
    }
    for (size_t i = 0; negated && i < COUNT(bytes->has); i++)
        bytes->has[i] = !bytes->has[i];
    walk->unsure = walk->unsure || *at == '\0';
    return *at == '\0' ? at : at + 1;
}

static const char *walk_group(struct walk *walk, const char *at, const struct places *from, struct places *to)
{
    walk->unsure = walk->unsure || walk->depth == PATTERN_OVERLAP_DEPTH;
    if (walk->unsure)
        return at;
    walk->depth++;
    at = walk_choice(walk, at, from, to);
    walk->depth--;
    walk->unsure = walk->unsure || *at != ')';
    return *at == ')' ? at + 1 : at;
}

/* One character.  Anchors and GNU's escapes, such as \w or \1, are something else. */
static const char *read_literal(struct walk *walk, const char *at, struct bytes *bytes)
{
    bool escaped = *at == '\\';
    at += escaped;
    bool plain = escaped ? strchr(".[]{}()*+?|^$\\-", *at) != NULL : strchr("^$*+?{", *at) == NULL;
    if (*at == '\0' || !plain) {
        walk->unsure = true;
        return at;
    }
    bytes->has[(unsigned char)*at] = true;
    return at + 1;
}

static const char *walk_atom(struct walk *walk, const char *at, const struct places *from, struct places *to)
{
    struct bytes bytes = {{false}};
    if (*at == '(')
        return walk_group(walk, at + 1, from, to);
    if (*at == '[') {
        at = read_bracket(walk, at + 1, &bytes);
    } else if (*at == '.') {
        memset(bytes.has, true, sizeof bytes.has);
        at++;
    } else {
        at = read_literal(walk, at, &bytes);
    }
    take(walk, &bytes, from, to);
    return at;
}

/* "*", "+", "?", "{2}", "{2,}", "{2,4}" or nothing: once. */
static const char *read_repeat(struct walk *walk, const char *at, unsigned long *least, unsigned long *most)
{
    char *end = NULL;
    *least = *at == '*' || *at == '?' ? 0 : 1;
    *most = *at == '*' || *at == '+' ? PATTERN_OVERLAP_REPEAT : 1;
    if (*at == '*' || *at == '+' || *at == '?')
        return at + 1;
    if (*at != '{')
        return at;
    *least = strtoul(at + 1, &end, 10);
    *most = *end == ',' && end[1] == '}' ? PATTERN_OVERLAP_REPEAT : *least;
    if (*end == ',')
        *most = end[1] == '}' ? PATTERN_OVERLAP_REPEAT : strtoul(end + 1, &end, 10);
    end += *end == ',';
    walk->unsure =
        walk->unsure || *end != '}' || at[1] < '0' || at[1] > '9' || *least > PATTERN_OVERLAP_REPEAT;
    return *end == '}' ? end + 1 : end;
}

/* An atom and how often: it is walked again for each time. */
static const char *walk_piece(struct walk *walk, const char *at, const struct places *from, struct places *to)
{
    unsigned long least = 0;
    unsigned long most = 0;
    struct places now;
    const char *end = walk_atom(walk, at, from, &now);
    const char *next = read_repeat(walk, end, &least, &most);
    *to = (struct places){{false}};
    if (least == 0)
        (void)unite(walk, to, from);
    for (unsigned long i = 1; i <= most && !walk->unsure; i++) {
        if (i >= least && !unite(walk, to, &now) && i > least)
            break;
        struct places before = now;
        (void)walk_atom(walk, at, &before, &now);
    }
    walk->unsure =
        walk->unsure || (*next != '\0' && strchr("*+?{", *next) != NULL); /* a repeated repetition */
    return next;
}

static const char *walk_branch(struct walk *walk, const char *at, const struct places *from,
                               struct places *to)
{
    *to = *from;
    while (*at != '\0' && *at != '|' && *at != ')' && !walk->unsure) {
        struct places before = *to;
        at = walk_piece(walk, at, &before, to);
    }
    return at;
}

static const char *walk_choice(struct walk *walk, const char *at, const struct places *from,
                               struct places *to)
{
    struct places one;
    *to = (struct places){{false}};
    for (bool more = true; more && !walk->unsure; at += more) {
        at = walk_branch(walk, at, from, &one);
        (void)unite(walk, to, &one);
        more = *at == '|';
    }
    return at;
}

bool pattern_overlap_possible(const char *pattern, const char *expression)
{
    struct walk walk = {.pattern = pattern, .length = strlen(pattern)};
    struct places from = {{false}};
    const struct places first = {{true}};
    struct places to;
    if (walk.length >= PATTERN_OVERLAP_PLACES)
        return true;
    (void)unite(&walk, &from, &first);
    const char *end = walk_choice(&walk, expression, &from, &to);
    return walk.unsure || *end != '\0' || to.at[walk.length];
}
