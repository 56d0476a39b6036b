#include "tests/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int unit_differs(const char *row, const char *expected, const char *got)
{
    bool same = expected == NULL || got == NULL ? expected == got : strcmp(expected, got) == 0;
    if (!same)
        (void)fprintf(stderr, "%s\n  expected: %s\n  got:      %s\n", row,
                      expected == NULL ? "(nothing)" : expected, got == NULL ? "(nothing)" : got);
    return same ? 0 : 1;
}

int unit_wrong(const char *row, bool good)
{
    if (!good)
        (void)fprintf(stderr, "wrong: %s\n", row);
    return good ? 0 : 1;
}

char *unit_path(const char *folder, const char *name)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s/%s", UNIT_VECTORS, folder, name) < 0)
        abort();
    return path;
}

char *unit_vector(const char *folder, const char *name)
{
    char *path = unit_path(folder, name);
    char *line = NULL;
    char *text = NULL;
    size_t line_size = 0;
    size_t text_size = 0;
    FILE *file = fopen(path, "r");
    FILE *out = file == NULL ? NULL : open_memstream(&text, &text_size);
    free(path);
    if (out == NULL)
        return NULL;
    while (getline(&line, &line_size, file) > 0)
        if (line[0] != '#')
            (void)fputs(line, out);
    free(line);
    (void)fclose(file);
    (void)fclose(out);
    if (text_size > 0 && text[text_size - 1] == '\n')
        text[text_size - 1] = '\0';
    return text;
}

static int is_named(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int unit_each_folder(const char *folder, int (*run)(const char *name))
{
    struct dirent **entries = NULL;
    char *path = unit_path(folder, "");
    int count = scandir(path, &entries, is_named, alphasort);
    int wrong = 0;
    free(path);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        wrong += run(entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return wrong;
}

uint64_t unit_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

void unit_elapse(long millis)
{
    const struct timespec time = {.tv_sec = millis / 1000, .tv_nsec = millis % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}
