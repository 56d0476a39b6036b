#include "sandbox/call/rows.h"

#include "base/json/json.h"

#include <stdlib.h>

int rows_init(struct rows *rows, struct action_call *call, size_t most)
{
    *rows = (struct rows){.all = calloc(most + 1, sizeof *rows->all)};
    rows->page = rows->all;
    return rows->all != NULL ? 0 : outcome_refuse(call->outcome, OUTCOME_INTERNAL, "out of memory");
}

void rows_done(struct rows *rows)
{
    free(rows->all);
    *rows = (struct rows){0};
}

void rows_add(struct rows *rows, const void *row)
{
    rows->all[rows->count++] = row;
}

void rows_put(struct rows *rows, const struct page *page, struct buf *body, const char *key,
              int (*compare)(const void *, const void *), void (*put)(struct buf *, const void *))
{
    page_cut(page, &rows->page, &rows->count, compare);
    json_open_array(body, key);
    for (size_t i = 0; i < rows->count; i++) {
        json_open(body);
        put(body, rows->page[i]);
        json_close(body);
    }
    json_close_array(body);
}

void rows_answer(struct rows *rows, const struct page *page, struct buf *body, const char *key,
                 void (*put)(struct buf *, const void *))
{
    json_member_int(body, "TotalCount", (long long)rows->count);
    rows_put(rows, page, body, key, NULL, put);
    rows_done(rows);
}
