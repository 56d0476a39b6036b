#include "sandbox/shapes/shapes.h"

#include "base/arena.h"
#include "config/definitions/definitions_file.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SHAPES_MEMORY_MAX = 512 * 1024 * 1024, /* all files take some 40 MiB; theirs may grow */
    DATE_LENGTH = 8
};

struct file {
    const char *path;
    const char *service; /* what its name begins with: not ended there */
    size_t service_length;
    const char *date; /* YYYYMMDD, not ended there */
    struct definitions *definitions;
};

struct shapes {
    pthread_mutex_t lock; /* the arena, and the definitions of files */
    struct arena *arena;
    struct file *files;
    size_t file_count;
};

/* ---- the folder ---- */

/* definitions_file_list() gives names of this form only. */
static void read_name(struct file *file, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *dash = strrchr(name, '-');
    *file = (struct file){
        .path = path, .service = name, .service_length = (size_t)(dash - name), .date = dash + 1};
}

static int list_files(struct shapes *shapes, const char *folder, struct err *err)
{
    const char **paths;
    size_t count;
    if (folder == NULL && access(DEFINITIONS_FOLDER, F_OK) != 0)
        return 0;
    if (definitions_file_list(folder == NULL ? DEFINITIONS_FOLDER : folder, NULL, &paths, &count,
                              shapes->arena, err) != 0)
        return -1;
    shapes->files = arena_array(shapes->arena, count, sizeof *shapes->files);
    if (shapes->files == NULL)
        return err_memory(err);
    for (size_t i = 0; i < count; i++)
        read_name(&shapes->files[i], paths[i]);
    shapes->file_count = count;
    return 0;
}

struct shapes *shapes_new(const char *folder, struct err *err)
{
    struct shapes *shapes = calloc(1, sizeof *shapes);
    if (shapes == NULL || pthread_mutex_init(&shapes->lock, NULL) != 0) {
        free(shapes);
        (void)err_memory(err);
        return NULL;
    }
    shapes->arena = arena_new(SHAPES_MEMORY_MAX);
    if (shapes->arena == NULL)
        (void)err_memory(err);
    if (shapes->arena != NULL && list_files(shapes, folder, err) == 0)
        return shapes;
    shapes_free(shapes);
    return NULL;
}

void shapes_free(struct shapes *shapes)
{
    if (shapes == NULL)
        return;
    pthread_mutex_destroy(&shapes->lock);
    arena_free(shapes->arena);
    free(shapes);
}

/* ---- an action ---- */

static bool is_of_service(const struct file *file, const char *service)
{
    return strlen(service) == file->service_length &&
           strncmp(service, file->service, file->service_length) == 0;
}

/* Of 2017-03-12, 20170312. */
static bool is_of_version(const struct file *file, const char *version)
{
    if (!definitions_is_version(version))
        return false;
    for (const char *date = file->date; *version != '\0'; version++)
        if (*version != '-' && *version != *date++)
            return false;
    return true;
}

bool shapes_has_service(const struct shapes *shapes, const char *service)
{
    for (size_t i = 0; i < shapes->file_count; i++)
        if (is_of_service(&shapes->files[i], service))
            return true;
    return false;
}

/* Under the lock. */
static int load(struct shapes *shapes, struct file *file, struct err *err)
{
    if (file->definitions != NULL)
        return 0;
    struct definitions *definitions = arena_alloc(shapes->arena, sizeof *definitions);
    if (definitions == NULL)
        return err_memory(err);
    if (definitions_file_read(file->path, definitions, shapes->arena, NULL, err) != 0)
        return -1;
    file->definitions = definitions;
    return 0;
}

struct find {
    const char *service, *version, *action;
    bool version_known; /* some file is of it */
    size_t count;
    const struct definitions_action *found; /* the first */
};

static int find_in(struct shapes *shapes, struct find *find, struct err *err)
{
    for (size_t i = 0; i < shapes->file_count; i++) {
        struct file *file = &shapes->files[i];
        if ((find->service != NULL && !is_of_service(file, find->service)) ||
            !is_of_version(file, find->version))
            continue;
        find->version_known = true;
        if (load(shapes, file, err) != 0)
            return -1;
        const struct definitions_action *action = definitions_action(file->definitions, find->action);
        find->count += action != NULL;
        if (find->found == NULL)
            find->found = action;
    }
    return 0;
}

const struct definitions_action *shapes_find(struct shapes *shapes, const char *service, const char *version,
                                             const char *action, struct outcome *outcome)
{
    struct err err = {0};
    struct find find = {.service = service, .version = version, .action = action};
    pthread_mutex_lock(&shapes->lock);
    int result = find_in(shapes, &find, &err);
    pthread_mutex_unlock(&shapes->lock);
    if (result != 0)
        (void)outcome_refuse(outcome, OUTCOME_INTERNAL, "the definitions cannot be read: %.160s", err.text);
    else if (find.count > 1)
        (void)outcome_refuse(outcome, OUTCOME_NO_ACTION,
                             "several services have this action: sign with the name of one");
    else if (find.found == NULL && service != NULL && !find.version_known &&
             shapes_has_service(shapes, service))
        (void)outcome_refuse(outcome, OUTCOME_NO_VERSION, "%.64s has no version %.32s", service, version);
    return result == 0 && find.count == 1 ? find.found : NULL;
}
