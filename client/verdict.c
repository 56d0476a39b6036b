#include "client/verdict.h"

#include "base/arena.h"
#include "base/json_value.h"

#include <string.h>

enum { VERDICT_TEXT_MAX = 4096, VERDICT_ARENA = 64 * 1024 };

/* An answer's body, an object, whose other members may hold whatever the cloud says. */
struct message {
    struct json_value root;
    struct arena *arena; /* of the texts that are asked for; NULL: memory is out, and they are empty */
};

static bool read_message(const struct wire_answer *answer, struct message *message)
{
    *message = (struct message){.arena = arena_new(VERDICT_ARENA)};
    return json_value_read(buf_text(&answer->body), answer->body.length, JSON_VALUE_DEPTH_MAX, &message->root,
                           NULL) == 0 &&
           message->root.kind == JSON_VALUE_OBJECT;
}

static void message_done(struct message *message)
{
    arena_free(message->arena);
}

static struct json_value member_of(const struct message *message, const char *key)
{
    struct json_items members = json_value_items(&message->root);
    for (struct json_value member; json_value_next(&members, &member);)
        if (json_value_has_key(&member, key))
            return member;
    return (struct json_value){0};
}

static const char *text_of(const struct message *message, const char *key)
{
    struct json_value member = member_of(message, key);
    if (member.kind != JSON_VALUE_STRING || message->arena == NULL)
        return "";
    const char *text = json_value_text(&member, VERDICT_TEXT_MAX, message->arena, NULL);
    return text == NULL ? "" : text;
}

/* What a terminal may be shown: the gateway's words are JSON text and can hold anything. */
static void put_plain(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++)
        buf_put_char(out, (unsigned char)*text < ' ' || *text == 0x7F ? '?' : *text);
}

static enum client_exit weigh_problem(const struct order *order, const struct message *root,
                                      struct buf *sentence)
{
    const char *outcome = text_of(root, "outcome");
    if (order_changes(order) && strcmp(outcome, "unknown") == 0) {
        buf_put(sentence, "; it may have been executed: look before you try again");
        return CLIENT_UNKNOWN;
    }
    if (member_of(root, "retryable").kind != JSON_VALUE_TRUE)
        return CLIENT_FAILED;
    buf_put(sentence, "; nothing was executed: try again");
    return CLIENT_LATER;
}

/* An RFC 9457 body, in one sentence. */
static enum client_exit tell_problem(const struct order *order, const struct wire_answer *answer,
                                     const struct message *root, struct buf *sentence)
{
    const char *type = text_of(root, "type");
    const char *name = strrchr(type, ':');
    put_plain(sentence, text_of(root, "detail"));
    enum client_exit code = weigh_problem(order, root, sentence);
    buf_put_format(sentence, " (%ld ", answer->status);
    put_plain(sentence, name == NULL ? type : name + 1);
    buf_put(sentence, ", request ");
    put_plain(sentence, text_of(root, "requestId"));
    buf_put_char(sentence, ')');
    return code;
}

static enum client_exit tell_stranger(const struct order *order, const struct wire_answer *answer,
                                      struct buf *sentence)
{
    buf_put_format(sentence, "%s answered %ld as '", order->url, answer->status);
    put_plain(sentence, answer->type);
    buf_put(sentence, "': that is not how a gateway answers");
    return order_changes(order) && answer->status >= 500 ? CLIENT_UNKNOWN : CLIENT_FAILED;
}

static enum client_exit tell_wire(const struct order *order, enum wire_result result, const struct err *err,
                                  struct buf *sentence)
{
    put_plain(sentence, err->text);
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
    struct message root;
    bool json = read_message(answer, &root) && strncmp(answer->type, "application/", 12) == 0;
    enum client_exit code = CLIENT_GOOD;
    bool bare = strcmp(order->method, "HEAD") == 0 || answer->status == 204; /* has no content */
    if (!json && !bare)
        code = tell_stranger(order, answer, sentence);
    else if (strcmp(answer->type, "application/problem+json") == 0 && json)
        code = tell_problem(order, answer, &root, sentence);
    else if (answer->status < 200 || answer->status > 299)
        code = tell_stranger(order, answer, sentence);
    message_done(&root);
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
    struct message root;
    bool good = read_message(answer, &root);
    for (size_t i = 0; i < COUNT(words) && good; i++)
        if (strcmp(text_of(&root, "status"), words[i].word) == 0)
            task = words[i].task;
    message_done(&root);
    return task;
}
