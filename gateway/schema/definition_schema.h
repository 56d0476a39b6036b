/* gateway/schema/definition_schema.h - what a document of the cloud's own may be, as a JSON schema (draft
 * 2020-12, as OpenAPI 3.1 has it). */
#ifndef GATEWAY_SCHEMA_DEFINITION_SCHEMA_H
#define GATEWAY_SCHEMA_DEFINITION_SCHEMA_H

#include "base/arena.h"
#include "base/buf.h"
#include "config/definitions/definitions.h"

/* The objects that documents of several actions can have, each once. */
struct definition_schema {
    const struct definitions_object **items;
    size_t count, room;
};

/* Room for those of one version of a service; -1: memory is out. */
MUST_USE int definition_schema_begin(struct definition_schema *schema, const struct definitions *definitions,
                                     struct arena *arena);

/* The object, and all that stand in it. */
void definition_schema_reach(struct definition_schema *schema, const struct definitions_object *object);

/* A member for each object that was reached, in an object that is open: its name behind `prefix`, and its
 * schema, which refers to others as `at` and their name: "#/$defs/". */
void definition_schema_put(struct buf *out, const struct definition_schema *schema, const char *prefix,
                           const char *at);

/* The keywords of one member's schema, in a schema that is open, with all that stands in it in its place. */
void definition_schema_put_inline(struct buf *out, const struct definitions_member *member);

#endif
