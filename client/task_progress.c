#include "client/task_progress.h"

#include "base/time/clock.h"
#include "client/exit_code.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_PAUSE_MS = 500, LAST_PAUSE_MS = 5000 };

static int64_t now_ms(void)
{
    return clock_monotonic_us() / 1000;
}

void task_progress_begin(struct task_progress *watch, const struct options *order, struct http *wire)
{
    *watch = (struct task_progress){
        .order = order, .wire = wire, .began_ms = now_ms(), .terminal = isatty(STDERR_FILENO) == 1};
}

void task_progress_tick(void *context)
{
    struct task_progress *watch = context;
    int64_t seconds = (now_ms() - watch->began_ms) / 1000;
    if (!watch->terminal || seconds <= watch->shown_s)
        return;
    fprintf(stderr, "\rwaiting for the end, %lld s\033[K", (long long)seconds);
    watch->shown_s = seconds;
}

void task_progress_quiet(struct task_progress *watch)
{
    if (watch->shown_s > 0)
        fputs("\r\033[K", stderr);
    watch->shown_s = 0;
}

static int64_t left_ms(const struct task_progress *watch)
{
    return watch->began_ms + (int64_t)watch->order->wait_s * 1000 - now_ms();
}

/* A second at a time, so that the terminal sees it. */
static void pause_ms(struct task_progress *watch, int64_t millis)
{
    int64_t until = now_ms() + (millis < left_ms(watch) ? millis : left_ms(watch));
    for (int64_t left = until - now_ms(); left > 0; left = until - now_ms()) {
        int64_t step = left < 1000 ? left : 1000;
        clock_sleep_us(step * 1000);
        task_progress_tick(watch);
    }
}

/* A path of this gateway and nothing else. */
static bool is_path(const char *location)
{
    if (location[0] != '/' || location[1] == '/')
        return false;
    for (const char *c = location; *c != '\0'; c++)
        if (*c <= ' ' || *c >= 0x7F)
            return false;
    return true;
}

static enum client_exit tell_running(const struct task_progress *watch, const char *target,
                                     struct buf *sentence)
{
    buf_put_format(sentence, "not over after %d s; see: countersign call GET ", watch->order->wait_s);
    buf_put(sentence, target);
    return CLIENT_RUNNING;
}

static enum client_exit tell_end(const struct http_answer *answer, struct buf *sentence)
{
    if (exit_code_task(answer) != EXIT_CODE_TASK_FAILED)
        return CLIENT_GOOD;
    buf_put(sentence, "it was taken, and then its task failed");
    return CLIENT_FAILED;
}

/* What cannot be seen now may be seen later, unless we may not look. */
static bool is_final(enum client_exit code, const struct http_answer *look)
{
    return code == CLIENT_FAILED || (code == CLIENT_GOOD && exit_code_task(look) != EXIT_CODE_TASK_RUNNING);
}

static enum client_exit look_once(struct task_progress *watch, const char *target, struct http_answer *look,
                                  struct buf *sentence)
{
    struct err err = {0};
    const struct http_request request = {
        .method = "GET", .target = target, .tick = task_progress_tick, .context = watch};
    const struct options reading = {.url = watch->order->url, .method = "GET"};
    buf_reset(sentence);
    enum http_result result = http_exchange(watch->wire, &request, look, &err);
    return exit_code_of(&reading, result, look, &err, sentence);
}

/* The last look's answer is the one to show, if it told anything. */
static enum client_exit end_looking(struct task_progress *watch, const char *target, enum client_exit code,
                                    struct http_answer *answer, struct http_answer *look,
                                    struct buf *sentence)
{
    if (code == CLIENT_GOOD) {
        struct http_answer kept = *answer;
        *answer = *look;
        *look = kept;
        return exit_code_task(answer) == EXIT_CODE_TASK_RUNNING ? tell_running(watch, target, sentence)
                                                                : tell_end(answer, sentence);
    }
    if (code != CLIENT_FAILED) {
        buf_reset(sentence);
        return tell_running(watch, target, sentence);
    }
    buf_put(sentence, "; it was taken, but how its task is cannot be seen");
    return CLIENT_RUNNING;
}

static enum client_exit look(struct task_progress *watch, const char *target, struct http_answer *answer,
                             struct buf *sentence)
{
    struct http_answer last = {0};
    enum client_exit code = CLIENT_LATER;
    int64_t pause = FIRST_PAUSE_MS;
    buf_init(&last.body, HTTP_ANSWER_MAX);
    do {
        pause_ms(watch, pause);
        code = look_once(watch, target, &last, sentence);
        pause = 2 * pause < LAST_PAUSE_MS ? 2 * pause : LAST_PAUSE_MS;
    } while (!is_final(code, &last) && left_ms(watch) > 0);
    code = end_looking(watch, target, code, answer, &last, sentence);
    buf_done(&last.body);
    return code;
}

enum client_exit task_progress_task(struct task_progress *watch, struct http_answer *answer,
                                    struct buf *sentence)
{
    char target[HTTP_FIELD_SIZE];
    enum exit_code_task task = exit_code_task(answer);
    if (task == EXIT_CODE_TASK_DONE || task == EXIT_CODE_TASK_FAILED)
        return tell_end(answer, sentence);
    if (task == EXIT_CODE_TASK_RUNNING && !options_changes(watch->order))
        return look(watch, watch->order->path, answer, sentence);
    if (answer->status != 202)
        return CLIENT_GOOD;
    if (!is_path(answer->location)) {
        buf_put(sentence, "it was taken, but the answer does not say where its end can be seen");
        return CLIENT_RUNNING;
    }
    memcpy(target, answer->location, sizeof target);
    return look(watch, target, answer, sentence);
}
