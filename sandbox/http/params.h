/* sandbox/http/params.h - the parameters of one request, out of the bytes that came over the wire.
 *
 * Written from the description of the scheme alone and shares nothing with the signing side: a mistake made
 * in one must not be made in the other. */
#ifndef SANDBOX_HTTP_PARAMS_H
#define SANDBOX_HTTP_PARAMS_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"

enum { PARAMS_MAX = 1024, PARAMS_DEPTH_MAX = 16 };

/* JSON tells strings from numbers; a form does not. */
enum param_kind { PARAM_FORM, PARAM_STRING, PARAM_NUMBER, PARAM_BOOL, PARAM_OTHER };

struct param {
    const char *wire_name; /* percent-decoded                          */
    const char *name;      /* the same with every '_' turned into '.'  */
    const char *value;     /* percent-decoded, raw                     */
    enum param_kind kind;
};

/* Sorted by wire_name in byte order: the scheme sorts first and replaces '_' after. */
struct params {
    struct param *list;
    size_t count;
    char *bytes;         /* what the names and values of a form point into */
    struct arena *arena; /* what those of JSON point into                  */
};

/* Reads `length` bytes of a query or an application/x-www-form-urlencoded body: '+' is a blank, %XX is
 * decoded once.  Refused: a broken escape, NUL, an empty name, more than PARAMS_MAX, and two parameters of
 * one name, also when they differ only by '_' and '.'.  What was read before a refusal stays in `params`, for
 * the journal; the owner calls params_done() in either case. */
MUST_USE int params_parse(struct params *params, const char *bytes, size_t length, struct err *err);

/* The same from a JSON object, with the names that a form would have: {"Filters":[{"Name":"a"}]} is
 * Filters.0.Name=a.  What is empty vanishes.  Refused: a key twice, a key that is empty or holds a dot or an
 * underscore, more than PARAMS_MAX values, deeper than PARAMS_DEPTH_MAX. */
MUST_USE int params_json_parse(struct params *params, const char *bytes, size_t length, struct err *err);
void params_done(struct params *params);

/* By its name with dots; NULL when it is absent. */
const char *params_get(const struct params *params, const char *name);

/* The value of the array's member: `list` is "instanceIds", `index` counts from 0. */
const char *params_member(const struct params *params, const char *list, size_t index);

/* Whether some member has this value. */
bool params_lists(const struct params *params, const char *list, const char *value);

/* How many members `list.0`, `list.1` ... there are.  -1 when they do not count from 0 without a gap. */
MUST_USE int params_count(const struct params *params, const char *list, size_t *count, struct err *err);

#endif
