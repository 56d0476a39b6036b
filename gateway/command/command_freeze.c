/* `countersign freeze`, `thaw` and `freezes`: an operator asks the admin listener. */
#include "base/json/json.h"
#include "client/admin_call.h"
#include "gateway/options/command.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char notes[] = "\n"
                            "Exit: 0 done, 1 refused or not reached, 2 wrong usage.\n";

enum { FREEZE_BODY_MAX = 8 * 1024, FREEZE_ANSWER_MAX = 4 * 1024 * 1024 };

struct request {
    const char *command; /* "freeze", "thaw", "freezes" */
    struct admin_call call;
    const char *client;
    const char *token;
    const char *how_long;
    const char *reason;
    bool json;
};

/* ---- options ---- */

/* Those that all three have. */
#define REACH_OPTIONS                                                                                        \
    {.help = "\nThe operator's token is never on the command line:"},                                        \
        {.value = "COUNTERSIGN_TOKEN", .help = "the token, or"},                                             \
        {.name = "token-file",                                                                               \
         .value = "FILE",                                                                                    \
         .help = "a file that only you can read",                                                            \
         .at = offsetof(struct request, call.token_file)},                                                   \
        {.help = ""},                                                                                        \
        {.name = "url",                                                                                      \
         .value = "URL",                                                                                     \
         .help = "the admin listener (COUNTERSIGN_ADMIN_URL, or " ADMIN_CALL_URL ")",                        \
         .at = offsetof(struct request, call.url)},                                                          \
        {.name = "ca-file",                                                                                  \
         .value = "FILE",                                                                                    \
         .help = "the only CAs that are trusted (PEM); default: the system's",                               \
         .at = offsetof(struct request, call.ca_file)},                                                      \
    {                                                                                                        \
        .name = "json", .help = "the answer as the gateway gave it", .at = offsetof(struct request, json)    \
    }

static const struct command_line_option freeze_options[] = {
    {.name = "token",
     .value = "ID",
     .help = "only this token of the client's",
     .at = offsetof(struct request, token)},
    {.name = "for",
     .value = "TIME",
     .help = "30m, 2h, 7d: then it ends by itself; default: until `countersign thaw`",
     .at = offsetof(struct request, how_long)},
    {.name = "reason",
     .value = "TEXT",
     .help = "why; the client is told",
     .at = offsetof(struct request, reason)},
    REACH_OPTIONS};

static const struct command_line freeze_line = {
    .usage = "Usage: countersign freeze [OPTION...] CLIENT --reason TEXT\n"
             "\n"
             "Stops a client at once, or one of its tokens: each of its calls is answered 403 by the rule\n"
             "`frozen`, on all gateways that share a store within a second, also after a restart.\n"
             "\n",
    .options = freeze_options,
    .count = COUNT(freeze_options),
    .notes = notes,
    .mixed = true};

static const struct command_line_option thaw_options[] = {{.name = "token",
                                                           .value = "ID",
                                                           .help = "the freeze of this token of the client's",
                                                           .at = offsetof(struct request, token)},
                                                          REACH_OPTIONS};

static const struct command_line thaw_line = {.usage = "Usage: countersign thaw [OPTION...] CLIENT\n"
                                                       "\n"
                                                       "Ends a freeze.\n"
                                                       "\n",
                                              .options = thaw_options,
                                              .count = COUNT(thaw_options),
                                              .notes = notes,
                                              .mixed = true};

static const struct command_line_option freezes_options[] = {REACH_OPTIONS};

static const struct command_line freezes_line = {.usage =
                                                     "Usage: countersign freezes [OPTION...]\n"
                                                     "\n"
                                                     "Lists what is frozen, by whom, since when, and why.\n",
                                                 .options = freezes_options,
                                                 .count = COUNT(freezes_options),
                                                 .notes = notes,
                                                 .mixed = true};

/* ---- the answer ---- */

static void put_word(struct buf *line, const char *before, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (text == NULL)
        return;
    buf_put(line, before);
    json_put_inside(line, text, strlen(text));
}

static void print_freeze(const json_t *freeze)
{
    struct buf line;
    buf_init(&line, FREEZE_BODY_MAX);
    put_word(&line, "", freeze, "client");
    put_word(&line, " token ", freeze, "clientToken");
    put_word(&line, "  by ", freeze, "by");
    put_word(&line, " since ", freeze, "since");
    put_word(&line, " until ", freeze, "until");
    put_word(&line, ": ", freeze, "reason");
    if (json_is_true(json_object_get(freeze, "pending")))
        buf_put(&line, "  (on this gateway only: the store does not answer)");
    puts(buf_text(&line));
    buf_done(&line);
}

static void print_answer(const json_t *answer)
{
    const json_t *list = json_object_get(answer, "freezes");
    const char *status = json_string_value(json_object_get(answer, "status"));
    for (size_t i = 0; i < json_array_size(list); i++)
        print_freeze(json_array_get(list, i));
    if (status != NULL) {
        printf("%s: ", status);
        print_freeze(answer);
    }
    if (json_is_false(json_object_get(answer, "everywhere")))
        fputs(
            "countersign freeze: the store does not answer: this holds on this gateway only until it does\n",
            stderr);
    if (json_is_false(json_object_get(answer, "kept")))
        fputs("countersign freeze: it could not be kept: a restart ends it\n", stderr);
    if (json_is_true(json_object_get(answer, "storeAway")))
        fputs("countersign freezes: the store does not answer: there may be others\n", stderr);
}

static int ask(const struct request *request, const char *method, const char *path, const struct buf *body)
{
    struct buf answer;
    struct err err = {0};
    buf_init(&answer, FREEZE_ANSWER_MAX);
    int result = admin_call_send(&request->call, method, path, body, &answer, &err);
    json_t *told = result != 0 ? NULL : json_loadb(buf_text(&answer), answer.length, 0, NULL);
    if (result != 0)
        fprintf(stderr, "countersign %s: %s\n", request->command, err.text);
    else if (request->json)
        fputs(buf_text(&answer), stdout);
    else
        print_answer(told);
    json_decref(told);
    buf_done(&answer);
    return result == 0 ? COMMAND_GOOD : COMMAND_FAILED;
}

static int ask_with_body(const struct request *request, const char *path)
{
    struct buf body;
    buf_init(&body, FREEZE_BODY_MAX);
    json_open(&body);
    json_member(&body, "client", request->client);
    json_member(&body, "token", request->token);
    json_member(&body, "for", request->how_long);
    json_member(&body, "reason", request->reason);
    json_close(&body);
    int result =
        body.failed ? command_usage(request->command, "that is too long") : ask(request, "POST", path, &body);
    buf_done(&body);
    return result;
}

/* ---- the commands ---- */

/* Of the command line; the client is its operand. */
static int read_client(const struct command_line *line, struct request *request, int argc, char **argv)
{
    struct command_line_operands operands;
    int result = command_options(request->command, line, argc, argv, request, &operands);
    if (result == COMMAND_GOOD && operands.count != 1)
        result = command_usage(request->command, "it takes the name of a client");
    if (result == COMMAND_GOOD)
        request->client = operands.items[0];
    return result;
}

int command_freeze(int argc, char **argv)
{
    struct request request = {.command = "freeze"};
    int result = read_client(&freeze_line, &request, argc, argv);
    if (result == COMMAND_GOOD && (request.reason == NULL || request.reason[0] == '\0'))
        result = command_usage("freeze", "--reason is needed: the client is told");
    if (result != COMMAND_GOOD)
        return result < 0 ? COMMAND_GOOD : result;
    return ask_with_body(&request, "/freeze");
}

int command_freeze_thaw(int argc, char **argv)
{
    struct request request = {.command = "thaw"};
    int result = read_client(&thaw_line, &request, argc, argv);
    if (result != COMMAND_GOOD)
        return result < 0 ? COMMAND_GOOD : result;
    return ask_with_body(&request, "/thaw");
}

int command_freeze_list(int argc, char **argv)
{
    struct command_line_operands operands;
    struct request request = {.command = "freezes"};
    int result = command_options("freezes", &freezes_line, argc, argv, &request, &operands);
    if (result == COMMAND_GOOD && operands.count > 0)
        result = command_usage("freezes", "it takes no operand");
    if (result != COMMAND_GOOD)
        return result < 0 ? COMMAND_GOOD : result;
    return ask(&request, "GET", "/freezes", NULL);
}
