#include "gateway/service/reload.h"

#include "base/clock.h"
#include "base/deadline.h"
#include "base/notice.h"
#include "config/load/config_load.h"
#include "gateway/audit/audit.h"
#include "gateway/dryrun/trial.h"
#include "gateway/openapi/reference.h"

#include <malloc.h>
#include <string.h>

enum { RELOAD_WAIT_S = 30, RELOAD_ERRORS_MAX = 128 * 1024 };

/* Whoever asks for the page should not find out in a browser that it is not there. */
static int check_docs(const struct config *config, struct report *report)
{
    if (!config->browsers.docs || reference_is_built())
        return 0;
    return report_error(
        report, &config->browsers.docs_mark,
        "this program was built without the reference page: there was no npm where it was built");
}

struct config *reload_load(const char *path, const struct config *previous, struct report *report)
{
    int64_t now = clock_wall_ms() / 1000;
    struct config *config = config_load(path, previous, now, report);
    if (config != NULL && (check_docs(config, report) != 0 || trial_run(config, now, report) != 0)) {
        config_release(config);
        config = NULL;
    }
    (void)malloc_trim(0); /* what loading took in between is several times what it leaves */
    return config;
}

int reload_init(struct reload *reload, const char *path, struct gateway *gateway, const struct notify *notify)
{
    *reload = (struct reload){
        .path = path, .gateway = gateway, .notify = notify, .good_at = clock_wall_ms() / 1000};
    buf_init(&reload->errors, RELOAD_ERRORS_MAX);
    if (pthread_mutex_init(&reload->mutex, NULL) != 0 || pthread_cond_init(&reload->work, NULL) != 0)
        return -1; /* never on Linux but for memory; the process ends then */
    return deadline_cond_init(&reload->finished);
}

static int try_reload(struct reload *reload, struct report *report)
{
    struct err err = {0};
    struct generation *current = gateway_take(reload->gateway);
    struct config *config = reload_load(reload->path, current->config, report);
    gateway_release(current);
    if (config == NULL)
        return -1;
    if (gateway_swap(reload->gateway, config, &err) != 0)
        return report_error(report, NULL, "%s", err.text);
    current = gateway_take(reload->gateway); /* only this thread swaps */
    config_load_wipe(current->config);
    gateway_release(current);
    return 0;
}

/* Also where the configuration is wrong: the file was rotated all the same. */
static void reopen_audit(struct reload *reload, struct report *report)
{
    struct err err = {0};
    if (reload->gateway->audit != NULL && audit_reopen(reload->gateway->audit, &err) != 0)
        report_warning(report, NULL, "%s", err.text);
}

static void keep_outcome(struct reload *reload, int result, const struct report *report,
                         unsigned long long wanted)
{
    (void)pthread_mutex_lock(&reload->mutex);
    reload->done = wanted;
    reload->failed = result != 0;
    reload->counts[result != 0]++;
    buf_reset(&reload->errors);
    buf_put(&reload->errors, buf_text(&report->errors));
    if (result == 0)
        reload->good_at = clock_wall_ms() / 1000;
    (void)pthread_cond_broadcast(&reload->finished);
    (void)pthread_mutex_unlock(&reload->mutex);
}

/* `wanted`: whoever asks from now on waits for the next one. */
static void run(struct reload *reload, unsigned long long wanted)
{
    struct report report;
    struct log *notices = &reload->gateway->notices;
    notify_reloading(reload->notify, clock_monotonic_us());
    report_init(&report);
    int result = try_reload(reload, &report);
    reopen_audit(reload, &report);
    notice_lines(notices, buf_text(&report.errors));
    notice_lines(notices, buf_text(&report.warnings));
    notice_write(notices, "%s",
                 result == 0 ? "reloaded" : "the reload failed: the old configuration stays in force");
    keep_outcome(reload, result, &report, wanted);
    report_done(&report);
    notify_ready(reload->notify,
                 result == 0 ? "Serving" : "Serving the old configuration: the last reload failed");
}

static void rotate(struct reload *reload)
{
    struct report report;
    report_init(&report);
    reopen_audit(reload, &report);
    notice_lines(&reload->gateway->notices, buf_text(&report.warnings));
    report_done(&report);
}

/* ---- the thread ---- */

/* With the mutex, which it gives back meanwhile. */
static void do_tasks(struct reload *reload)
{
    unsigned long long wanted = reload->wanted;
    unsigned tasks = reload->tasks | (reload->done < wanted ? RELOAD_ALL : 0U);
    reload->tasks = 0;
    (void)pthread_mutex_unlock(&reload->mutex);
    if ((tasks & RELOAD_ALL) != 0)
        run(reload, wanted);
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

void reload_done(struct reload *reload)
{
    if (reload->started)
        (void)pthread_join(reload->thread, NULL);
    (void)pthread_cond_destroy(&reload->work);
    (void)pthread_cond_destroy(&reload->finished);
    (void)pthread_mutex_destroy(&reload->mutex);
    buf_done(&reload->errors);
}

void reload_want(struct reload *reload, enum reload_task task)
{
    (void)pthread_mutex_lock(&reload->mutex);
    reload->tasks |= (unsigned)task;
    (void)pthread_cond_signal(&reload->work);
    (void)pthread_mutex_unlock(&reload->mutex);
}

/* With the mutex. */
static enum reload_end ask_and_wait(struct reload *reload, struct buf *errors)
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
    return missed || reload->failed ? RELOAD_BAD : RELOAD_GOOD;
}

enum reload_end reload_ask(struct reload *reload, struct buf *errors)
{
    enum reload_end end = RELOAD_BUSY;
    (void)pthread_mutex_lock(&reload->mutex);
    if (reload->waiting < RELOAD_WAITERS_MAX) {
        reload->waiting++;
        end = ask_and_wait(reload, errors);
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
                                   .failed = reload->failed,
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
    bool failed = reload->failed;
    if (failed)
        buf_put(errors, buf_text(&reload->errors));
    (void)pthread_mutex_unlock(&reload->mutex);
    return failed;
}
