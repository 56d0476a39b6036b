#include "sandbox/command/sandbox.h"

#include "config/reader/report.h"
#include "sandbox/actions/fault.h"
#include "sandbox/command/listener.h"
#include "sandbox/http/number.h"
#include "sandbox/command/seed.h"
#include "sandbox/command/service.h"

#include <errno.h>
#include <getopt.h>
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

static const char help_before[] =
    "Usage: countersign sandbox [OPTION]...\n"
    "A local upstream that speaks the cloud's API on loopback, 2.0 on /v2/index.php and 3.0 on /: it "
    "verifies\n"
    "signatures, keeps a small state of VPCs, instances and links, answers all other actions by their\n"
    "definitions, and can be told to fail.  It needs no cloud account.\n"
    "\n"
    "Where it listens\n"
    "  --listen ADDRESS:PORT  a loopback address; port 0 is a free one (127.0.0.1:9443)\n"
    "  --cert FILE            speak TLS with this certificate chain (PEM)\n"
    "  --key FILE             and its private key (PEM)\n"
    "\n"
    "What it knows\n"
    "  --state FILE           accounts, regions, VPCs, instances, links (YAML; a built-in one)\n"
    "  --definitions FOLDER   what the other actions of the cloud look like (that of the package)\n"
    "  --window SECONDS       how far a Timestamp may be off, 1 to 7200 (300)\n"
    "\n"
    "What it tells\n"
    "  --journal FILE         append a JSON line per request to FILE\n"
    "  --quiet                no JSON line per request on standard output\n"
    "  --help                 this text\n"
    "\n"
    "What goes wrong\n"
    "  --fault SPEC           may be given again.  SPEC is\n"
    "                         ACTION:KIND[=VALUE][:count=N][:after=M][:every=K]\n"
    "                         ACTION is an action's name or *.  M requests are let through, then every\n"
    "                         K-th is struck, N times at most.  Kinds:\n";

static const char help_after[] =
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

static int print_help(void)
{
    size_t count = 0;
    const struct fault_kind *kinds = fault_kind_table(&count);
    (void)fputs(help_before, stdout);
    for (size_t i = 0; i < count; i++) {
        int column = printf("    %s%s", kinds[i].name, kinds[i].takes);
        (void)printf("%*s%s\n", column < 24 ? 25 - column : 1, "", kinds[i].help);
    }
    (void)fputs(help_after, stdout);
    return fflush(stdout) == 0 ? EXIT_GOOD : EXIT_FAILED;
}

static int wrong_usage(const char *text)
{
    (void)fprintf(stderr, "sandbox: %s\n", text);
    (void)fprintf(stderr, "sandbox: see countersign sandbox --help\n");
    return EXIT_USAGE;
}

enum {
    OPTION_LISTEN = 1,
    OPTION_CERT,
    OPTION_KEY,
    OPTION_STATE,
    OPTION_DEFINITIONS,
    OPTION_WINDOW,
    OPTION_FAULT,
    OPTION_JOURNAL,
    OPTION_QUIET,
    OPTION_HELP
};

static int take_option(struct options *options, int option, const char *value)
{
    struct err err = {0};
    long long window = 0;
    switch (option) {
    case OPTION_LISTEN:
        options->listener.address = value;
        return listener_check(value, &err) == 0 ? EXIT_NOT_YET : wrong_usage(err.text);
    case OPTION_CERT:
        options->listener.cert = value;
        return EXIT_NOT_YET;
    case OPTION_KEY:
        options->listener.key = value;
        return EXIT_NOT_YET;
    case OPTION_STATE:
        options->state = value;
        return EXIT_NOT_YET;
    case OPTION_DEFINITIONS:
        options->service.definitions = value;
        return EXIT_NOT_YET;
    case OPTION_WINDOW:
        if (!number_parse(value, 1, WINDOW_MAX, &window))
            return wrong_usage("--window takes seconds, 1 to 7200");
        options->service.window = window;
        return EXIT_NOT_YET;
    case OPTION_FAULT:
        return fault_set_add(options->faults, value, &err) == 0 ? EXIT_NOT_YET : wrong_usage(err.text);
    case OPTION_JOURNAL:
        options->service.journal = value;
        return EXIT_NOT_YET;
    case OPTION_QUIET:
        options->service.quiet = true;
        return EXIT_NOT_YET;
    case OPTION_HELP:
        return print_help();
    default: /* getopt_long() has told why */
        return wrong_usage("no such option, or one without its value");
    }
}

static int read_options(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {
        {"listen", required_argument, NULL, OPTION_LISTEN},
        {"cert", required_argument, NULL, OPTION_CERT},
        {"key", required_argument, NULL, OPTION_KEY},
        {"state", required_argument, NULL, OPTION_STATE},
        {"definitions", required_argument, NULL, OPTION_DEFINITIONS},
        {"window", required_argument, NULL, OPTION_WINDOW},
        {"fault", required_argument, NULL, OPTION_FAULT},
        {"journal", required_argument, NULL, OPTION_JOURNAL},
        {"quiet", no_argument, NULL, OPTION_QUIET},
        {"help", no_argument, NULL, OPTION_HELP},
        {NULL, 0, NULL, 0},
    };
    int result = EXIT_NOT_YET;
    optind = 0; /* begins anew: the command's name has been read by the same getopt */
    opterr = 0;
    while (result == EXIT_NOT_YET) {
        int option = getopt_long(argc, argv, "", known, NULL);
        if (option == -1)
            break;
        result = take_option(options, option, optarg);
    }
    if (result == EXIT_NOT_YET && optind < argc)
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
