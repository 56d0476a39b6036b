#include "gateway/reload/reload.h"

#include "base/time/clock.h"
#include "base/time/deadline.h"
#include "base/log/operator_log.h"
#include "config/load/config_load.h"
#include "config/rights/rights.h"
#include "gateway/audit/audit.h"
#include "gateway/dryrun/policy_test_run.h"
#include "gateway/openapi/docs_page.h"
#include "gateway/reload/certificates.h"
#include "gateway/reload/changes.h"

#include <malloc.h>
#include <string.h>

enum { RELOAD_WAIT_S = 30, RELOAD_ERRORS_MAX = 128 * 1024 };

/* Whoever asks for the page should not find out in a browser that it is not there. */
static int check_docs(const struct config *config, struct report *report)
{
    if (!config->browsers.docs || docs_page_is_built())
        return 0;
    return report_error(
        report, &config->browsers.docs_mark,
        "this program was built without the reference page: there was no npm where it was built");
}

struct config *reload_load(const char *path, const struct config *previous, struct report *report)
{
    int64_t now = clock_wall_ms() / 1000;
    struct config *config = config_load(path, previous, now, report);
    if (config != NULL && check_docs(config, report) != 0) {
        config_release(config);
        config = NULL;
    }
    (void)malloc_trim(0); /* what loading took in between is several times what it leaves */
    return config;
}

int reload_init(struct reload *reload, const char *path, struct shared *gateway,
                const struct sd_notify *notify)
{
    *reload = (struct reload){
        .path = path, .gateway = gateway, .notify = notify, .good_at = clock_wall_ms() / 1000};
    buf_init(&reload->errors, RELOAD_ERRORS_MAX);
    buf_init(&reload->warnings, RELOAD_ERRORS_MAX);
    buf_init(&reload->tests, RELOAD_ERRORS_MAX);
    if (pthread_mutex_init(&reload->mutex, NULL) != 0 || pthread_cond_init(&reload->work, NULL) != 0)
        return -1; /* never on Linux but for memory; the process ends then */
    return deadline_cond_init(&reload->finished);
}

static void keep_tests(struct reload *reload, const struct report *tests)
{
    (void)pthread_mutex_lock(&reload->mutex);
    buf_reset(&reload->tests);
    buf_put(&reload->tests, buf_text(&tests->warnings));
    (void)pthread_mutex_unlock(&reload->mutex);
}

/* A test that fails refuses the file, unless all that is new takes rights away: a leaked token must go at
 * once. */
static int run_tests(const struct config *old, const struct config *new, struct report *report,
                     struct report *tests)
{
    int64_t now = clock_wall_ms() / 1000;
    if (policy_test_run_run(new, now, REPORT_SECURITY, tests) == 0)
        return tests->error_count == 0 ? 0 : -1;
    if (rights_only_less(old, new)) {
        buf_put(&report->warnings, buf_text(&tests->warnings));
        return 0;
    }
    return policy_test_run_run(new, now, REPORT_ERROR, report);
}

/* On standard error. */
static void tell(struct reload *reload, const struct report *report)
{
    operator_log_lines(&reload->gateway->notices, OPERATOR_ERROR, buf_text(&report->errors));
    operator_log_lines(&reload->gateway->notices, OPERATOR_WARNING, buf_text(&report->warnings));
}

void reload_begin(struct reload *reload)
{
    struct report tests;
    struct snapshot *snapshot = shared_take(reload->gateway);
    report_init(&tests);
    if (policy_test_run_run(snapshot->config, clock_wall_ms() / 1000, REPORT_SECURITY, &tests) != 0)
        tell(reload, &tests);
    keep_tests(reload, &tests);
    report_done(&tests);
    shared_release(snapshot);
}

/* Of what the configuration in force has read. */
static void wipe(struct reload *reload)
{
    struct snapshot *current = shared_take(reload->gateway);
    config_load_wipe(current->config);
    shared_release(current);
}

/* Connections that are open keep theirs. */
static void use(struct reload *reload, struct certificates *certificates)
{
    server_use_tls(reload->listen, certificates->listen);
    server_use_tls(reload->admin, certificates->admin);
    *certificates = (struct certificates){0};
}

static int swap(struct reload *reload, const struct config *old, struct config *new, struct report *report)
{
    struct err err = {0};
    struct report tests;
    report_init(&tests);
    struct certificates certificates = {0};
    int result = certificates_read(new, clock_wall_ms() / 1000, report, &certificates);
    if (result == 0)
        result = run_tests(old, new, report, &tests);
    if (result != 0)
        config_release(new);
    else {
        if (shared_swap(reload->gateway, new, &err) != 0)
            result = report_error(report, NULL, "%s", err.text);
        else
            keep_tests(reload, &tests);
        if (result == 0) {
            use(reload, &certificates);
            wipe(reload);
        }
    }
    certificates_release(&certificates);
    report_done(&tests);
    return result;
}

static int try_reload(struct reload *reload, const struct config *old, struct report *report)
{
    struct config *config = reload_load(reload->path, old, report);
    return config == NULL ? -1 : swap(reload, old, config, report);
}

/* Also where the configuration is wrong: the file was rotated all the same. */
static int reopen_audit(struct reload *reload, struct report *report)
{
    struct err err = {0};
    if (reload->gateway->audit == NULL || audit_reopen(reload->gateway->audit, &err) == 0)
        return 0;
    return report_error(report, NULL, "%s", err.text);
}

/* Into the file that goes on: after a rotation the new one. */
static void record(struct reload *reload, const struct config *old, const char *by, enum reload_end end,
                   const struct report *report)
{
    struct snapshot *current = shared_take(reload->gateway);
    if (end != RELOAD_BAD)
        changes_reload(reload->gateway->audit, old, current->config, by);
    else
        changes_refused(reload->gateway->audit, current->config, by, buf_text(&report->errors));
    shared_release(current);
}

static enum reload_end reload_now(struct reload *reload, const struct config *old, struct report *report)
{
    bool good = try_reload(reload, old, report) == 0;
    bool audited = reopen_audit(reload, report) == 0;
    if (!good)
        return RELOAD_BAD;
    return audited ? RELOAD_GOOD : RELOAD_UNAUDITED;
}

static void keep_outcome(struct reload *reload, enum reload_end end, const struct report *report,
                         unsigned long long wanted)
{
    (void)pthread_mutex_lock(&reload->mutex);
    reload->done = wanted;
    reload->last = end;
    reload->counts[end != RELOAD_GOOD]++;
    buf_reset(&reload->errors);
    buf_put(&reload->errors, buf_text(&report->errors));
    buf_reset(&reload->warnings);
    buf_put(&reload->warnings, buf_text(&report->warnings));
    if (end != RELOAD_BAD)
        reload->good_at = clock_wall_ms() / 1000;
    (void)pthread_cond_broadcast(&reload->finished);
    (void)pthread_mutex_unlock(&reload->mutex);
}

static const struct {
    const char *sentence; /* on standard error */
    const char *status;   /* for a service manager */
} outcomes[] = {
    [RELOAD_GOOD] = {"reloaded", "Serving"},
    [RELOAD_BAD] = {"the reload failed: the old configuration stays in force",
                    "Serving the old configuration: the last reload failed"},
    [RELOAD_UNAUDITED] = {"the reload failed: the new configuration is in force, but the audit file could "
                          "not be opened again",
                          "Serving; the audit file could not be opened again: the last reload failed"},
};

/* `wanted`: whoever asks from now on waits for the next one. */
static void run(struct reload *reload, unsigned long long wanted, const char *by)
{
    struct report report;
    struct snapshot *old = shared_take(reload->gateway);
    sd_notify_reloading(reload->notify, clock_monotonic_us());
    report_init(&report);
    enum reload_end end = reload_now(reload, old->config, &report);
    record(reload, old->config, by, end, &report);
    shared_release(old);
    tell(reload, &report);
    if (end == RELOAD_GOOD)
        operator_log_write(&reload->gateway->notices, "%s", outcomes[end].sentence);
    else
        operator_log_fail(&reload->gateway->notices, "%s", outcomes[end].sentence);
    keep_outcome(reload, end, &report, wanted);
    report_done(&report);
    sd_notify_ready(reload->notify, outcomes[end].status);
}

static void rotate(struct reload *reload)
{
    struct report report;
    report_init(&report);
    (void)reopen_audit(reload, &report); /* the report tells */
    tell(reload, &report);
    report_done(&report);
}

/* ---- the thread ---- */

/* With the mutex, which it gives back meanwhile. */
static void do_tasks(struct reload *reload)
{
    unsigned long long wanted = reload->wanted;
    unsigned tasks = reload->tasks;
    const char *by = wanted > reload->done ? "POST /reload" : "SIGHUP";
    bool all = wanted > reload->done || (tasks & RELOAD_ALL) != 0;
    reload->tasks = 0;
    (void)pthread_mutex_unlock(&reload->mutex);
    if (all)
        run(reload, wanted, by);
    else
        rotate(reload);
    (void)pthread_mutex_lock(&reload->mutex);
}

static void *work(void *context)
{
    struct reload *reload = context;
    (void)pthread_mutex_lock(&reload->mutex);
    while (!reload->ended) {
        if (reload->tasks == 0 && reload->done == reload->wanted)
            (void)pthread_cond_wait(&reload->work, &reload->mutex); /* woken for nothing, it looks again */
        else
            do_tasks(reload);
    }
    (void)pthread_mutex_unlock(&reload->mutex);
    return NULL;
}

int reload_start(struct reload *reload, struct err *err)
{
    int error = pthread_create(&reload->thread, NULL, work, reload);
    reload->started = error == 0;
    return error == 0
               ? 0
               : err_set(err, ERR_SYSTEM, "the thread that reloads cannot be started: %s", strerror(error));
}

void reload_join(struct reload *reload)
{
    if (reload->started)
        (void)pthread_join(reload->thread, NULL);
    reload->started = false;
}

void reload_done(struct reload *reload)
{
    reload_join(reload);
    (void)pthread_cond_destroy(&reload->work);
    (void)pthread_cond_destroy(&reload->finished);
    (void)pthread_mutex_destroy(&reload->mutex);
    buf_done(&reload->errors);
    buf_done(&reload->warnings);
    buf_done(&reload->tests);
}

void reload_want(struct reload *reload, enum reload_task task)
{
    (void)pthread_mutex_lock(&reload->mutex);
    reload->tasks |= (unsigned)task;
    (void)pthread_cond_signal(&reload->work);
    (void)pthread_mutex_unlock(&reload->mutex);
}

/* With the mutex. */
static enum reload_end ask_and_wait(struct reload *reload, struct buf *errors, struct buf *warnings)
{
    const struct timespec deadline = deadline_in(RELOAD_WAIT_S * 1000LL);
    int waited = 0;
    unsigned long long mine = ++reload->wanted;
    (void)pthread_cond_signal(&reload->work);
    while (reload->done < mine && waited == 0 && !reload->ended)
        waited = pthread_cond_timedwait(&reload->finished, &reload->mutex, &deadline);
    bool missed = reload->done < mine;
    buf_put(errors, !missed         ? buf_text(&reload->errors)
                    : reload->ended ? "the gateway is shutting down\n"
                                    : "the reload did not end in time\n");
    if (!missed)
        buf_put(warnings, buf_text(&reload->warnings));
    return missed ? RELOAD_BAD : reload->last;
}

enum reload_end reload_ask(struct reload *reload, struct buf *errors, struct buf *warnings)
{
    enum reload_end end = RELOAD_BUSY;
    (void)pthread_mutex_lock(&reload->mutex);
    if (reload->waiting < RELOAD_WAITERS_MAX) {
        reload->waiting++;
        end = ask_and_wait(reload, errors, warnings);
        reload->waiting--;
    }
    (void)pthread_mutex_unlock(&reload->mutex);
    return end;
}

void reload_look(struct reload *reload, struct reload_state *state)
{
    (void)pthread_mutex_lock(&reload->mutex);
    *state = (struct reload_state){.good = reload->counts[0],
                                   .bad = reload->counts[1],
                                   .failed = reload->last != RELOAD_GOOD,
                                   .good_at = reload->good_at};
    (void)pthread_mutex_unlock(&reload->mutex);
}

void reload_end(struct reload *reload)
{
    (void)pthread_mutex_lock(&reload->mutex);
    reload->ended = true;
    (void)pthread_cond_signal(&reload->work);
    (void)pthread_cond_broadcast(&reload->finished);
    (void)pthread_mutex_unlock(&reload->mutex);
}

bool reload_failed(struct reload *reload, struct buf *errors)
{
    (void)pthread_mutex_lock(&reload->mutex);
    bool failed = reload->last != RELOAD_GOOD;
    if (failed)
        buf_put(errors, buf_text(&reload->errors));
    (void)pthread_mutex_unlock(&reload->mutex);
    return failed;
}

void reload_tests(struct reload *reload, struct buf *tests)
{
    (void)pthread_mutex_lock(&reload->mutex);
    buf_put(tests, buf_text(&reload->tests));
    (void)pthread_mutex_unlock(&reload->mutex);
}
