/* tests/client/scripted.h - a gateway that answers by script, on a loopback port, in a thread of its own.
 *
 * It reads one request after the other, and gives the n-th of them the n-th answer, as bytes; the last answer
 * stays. */
#ifndef TESTS_CLIENT_SCRIPTED_H
#define TESTS_CLIENT_SCRIPTED_H

#include "base/base.h"

#include <pthread.h>

enum { SCRIPTED_REQUESTS = 8, SCRIPTED_SIZE = 8192 };

struct scripted_answer {
    const char *bytes; /* NULL: the connection is closed instead */
    bool close;        /* and then, too */
};

struct scripted {
    int listener;
    char url[32]; /* "http://127.0.0.1:40000" */
    const struct scripted_answer *answers;
    size_t answer_count;
    pthread_t thread;

    /* to be looked at after scripted_end() */
    char requests[SCRIPTED_REQUESTS][SCRIPTED_SIZE]; /* as they came, with their bodies */
    int connections[SCRIPTED_REQUESTS];              /* by which connection, counted from 1 */
    size_t request_count;
};

/* Fails the test where there is no port. */
void scripted_begin(struct scripted *scripted, const struct scripted_answer *answers, size_t count);
void scripted_end(struct scripted *scripted);

#endif
