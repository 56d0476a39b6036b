#include "base/operator_log.h"
#include "gateway/audit/audit.h"
#include "gateway/audit/settlement.h"
#include "gateway/command/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: countersign audit settle [-c FILE] SEQ executed|not-executed --by NAME --note TEXT [OLDER...]\n"
    "\n"
    "Records what became of a change whose outcome the gateway could not know, after somebody has looked at "
    "the\n"
    "cloud.  SEQ is the number that `audit show` prints, or that of the outcome `unknown`.  The record is "
    "one of\n"
    "its own, in the chain and under the key of the audit file; `audit show` then has the outcome, and who "
    "said\n"
    "so.  End the gateway first: it has the file to itself.\n"
    "\n"
    "  -c, --config FILE  default " COMMAND_CONFIG_FILE ": it names the audit file\n"
    "      --by NAME      who says so\n"
    "      --note TEXT    how you know\n"
    "\n"
    "OLDER are files that were rotated, oldest first, where the change is in one of them.\n"
    "\n"
    "Exit: 0 settled, 1 there is nothing to settle, or the file cannot be written to, 2 wrong usage, 78 the\n"
    "configuration is bad.\n";

enum { SETTLE_FILES = 64 };

struct request {
    const char *config;
    unsigned long long seq;
    struct settlement settlement;
    const char *files[SETTLE_FILES + 2]; /* older ones, the audit file, NULL */
    size_t file_count;
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

static int read_operands(int argc, char **argv, struct request *request)
{
    if (argc - optind < 2)
        return command_usage("audit settle", "it takes the number of a record, and executed or not-executed");
    if (argc - optind - 2 > SETTLE_FILES)
        return command_usage("audit settle", "at most %d older files", SETTLE_FILES);
    int result = read_seq(argv[optind], &request->seq);
    request->settlement.outcome = argv[optind + 1];
    for (int i = optind + 2; i < argc; i++)
        request->files[request->file_count++] = argv[i];
    return result;
}

static int read_options(int argc, char **argv, struct request *request)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"by", required_argument, NULL, 'b'},
                                            {"note", required_argument, NULL, 'n'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option;
    struct err err = {0};
    opterr = 0;
    optind = 0; /* operands and options may stand in any order */
    while ((option = getopt_long(argc, argv, ":c:h", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            request->config = optarg;
            break;
        case 'b':
            request->settlement.by = optarg;
            break;
        case 'n':
            request->settlement.note = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return -1;
        case ':':
            return command_usage("audit settle", "%s needs a value", argv[optind - 1]);
        default:
            return command_usage("audit settle", "there is no option %s", argv[optind - 1]);
        }
    }
    int result = read_operands(argc, argv, request);
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
    int result = config->audit.file == NULL
                     ? err_set(&err, ERR_INPUT, "the configuration names no audit file")
                     : settle(&request, config, &seq, &err);
    config_release(config);
    if (result == 0)
        printf("record %llu settles %llu: %s\n", seq, request.settlement.of, request.settlement.outcome);
    else
        fprintf(stderr, "countersign audit settle: %s\n", err.text);
    return result == 0 ? COMMAND_GOOD : COMMAND_FAILED;
}
