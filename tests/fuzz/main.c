/* tests/fuzz/main.c FOLDER... - runs the target over every file of the folders, which may have folders, and
 * over no bytes at all: the corpus as an ordinary test. */
#include "tests/fuzz/fuzz.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAIN_FILE_MAX = 1024 * 1024 };

static void run_file(const char *path)
{
    struct buf bytes;
    struct err err = {0};
    buf_init(&bytes, MAIN_FILE_MAX);
    if (file_read(path, FILE_PLAIN, &bytes, &err) != 0) {
        (void)fprintf(stderr, "%s: %s\n", path, err.text);
        abort();
    }
    (void)LLVMFuzzerTestOneInput((const uint8_t *)buf_text(&bytes), bytes.length);
    buf_done(&bytes);
}

int main(int argc, char **argv)
{
    size_t count = 0;
    FTS *walk = argc < 2 ? NULL : fts_open(argv + 1, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (FTSENT *entry; walk != NULL && (entry = fts_read(walk)) != NULL;)
        if (entry->fts_info == FTS_F) {
            run_file(entry->fts_path);
            count++;
        }
    if (walk == NULL || fts_close(walk) != 0 || count == 0) {
        (void)fputs("no corpus\n", stderr);
        return 1;
    }
    (void)printf("%zu files\n", count);
    return 0;
}
