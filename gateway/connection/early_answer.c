#include "gateway/connection/early_answer.h"

#include "base/buf.h"
#include "base/time/clock.h"
#include "base/json/json.h"
#include "base/text.h"
#include "gateway/http/response_head.h"

#include <openssl/rand.h>
#include <sys/socket.h>

enum {
    EARLY_ANSWER_BODY_MAX = 1024,
    EARLY_ANSWER_FORGETS = 16, /* reads of a KiB of what the client has sent */
};

void early_answer_put(struct buf *answer, const char *types, enum problem problem, const char *detail)
{
    struct buf body;
    char text[EARLY_ANSWER_BODY_MAX];
    unsigned char random[16] = {0};
    char id[2 * sizeof random + 1];
    const struct problem_kind *kind = problem_kind(problem);
    buf_init_in(&body, text, sizeof text);
    (void)RAND_bytes(random, sizeof random); /* an id of zeros is still an id */
    text_hex(random, sizeof random, id);
    json_open(&body);
    response_head_put_problem(&body, types, kind, kind->status, detail, id, kind->retryable);
    json_close(&body);
    response_head_put(answer, &(struct response_head){.status = kind->status,
                                                      .date_ms = clock_wall_ms(),
                                                      .type = RESPONSE_HEAD_PROBLEM_TYPE,
                                                      .length = body.length,
                                                      .request_id = id});
    if (kind->retry_after > 0)
        buf_put_format(answer, "Retry-After: %d\r\n", kind->retry_after);
    buf_put(answer, "Connection: close\r\n\r\n");
    buf_put_bytes(answer, buf_text(&body), body.length);
    answer->failed = answer->failed || body.failed;
}

void early_answer_forget(int fd)
{
    char bytes[1024];
    for (int i = 0; i < EARLY_ANSWER_FORGETS && recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0; i++)
        continue;
}

void early_answer_send(int fd, const char *types, enum problem problem, const char *detail)
{
    struct buf answer;
    char bytes[EARLY_ANSWER_MAX]; /* no memory is needed */
    buf_init_in(&answer, bytes, sizeof bytes);
    early_answer_put(&answer, types, problem, detail);
    if (!answer.failed)
        (void)send(fd, buf_text(&answer), answer.length, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)shutdown(fd, SHUT_WR);
    early_answer_forget(fd);
}
