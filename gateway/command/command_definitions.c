/* The cloud's definitions: made from the vendor's files, compared, and shown. */
#include "base/buf.h"
#include "base/file.h"
#include "config/definitions/api_json.h"
#include "config/definitions/definitions_diff.h"
#include "config/definitions/definitions_file.h"
#include "config/definitions/definitions_text.h"
#include "gateway/options/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char usage[] =
    "Usage: countersign definitions import [--to FOLDER] FILE...\n"
    "       countersign definitions diff OLD NEW\n"
    "       countersign definitions list [--from FOLDER] [SERVICE]\n"
    "       countersign definitions show [--from FOLDER] [--version DATE] SERVICE ACTION\n"
    "\n"
    "What actions the cloud has, with their effects, and how their documents look.\n"
    "\n"
    "  import  makes FOLDER/SERVICE-YYYYMMDD.txt of each of the vendor's api.json files\n"
    "  diff    says what came, went, changed its shape or was deprecated; OLD and NEW are two files, of "
    "either\n"
    "          form, or two folders\n"
    "  list    the services, or the actions of one\n"
    "  show    one action: its effect, what it takes and what it answers\n"
    "\n";

static const char notes[] =
    "\n"
    "Exit: 0 good (diff: no difference), 1 failed, or there is a difference, 2 wrong usage.\n";

enum {
    ARENA_MAX = 512 * 1024 * 1024, /* two states of every service */
    PATH_LENGTH_MAX = 1024,
};

struct task {
    const char *to, *from, *version;
    char **operands;
    int count;
    struct arena *arena;
};

static int fail(const struct err *err)
{
    fprintf(stderr, "countersign definitions: %s\n", err->text);
    return COMMAND_FAILED;
}

/* ---- import ---- */

/* Either form: the vendor's begins with a brace. */
static int load_bytes(const char *path, struct buf *bytes, struct definitions *definitions,
                      struct arena *arena, struct err *err)
{
    struct err cause = {0};
    if (file_read(path, FILE_PLAIN, bytes, err) != 0)
        return -1;
    if (buf_text(bytes)[strspn(buf_text(bytes), " \t\r\n")] != '{')
        return definitions_file_read(path, definitions, arena, NULL, err);
    if (api_json_read(definitions, bytes->bytes, bytes->length, arena, &cause) != 0)
        return err_set(err, cause.kind, "%.120s: %s", path, cause.text);
    return 0;
}

static int load(const char *path, struct definitions *definitions, struct arena *arena, struct err *err)
{
    struct buf bytes;
    buf_init(&bytes, DEFINITIONS_BYTES_MAX);
    int result = load_bytes(path, &bytes, definitions, arena, err);
    buf_done(&bytes);
    return result;
}

/* Whole or not at all: under another name first. */
static int write_file(const char *path, const struct buf *bytes, struct err *err)
{
    char draft[PATH_LENGTH_MAX + sizeof ".new"];
    (void)snprintf(draft, sizeof draft, "%s.new", path);
    FILE *file = fopen(draft, "we");
    if (file == NULL)
        return err_set(err, ERR_SYSTEM, "%.200s: %s", draft, strerror(errno));
    bool good = fwrite(bytes->bytes, 1, bytes->length, file) == bytes->length;
    good = fclose(file) == 0 && good;
    if (!good || rename(draft, path) != 0) {
        err_set(err, ERR_SYSTEM, "%.200s: %s", path, strerror(errno));
        (void)remove(draft);
        return -1;
    }
    return 0;
}

static int import_file(const struct task *task, const char *path, struct err *err)
{
    char out_path[PATH_LENGTH_MAX];
    struct definitions definitions;
    struct buf out;
    if (load(path, &definitions, task->arena, err) != 0)
        return -1;
    const char *date = definitions.version;
    int length = snprintf(out_path, sizeof out_path, "%s/%s-%.4s%.2s%.2s.txt", task->to, definitions.service,
                          date, date + 5, date + 8);
    if (length < 0 || (size_t)length >= sizeof out_path)
        return err_set(err, ERR_LIMIT, "the name of the folder is too long");
    buf_init(&out, DEFINITIONS_BYTES_MAX);
    definitions_text_put(&out, &definitions);
    int result = out.failed ? err_memory(err) : write_file(out_path, &out, err);
    buf_done(&out);
    if (result == 0)
        printf("%s: %zu actions, %zu objects\n", out_path, definitions.action_count,
               definitions.object_count);
    return result;
}

static int run_import(struct task *task)
{
    int result = COMMAND_GOOD;
    if (task->count == 0)
        return command_usage("definitions", "import needs files: the vendor's api.json of each service");
    for (int i = 0; i < task->count; i++) {
        struct err err = {0};
        if (import_file(task, task->operands[i], &err) != 0)
            result = fail(&err);
        arena_reset(task->arena);
    }
    return result;
}

/* ---- diff ---- */

static void print_line(void *context, const char *line)
{
    (void)context;
    puts(line);
}

/* The number of differences, or -1. */
static int diff_files(const struct task *task, const char *old, const char *new, struct err *err)
{
    struct definitions before, after;
    if (load(old, &before, task->arena, err) != 0 || load(new, &after, task->arena, err) != 0)
        return -1;
    if (strcmp(before.service, after.service) != 0)
        return err_set(err, ERR_INPUT, "%.100s is of %s, and %.100s of %s", old, before.service, new,
                       after.service);
    int count = definitions_diff(&before, &after, print_line, NULL, task->arena);
    return count < 0 ? err_memory(err) : count;
}

/* SERVICE-YYYYMMDD of a path. */
static size_t stem(const char *path, const char **start)
{
    const char *slash = strrchr(path, '/');
    *start = slash == NULL ? path : slash + 1;
    return strcspn(*start, ".");
}

static int compare_stems(const char *a, const char *b)
{
    const char *first, *second;
    size_t length = stem(a, &first), other = stem(b, &second);
    int order = strncmp(first, second, length < other ? length : other);
    return order != 0 ? order : (length > other) - (length < other);
}

static int tell_file(const char *path, const char *what)
{
    const char *start;
    size_t length = stem(path, &start);
    printf("%.*s: %s\n", (int)length, start, what);
    return 1;
}

static int diff_folders(const struct task *task, struct err *err)
{
    const char **old, **new;
    size_t old_count, new_count, i = 0, j = 0;
    int count = 0;
    if (definitions_file_list(task->operands[0], NULL, &old, &old_count, task->arena, err) != 0 ||
        definitions_file_list(task->operands[1], NULL, &new, &new_count, task->arena, err) != 0)
        return -1;
    while (i < old_count || j < new_count) {
        int order = i == old_count ? 1 : j == new_count ? -1 : compare_stems(old[i], new[j]);
        int found = order < 0   ? tell_file(old[i], "went")
                    : order > 0 ? tell_file(new[j], "came")
                                : diff_files(task, old[i], new[j], err);
        if (found < 0)
            return -1;
        count += found;
        i += order <= 0;
        j += order >= 0;
    }
    return count;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int run_diff(struct task *task)
{
    struct err err = {0};
    if (task->count != 2)
        return command_usage("definitions", "diff needs two files or two folders, OLD and NEW");
    bool folders = is_folder(task->operands[0]);
    if (folders != is_folder(task->operands[1]))
        return command_usage("definitions", "diff needs two files or two folders, not one of each");
    int count =
        folders ? diff_folders(task, &err) : diff_files(task, task->operands[0], task->operands[1], &err);
    return count < 0 ? fail(&err) : count > 0 ? COMMAND_FAILED : COMMAND_GOOD;
}

/* ---- list ---- */

static void print_service(const struct definitions *definitions)
{
    size_t counts[DEFINITIONS_EFFECTS] = {0};
    for (size_t i = 0; i < definitions->action_count; i++)
        counts[definitions->actions[i].effect]++;
    printf("%-16s %s  %5zu actions: %zu read, %zu change, %zu secret\n", definitions->service,
           definitions->version, definitions->action_count, counts[DEFINITIONS_READ],
           counts[DEFINITIONS_CHANGE], counts[DEFINITIONS_SECRET]);
}

static void print_actions(const struct definitions *definitions)
{
    for (size_t i = 0; i < definitions->action_count; i++) {
        const struct definitions_action *action = &definitions->actions[i];
        bool online = action->status == DEFINITIONS_ONLINE;
        printf("%s:%s  %s  %s%s%s\n", definitions->service, action->name, definitions->version,
               definitions_effect_name(action->effect), online ? "" : "  ",
               online ? "" : definitions_status_name(action->status));
    }
}

static int run_list(struct task *task)
{
    struct err err = {0};
    const char **paths;
    size_t count;
    if (task->count > 1)
        return command_usage("definitions", "list takes at most one service");
    const char *service = task->count == 1 ? task->operands[0] : NULL;
    if (definitions_file_list(task->from, service, &paths, &count, task->arena, &err) != 0)
        return fail(&err);
    for (size_t i = 0; i < count; i++) {
        struct definitions definitions;
        if (definitions_file_read(paths[i], &definitions, task->arena, NULL, &err) != 0)
            return fail(&err);
        if (service == NULL)
            print_service(&definitions);
        else
            print_actions(&definitions);
    }
    if (count > 0)
        return COMMAND_GOOD;
    err_set(&err, ERR_INPUT, service == NULL ? "%.200s has no definitions" : "%.200s has no service '%.64s'",
            task->from, service);
    return fail(&err);
}

/* ---- show ---- */

static int print_action(const struct definitions *definitions, const struct definitions_action *action)
{
    struct buf out;
    buf_init(&out, DEFINITIONS_BYTES_MAX);
    definitions_text_show(&out, definitions, action);
    bool good = !out.failed;
    if (good)
        fputs(buf_text(&out), stdout);
    else
        fputs("countersign definitions: out of memory\n", stderr);
    buf_done(&out);
    return good ? COMMAND_GOOD : COMMAND_FAILED;
}

static int run_show(struct task *task)
{
    struct err err = {0};
    const char **paths;
    size_t count;
    if (task->count != 2)
        return command_usage("definitions", "show needs a service and an action, as in vpc DescribeVpcs");
    const char *service = task->operands[0];
    if (definitions_file_list(task->from, service, &paths, &count, task->arena, &err) != 0)
        return fail(&err);
    while (count-- > 0) { /* the newest is the last */
        struct definitions definitions;
        if (definitions_file_read(paths[count], &definitions, task->arena, NULL, &err) != 0)
            return fail(&err);
        const struct definitions_action *action = definitions_action(&definitions, task->operands[1]);
        if (action != NULL && (task->version == NULL || strcmp(task->version, definitions.version) == 0))
            return print_action(&definitions, action);
    }
    err_set(&err, ERR_INPUT, "there is no action %.64s:%.128s%s%.32s in %.100s", service, task->operands[1],
            task->version == NULL ? "" : " of version ", task->version == NULL ? "" : task->version,
            task->from);
    return fail(&err);
}

/* ---- all of them ---- */

static const struct {
    const char *name;
    int (*run)(struct task *task);
    bool to, from, version; /* the options that it takes */
} tasks[] = {{"import", run_import, .to = true},
             {"diff", run_diff, .to = false},
             {"list", run_list, .from = true},
             {"show", run_show, .from = true, .version = true}};

static const struct command_line_option options[] = {
    {.name = "to", .value = "FOLDER", .help = "default: the current folder", .at = offsetof(struct task, to)},
    {.name = "from",
     .value = "FOLDER",
     .help = "default: " DEFINITIONS_FOLDER,
     .at = offsetof(struct task, from)},
    {.name = "version",
     .value = "DATE",
     .help = "such as 2017-03-12; default: the newest that has the action",
     .at = offsetof(struct task, version)},
};

static const struct command_line command_line = {
    .usage = usage, .options = options, .count = COUNT(options), .notes = notes, .mixed = true};

static int check_options(const struct task *task, size_t which)
{
    const char *wrong = task->to != NULL && !tasks[which].to             ? "to"
                        : task->from != NULL && !tasks[which].from       ? "from"
                        : task->version != NULL && !tasks[which].version ? "version"
                                                                         : NULL;
    return wrong == NULL ? COMMAND_GOOD
                         : command_usage("definitions", "%s takes no --%s", tasks[which].name, wrong);
}

static int read_options(int argc, char **argv, struct task *task, size_t *which)
{
    struct command_line_operands operands;
    int result = command_options("definitions", &command_line, argc, argv, task, &operands);
    if (result != COMMAND_GOOD)
        return result;
    for (*which = 0; operands.count > 0 && *which < COUNT(tasks); (*which)++)
        if (strcmp(tasks[*which].name, operands.items[0]) == 0)
            break;
    if (operands.count == 0 || *which == COUNT(tasks))
        return command_usage("definitions", "say import, diff, list or show");
    result = check_options(task, *which);
    task->operands = operands.items + 1;
    task->count = operands.count - 1;
    task->to = task->to == NULL ? "." : task->to;
    task->from = task->from == NULL ? DEFINITIONS_FOLDER : task->from;
    return result;
}

int command_definitions(int argc, char **argv)
{
    struct task task = {0};
    size_t which = 0;
    int parsed = read_options(argc, argv, &task, &which);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    task.arena = arena_new(ARENA_MAX);
    if (task.arena == NULL) {
        fputs("countersign definitions: out of memory\n", stderr);
        return COMMAND_FAILED;
    }
    int result = tasks[which].run(&task);
    arena_free(task.arena);
    return result;
}
