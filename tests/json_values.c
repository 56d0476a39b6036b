/* json_values FILE...: reads each file as JSON, and prints a line for each: "no", or "yes" and the value, put
 * together again from what is in it.  For tests/e2e/test_json.py, which holds Python's reader against it. */
#include "base/json/json_value.h"

#include <stdio.h>
#include <stdlib.h>

static void print(const struct json_value *value)
{
    bool object = value->kind == JSON_VALUE_OBJECT;
    const char *separator = "";
    if (!object && value->kind != JSON_VALUE_ARRAY) {
        (void)printf("%.*s", (int)value->length, value->bytes);
        return;
    }
    (void)fputs(object ? "{" : "[", stdout);
    struct json_items items = json_value_items(value);
    for (struct json_value item; json_value_next(&items, &item); separator = ",") {
        (void)fputs(separator, stdout);
        if (object)
            (void)printf("%.*s:", (int)item.key_length, item.key);
        print(&item);
    }
    (void)fputs(object ? "}" : "]", stdout);
}

static bool read_file(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    struct json_value value;
    FILE *file = fopen(path, "r");
    FILE *out = file == NULL ? NULL : open_memstream(&text, &size);
    if (out == NULL)
        return false;
    for (int byte; (byte = getc(file)) != EOF;)
        (void)putc(byte, out);
    (void)fclose(file);
    (void)fclose(out);
    bool good = json_value_read(text, size, JSON_VALUE_DEPTH_MAX, &value, NULL) == 0;
    (void)fputs(good ? "yes " : "no", stdout);
    if (good)
        print(&value);
    (void)putchar('\n');
    free(text);
    return true;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!read_file(argv[i]))
            return 1;
    return 0;
}
