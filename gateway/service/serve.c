/* One file, longer than others, because it is one story: what is there before what, from the first descriptor
 * to the last thread, and in which order it ends. */
#include "gateway/service/serve.h"

#include "base/time/clock.h"
#include "base/log/operator_log.h"
#include "gateway/exchange/anonymous.h"
#include "gateway/response/answer.h"
#include "gateway/limits/freezes.h"
#include "gateway/keeper/keeper.h"
#include "gateway/openapi/openapi.h"
#include "gateway/request/pipeline.h"
#include "gateway/server/server.h"
#include "gateway/admin/admin.h"
#include "gateway/reload/certificates.h"
#include "gateway/service/descriptors.h"
#include "gateway/reload/sd_notify.h"
#include "gateway/service/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    SERVE_POLL_US = 1000,
    SERVE_START_US = 10000000,   /* for all threads to be there                                      */
    SERVE_CREDENTIALS_MS = 5000, /* for those that are issued to be there; requests would wait for them */
    SERVE_ABANDON_US = 3000000,  /* for what was abandoned to be answered: a line looks once a second */
    SERVE_STOP_S = 10,           /* for the threads to end; then SIGALRM ends the process            */
    SERVE_LARGE = 256 * 1024,    /* bytes: what is larger goes back to the system when it is freed */
    SERVE_ADMIN_WORKERS = 8, /* half of them for probes that overlap, whoever waits for a reload (reload.h) */
    SERVE_ADMIN_CONNECTIONS = 16,
    SERVE_ADMIN_UNASKED = 6, /* connections of one address with no request yet */
    SERVE_ANSWER_MAX = OPENAPI_MAX + ACTION_OPERATIONS_MAX + 64 * 1024, /* the largest of all, and a header */
    SERVE_ADDRESSES = 32 * 1024, /* of all sockets, in the line that says ready */
    SERVE_SPARE = 1024 * 1024,   /* bytes of free heap that are kept for what is smaller */
    SERVE_PATH = 1024,           /* bytes */
    SERVE_ARENAS = 2, /* of malloc: glibc's eight a core spread thin what a thousand workers free */
};

_Static_assert((long)OPENAPI_MAX >= (long)ANSWER_SEEN_MAX, "whatever the cloud said is answered, too");

struct settings {
    struct descriptors descriptors;
    struct shared gateway;
    struct reload reload;
    struct admin admin;
    struct desk desk;
    struct server *front;
    struct server *admin_door;
    struct sd_notify notify;
    struct watchdog pulse;
};

/* A standard stream that is closed would become the next file or connection, with our lines in it. */
static int open_streams(struct err *err)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            return err_set(err, ERR_SYSTEM, "descriptor %d is closed, and /dev/null cannot be opened", fd);
    return 0;
}

/* One descriptor for every place of the listeners and every call, where the system lets us. */
static void raise_descriptors(void)
{
    struct rlimit files = {0};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE,
                        &files); /* else the listener waits until there are descriptors again */
    }
}

static const int ending[] = {SIGTERM, SIGINT};
static const int lasting[] = {SIGHUP, SIGUSR1};

static void add_signals(sigset_t *set, const int *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)sigaddset(set, numbers[i]);
}

static void signals_that_end(sigset_t *set)
{
    (void)sigemptyset(set);
    add_signals(set, ending, COUNT(ending));
}

static void signals_to_wait_for(sigset_t *set)
{
    signals_that_end(set);
    add_signals(set, lasting, COUNT(lasting));
}

/* Whoever asks for a reload while we start means what we are about to read, or what comes next: it waits. */
static void keep_for_later(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    add_signals(&set, lasting, COUNT(lasting));
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL); /* cannot fail */
}

int serve_harden(struct err *err)
{
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return err_set(err, ERR_SYSTEM, "cannot switch core dumps off: %s", strerror(errno));
    raise_descriptors();
    keep_for_later();
    return open_streams(err);
}

/* Workers inherit the mask: only the main thread meets a signal, and only where it waits for one. */
static int block_signals(struct err *err)
{
    sigset_t set;
    signals_to_wait_for(&set);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGXFSZ, SIG_IGN) == SIG_ERR ||
        pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return err_set(err, ERR_SYSTEM, "cannot block signals: %s", strerror(errno));
    return 0;
}

static int wait_until_ready(const struct settings *service, struct err *err)
{
    int64_t deadline = clock_monotonic_us() + SERVE_START_US;
    while (!server_is_ready(service->front)) {
        if (clock_monotonic_us() > deadline)
            return err_set(err, ERR_SYSTEM,
                           "the workers did not start in time: is there memory for %lld threads, and does "
                           "a limit on processes (ulimit -u, a container's pids limit) allow them?",
                           service->gateway.current->config->workers);
        clock_sleep_us(SERVE_POLL_US);
    }
    return 0;
}

static void print_ready(struct settings *service)
{
    struct buf text;
    buf_init(&text, SERVE_ADDRESSES);
    server_put_addresses(service->front, &text);
    buf_put(&text, ", admin on ");
    server_put_addresses(service->admin_door, &text);
    operator_log_write(&service->gateway.notices, "ready on %s", buf_text(&text));
    buf_done(&text);
}

/* Before there is a log. */
static void tell_few(const struct config *config, const struct descriptors *shares)
{
    struct log log;
    if (operator_log_init(&log, config->notices == CONFIG_NOTICES_JSON) != 0)
        return; /* what follows fails likewise, and says so */
    operator_log_warn(
        &log,
        "%zu file descriptors are few for %zu connections and all slots of the upstreams, which "
        "take %zu (LimitNOFILE, ulimit -n): at most %zu connections of callers and %zu to "
        "upstreams are open at a time",
        shares->limit, descriptors_connections(config), shares->wanted, shares->places, shares->connections);
    log_done(&log);
}

/* What everybody may have, before anybody is there; and what that costs callers. */
static int share_descriptors(struct settings *service, const struct config *config, struct err *err)
{
    struct descriptors *shares = &service->descriptors;
    struct rlimit files = {0};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return err_set(err, ERR_SYSTEM, "cannot ask for the limit of descriptors: %s", strerror(errno));
    if (descriptors_share(config, SERVE_ADMIN_CONNECTIONS, (size_t)files.rlim_cur, shares, err) != 0)
        return -1;
    if (shares->limit < shares->wanted)
        tell_few(config, shares);
    return 0;
}

/* What is said of them goes where everything is told. */
static int read_certificates(struct settings *service, struct certificates *certificates, struct err *err)
{
    struct report report;
    report_init(&report);
    int result =
        certificates_read(service->gateway.current->config, clock_wall_ms() / 1000, &report, certificates);
    operator_log_lines(&service->gateway.notices, OPERATOR_WARNING, buf_text(&report.warnings));
    if (result != 0) {
        const char *text = buf_text(&report.errors);
        err_set(err, ERR_INPUT, "%.*s", (int)strcspn(text, "\n"), text);
    }
    report_done(&report);
    return result;
}

static int open_doors(struct settings *service, struct err *err)
{
    const struct config *config = service->gateway.current->config;
    service->admin.gateway = &service->gateway;
    service->admin.settling = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    service->admin.reload = &service->reload;
    service->admin.sessions = logins_new(err);
    if (service->admin.sessions == NULL)
        return -1;
    service->desk = (struct desk){admin_answer, admin_is_asked_by, &service->admin};
    const struct handler admin = {desk_serve, &service->desk, DESK_PAGE_MAX};
    const struct handler gateway = {pipeline_serve, &service->gateway, SERVE_ANSWER_MAX};
    struct certificates certificates;
    if (read_certificates(service, &certificates, err) != 0)
        return -1;
    const struct server_options inner = {.listen = &config->admin,
                                         .tls = certificates.admin,
                                         .limits = {.workers = SERVE_ADMIN_WORKERS,
                                                    .connections = SERVE_ADMIN_CONNECTIONS,
                                                    .places = service->descriptors.admin,
                                                    .per_address = service->descriptors.admin,
                                                    .unasked = SERVE_ADMIN_UNASKED,
                                                    .queue_ms = CONNECTIONS_ADMIN_QUEUE_MS,
                                                    .idle_ms = CONNECTIONS_HEADER_MS,
                                                    .problem_types = config->problem_types}};
    const struct server_options outer = {.listen = &config->listen,
                                         .tls = certificates.listen,
                                         .limits = {.workers = (size_t)config->workers,
                                                    .connections = descriptors_connections(config),
                                                    .places = service->descriptors.places,
                                                    .per_address = (size_t)config->per_address,
                                                    .queue_ms = CONNECTIONS_QUEUE_MS,
                                                    .idle_ms = config->keep_alive,
                                                    .problem_types = config->problem_types}};
    service->admin_door = server_open(&admin, &inner, err);
    if (service->admin_door == NULL) {
        tls_set_release(certificates.listen);
        return -1;
    }
    service->front = server_open(&gateway, &outer, err);
    if (service->front == NULL || wait_until_ready(service, err) != 0)
        return -1;
    service->reload.listen = service->front;
    service->reload.admin = service->admin_door;
    atomic_store(&service->admin.own_door, service->admin_door);
    atomic_store(&service->admin.public_door, service->front);
    atomic_store(&service->gateway.serving, true);
    return 0;
}

/* Exchanges that have a worker, or wait for one. */
static unsigned walking(struct shared *gateway)
{
    unsigned waiting = atomic_load(&gateway->waiting);
    unsigned all = atomic_load(&gateway->in_flight);
    return all > waiting ? all - waiting : 0;
}

/* Feeds the watchdog when it is time, and only while requests end: who waits here for a lock that is never
 * given back feeds it no more, either. */
static void beat(struct settings *service)
{
    int64_t now = clock_monotonic_us();
    if (sd_notify_wait_us(&service->notify, now) != 0)
        return;
    struct snapshot *snapshot = shared_take(&service->gateway);
    bool alive = watchdog_moves(&service->pulse, snapshot->config, walking(&service->gateway),
                                atomic_load(&service->gateway.ended), now);
    shared_release(snapshot);
    sd_notify_alive(&service->notify, alive, now);
}

/* What requests without a client have gathered. */
static void tell_anonymous(struct settings *service)
{
    anonymous_end_round(service->gateway.anonymous, &service->gateway.access, clock_monotonic_us(),
                        clock_wall_ms());
}

static void look_after(struct settings *service)
{
    beat(service);
    if (anonymous_wait_us(service->gateway.anonymous, clock_monotonic_us()) == 0)
        tell_anonymous(service);
}

static bool is_busy(const struct settings *service)
{
    struct connections_counts counts;
    server_count(service->front, &counts);
    return counts.open > 0;
}

/* Until then; or until nobody is connected any more. */
static void serve_on(struct settings *service, int64_t until_us, bool whoever_comes)
{
    while (clock_monotonic_us() < until_us && (whoever_comes || is_busy(service))) {
        look_after(service);
        clock_sleep_us(SERVE_POLL_US);
    }
}

/* Whatever still hangs then, a disk as a rule, does not hold the process. */
static void end_within(int64_t millis)
{
    (void)alarm((unsigned)((millis + 999) / 1000 + SERVE_STOP_S));
}

/* A second signal ends the process at once, by its default action. */
static void drain(struct settings *service)
{
    sigset_t set;
    struct snapshot *snapshot = shared_take(&service->gateway); /* a reload may just be ending */
    const struct config *config = snapshot->config;
    end_within(config->grace + config->drain + SERVE_ABANDON_US / 1000);
    sd_notify_stopping(&service->notify);
    signals_that_end(&set);
    atomic_store(&service->gateway.draining, true);
    server_end_waits(service->front);
    reload_end(&service->reload);
    tell_anonymous(service);
    log_settle(&service->gateway.access); /* what ends at once from now on loses no line */
    (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    operator_log_write(&service->gateway.notices,
                       "finishing what is in flight; another signal ends it at once");
    serve_on(service, clock_monotonic_us() + config->grace * 1000, true); /* load balancers will notice */
    server_stop_listening(service->front);
    int64_t deadline = clock_monotonic_us() + config->drain * 1000;
    serve_on(service, deadline, false);
    atomic_store(&service->gateway.abandoned, true); /* what waits is answered and recorded as unknown */
    keeper_abandon(service->gateway.keeper);
    serve_on(service, deadline + SERVE_ABANDON_US, false);
    shared_release(snapshot);
    end_within(0);
}

/* Until it is time for a sign of life, or to tell what was gathered. */
static struct timespec next_look(const struct settings *service)
{
    int64_t now = clock_monotonic_us();
    int64_t wait_us = anonymous_wait_us(service->gateway.anonymous, now);
    int64_t life_us = sd_notify_wait_us(&service->notify, now);
    if (life_us >= 0 && life_us < wait_us)
        wait_us = life_us;
    return (struct timespec){.tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000};
}

/* The next signal, 0 when it is time for something else, or -1. */
static int wait_for_signal(const struct settings *service)
{
    sigset_t set;
    const struct timespec wait = next_look(service);
    signals_to_wait_for(&set);
    int number = sigtimedwait(&set, NULL, &wait);
    return number < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : number;
}

/* The end comes first: sigwaitinfo(2) gives the smallest number, and who reloads without a pause would never
 * let us get to another. */
static bool is_ending(void)
{
    sigset_t set;
    const struct timespec now = {0};
    signals_that_end(&set);
    return sigtimedwait(&set, NULL, &now) > 0;
}

static int wait_for_end(struct settings *service, struct err *err)
{
    for (;;) {
        int number = wait_for_signal(service);
        if (number < 0)
            return err_set(err, ERR_SYSTEM, "cannot wait for signals: %s", strerror(errno));
        if (number == SIGTERM || number == SIGINT || is_ending())
            return 0;
        if (number == SIGHUP || number == SIGUSR1)
            reload_want(&service->reload, number == SIGHUP ? RELOAD_ALL : RELOAD_AUDIT);
        look_after(service);
    }
}

/* Who tells something waits for no reader, either. */
static int gather_lines(struct settings *service, struct err *err)
{
    if (log_gather(&service->gateway.access) == 0 && log_gather(&service->gateway.notices) == 0)
        return 0;
    return err_memory(err);
}

/* Where what is frozen is kept: beside the audit file, else where systemd says that state belongs, else
 * beside the configuration. */
static int open_freezes(struct settings *service, const char *path, struct err *err)
{
    char file[SERVE_PATH];
    const char *folder = getenv("STATE_DIRECTORY");
    const char *audit = service->gateway.current->config->audit.file;
    if (audit != NULL && strncmp(audit, "/dev/", 5) == 0)
        audit = NULL; /* no folder for files */
    int length = audit == NULL && folder != NULL
                     ? snprintf(file, sizeof file, "%s/freezes", folder)
                     : snprintf(file, sizeof file, "%s.freezes", audit != NULL ? audit : path);
    if (length < 0 || (size_t)length >= sizeof file)
        return err_set(err, ERR_INPUT, "the path of the file of freezes is too long");
    service->gateway.freezes = freezes_open(service->gateway.state, file, &service->gateway.notices, err);
    return service->gateway.freezes == NULL ? -1 : 0;
}

/* Before anybody may call. */
static int fetch_credentials(struct settings *service, struct err *err)
{
    if (keeper_start(service->gateway.keeper, err) != 0)
        return -1;
    keeper_wait(service->gateway.keeper, SERVE_CREDENTIALS_MS);
    return 0;
}

static int serve(struct settings *service, struct err *err)
{
    int result = -1;
    if (block_signals(err) == 0 && gather_lines(service, err) == 0 && fetch_credentials(service, err) == 0 &&
        open_doors(service, err) == 0 && reload_start(&service->reload, err) == 0) {
        print_ready(service);
        sd_notify_ready(&service->notify, "Serving");
        result = wait_for_end(service, err);
        if (result == 0)
            drain(service);
        else
            end_within(0);
    }
    reload_end(&service->reload);
    reload_join(&service->reload);     /* it hands certificates to both doors */
    server_close(service->admin_door); /* first: it looks at the other */
    server_close(service->front);
    logins_free(service->admin.sessions);
    tell_anonymous(service); /* the last */
    return result;
}

int serve_run(const char *path, struct config *config, struct err *err)
{
    int result = -1;
    (void)mallopt(M_ARENA_MAX, SERVE_ARENAS); /* another allocator may know no arenas */
    (void)mallopt(M_MMAP_THRESHOLD, SERVE_LARGE);
    (void)mallopt(M_TRIM_THRESHOLD, SERVE_SPARE);
    struct settings *service = calloc(1, sizeof *service);
    if (service == NULL) {
        config_release(config);
        return err_memory(err);
    }
    if (share_descriptors(service, config, err) != 0 || sd_notify_init(&service->notify, err) != 0)
        config_release(config);
    else if (shared_init(&service->gateway, config, service->descriptors.connections, STDOUT_FILENO, err) ==
             0) {
        if (open_freezes(service, path, err) != 0)
            result = -1;
        else if (reload_init(&service->reload, path, &service->gateway, &service->notify) != 0)
            err_memory(err);
        else {
            reload_begin(&service->reload);
            result = serve(service, err);
        }
        reload_done(&service->reload);
        shared_done(&service->gateway);
    }
    sd_notify_done(&service->notify);
    free(service);
    return result;
}
