#include "client/options.h"

#include "base/system/command_line.h"
#include "base/file.h"
#include "base/text.h"
#include "client/client.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Usage: countersign call [OPTION...] METHOD PATH [NAME=VALUE...]\n"
    "\n"
    "Sends one request to a gateway.  The answer's JSON goes to standard output; what went wrong, in one\n"
    "sentence, to standard error.\n"
    "\n"
    "  countersign call GET /vpcs\n"
    "  countersign call GET /vpcs/vpc-2ari9m7h/classiclinks all=true\n"
    "  countersign call DELETE /vpcs/vpc-2ari9m7h/classiclinks instanceIds=ins-df454d --wait\n"
    "  countersign call POST /vpcs/vpc-2ari9m7h/classiclinks instanceIds=ins-a instanceIds=ins-b --wait=300\n"
    "\n"
    "NAME=VALUE is a parameter of the request; give a name again for a list.  GET and DELETE take them in\n"
    "the query, POST, PUT and PATCH in a JSON body with the types that the gateway's /openapi.json tells.\n";

static const char notes[] =
    "\n"
    "Exit: 0 done; 1 refused or failed; 2 wrong usage; 3 a change may have been executed or not: look\n"
    "before you repeat it; 4 taken, but its end was not seen in time; 75 nothing was executed: try again.\n";

static int wrong(int *code, const char *format, ...) PRINTF_LIKE(2, 3);

static int wrong(int *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("countersign call: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs(" (see: countersign call --help)\n", stderr);
    va_end(arguments);
    *code = CLIENT_USAGE;
    return -1;
}

/* ---- where to ---- */

static bool is_loopback(const char *host, size_t length)
{
    char name[64];
    struct in_addr v4;
    if (length == 0 || length >= sizeof name)
        return false;
    memcpy(name, host, length);
    name[length] = '\0';
    return strcmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0 ||
           (inet_pton(AF_INET, name, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127);
}

/* scheme://host[:port] and at most a slash; anything else is left to libcurl to refuse. */
static int read_url(struct options *order, char *url, struct err *err)
{
    bool tls = strncmp(url, "https://", 8) == 0;
    if (!tls && strncmp(url, "http://", 7) != 0)
        return err_set(err, ERR_INPUT, "the url must start with https:// or http://");
    char *host = url + (tls ? 8 : 7);
    size_t length = strcspn(host, "/");
    if (length == 0 || strcmp(host + length, "/") > 0 || strpbrk(host, "@?#\\ ") != NULL)
        return err_set(err, ERR_INPUT,
                       "the url must be like https://gateway.example.com:8443, with nothing behind it");
    host[length] = '\0';
    size_t name = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    if (!tls && !is_loopback(host, name))
        return err_set(
            err, ERR_INPUT,
            "http:// would show the token to everybody on the way: use https://, or a loopback address");
    order->url = url;
    return 0;
}

/* ---- whose token ---- */

static int keep_token(struct options *order, const char *bytes, size_t length, struct err *err)
{
    bool good = length > 0 && length <= SECRET_MAX;
    for (size_t i = 0; good && i < length; i++)
        good = bytes[i] > ' ' && bytes[i] < 0x7F;
    if (!good)
        return err_set(err, ERR_INPUT, "that is no token: it has letters, digits and - . _ ~ + / only");
    order->token = secret_new(bytes, length);
    return order->token == NULL ? err_memory(err) : 0;
}

static int read_token(struct options *order, const char *file, struct err *err)
{
    struct buf bytes;
    const char *environment = getenv("COUNTERSIGN_TOKEN");
    if (file == NULL && environment == NULL)
        return err_set(err, ERR_INPUT, "there is no token: set COUNTERSIGN_TOKEN, or give --token-file FILE");
    if (file == NULL)
        return keep_token(order, environment, strlen(environment), err);
    buf_init(&bytes, SECRET_MAX);
    int result = file_read(file, FILE_PRIVATE, &bytes, err);
    if (result == 0)
        result = keep_token(order, buf_text(&bytes), strcspn(buf_text(&bytes), "\r\n"), err);
    buf_done(&bytes);
    return result;
}

int options_aim(struct options *order, char *url, struct err *err)
{
    return read_url(order, url, err);
}

int options_reach(struct options *order, char *url, const char *token_file, struct err *err)
{
    return read_url(order, url, err) == 0 && read_token(order, token_file, err) == 0 ? 0 : -1;
}

static int reach_gateway(struct options *order, char *given, const char *token_file, int *code)
{
    static char standard[] = "http://127.0.0.1:8080";
    struct err err = {0};
    char *environment = getenv("COUNTERSIGN_URL");
    char *url = given != NULL ? given : environment != NULL ? environment : standard;
    return options_reach(order, url, token_file, &err) == 0 ? 0 : wrong(code, "%s", err.text);
}

/* ---- what ---- */

static int read_stream(struct options *order, struct err *err)
{
    char chunk[2048];
    size_t got;
    while ((got = fread(chunk, 1, sizeof chunk, stdin)) > 0)
        buf_put_bytes(&order->body, chunk, got);
    return order->body.failed || ferror(stdin) != 0
               ? err_set(err, ERR_INPUT, "standard input cannot be read, or is over %d bytes",
                         OPTIONS_BODY_MAX)
               : 0;
}

static int take_body(void *place, const char *body, struct err *err)
{
    struct options *order = place;
    order->has_body = true;
    if (strcmp(body, "-") == 0)
        return read_stream(order, err);
    if (body[0] == '@')
        return file_read(body + 1, FILE_PLAIN, &order->body, err);
    buf_put(&order->body, body);
    return order->body.failed ? err_set(err, ERR_LIMIT, "the body is over %d bytes", OPTIONS_BODY_MAX) : 0;
}

static int take_wait(void *place, const char *seconds, struct err *err)
{
    int *wait_s = place;
    char *end = NULL;
    *wait_s = OPTIONS_WAIT_DEFAULT_S;
    if (seconds == NULL)
        return 0;
    long value = strtol(seconds, &end, 10);
    if (*seconds == '\0' || *end != '\0' || value < 1 || value > OPTIONS_WAIT_MAX_S)
        return err_set(err, ERR_INPUT, "--wait takes seconds, 1 to %d", OPTIONS_WAIT_MAX_S);
    *wait_s = (int)value;
    return 0;
}

static int take_key(void *place, const char *key, struct err *err)
{
    const char **kept = place;
    size_t length = strlen(key);
    for (size_t i = 0; i < length; i++)
        if (key[i] <= ' ' || key[i] > '~')
            length = 0;
    if (length == 0 || length > OPTIONS_KEY_MAX)
        return err_set(err, ERR_INPUT, "--idempotency-key takes 1 to %d visible ASCII characters",
                       OPTIONS_KEY_MAX);
    *kept = key;
    return 0;
}

static int read_request(struct options *order, const char *method, const char *path, int *code)
{
    size_t length = strlen(method);
    if (length == 0 || length >= sizeof order->method ||
        strspn(method, "abcdefghijklmnopqrstuvwxyz"
                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != length)
        return wrong(code, "a method is GET, POST, PUT, PATCH or DELETE, not '%.40s'", method);
    for (size_t i = 0; i <= length; i++)
        order->method[i] = (char)toupper((unsigned char)method[i]);
    if (path[0] != '/')
        return wrong(code, "a path starts with '/', such as /vpcs, not '%.80s'", path);
    for (const char *c = path; *c != '\0'; c++)
        if (*c <= ' ' || *c >= 0x7F || *c == '#')
            return wrong(code, "the path holds a character that must be percent-encoded");
    order->path = path;
    return 0;
}

static int read_pair(struct options *order, const char *text, int *code)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text)
        return wrong(code, "'%.80s' is not NAME=VALUE", text);
    if (order->pair_count == OPTIONS_PAIRS_MAX)
        return wrong(code, "more than %d parameters", OPTIONS_PAIRS_MAX);
    order->pairs[order->pair_count++] = (struct options_pair){text, (size_t)(equals - text)};
    return 0;
}

static int read_operands(struct options *order, int argc, char **argv, int *code)
{
    if (argc < 2)
        return wrong(code, "say METHOD and PATH, such as GET /vpcs");
    if (read_request(order, argv[0], argv[1], code) != 0)
        return -1;
    for (int i = 2; i < argc; i++)
        if (read_pair(order, argv[i], code) != 0)
            return -1;
    if (order->has_body && order->pair_count > 0)
        return wrong(code, "parameters and --body say the same twice");
    return 0;
}

/* ---- the command line ---- */

struct given {
    struct options order;
    char *url;
    const char *token_file;
};

static const struct command_line_option rows[] = {
    {.help = "\nThe token is never on the command line, where others could see it:"},
    {.value = "COUNTERSIGN_TOKEN", .help = "the token, or"},
    {.name = "token-file",
     .value = "FILE",
     .help = "a file that only you can read",
     .at = offsetof(struct given, token_file)},
    {.help = ""},
    {.name = "url",
     .value = "URL",
     .help = "the gateway (COUNTERSIGN_URL, or http://127.0.0.1:8080); http:// for a\nloopback address only",
     .at = offsetof(struct given, url)},
    {.name = "ca-file",
     .value = "FILE",
     .help = "the only CAs that are trusted (PEM); default: the system's",
     .at = offsetof(struct given, order.ca_file)},
    {.name = "body",
     .value = "JSON",
     .help = "the body as it is; @FILE reads it from a file, - from standard input",
     .at = offsetof(struct given, order),
     .take = take_body},
    {.name = "idempotency-key",
     .value = "KEY",
     .help =
         "of a change: the gateway sends it once under this key, however often it is\nasked (a random one)",
     .at = offsetof(struct given, order.key),
     .take = take_key},
    {.name = "show-key",
     .help = "prints the key to standard error before the change is sent",
     .at = offsetof(struct given, order.show_key)},
    {.name = "wait",
     .value = "SECONDS",
     .value_may_lack = true,
     .help = "wait for the end of the task that a change begins (120)",
     .at = offsetof(struct given, order.wait_s),
     .take = take_wait},
    {.name = "curl",
     .help = "print the line of curl that sends the same, and do not send it; the token is\n"
             "\"$COUNTERSIGN_TOKEN\" in it, never itself",
     .at = offsetof(struct given, order.curl)},
};

static const struct command_line command_line = {
    .usage = usage, .options = rows, .count = COUNT(rows), .notes = notes, .mixed = true};

static int read_rows(struct given *given, int argc, char **argv, struct command_line_operands *operands,
                     int *code)
{
    struct err err = {0};
    switch (command_line_read(&command_line, argc, argv, given, operands, &err)) {
    case COMMAND_LINE_GOOD:
        return 0;
    case COMMAND_LINE_HELP:
        command_line_print(&command_line, stdout);
        *code = CLIENT_GOOD;
        return -1;
    case COMMAND_LINE_UNKNOWN:
        return wrong(code, "there is no such option");
    case COMMAND_LINE_NO_VALUE:
        return wrong(code, "an option lacks its value");
    default:
        return wrong(code, "%s", err.text);
    }
}

int options_read(struct options *order, int argc, char **argv, int *code)
{
    struct given given = {.order.pairs = calloc(OPTIONS_PAIRS_MAX, sizeof *order->pairs)};
    struct command_line_operands operands;
    buf_init(&given.order.body, OPTIONS_BODY_MAX);
    int result = given.order.pairs == NULL ? wrong(code, "out of memory")
                                           : read_rows(&given, argc, argv, &operands, code);
    *order = given.order;
    if (result != 0)
        return -1;
    if (read_operands(order, operands.count, operands.items, code) != 0 ||
        reach_gateway(order, given.url, given.token_file, code) != 0)
        return -1;
    return 0;
}

void options_done(struct options *order)
{
    secret_free(order->token);
    buf_done(&order->body);
    free(order->pairs);
    *order = (struct options){0};
}

bool options_changes(const struct options *order)
{
    return strcmp(order->method, "GET") != 0 && strcmp(order->method, "HEAD") != 0;
}
