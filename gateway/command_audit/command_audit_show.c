#include "base/time/timestamp.h"
#include "gateway/audit/audit_changes.h"
#include "gateway/audit/audit_filter.h"
#include "gateway/command_audit/audit_list.h"
#include "gateway/options/command.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Usage: countersign audit show [OPTION...] FILE...\n"
    "\n"
    "Prints each change with what became of it.  The files may be of several gateways: they are merged by\n"
    "time; those of one are named oldest first.  Options narrow it down; all must hold.\n"
    "\n";

static const char notes[] =
    "\n"
    "Exit: 0 shown, 1 a file cannot be read or its chain does not hold (see: countersign audit verify),\n"
    "2 wrong usage, 78 the policy is bad.\n";

struct show {
    struct audit_filter filter;
    struct command_source source; /* a policy, or nothing */
    struct audit_list list;
};

/* ---- options ---- */

static int read_time(const char *name, const char *text, int64_t *time, struct err *err)
{
    return timestamp_parse(text, time)
               ? 0
               : err_set(err, ERR_INPUT, "--%s is a date (2026-11-25) or a time (2026-11-25T18:00:00Z)",
                         name);
}

static int take_since(void *place, const char *text, struct err *err)
{
    return read_time("since", text, place, err);
}

static int take_until(void *place, const char *text, struct err *err)
{
    return read_time("until", text, place, err);
}

static int take_json(void *place, const char *none, struct err *err)
{
    struct audit_list *list = place;
    (void)none;
    (void)err;
    list->form = AUDIT_LIST_JSON;
    return 0;
}

static int take_csv(void *place, const char *none, struct err *err)
{
    struct audit_list *list = place;
    (void)none;
    (void)err;
    list->form = AUDIT_LIST_CSV;
    return 0;
}

static int take_summary(void *place, const char *fields, struct err *err)
{
    return audit_list_sum(place, fields) == 0
               ? 0
               : err_set(err, ERR_INPUT, "--summary takes some of these, with commas between them: %s",
                         AUDIT_LIST_FIELD_NAMES);
}

static const struct command_line_option options[] = {
    {.name = "client",
     .value = "NAME",
     .help = "who",
     .at = offsetof(struct show, filter.want[AUDIT_FILTER_CLIENT])},
    {.name = "action",
     .value = "NAME",
     .help = "what: DetachClassicLinkVpc",
     .at = offsetof(struct show, filter.want[AUDIT_FILTER_ACTION])},
    {.name = "outcome",
     .value = "WORD",
     .help = "executed, not-executed, unknown, or unrecorded: the gateway ended before it knew",
     .at = offsetof(struct show, filter.want[AUDIT_FILTER_OUTCOME])},
    {.name = "value",
     .value = "TEXT",
     .help = "a parameter has it: an id of a VPC or an instance, also as a former id",
     .at = offsetof(struct show, filter.want[AUDIT_FILTER_VALUE])},
    {.name = "policy",
     .value = "FILE",
     .help = "with --value: the ids that its former_ids says to be one thing are one",
     .at = offsetof(struct show, source.policy)},
    {.name = "catalog",
     .value = "FILE",
     .help = "with --policy: routes of your own, as in countersign.yaml",
     .at = offsetof(struct show, source),
     .take = command_take_catalog},
    {.name = "request",
     .value = "ID",
     .help = "the X-Request-Id of the answer",
     .at = offsetof(struct show, filter.want[AUDIT_FILTER_REQUEST])},
    {.name = "since",
     .value = "TIME",
     .help = "2026-11-25 or 2026-11-25T18:00:00Z: asked at that time or later",
     .at = offsetof(struct show, filter.since),
     .take = take_since},
    {.name = "until",
     .value = "TIME",
     .help = "asked before",
     .at = offsetof(struct show, filter.until),
     .take = take_until},
    {.name = "json", .help = "a JSON line per change", .at = offsetof(struct show, list), .take = take_json},
    {.name = "csv",
     .help = "a row of CSV (RFC 4180) per change",
     .at = offsetof(struct show, list),
     .take = take_csv},
    {.name = "summary",
     .value = "FIELDS",
     .help =
         "how many there were by these fields, as client,action; of them there are\n" AUDIT_LIST_FIELD_NAMES,
     .at = offsetof(struct show, list),
     .take = take_summary},
};

static const struct command_line command_line = {
    .usage = usage, .options = options, .count = COUNT(options), .notes = notes, .part = "show"};

static int fail(const char *sentence)
{
    fprintf(stderr, "countersign audit: %s\n", sentence);
    return COMMAND_FAILED;
}

static int take_change(void *context, json_t *change)
{
    struct show *show = context;
    return audit_filter_wants(&show->filter, change) ? audit_list_put(&show->list, change) : 0;
}

static void tell(void *context, const char *sentence)
{
    (void)context;
    (void)fail(sentence);
}

static int show_all(struct show *show, char **files)
{
    struct err err = {0};
    struct audit_changes *changes = audit_changes_open(files, &err);
    const struct audit_changes_use use = {.take = take_change, .tell = tell, .context = show};
    int result = COMMAND_GOOD;
    if (changes == NULL)
        return fail(err.text);
    if (audit_list_begin(&show->list) != 0) {
        audit_changes_close(changes);
        return fail("out of memory");
    }
    if (audit_changes_each(changes, &use) != 0)
        result = COMMAND_FAILED; /* it was told */
    if (audit_list_end(&show->list) != 0)
        result = fail("out of memory");
    audit_changes_close(changes);
    return result;
}

int command_audit_show(int argc, char **argv)
{
    struct show show = {.filter.until = INT64_MAX};
    struct config *config = NULL;
    struct command_line_operands operands;
    int parsed = command_options("audit", &command_line, argc, argv, &show, &operands);
    if (parsed == COMMAND_GOOD && operands.count == 0)
        parsed = command_usage("audit", "show needs a file");
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    if (show.source.policy != NULL && (config = command_load_policy(&show.source)) == NULL)
        return COMMAND_BAD_CONFIG;
    show.filter.config = config;
    int result = show_all(&show, operands.items);
    config_release(config);
    return result;
}
