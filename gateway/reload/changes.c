#include "gateway/reload/changes.h"

#include "base/time/clock.h"
#include "base/json/json.h"
#include "config/rights/rights.h"

#include <string.h>

enum {
    CHANGES_RECORD_MAX = 32 * 1024,
    CHANGES_LINES_MAX = 50,
    CHANGES_LINE_MAX = 300,  /* bytes; what is cut is in the files */
    CHANGES_BUDGET = 200000, /* comparisons: some 10 ms of a reload */
};

static void begin(struct buf *members, const struct config *config)
{
    buf_init(members, CHANGES_RECORD_MAX);
    json_member(members, "config", config->short_hash);
}

static void put_hashes(struct buf *members, const struct config *config)
{
    json_open_member(members, "sha256");
    json_member(members, "policy", config->hashes[CONFIG_HASH_POLICY]);
    json_member(members, "catalog", config->hashes[CONFIG_HASH_CATALOG]);
    json_member(members, "configuration", config->hashes[CONFIG_HASH_SERVICE]);
    json_close(members);
}

static void end(struct audit *audit, const char *kind, struct buf *members)
{
    unsigned long long seq = 0;
    if (audit_append(audit, kind, AUDIT_NOW, members, &seq, NULL) != 0)
        seq = 0; /* counted and told there; nothing refers to it */
    buf_done(members);
}

struct lines {
    struct buf *out;
    size_t count;
};

static void put_line(void *context, const char *line)
{
    struct lines *lines = context;
    if (lines->count > 0 && lines->count < CHANGES_LINES_MAX)
        buf_put_char(lines->out, ',');
    if (lines->count++ < CHANGES_LINES_MAX)
        json_put_string(lines->out, line, strnlen(line, CHANGES_LINE_MAX));
}

static void put_changes(struct buf *members, const struct config *old, const struct config *new)
{
    struct rights_counts counts = {0};
    struct lines lines = {.out = members};
    const struct rights_question question = {
        .now = clock_wall_ms() / 1000, .put = put_line, .context = &lines, .budget = CHANGES_BUDGET};
    json_open_array(members, "changes");
    int result = strcmp(old->hashes[CONFIG_HASH_POLICY], new->hashes[CONFIG_HASH_POLICY]) == 0 &&
                         strcmp(old->hashes[CONFIG_HASH_CATALOG], new->hashes[CONFIG_HASH_CATALOG]) == 0
                     ? 0
                     : rights_diff(old, new, &question, &counts);
    json_close_array(members);
    json_member_int(members, "more", (long long)counts.more);
    json_member_int(members, "less", (long long)counts.less);
    json_member_int(members, "other", (long long)counts.other);
    if (result != 0 || counts.cut || lines.count > CHANGES_LINES_MAX)
        json_member(members, "further", "there may be more: compare the files with countersign diff");
}

void changes_reload(struct audit *audit, const struct config *old, const struct config *new, const char *by)
{
    struct buf members;
    if (audit == NULL)
        return;
    begin(&members, new);
    json_member(&members, "before", old->short_hash);
    json_member(&members, "by", by);
    put_hashes(&members, new);
    put_changes(&members, old, new);
    end(audit, "reload", &members);
}

void changes_refused(struct audit *audit, const struct config *stays, const char *by, const char *errors)
{
    struct buf members;
    struct lines lines = {.out = &members};
    if (audit == NULL)
        return;
    begin(&members, stays);
    json_member(&members, "by", by);
    json_open_array(&members, "errors");
    for (const char *at = errors; *at != '\0'; at += strcspn(at, "\n") + (at[strcspn(at, "\n")] == '\n')) {
        char line[CHANGES_LINE_MAX + 1] = "";
        size_t length = strcspn(at, "\n");
        memcpy(line, at, length < CHANGES_LINE_MAX ? length : CHANGES_LINE_MAX);
        put_line(&lines, line);
    }
    json_close_array(&members);
    end(audit, "reload-refused", &members);
}
