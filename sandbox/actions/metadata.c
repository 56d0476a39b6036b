#include "sandbox/actions/metadata.h"

#include "base/json/json.h"
#include "sandbox/actions/sts.h"
#include "sandbox/state/session.h"

#include <stdio.h>
#include <string.h>

enum { LIFE_DEFAULT = 7200 };

static void answer_none(struct http_answer *answer)
{
    answer->status = 404;
    (void)snprintf(answer->type, sizeof answer->type, "text/html");
    buf_put(&answer->body, "<html><body>404 Not Found</body></html>\n");
}

static void answer_name(struct http_answer *answer, const struct state_role *role)
{
    (void)snprintf(answer->type, sizeof answer->type, "text/plain");
    buf_put(&answer->body, role->name);
}

static void answer_credential(struct api_request *x, const struct state_role *role)
{
    struct buf *out = &x->answer->body;
    state_lock(x->state);
    const struct state_session *session =
        session_begin(x->state, "", x->now, role->life == 0 ? LIFE_DEFAULT : role->life);
    state_unlock(x->state);
    if (session == NULL) {
        x->answer->status = 500;
        return;
    }
    json_open(out);
    sts_put_credential(out, session);
    sts_put_end(out, session);
    json_member(out, "Code", "Success");
    json_close(out);
}

void metadata_answer(struct api_request *x)
{
    const char *name = x->request->path + strlen(METADATA_PATH);
    const struct state_role *role = session_role_of_instance(x->state);
    if (role == NULL || (name[0] != '\0' && strcmp(name, role->name) != 0))
        answer_none(x->answer);
    else if (name[0] == '\0')
        answer_name(x->answer, role);
    else
        answer_credential(x, role);
}
