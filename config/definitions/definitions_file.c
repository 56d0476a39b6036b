#include "config/definitions/definitions_file.h"

#include "base/buf.h"
#include "base/file.h"
#include "config/definitions/definitions_text.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { GZIP_WINDOW = 16 + MAX_WBITS, INFLATE_STEP = 64 * 1024, DATE_LENGTH = 8 };

static const char suffix[] = ".txt";
static const char packed_suffix[] = ".txt.gz";

/* ---- one file ---- */

static int inflate_all(z_stream *stream, struct buf *out)
{
    int result = Z_OK;
    while (result == Z_OK) {
        char *room = buf_extend(out, INFLATE_STEP);
        if (room == NULL)
            return Z_BUF_ERROR;
        stream->next_out = (Bytef *)room;
        stream->avail_out = INFLATE_STEP;
        result = inflate(stream, Z_NO_FLUSH);
        out->length -= stream->avail_out;
    }
    return result == Z_STREAM_END && stream->avail_in == 0 ? Z_OK : Z_DATA_ERROR;
}

static int unpack(const char *path, const struct buf *packed, struct buf *out, struct err *err)
{
    z_stream stream = {.next_in = (Bytef *)packed->bytes, .avail_in = (uInt)packed->length};
    if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
        return err_memory(err);
    int result = inflate_all(&stream, out);
    (void)inflateEnd(&stream);
    if (result != Z_OK)
        return err_set(err, ERR_INPUT, "%.200s: it is cut, too large, or not compressed by gzip", path);
    return 0;
}

static int read_plain(const char *path, struct buf *out, struct err *err)
{
    struct buf packed;
    size_t length = strlen(path);
    if (length < 3 || strcmp(path + length - 3, ".gz") != 0)
        return file_read(path, FILE_PLAIN, out, err);
    buf_init(&packed, DEFINITIONS_BYTES_MAX);
    int result = file_read(path, FILE_PLAIN, &packed, err);
    if (result == 0)
        result = unpack(path, &packed, out, err);
    buf_done(&packed);
    return result;
}

int definitions_file_read(const char *path, struct definitions *definitions, struct arena *arena,
                          struct digest *digest, struct err *err)
{
    struct buf bytes;
    buf_init(&bytes, DEFINITIONS_BYTES_MAX);
    int result = read_plain(path, &bytes, err);
    if (result == 0 && bytes.length == 0)
        result = err_set(err, ERR_INPUT, "%.200s: it is empty", path);
    if (result == 0 && digest != NULL)
        digest_add(digest, bytes.bytes, bytes.length);
    if (result == 0) {
        char *text = arena_copy(arena, bytes.bytes, bytes.length);
        result = text == NULL ? err_memory(err)
                              : definitions_text_read(definitions, text, bytes.length, path, arena, err);
    }
    buf_done(&bytes);
    return result;
}

/* ---- a folder ---- */

/* How long SERVICE-YYYYMMDD is in such a name; 0: it is none. */
static size_t stem_length(const char *name)
{
    const char *dash = strrchr(name, '-');
    if (dash == NULL || !definitions_is_name(name, (size_t)(dash - name)))
        return 0;
    for (size_t i = 1; i <= DATE_LENGTH; i++)
        if (!isdigit((unsigned char)dash[i]))
            return 0;
    const char *rest = dash + 1 + DATE_LENGTH;
    return strcmp(rest, suffix) == 0 || strcmp(rest, packed_suffix) == 0 ? (size_t)(rest - name) : 0;
}

static bool is_wanted(const char *name, const char *service)
{
    size_t length = stem_length(name);
    if (length == 0 || service == NULL)
        return length > 0;
    size_t wanted = strlen(service);
    return length == wanted + 1 + DATE_LENGTH && strncmp(name, service, wanted) == 0;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int add_path(struct arena *arena, const char *folder, const char *name, const char **path)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *text = arena_alloc(arena, size);
    if (text == NULL)
        return -1;
    (void)snprintf(text, size, "%s/%s", folder, name);
    *path = text;
    return 0;
}

static int check_doubles(const char **paths, size_t count, struct err *err)
{
    for (size_t i = 1; i < count; i++)
        if (strncmp(paths[i - 1], paths[i], strlen(paths[i - 1])) == 0) /* x.txt, x.txt.gz */
            return err_set(err, ERR_INPUT, "%.120s and %.120s are the same: keep one", paths[i - 1],
                           paths[i]);
    return 0;
}

/* A second pass would see another folder: names are gathered in blocks that grow. */
static int gather(DIR *directory, const char *folder, const char *service, const char ***paths, size_t *count,
                  struct arena *arena)
{
    size_t room = 0;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (!is_wanted(entry->d_name, service))
            continue;
        if (*count == room) {
            room = room == 0 ? 16 : room * 2;
            const char **larger = arena_array(arena, room, sizeof *larger);
            if (larger == NULL)
                return -1;
            if (*count > 0)
                memcpy(larger, *paths, *count * sizeof *larger);
            *paths = larger;
        }
        if (add_path(arena, folder, entry->d_name, &(*paths)[(*count)++]) != 0)
            return -1;
    }
    return 0;
}

int definitions_file_list(const char *folder, const char *service, const char ***paths, size_t *count,
                          struct arena *arena, struct err *err)
{
    *paths = NULL;
    *count = 0;
    DIR *directory = opendir(folder);
    if (directory == NULL)
        return err_set(err, ERR_SYSTEM, "%.200s: %s", folder, strerror(errno));
    int result = gather(directory, folder, service, paths, count, arena);
    (void)closedir(directory);
    if (result != 0)
        return err_memory(err);
    if (*count > 1)
        qsort(*paths, *count, sizeof **paths, compare_paths);
    return check_doubles(*paths, *count, err);
}
