#include "gateway/service/reload.h"

#include "base/clock.h"
#include "base/deadline.h"
#include "config/load/config_load.h"
#include "config/model/rights.h"
#include "gateway/audit/audit.h"
#include "gateway/dryrun/trial.h"
#include "gateway/openapi/reference.h"
#include "gateway/service/changes.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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
    if (config != NULL && check_docs(config, report) != 0) {
        config_release(config);
        config = NULL;
    }
    (void)malloc_trim(0); /* what loading took in between is several times what it leaves */
    return config;
}

int reload_init(struct reload *reload, const char *path, struct gateway *gateway)
{
    *reload = (struct reload){.path = path, .gateway = gateway, .good_at = clock_wall_ms() / 1000};
    buf_init(&reload->errors, RELOAD_ERRORS_MAX);
    buf_init(&reload->warnings, RELOAD_ERRORS_MAX);
    buf_init(&reload->tests, RELOAD_ERRORS_MAX);
    if (pthread_mutex_init(&reload->mutex, NULL) != 0)
        return -1; /* never on Linux but for memory; the process ends then */
    return deadline_cond_init(&reload->finished);
}

void reload_done(struct reload *reload)
{
    (void)pthread_cond_destroy(&reload->finished);
    (void)pthread_mutex_destroy(&reload->mutex);
    buf_done(&reload->errors);
    buf_done(&reload->warnings);
    buf_done(&reload->tests);
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_command(const char *const *a, const char *const *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    while (*a != NULL && same_text(*a, *b)) {
        a++;
        b++;
    }
    return *a == NULL && *b == NULL;
}

static bool same_audit(const struct config_audit *a, const struct config_audit *b)
{
    if (a->file == NULL || b->file == NULL)
        return a->file == b->file;
    bool same_key = a->key == NULL || b->key == NULL
                        ? a->key == b->key
                        : secret_equal(a->key, secret_bytes(b->key), secret_length(b->key));
    return strcmp(a->file, b->file) == 0 && a->sync == b->sync && same_key &&
           a->seal_every == b->seal_every && a->on_broken == b->on_broken &&
           same_text(a->witness_file, b->witness_file) &&
           same_command(a->witness_command, b->witness_command);
}

/* Listeners, workers and the audit file are bound for the life of the process. */
static void warn_unchanged(const struct config *old, const struct config *new, struct report *report)
{
    static const char sentence[] = "%s stays %s: it changes by a restart only";
    static const struct report_kind kind = {.severity = REPORT_SECURITY};
    if (strcmp(old->listen, new->listen) != 0)
        report_find(report, &kind, sentence, "listen", old->listen);
    if (strcmp(old->admin, new->admin) != 0)
        report_find(report, &kind, sentence, "admin", old->admin);
    if (old->workers != new->workers)
        report_find(report, &kind, "workers stays %lld: it changes by a restart only", old->workers);
    if (!same_audit(&old->audit, &new->audit))
        report_find(report, &kind, "audit stays as it was: it changes by a restart only");
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
    if (trial_run(new, now, REPORT_SECURITY, tests) == 0)
        return tests->error_count == 0 ? 0 : -1;
    if (rights_only_less(old, new)) {
        buf_put(&report->warnings, buf_text(&tests->warnings));
        return 0;
    }
    return trial_run(new, now, REPORT_ERROR, report);
}

void reload_begin(struct reload *reload)
{
    struct report tests;
    struct generation *generation = gateway_take(reload->gateway);
    report_init(&tests);
    if (trial_run(generation->config, clock_wall_ms() / 1000, REPORT_SECURITY, &tests) != 0)
        fprintf(stderr, "%s%s", buf_text(&tests.errors), buf_text(&tests.warnings));
    keep_tests(reload, &tests);
    report_done(&tests);
    gateway_release(generation);
}

static int swap(struct reload *reload, const struct config *old, struct config *new, struct report *report)
{
    struct err err = {0};
    struct report tests;
    report_init(&tests);
    int result = run_tests(old, new, report, &tests);
    if (result != 0)
        config_release(new);
    else {
        warn_unchanged(old, new, report);
        if (gateway_swap(reload->gateway, new, &err) != 0)
            result = report_error(report, NULL, "%s", err.text);
        else
            keep_tests(reload, &tests);
    }
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
    struct generation *current = gateway_take(reload->gateway);
    if (end != RELOAD_BAD)
        changes_reload(reload->gateway->audit, old, current->config, by);
    else
        changes_refused(reload->gateway->audit, current->config, by, buf_text(&report->errors));
    gateway_release(current);
}

static enum reload_end reload_now(struct reload *reload, const struct config *old, struct report *report)
{
    bool good = try_reload(reload, old, report) == 0;
    bool audited = reopen_audit(reload, report) == 0;
    if (!good)
        return RELOAD_BAD;
    return audited ? RELOAD_GOOD : RELOAD_UNAUDITED;
}

void reload_run(struct reload *reload)
{
    static const char *const sentences[] = {
        [RELOAD_GOOD] = "reloaded",
        [RELOAD_BAD] = "the reload failed: the old configuration stays in force",
        [RELOAD_UNAUDITED] =
            "the reload failed: the new configuration is in force, but the audit file could not be "
            "opened again",
    };
    struct report report;
    struct generation *old = gateway_take(reload->gateway);
    report_init(&report);
    (void)pthread_mutex_lock(&reload->mutex);
    unsigned long long wanted = reload->wanted; /* whoever asks from now on waits for the next one */
    const char *by = wanted > reload->done ? "POST /reload" : "SIGHUP";
    (void)pthread_mutex_unlock(&reload->mutex);
    enum reload_end end = reload_now(reload, old->config, &report);
    record(reload, old->config, by, end, &report);
    gateway_release(old);
    fprintf(stderr, "%s%scountersign: %s\n", buf_text(&report.errors), buf_text(&report.warnings),
            sentences[end]);
    (void)pthread_mutex_lock(&reload->mutex);
    reload->done = wanted;
    reload->last = end;
    reload->counts[end != RELOAD_GOOD]++;
    buf_reset(&reload->errors);
    buf_put(&reload->errors, buf_text(&report.errors));
    buf_reset(&reload->warnings);
    buf_put(&reload->warnings, buf_text(&report.warnings));
    if (end != RELOAD_BAD)
        reload->good_at = clock_wall_ms() / 1000;
    (void)pthread_cond_broadcast(&reload->finished);
    (void)pthread_mutex_unlock(&reload->mutex);
    report_done(&report);
}

/* With the mutex. */
static enum reload_end ask_and_wait(struct reload *reload, struct buf *errors, struct buf *warnings)
{
    const struct timespec deadline = deadline_in(RELOAD_WAIT_S * 1000LL);
    int waited = 0;
    unsigned long long mine = ++reload->wanted;
    if (!reload->ended && kill(getpid(), SIGHUP) != 0)
        waited = errno;
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
