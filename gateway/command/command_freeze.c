/* `countersign freeze`, `thaw` and `freezes`: an operator asks the admin listener. */
#include "base/json.h"
#include "client/admin_call.h"
#include "gateway/command/command.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define REACH_HELP                                                                                           \
    "\n"                                                                                                     \
    "The operator's token is never on the command line:\n"                                                   \
    "  COUNTERSIGN_TOKEN     the token, or\n"                                                                \
    "      --token-file FILE a file that only you can read\n"                                                \
    "\n"                                                                                                     \
    "      --url URL         the admin listener (COUNTERSIGN_ADMIN_URL, or " ADMIN_CALL_URL ")\n"            \
    "      --ca-file FILE    the only CAs that are trusted (PEM); default: the system's\n"                   \
    "      --json            the answer as the gateway gave it\n"                                            \
    "\n"                                                                                                     \
    "Exit: 0 done, 1 refused or not reached, 2 wrong usage.\n"

static const char freeze_help[] =
    "Usage: countersign freeze [OPTION...] CLIENT --reason TEXT\n"
    "\n"
    "Stops a client at once, or one of its tokens: each of its calls is answered 403 by the rule `frozen`, "
    "on\n"
    "all gateways that share a store within a second, also after a restart.\n"
    "\n"
    "      --token ID        only this token of the client's\n"
    "      --for TIME        30m, 2h, 7d: then it ends by itself; default: until `countersign thaw`\n"
    "      --reason TEXT     why; the client is told\n" REACH_HELP;

static const char thaw_help[] =
    "Usage: countersign thaw [OPTION...] CLIENT\n"
    "\n"
    "Ends a freeze.\n"
    "\n"
    "      --token ID        the freeze of this token of the client's\n" REACH_HELP;

static const char freezes_help[] = "Usage: countersign freezes [OPTION...]\n"
                                   "\n"
                                   "Lists what is frozen, by whom, since when, and why.\n" REACH_HELP;

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

static int take_option(struct request *request, int option, char **argv)
{
    switch (option) {
    case 'u':
        request->call.url = optarg;
        return COMMAND_GOOD;
    case 'f':
        request->call.token_file = optarg;
        return COMMAND_GOOD;
    case 'c':
        request->call.ca_file = optarg;
        return COMMAND_GOOD;
    case 'j':
        request->json = true;
        return COMMAND_GOOD;
    case 't':
        request->token = optarg;
        return COMMAND_GOOD;
    case 'l':
        request->how_long = optarg;
        return COMMAND_GOOD;
    case 'r':
        request->reason = optarg;
        return COMMAND_GOOD;
    case ':':
        return command_usage(request->command, "%s needs a value", argv[optind - 1]);
    default:
        return command_usage(request->command, "there is no option %s", argv[optind - 1]);
    }
}

/* `options` end with those that all three have. */
static int read_options(struct request *request, int argc, char **argv, const struct option *options,
                        const char *help)
{
    int option;
    int result = COMMAND_GOOD;
    opterr = 0;
    optind = 0; /* operands and options may stand in any order */
    while (result == COMMAND_GOOD && (option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return -1;
        }
        result = take_option(request, option, argv);
    }
    return result;
}

#define REACH_OPTIONS                                                                                        \
    {"url", required_argument, NULL, 'u'}, {"token-file", required_argument, NULL, 'f'},                     \
        {"ca-file", required_argument, NULL, 'c'}, {"json", no_argument, NULL, 'j'},                         \
        {"help", no_argument, NULL, 'h'},                                                                    \
    {                                                                                                        \
        NULL, 0, NULL, 0                                                                                     \
    }

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

static int take_client(struct request *request, int argc, char **argv)
{
    if (argc - optind != 1)
        return command_usage(request->command, "it takes the name of a client");
    request->client = argv[optind];
    return COMMAND_GOOD;
}

int command_freeze(int argc, char **argv)
{
    static const struct option options[] = {{"token", required_argument, NULL, 't'},
                                            {"for", required_argument, NULL, 'l'},
                                            {"reason", required_argument, NULL, 'r'},
                                            REACH_OPTIONS};
    struct request request = {.command = "freeze"};
    int result = read_options(&request, argc, argv, options, freeze_help);
    if (result == COMMAND_GOOD)
        result = take_client(&request, argc, argv);
    if (result == COMMAND_GOOD && (request.reason == NULL || request.reason[0] == '\0'))
        result = command_usage("freeze", "--reason is needed: the client is told");
    if (result != COMMAND_GOOD)
        return result < 0 ? COMMAND_GOOD : result;
    return ask_with_body(&request, "/freeze");
}

int command_freeze_thaw(int argc, char **argv)
{
    static const struct option options[] = {{"token", required_argument, NULL, 't'}, REACH_OPTIONS};
    struct request request = {.command = "thaw"};
    int result = read_options(&request, argc, argv, options, thaw_help);
    if (result == COMMAND_GOOD)
        result = take_client(&request, argc, argv);
    if (result != COMMAND_GOOD)
        return result < 0 ? COMMAND_GOOD : result;
    return ask_with_body(&request, "/thaw");
}

int command_freeze_list(int argc, char **argv)
{
    static const struct option options[] = {REACH_OPTIONS};
    struct request request = {.command = "freezes"};
    int result = read_options(&request, argc, argv, options, freezes_help);
    if (result == COMMAND_GOOD && optind != argc)
        result = command_usage("freezes", "it takes no operand");
    if (result != COMMAND_GOOD)
        return result < 0 ? COMMAND_GOOD : result;
    return ask(&request, "GET", "/freezes", NULL);
}
