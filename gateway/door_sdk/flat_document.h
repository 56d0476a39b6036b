/* gateway/door_sdk/flat_document.h - a document that came as names and values, as SDKs write one into a
 * query or a form: "Filters.0.Values.1=prod", or with brackets, "Filters[0][Values][1]=prod". */
#ifndef GATEWAY_DOOR_SDK_FLAT_DOCUMENT_H
#define GATEWAY_DOOR_SDK_FLAT_DOCUMENT_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/definitions/definitions.h"
#include "gateway/http/target.h"

enum {
    FLAT_DOCUMENT_PARTS_MAX = 32,  /* of a name: fifteen levels of objects and lists */
    FLAT_DOCUMENT_NAME_MAX = 1024, /* bytes of a name */
};

/* The same document as JSON.  Types are those of the definition: "true", "True" and "1" are true where a
 * boolean is wanted.  What does not fit the definition is written as a text, so that document_read() says
 * what is wrong with it.  -1: a name is none, is there twice, or a list has a gap. */
MUST_USE int flat_document_write(const struct target_pair *pairs, size_t count,
                                 const struct definitions_object *object, struct arena *arena,
                                 struct buf *out, struct err *err);

#endif
