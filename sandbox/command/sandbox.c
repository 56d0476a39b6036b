#include "sandbox/command/sandbox.h"

#include "base/system/command_line.h"
#include "config/reader/report.h"
#include "sandbox/fault/fault.h"
#include "sandbox/command/listener.h"
#include "sandbox/http/number.h"
#include "sandbox/command/seed.h"
#include "sandbox/command/service.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_CONFIG = 78, EXIT_NOT_YET = -1 };
enum { WINDOW_DEFAULT = 300, WINDOW_MAX = 7200 };

struct options {
    struct listener_options listener;
    struct service_options service;
    const char *state;
    struct fault_set *faults;
};

static const char usage[] =
    "Usage: countersign sandbox [OPTION]...\n"
    "A local upstream with the cloud's API on loopback, 2.0 on /v2/index.php and 3.0 on /: it verifies\n"
    "signatures, keeps a small state of VPCs, instances and links, answers all other actions by their\n"
    "definitions, and can be told to fail.  It needs no cloud account.\n";

static const char notes[] =
    "\n"
    "Tests read GET /_sandbox/state and replace the faults by POST /_sandbox/faults.\n"
    "\n"
    "Example: every third change is executed, but its answer is lost\n"
    "  countersign sandbox --listen 127.0.0.1:9443 --fault 'DetachClassicLinkVpc:cut:every=3'\n"
    "and in countersign.yaml\n"
    "  upstreams:\n"
    "    vpc: { url: http://127.0.0.1:9443/v2/index.php, credential: main, region: ap-guangzhou }\n"
    "or, for API 3.0, { url: http://127.0.0.1:9443/, generation: 3, ... }.\n"
    "\n"
    "Exit codes: 0 good, 1 failed, 2 wrong usage, 78 a bad state file.\n";

static int take_address(void *place, const char *address, struct err *err)
{
    const char **listen = place;
    *listen = address;
    return listener_check(address, err);
}

static int take_window(void *place, const char *seconds, struct err *err)
{
    int64_t *window = place;
    long long value = 0;
    if (!number_parse(seconds, 1, WINDOW_MAX, &value))
        return err_set(err, ERR_INPUT, "--window takes seconds, 1 to 7200");
    *window = value;
    return 0;
}

static int take_fault(void *place, const char *spec, struct err *err)
{
    struct fault_set **faults = place;
    return fault_set_add(*faults, spec, err);
}

static const struct command_line_option rows[] = {
    {.help = "\nWhere it listens"},
    {.name = "listen",
     .value = "ADDRESS:PORT",
     .help = "a loopback address; port 0 is a free one (127.0.0.1:9443)",
     .at = offsetof(struct options, listener.address),
     .take = take_address},
    {.name = "cert",
     .value = "FILE",
     .help = "serve TLS with this certificate chain (PEM)",
     .at = offsetof(struct options, listener.cert)},
    {.name = "key",
     .value = "FILE",
     .help = "and its private key (PEM)",
     .at = offsetof(struct options, listener.key)},
    {.help = "\nWhat it knows"},
    {.name = "state",
     .value = "FILE",
     .help = "accounts, regions, VPCs, instances, links (YAML; a built-in one)",
     .at = offsetof(struct options, state)},
    {.name = "definitions",
     .value = "FOLDER",
     .help = "what the other actions of the cloud look like (that of the package)",
     .at = offsetof(struct options, service.definitions)},
    {.name = "window",
     .value = "SECONDS",
     .help = "how far a Timestamp may be off, 1 to 7200 (300)",
     .at = offsetof(struct options, service.window),
     .take = take_window},
    {.help = "\nWhat it tells"},
    {.name = "journal",
     .value = "FILE",
     .help = "append a JSON line per request to FILE",
     .at = offsetof(struct options, service.journal)},
    {.name = "quiet",
     .help = "no JSON line per request on standard output",
     .at = offsetof(struct options, service.quiet)},
    {.help = "\nWhat goes wrong"},
    {.name = "fault",
     .value = "SPEC",
     .help = "may be given again.  SPEC is\n"
             "ACTION:KIND[=VALUE][:count=N][:after=M][:every=K]\n"
             "ACTION is an action's name or *.  M requests are let through, then every\n"
             "K-th is struck, N times at most",
     .at = offsetof(struct options, faults),
     .take = take_fault},
    {.help = ""},
};

static const struct command_line command_line = {
    .usage = usage, .options = rows, .count = COUNT(rows), .mixed = true};

static int print_help(void)
{
    size_t count = 0;
    const struct fault_kind *kinds = fault_kind_table(&count);
    command_line_print(&command_line, stdout);
    (void)fputs("\nKinds of --fault\n", stdout);
    for (size_t i = 0; i < count; i++) {
        int column = printf("    %s%s", kinds[i].name, kinds[i].takes);
        (void)printf("%*s%s\n", column < 24 ? 25 - column : 1, "", kinds[i].help);
    }
    (void)fputs(notes, stdout);
    return fflush(stdout) == 0 ? EXIT_GOOD : EXIT_FAILED;
}

static int wrong_usage(const char *text)
{
    (void)fprintf(stderr, "sandbox: %s\n", text);
    (void)fprintf(stderr, "sandbox: see countersign sandbox --help\n");
    return EXIT_USAGE;
}

static int read_options(struct options *options, int argc, char **argv)
{
    struct command_line_operands operands = {0};
    struct err err = {0};
    int result = EXIT_NOT_YET;
    switch (command_line_read(&command_line, argc, argv, options, &operands, &err)) {
    case COMMAND_LINE_GOOD:
        break;
    case COMMAND_LINE_HELP:
        return print_help();
    case COMMAND_LINE_WRONG:
        return wrong_usage(err.text);
    default:
        return wrong_usage("no such option, or one without its value");
    }
    if (operands.count > 0)
        result = wrong_usage("it takes options only");
    if (result == EXIT_NOT_YET && (options->listener.cert == NULL) != (options->listener.key == NULL))
        result = wrong_usage("--cert and --key go together");
    return result;
}

/* After those of the command line: of two that are due, the one given by hand strikes. */
static int add_state_faults(struct fault_set *faults, const struct state *state, struct err *err)
{
    for (size_t i = 0; i < state->fault_count; i++)
        if (fault_set_add(faults, state->faults[i], err) != 0)
            return -1;
    return 0;
}

static struct state *load_state(const struct options *options)
{
    struct report report;
    report_init(&report);
    struct state *state = seed_load(options->state, (int64_t)time(NULL), &report);
    if (state == NULL)
        (void)fputs(buf_text(&report.errors), stderr);
    report_done(&report);
    return state;
}

/* A descriptor that is readable when we are asked to end; the threads inherit the mask. */
static int watch_signals(struct err *err)
{
    sigset_t ends;
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGINT);
    (void)signal(SIGPIPE, SIG_IGN); /* a client that leaves is told by write() */
    int fd = pthread_sigmask(SIG_BLOCK, &ends, NULL) == 0 ? signalfd(-1, &ends, SFD_CLOEXEC) : -1;
    if (fd < 0)
        (void)err_set(err, ERR_SYSTEM, "signalfd: %s", strerror(errno));
    return fd;
}

/* The usual soft limit of 1024 is less than the connections that are served. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    rlim_t wanted = 2 * LISTENER_CONNECTIONS_MAX;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* without it, the late ones wait */
}

static int serve(const struct options *options, struct settings *service, struct err *err)
{
    char url[LISTENER_URL_SIZE];
    struct listener *listener = listener_open(&options->listener, err);
    int end_fd = listener == NULL ? -1 : watch_signals(err);
    if (end_fd >= 0) {
        raise_file_limit();
        listener_url(listener, url);
        (void)printf("sandbox: listening on %s\n", url);
        (void)fflush(stdout);
        listener_serve(listener, service, end_fd);
        (void)close(end_fd);
    }
    listener_close(listener);
    return end_fd >= 0 ? EXIT_GOOD : EXIT_FAILED;
}

static int run(struct options *options)
{
    struct err err = {0};
    int result = EXIT_FAILED;
    struct state *state = load_state(options);
    if (state == NULL)
        return EXIT_CONFIG;
    if (add_state_faults(options->faults, state, &err) != 0) {
        state_free(state);
    } else {
        struct settings *service = service_new(&state, &options->faults, &options->service, &err);
        if (service != NULL)
            result = serve(options, service, &err);
        service_free(service);
    }
    if (result != EXIT_GOOD)
        (void)fprintf(stderr, "sandbox: %s\n", err.text);
    return result;
}

int sandbox_main(int argc, char **argv)
{
    struct options options = {.listener = {.address = "127.0.0.1:9443"},
                              .service = {.window = WINDOW_DEFAULT}};
    options.faults = fault_set_new();
    if (options.faults == NULL)
        return EXIT_FAILED;
    int result = read_options(&options, argc, argv);
    if (result == EXIT_NOT_YET)
        result = run(&options);
    fault_set_free(options.faults);
    return result;
}
