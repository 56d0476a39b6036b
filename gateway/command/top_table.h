/* gateway/command/top_table.h - two looks at a gateway's metrics, and a table of what went on. */
#ifndef GATEWAY_COMMAND_TOP_TABLE_H
#define GATEWAY_COMMAND_TOP_TABLE_H

#include "base/base.h"
#include "base/buf.h"

enum top_table_view { TOP_TABLE_CLIENTS, TOP_TABLE_ROUTES, TOP_TABLE_RULES, TOP_TABLE_VIEWS };
enum top_table_order {
    TOP_TABLE_BY_RATE,
    TOP_TABLE_BY_TOTAL,
    TOP_TABLE_BY_REFUSED,
    TOP_TABLE_BY_FAILED,
    TOP_TABLE_BY_NAME,
    TOP_TABLE_ORDERS
};

/* Its name, as --by and --sort have it; and back: -1 when there is none. */
const char *top_table_view_name(enum top_table_view view);
int top_table_view_of(const char *name);
const char *top_table_order_name(enum top_table_order order);
int top_table_order_of(const char *name);

/* `now` and `before` are the texts of /metrics, `seconds` apart (above 0); before is "" where there was no
 * earlier look: then nothing has a rate. */
struct top_table {
    const char *now;
    const char *before;
    double seconds;
    enum top_table_view view;
    enum top_table_order order;
};

/* Two lines about the gateway, and the rows, the most `order` first; plain text. */
void top_table_write(const struct top_table *table, struct buf *out);

#endif
