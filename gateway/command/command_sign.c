#include "auth/sign/sign.h"
#include "base/time/clock.h"
#include "base/text.h"
#include "config/reader/keyword.h"
#include "gateway/options/command.h"
#include "gateway/dryrun/dry_run.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "Usage: countersign sign [-c FILE] [--time SECONDS] [--nonce NUMBER] METHOD PATH [BODY]\n"
    "\n"
    "Shows the call that a request becomes, the string that is signed and the signature, for comparing with "
    "the\n"
    "vendor's tools; for TC3 also the canonical request and the header fields.  Sends nothing.  The "
    "SecretKey and a\n"
    "temporary Token are never shown; values of secret parameters are signed as ***.\n"
    "\n";

static const char notes[] =
    "\n"
    "Example:  countersign sign --time 1465185768 --nonce 11886 \\\n"
    "            DELETE /vpcs/vpc-2ari9m7h/classiclinks '{\"instanceIds\":[\"ins-df454d\"]}'\n"
    "\n"
    "Exit: 0 good, 1 the request cannot become a call, 2 wrong usage, 78 bad configuration.\n";

enum { SIGN_ARENA = 4 * 1024 * 1024 };

struct sign_options {
    const char *path;
    long long time;
    long long nonce;
};

static int take_time(void *place, const char *text, struct err *err)
{
    long long *time = place;
    return keyword_parse_number(text, time) && *time >= 0
               ? 0
               : err_set(err, ERR_INPUT, "--time must be seconds since 1970");
}

static int take_nonce(void *place, const char *text, struct err *err)
{
    long long *nonce = place;
    return keyword_parse_number(text, nonce) && *nonce >= 1 && *nonce <= INT32_MAX
               ? 0
               : err_set(err, ERR_INPUT, "--nonce must be 1 to 2147483647");
}

static const struct command_line_option options[] = {
    {.name = "config",
     .letter = 'c',
     .value = "FILE",
     .help = "default " COMMAND_CONFIG_FILE,
     .at = offsetof(struct sign_options, path)},
    {.name = "time",
     .value = "SECONDS",
     .help = "the Timestamp, since 1970; default: now",
     .at = offsetof(struct sign_options, time),
     .take = take_time},
    {.name = "nonce",
     .value = "NUMBER",
     .help = "the Nonce, 1 to 2147483647; default: 1",
     .at = offsetof(struct sign_options, nonce),
     .take = take_nonce},
};

static const struct command_line command_line = {
    .usage = usage, .options = options, .count = COUNT(options), .notes = notes};

/* Prints the text with every appearance of the secret as "***". */
static void print_masked(const char *label, const char *text, const struct secret *secret)
{
    fputs(label, stdout);
    const char *mask = secret == NULL ? NULL : secret_bytes(secret);
    for (const char *at; mask != NULL && (at = strstr(text, mask)) != NULL; text = at + strlen(mask))
        printf("%.*s***", (int)(at - text), text);
    puts(text);
}

/* The token as it stands in a URL or a form. */
static struct secret *encoded(const struct secret *token)
{
    struct buf text;
    if (token == NULL)
        return NULL;
    buf_init(&text, (size_t)SECRET_MAX * 3);
    buf_put_percent(&text, secret_bytes(token), secret_length(token));
    struct secret *result = secret_new(buf_text(&text), text.length);
    buf_done(&text);
    return result;
}

static void print_signed(const struct config_upstream *upstream, const struct signed_request *request)
{
    const struct secret *token = upstream->credential->token;
    struct secret *token_encoded = encoded(token);
    if (token != NULL && token_encoded == NULL) {
        fputs("countersign sign: out of memory\n", stderr); /* unmasked it is not shown */
        return;
    }
    printf("method: %s\n", upstream->method == CONFIG_POST ? "POST" : "GET");
    printf("host: %s\n", upstream->host);
    size_t origin = strlen(upstream->url.text) - strlen(upstream->url.path);
    printf("url: %.*s", (int)origin, upstream->url.text);
    print_masked("", buf_text(&request->target), token_encoded);
    const char *end = buf_text(&request->fields) + request->fields.length;
    for (const char *at = buf_text(&request->fields); at < end; at += strlen(at) + 1)
        print_masked("header: ", at, token);
    if (upstream->method == CONFIG_POST)
        print_masked("body: ", buf_text(&request->body), token_encoded);
    if (request->canonical.length > 0)
        printf("canonical-request: %s\n", buf_text(&request->canonical));
    print_masked("string-to-sign: ", buf_text(&request->string), token);
    printf("signature: %s\n", request->signature);
    secret_free(token_encoded);
}

/* What an issuer gives out is fetched by a gateway that runs, and by nothing else. */
static struct signer *make_signer(const struct config_upstream *upstream, struct err *err)
{
    if (upstream->credential->issuer == NULL)
        return signer_new(upstream, upstream->credential, err);
    err_set(err, ERR_INPUT, "credential '%s' is issued while the gateway runs: there is nothing to sign with",
            upstream->credential->name);
    return NULL;
}

static int sign_offline(struct exchange *x, const struct sign_options *given, char **operands, int count)
{
    struct signed_request request;
    struct signer *signer = NULL;
    int result = -1;
    signed_request_init(&request);
    bool masked = false;
    if (dry_run_translate(x, operands[0], operands[1], count == 3 ? operands[2] : NULL) == 0 &&
        dry_run_mask(x, &masked) == 0) {
        if (masked)
            puts("note: secret parameters are signed as " CALL_SECRET " here, so that nothing shows them");
        signer = make_signer(x->call->upstream, &x->err);
    }
    if (signer != NULL &&
        sign_call(signer, x->call, given->time, given->nonce, x->arena, &request, &x->err) == 0) {
        print_signed(x->call->upstream, &request);
        result = 0;
    }
    signer_free(signer);
    signed_request_done(&request);
    return result;
}

int command_sign(int argc, char **argv)
{
    struct sign_options given = {COMMAND_CONFIG_FILE, clock_wall_ms() / 1000, 1};
    struct command_line_operands operands;
    int parsed = command_options("sign", &command_line, argc, argv, &given, &operands);
    if (parsed == COMMAND_GOOD && (operands.count < 2 || operands.count > 3))
        parsed = command_usage("sign", "it needs METHOD PATH [BODY]");
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    struct config *config = command_load(given.path);
    if (config == NULL)
        return COMMAND_BAD_CONFIG;
    struct exchange x = {.config = config, .arena = arena_new(SIGN_ARENA)};
    int result = COMMAND_FAILED;
    if (x.arena == NULL)
        err_memory(&x.err);
    else if (sign_offline(&x, &given, operands.items, operands.count) == 0)
        result = COMMAND_GOOD;
    if (result != COMMAND_GOOD)
        fprintf(stderr, "countersign sign: %s\n", x.err.text);
    arena_free(x.arena);
    config_release(config);
    return result;
}
