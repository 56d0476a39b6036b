#include "gateway/console_past/audit_read.h"

#include "gateway/audit/audit_changes.h"
#include "gateway/web/html.h"

#include <string.h>

enum { AUDIT_READ_TOLD = 64 * 1024 };

static int take(void *context, json_t *change)
{
    struct audit_read *read = context;
    if (!read->wants(read->context, change))
        return 0;
    read->count++;
    if (json_array_size(read->found) == AUDIT_READ_ROWS)
        (void)json_array_remove(read->found, 0); /* it is there */
    return json_array_append(read->found, change);
}

static void tell(void *context, const char *sentence)
{
    struct audit_read *read = context;
    buf_put(&read->told, sentence);
    buf_put_char(&read->told, '\n');
}

int audit_read_init(struct audit_read *read, const struct page *page)
{
    const char *file = page->config->audit.file;
    char *files[] = {(char *)(uintptr_t)file, NULL};
    struct err err = {0};
    read->found = json_array();
    read->count = 0;
    buf_init(&read->told, AUDIT_READ_TOLD);
    if (file == NULL || read->found == NULL)
        return read->found == NULL ? -1 : 0;
    struct audit_changes *changes = audit_changes_open(files, &err);
    if (changes == NULL) {
        tell(read, err.text);
        return -1;
    }
    const struct audit_changes_use use = {
        .take = take, .tell = tell, .context = read, .bytes = AUDIT_READ_BYTES};
    int result = audit_changes_each(changes, &use);
    audit_changes_close(changes);
    return result;
}

void audit_read_done(struct audit_read *read)
{
    json_decref(read->found);
    buf_done(&read->told);
}

void audit_read_put_notes(struct buf *out, const struct page *page, const struct audit_read *read)
{
    if (page->config->audit.file == NULL)
        buf_put(out,
                "<p class=\"bad\">No audit file is kept (<code>audit</code> in countersign.yaml).</p>\n");
    if (read->told.length > 0)
        html_put(out, "<pre class=\"bad\" tabindex=\"0\">%s</pre>\n", buf_text(&read->told));
    if (read->count > AUDIT_READ_ROWS)
        html_put(out, "<p>These are the last %lld of %lld.</p>\n", (long long)AUDIT_READ_ROWS,
                 (long long)read->count);
    buf_put(
        out,
        "<p class=\"quiet\">The last 16 MiB of the file are read; <code>countersign audit show</code> reads "
        "all, and older files.</p>\n");
}

static void put_text(struct buf *out, const json_t *value, const char *before)
{
    if (json_is_string(value))
        html_put(out, "%s%s", before, json_string_value(value));
}

void audit_read_put_params(struct buf *out, const json_t *change)
{
    const char *name;
    json_t *param;
    const char *before = "";
    json_object_foreach(json_object_get(change, "params"), name, param)
    {
        html_put(out, "%s%s", before, name);
        put_text(out, param, " ");
        for (size_t i = 0; i < json_array_size(param); i++)
            put_text(out, json_array_get(param, i), i == 0 ? " " : ", ");
        before = "; ";
    }
}
