#include "sandbox/command/control.h"

#include "base/json/json.h"
#include "sandbox/state/session.h"

#include <string.h>
#include <utlist.h>

static void put_links(struct state *state, struct buf *out)
{
    json_open_array(out, "links");
    state_lock(state);
    const struct state_instance *instance;
    DL_FOREACH(state->instances, instance)
    {
        if (instance->vpc == NULL)
            continue;
        json_open(out);
        json_member(out, "vpcId", instance->vpc->id);
        json_member(out, "instanceId", instance->id);
        json_close(out);
    }
    state_unlock(state);
    json_close_array(out);
}

/* What was given out, the newest first: ids are no secrets. */
static void put_sessions(struct state *state, struct buf *out)
{
    state_lock(state);
    if (state->sessions != NULL)
        json_open_array(out, "sessions");
    for (const struct state_session *session = state->sessions; session != NULL; session = session->next) {
        json_open(out);
        json_member(out, "id", session->id);
        json_member(out, "name", session->name);
        json_close(out);
    }
    if (state->sessions != NULL)
        json_close_array(out);
    state_unlock(state);
}

static void answer_state(const struct control *control, const struct http_request *request,
                         struct http_answer *answer)
{
    struct buf *out = &answer->body;
    (void)request;
    json_open(out);
    counters_put(control->tally, out);
    put_links(control->state, out);
    put_sessions(control->state, out);
    fault_set_put(control->faults, out);
    json_close(out);
}

static void answer_faults(const struct control *control, const struct http_request *request,
                          struct http_answer *answer)
{
    struct err err = {0};
    struct buf *out = &answer->body;
    bool good = strlen(buf_text(&request->body)) == request->body.length;
    if (!good)
        (void)err_set(&err, ERR_INPUT, "a fault holds no NUL character");
    good = good && fault_set_replace(control->faults, buf_text(&request->body), &err) == 0;
    answer->status = good ? 200 : 400;
    json_open(out);
    if (good)
        fault_set_put(control->faults, out);
    else
        json_member(out, "error", err.text);
    json_close(out);
}

bool control_answer(const struct control *control, const struct http_request *request,
                    struct http_answer *answer)
{
    static const struct {
        const char *method;
        const char *path;
        void (*answer)(const struct control *, const struct http_request *, struct http_answer *);
    } pages[] = {{"GET", "/_sandbox/state", answer_state}, {"POST", "/_sandbox/faults", answer_faults}};
    for (size_t i = 0; i < COUNT(pages); i++)
        if (strcmp(request->method, pages[i].method) == 0 && strcmp(request->path, pages[i].path) == 0) {
            pages[i].answer(control, request, answer);
            return true;
        }
    return false;
}
