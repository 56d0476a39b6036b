#include "sandbox/call/page.h"

#include "sandbox/http/number.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_LIMIT = 20 };

static int read_number(struct action_call *call, const char *name, long long min, long long max,
                       long long *out)
{
    const char *text = params_get(call->params, name);
    if (text != NULL && !number_parse(text, min, max, out))
        return outcome_refuse(call->outcome, OUTCOME_BAD_RANGE, "%s must be a number from %lld to %lld", name,
                              min, max);
    return 0;
}

static int read_order(struct page *page, struct action_call *call, const char *const *fields)
{
    const char *field = params_get(call->params, "orderField");
    const char *direction = params_get(call->params, "orderDirection");
    for (size_t i = 0; field != NULL && fields[i] != NULL; i++)
        if (strcmp(fields[i], field) == 0)
            page->order_field = fields[i];
    if (field != NULL && page->order_field == NULL)
        return outcome_refuse(call->outcome, OUTCOME_BAD_VALUE, "orderField cannot be %.64s", field);
    if (direction != NULL && strcmp(direction, "asc") != 0 && strcmp(direction, "desc") != 0)
        return outcome_refuse(call->outcome, OUTCOME_BAD_VALUE, "orderDirection must be asc or desc");
    page->descending = direction == NULL || strcmp(direction, "desc") == 0;
    return 0;
}

int page_read(struct page *page, struct action_call *call, long long limit_max, const char *const *fields)
{
    *page = (struct page){.limit = PAGE_LIMIT};
    bool third = call->generation == 3;
    if (read_number(call, third ? "Offset" : "offset", 0, INT_MAX, &page->offset) != 0 ||
        read_number(call, third ? "Limit" : "limit", 1, limit_max, &page->limit) != 0)
        return -1;
    return third ? 0 : read_order(page, call, fields);
}

static void reverse(const void **rows, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        const void *row = rows[i];
        rows[i] = rows[count - 1 - i];
        rows[count - 1 - i] = row;
    }
}

void page_cut(const struct page *page, const void ***rows, size_t *count,
              int (*compare)(const void *left, const void *right))
{
    if (page->order_field != NULL && *count > 1) {
        qsort(*rows, *count, sizeof **rows, compare);
        if (page->descending)
            reverse(*rows, *count);
    }
    size_t skipped = (size_t)page->offset < *count ? (size_t)page->offset : *count;
    size_t left = *count - skipped;
    *rows += skipped;
    *count = left < (size_t)page->limit ? left : (size_t)page->limit;
}
