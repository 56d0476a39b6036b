#include "gateway/metrics/prometheus_text.h"

void prometheus_text_open(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_put_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_escaped(struct buf *out, const char *value)
{
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == '\n') {
            buf_put(out, "\\n");
            continue;
        }
        if (*c == '\\' || *c == '"')
            buf_put_char(out, '\\');
        buf_put_char(out, *c);
    }
}

static void put_name(struct buf *out, const char *name, const char *suffix,
                     const struct prometheus_text_label *labels, size_t count)
{
    const char *before = "{";
    buf_put(out, name);
    buf_put(out, suffix);
    for (size_t i = 0; i < count; i++) {
        if (labels[i].value == NULL)
            continue;
        buf_put(out, before);
        buf_put(out, labels[i].name);
        buf_put(out, "=\"");
        put_escaped(out, labels[i].value);
        buf_put_char(out, '"');
        before = ",";
    }
    if (before[0] == ',')
        buf_put_char(out, '}');
    buf_put_char(out, ' ');
}

void prometheus_text_count(struct buf *out, const char *name, const char *suffix,
                           const struct prometheus_text_label *labels, size_t count, unsigned long long value)
{
    put_name(out, name, suffix, labels, count);
    buf_put_format(out, "%llu\n", value);
}

void prometheus_text_real(struct buf *out, const char *name, const char *suffix,
                          const struct prometheus_text_label *labels, size_t count, double value)
{
    put_name(out, name, suffix, labels, count);
    buf_put_format(out, "%.15g\n", value);
}

void prometheus_text_single(struct buf *out, const char *name, const char *type, const char *help,
                            double value)
{
    prometheus_text_open(out, name, type, help);
    prometheus_text_real(out, name, "", NULL, 0, value);
}
