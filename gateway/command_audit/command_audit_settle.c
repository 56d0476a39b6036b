#include "base/json/json.h"
#include "base/log/operator_log.h"
#include "client/admin_call.h"
#include "gateway/audit/audit_file.h"
#include "gateway/audit/audit.h"
#include "gateway/chain/settlement.h"
#include "gateway/options/command.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Usage: countersign audit settle [-c FILE] SEQ executed|not-executed --by NAME --note TEXT [OLDER...]\n"
    "\n"
    "Records what became of a change whose outcome the gateway could not know, after somebody has looked at "
    "the\n"
    "cloud.  SEQ is the number that `audit show` prints, or that of the outcome `unknown`.  The record is "
    "one of\n"
    "its own, in the chain and under the key of the audit file; `audit show` then has the outcome, and who "
    "said\n"
    "so.  A gateway that runs has its file to itself, and is asked to write the record: this needs an\n"
    "operator's token in COUNTERSIGN_TOKEN or --token-file.\n"
    "\n";

static const char notes[] =
    "\n"
    "OLDER are files that were rotated, oldest first, where the change is in one of them.\n"
    "\n"
    "Exit: 0 settled, 1 there is nothing to settle, or the file cannot be written to, 2 wrong usage, 78 the\n"
    "configuration is bad.\n";

enum { SETTLE_FILES = 64, SETTLE_BODY_MAX = 16 * 1024, SETTLE_URL = 128 };

struct request {
    const char *config;
    unsigned long long seq;
    struct settlement settlement;
    const char *files[SETTLE_FILES + 2]; /* older ones, the audit file, NULL */
    size_t file_count;
    struct admin_call call;
    char url[SETTLE_URL];
};

/* ---- the command line ---- */

static int read_seq(const char *text, unsigned long long *seq)
{
    char *end;
    errno = 0;
    *seq = strtoull(text, &end, 10);
    if (text[0] < '1' || text[0] > '9' || *end != '\0' || errno != 0)
        return command_usage("audit settle", "SEQ is the number of a record");
    return COMMAND_GOOD;
}

static int read_operands(const struct command_line_operands *operands, struct request *request)
{
    if (operands->count < 2)
        return command_usage("audit settle", "it takes the number of a record, and executed or not-executed");
    if (operands->count - 2 > SETTLE_FILES)
        return command_usage("audit settle", "at most %d older files", SETTLE_FILES);
    int result = read_seq(operands->items[0], &request->seq);
    request->settlement.outcome = operands->items[1];
    for (int i = 2; i < operands->count; i++)
        request->files[request->file_count++] = operands->items[i];
    return result;
}

static const struct command_line_option options[] = {
    {.name = "config",
     .letter = 'c',
     .value = "FILE",
     .help = "default " COMMAND_CONFIG_FILE ": it names the audit file",
     .at = offsetof(struct request, config)},
    {.name = "by", .value = "NAME", .help = "who says so", .at = offsetof(struct request, settlement.by)},
    {.name = "note",
     .value = "TEXT",
     .help = "how you know",
     .at = offsetof(struct request, settlement.note)},
    {.name = "url",
     .value = "URL",
     .help = "the admin listener of the gateway (COUNTERSIGN_ADMIN_URL, or " ADMIN_CALL_URL ")",
     .at = offsetof(struct request, call.url)},
    {.name = "token-file",
     .value = "FILE",
     .help = "has the operator's token; only you can read it",
     .at = offsetof(struct request, call.token_file)},
    {.name = "ca-file",
     .value = "FILE",
     .help = "the only CAs that are trusted (PEM); default: the system's",
     .at = offsetof(struct request, call.ca_file)},
};

static const struct command_line command_line = {
    .usage = usage, .options = options, .count = COUNT(options), .notes = notes, .mixed = true};

static int read_options(int argc, char **argv, struct request *request)
{
    struct err err = {0};
    struct command_line_operands operands;
    int result = command_options("audit settle", &command_line, argc, argv, request, &operands);
    if (result == COMMAND_GOOD)
        result = read_operands(&operands, request);
    if (result != COMMAND_GOOD)
        return result;
    if (request->settlement.by == NULL || request->settlement.note == NULL)
        return command_usage("audit settle",
                             "--by and --note are needed: who says so, and how do they know?");
    if (settlement_check(&request->settlement, &err) != 0)
        return command_usage("audit settle", "%s", err.text);
    return COMMAND_GOOD;
}

/* ---- the record ---- */

static int append(struct audit *audit, const struct settlement *settlement, unsigned long long *seq,
                  struct err *err)
{
    struct buf members;
    if (audit_state(audit).broken)
        return err_set(err, ERR_INPUT, "the audit file did not hold: look at it first");
    buf_init(&members, 16 * 1024);
    settlement_put(&members, settlement);
    int result = audit_append(audit, "settle", AUDIT_NOW, &members, seq, err);
    buf_done(&members);
    return result;
}

/* Where nothing else is said: the first admin listener of the configuration that is of this machine. */
static void choose_url(struct request *request, const struct config *config)
{
    for (size_t i = 0; i < config->admin.count; i++) {
        const struct config_listener *admin = &config->admin.items[i];
        if (request->call.url != NULL || getenv("COUNTERSIGN_ADMIN_URL") != NULL)
            return;
        if (admin->kind != CONFIG_TCP || admin->tls != NULL || admin->port == 0 ||
            !network_is_local(&admin->host))
            continue;
        (void)snprintf(request->url, sizeof request->url, "http://%s", admin->address);
        request->call.url = request->url;
    }
}

/* The gateway looks by itself whether the change is unknown. */
static int ask_gateway(const struct request *request, unsigned long long *seq, struct err *err)
{
    struct buf body;
    struct buf answer;
    struct err reason = {0};
    buf_init(&body, SETTLE_BODY_MAX);
    buf_init(&answer, SETTLE_BODY_MAX);
    json_open(&body);
    json_member_int(&body, "seq", (long long)request->seq);
    json_member(&body, "outcome", request->settlement.outcome);
    json_member(&body, "by", request->settlement.by);
    json_member(&body, "note", request->settlement.note);
    json_close(&body);
    int result = admin_call_send(&request->call, "POST", "/settle", &body, &answer, &reason);
    json_t *told = result != 0 ? NULL : json_loadb(buf_text(&answer), answer.length, 0, NULL);
    *seq = (unsigned long long)json_integer_value(json_object_get(told, "seq"));
    json_decref(told);
    buf_done(&answer);
    buf_done(&body);
    return result == 0 ? 0
                       : err_set(err, reason.kind,
                                 "a gateway writes to the audit file, and was asked: %.250s", reason.text);
}

static int settle(struct request *request, const struct config *config, unsigned long long *seq,
                  struct err *err)
{
    struct log notices;
    request->files[request->file_count] = config->audit.file;
    if (settlement_find(request->files, request->seq, false, &request->settlement, err) != 0)
        return -1;
    if (operator_log_init(&notices, false) != 0)
        return err_memory(err);
    struct audit *audit = audit_open(&config->audit, &notices, err);
    int result = audit == NULL ? -1 : append(audit, &request->settlement, seq, err);
    audit_close(audit);
    log_done(&notices);
    return result;
}

int command_audit_settle(int argc, char **argv)
{
    struct request request = {.config = COMMAND_CONFIG_FILE};
    struct err err = {0};
    unsigned long long seq = 0;
    int parsed = read_options(argc, argv, &request);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    struct config *config = command_load(request.config);
    if (config == NULL)
        return COMMAND_BAD_CONFIG;
    int result = -1;
    choose_url(&request, config);
    if (config->audit.file == NULL)
        result = err_set(&err, ERR_INPUT, "the configuration names no audit file");
    else if (audit_file_is_locked(config->audit.file))
        result = ask_gateway(&request, &seq, &err);
    else
        result = settle(&request, config, &seq, &err);
    config_release(config);
    if (result == 0)
        printf("record %llu settles %llu: %s\n", seq,
               request.settlement.of == 0 ? request.seq : request.settlement.of, request.settlement.outcome);
    else
        fprintf(stderr, "countersign audit settle: %s\n", err.text);
    return result == 0 ? COMMAND_GOOD : COMMAND_FAILED;
}
