#include "client/exit_code.h"

#include "base/arena.h"
#include "base/json/json_value.h"
#include "client/terminal.h"

#include <ctype.h>
#include <string.h>

enum { EXIT_CODE_TEXT_MAX = 4096, EXIT_CODE_ARENA = 64 * 1024 };

/* An answer's body, an object, whose other members may hold whatever the cloud says. */
struct message {
    struct json_value root;
    struct arena *arena; /* of the texts that are asked for; NULL: memory is out, and they are empty */
};

static bool read_message(const struct http_answer *answer, struct message *message)
{
    *message = (struct message){.arena = arena_new(EXIT_CODE_ARENA)};
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
    const char *text = json_value_text(&member, EXIT_CODE_TEXT_MAX, message->arena, NULL);
    return text == NULL ? "" : text;
}

static enum client_exit weigh_problem(const struct message *root, struct buf *sentence)
{
    const char *outcome = text_of(root, "outcome");
    if (strcmp(outcome, "unknown") == 0) { /* whatever the method says: the gateway knows what it did */
        buf_put(sentence, "; it may have been executed: look before you try again");
        return CLIENT_UNKNOWN;
    }
    if (member_of(root, "retryable").kind != JSON_VALUE_TRUE)
        return CLIENT_FAILED;
    buf_put(sentence, "; nothing was executed: try again");
    return CLIENT_LATER;
}

/* An RFC 9457 body, in one sentence. */
static enum client_exit tell_problem(const struct http_answer *answer, const struct message *root,
                                     struct buf *sentence)
{
    const char *type = text_of(root, "type");
    const char *name = type + strlen(type); /* the URN's or URL's end */
    while (name > type && (islower((unsigned char)name[-1]) || name[-1] == '-'))
        name--;
    terminal_put_plain(sentence, text_of(root, "detail"));
    enum client_exit code = weigh_problem(root, sentence);
    buf_put_format(sentence, " (%ld ", answer->status);
    terminal_put_plain(sentence, name);
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

static enum client_exit tell_stranger(const struct options *order, const struct http_answer *answer,
                                      struct buf *sentence)
{
    buf_put_format(sentence, "%s answered %ld as '", order->url, answer->status);
    terminal_put_plain(sentence, answer->type);
    buf_put(sentence, "': that is not how a gateway answers");
    if (!options_changes(order) || was_turned_away(answer->status))
        return CLIENT_FAILED;
    buf_put(sentence, "; it may have been executed: look before you try again");
    return CLIENT_UNKNOWN;
}

static enum client_exit tell_wire(const struct options *order, enum http_result result, const struct err *err,
                                  struct buf *sentence)
{
    terminal_put_plain(sentence, err->text);
    if (result == HTTP_NOT_SENT) {
        buf_put(sentence, "; nothing was sent: is the gateway there? (--url, COUNTERSIGN_URL)");
        return CLIENT_LATER;
    }
    if (!options_changes(order)) {
        buf_put(sentence, "; it only reads: try again");
        return CLIENT_LATER;
    }
    buf_put(sentence, "; it may have been executed: look before you try again");
    return CLIENT_UNKNOWN;
}

enum client_exit exit_code_of(const struct options *order, enum http_result result,
                              const struct http_answer *answer, const struct err *err, struct buf *sentence)
{
    if (result != HTTP_ANSWERED)
        return tell_wire(order, result, err, sentence);
    struct message root;
    bool json = read_message(answer, &root) && strncmp(answer->type, "application/", 12) == 0;
    enum client_exit code = CLIENT_GOOD;
    bool bare = strcmp(order->method, "HEAD") == 0 ||
                (answer->status == 204 && answer->request_id[0] != '\0'); /* nothing else tells whose it is */
    if (!json && !bare)
        code = tell_stranger(order, answer, sentence);
    else if (strcmp(answer->type, "application/problem+json") == 0 && json)
        code = tell_problem(answer, &root, sentence);
    else if (answer->status < 200 || answer->status > 299)
        code = tell_stranger(order, answer, sentence);
    message_done(&root);
    return code;
}

enum exit_code_task exit_code_task(const struct http_answer *answer)
{
    static const struct {
        const char *word;
        enum exit_code_task task;
    } words[] = {{"running", EXIT_CODE_TASK_RUNNING},
                 {"done", EXIT_CODE_TASK_DONE},
                 {"failed", EXIT_CODE_TASK_FAILED}};
    enum exit_code_task task = EXIT_CODE_NO_TASK;
    struct message root;
    bool good = read_message(answer, &root);
    for (size_t i = 0; i < COUNT(words) && good; i++)
        if (strcmp(text_of(&root, "status"), words[i].word) == 0)
            task = words[i].task;
    message_done(&root);
    return task;
}
