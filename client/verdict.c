#include "client/verdict.h"

#include "base/json.h"
#include "client/terminal.h"

#include <jansson.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

/* NULL: it is no JSON object. */
static json_t *read_object(const struct wire_answer *answer)
{
    json_t *root = NULL;
    if (json_depth(buf_text(&answer->body), answer->body.length, DEPTH_MAX) <= DEPTH_MAX)
        root = json_loadb(buf_text(&answer->body), answer->body.length, 0, NULL);
    if (json_is_object(root))
        return root;
    json_decref(root);
    return NULL;
}

static const char *text_of(const json_t *root, const char *key)
{
    const char *text = json_string_value(json_object_get(root, key));
    return text == NULL ? "" : text;
}

static enum client_exit weigh_problem(const json_t *root, struct buf *sentence)
{
    const char *outcome = text_of(root, "outcome");
    if (strcmp(outcome, "unknown") == 0) { /* whatever the method says: the gateway knows what it did */
        buf_put(sentence, "; it may have been executed: look before you try again");
        return CLIENT_UNKNOWN;
    }
    if (!json_is_true(json_object_get(root, "retryable")))
        return CLIENT_FAILED;
    buf_put(sentence, "; nothing was executed: try again");
    return CLIENT_LATER;
}

/* An RFC 9457 body, in one sentence. */
static enum client_exit tell_problem(const struct wire_answer *answer, const json_t *root,
                                     struct buf *sentence)
{
    const char *type = text_of(root, "type");
    const char *name = strrchr(type, ':');
    terminal_put_plain(sentence, text_of(root, "detail"));
    enum client_exit code = weigh_problem(root, sentence);
    buf_put_format(sentence, " (%ld ", answer->status);
    terminal_put_plain(sentence, name == NULL ? type : name + 1);
    buf_put(sentence, ", request ");
    terminal_put_plain(sentence, text_of(root, "requestId"));
    buf_put_char(sentence, ')');
    return code;
}

/* Somebody before the gateway answered in its place.  What such an answer blames the request for did not get
 * further, but for 408: that says only that somebody had waited for long enough. */
static bool was_turned_away(long status)
{
    return status >= 400 && status <= 499 && status != 408;
}

static enum client_exit tell_stranger(const struct order *order, const struct wire_answer *answer,
                                      struct buf *sentence)
{
    buf_put_format(sentence, "%s answered %ld as '", order->url, answer->status);
    terminal_put_plain(sentence, answer->type);
    buf_put(sentence, "': that is not how a gateway answers");
    if (!order_changes(order) || was_turned_away(answer->status))
        return CLIENT_FAILED;
    buf_put(sentence, "; it may have been executed: look before you try again");
    return CLIENT_UNKNOWN;
}

static enum client_exit tell_wire(const struct order *order, enum wire_result result, const struct err *err,
                                  struct buf *sentence)
{
    terminal_put_plain(sentence, err->text);
    if (result == WIRE_NOT_SENT) {
        buf_put(sentence, "; nothing was sent: is the gateway there? (--url, COUNTERSIGN_URL)");
        return CLIENT_LATER;
    }
    if (!order_changes(order)) {
        buf_put(sentence, "; it only reads: try again");
        return CLIENT_LATER;
    }
    buf_put(sentence, "; it may have been executed: look before you try again");
    return CLIENT_UNKNOWN;
}

enum client_exit verdict_of(const struct order *order, enum wire_result result,
                            const struct wire_answer *answer, const struct err *err, struct buf *sentence)
{
    if (result != WIRE_ANSWERED)
        return tell_wire(order, result, err, sentence);
    json_t *root = read_object(answer);
    bool json = root != NULL && strncmp(answer->type, "application/", 12) == 0;
    enum client_exit code = CLIENT_GOOD;
    bool bare = strcmp(order->method, "HEAD") == 0 ||
                (answer->status == 204 && answer->request_id[0] != '\0'); /* nothing else tells whose it is */
    if (!json && !bare)
        code = tell_stranger(order, answer, sentence);
    else if (strcmp(answer->type, "application/problem+json") == 0 && json)
        code = tell_problem(answer, root, sentence);
    else if (answer->status < 200 || answer->status > 299)
        code = tell_stranger(order, answer, sentence);
    json_decref(root);
    return code;
}

enum verdict_task verdict_task(const struct wire_answer *answer)
{
    static const struct {
        const char *word;
        enum verdict_task task;
    } words[] = {
        {"running", VERDICT_TASK_RUNNING}, {"done", VERDICT_TASK_DONE}, {"failed", VERDICT_TASK_FAILED}};
    enum verdict_task task = VERDICT_NO_TASK;
    json_t *root = read_object(answer);
    for (size_t i = 0; i < COUNT(words); i++)
        if (strcmp(text_of(root, "status"), words[i].word) == 0)
            task = words[i].task;
    json_decref(root);
    return task;
}
