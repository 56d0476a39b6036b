#include "sandbox/command/threads.h"

#include "sandbox/http/http.h"
#include "sandbox/http/stream.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { THREADS_STACK = 256 * 1024, THREADS_HANDSHAKE_MS = 10 * 1000 };

/* On `free`; or busy, with a thread that is to be joined and that at its end puts the place on `finished`. */
struct place {
    struct threads *crew;
    struct place *next;
    pthread_t thread;
    bool busy; /* the accepting thread's */
    int fd;
};

struct threads {
    struct settings *service;
    SSL_CTX *tls;
    pthread_attr_t attributes;
    pthread_mutex_t lock; /* of `finished` */
    struct place *finished;
    struct place *free; /* the accepting thread's */
    int stop_fd;
    size_t size;
    struct place places[];
};

struct threads *threads_new(size_t size, SSL_CTX *tls, struct settings *service)
{
    struct threads *crew = calloc(1, sizeof *crew + size * sizeof crew->places[0]);
    if (crew == NULL)
        return NULL;
    crew->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (crew->stop_fd < 0) {
        free(crew);
        return NULL;
    }
    if (pthread_attr_init(&crew->attributes) != 0 ||
        pthread_attr_setstacksize(&crew->attributes, THREADS_STACK) != 0 ||
        pthread_mutex_init(&crew->lock, NULL) != 0) {
        (void)close(crew->stop_fd);
        free(crew);
        return NULL;
    }
    crew->service = service;
    crew->tls = tls;
    crew->size = size;
    for (size_t i = 0; i < size; i++) {
        crew->places[i].crew = crew;
        crew->places[i].next = crew->free;
        crew->free = &crew->places[i];
    }
    return crew;
}

/* Joins those that have finished. */
static void gather(struct threads *crew)
{
    pthread_mutex_lock(&crew->lock);
    struct place *finished = crew->finished;
    crew->finished = NULL;
    pthread_mutex_unlock(&crew->lock);
    while (finished != NULL) {
        struct place *place = finished;
        finished = place->next;
        (void)pthread_join(place->thread, NULL);
        place->busy = false;
        place->next = crew->free;
        crew->free = place;
    }
}

void threads_free(struct threads *crew)
{
    if (crew == NULL)
        return;
    (void)eventfd_write(crew->stop_fd, 1);
    for (size_t i = 0; i < crew->size; i++)
        if (crew->places[i].busy)
            (void)pthread_join(crew->places[i].thread, NULL);
    pthread_mutex_destroy(&crew->lock);
    pthread_attr_destroy(&crew->attributes);
    (void)close(crew->stop_fd);
    free(crew);
}

bool threads_has_room(struct threads *crew)
{
    gather(crew);
    return crew->free != NULL;
}

/* False: the connection has ended; `*polite` tells whether with a goodbye. */
static bool serve_one(struct threads *crew, struct http_reader *reader, bool *polite)
{
    struct http_request request;
    struct http_answer answer;
    http_request_init(&request);
    http_answer_init(&answer);
    int status = http_read(reader, &request);
    bool answered = status != HTTP_END;
    *polite = true;
    if (status == HTTP_READ)
        answered = service_answer(crew->service, &request, &answer);
    else if (answered)
        service_refuse(&request, &answer, status);
    if (answered)
        *polite = http_write(reader->stream, &request, &answer) == 0;
    bool go_on = answered && *polite && request.keep_alive;
    if (status > 0)
        stream_linger(reader->stream);
    http_answer_done(&answer);
    http_request_done(&request);
    return go_on;
}

static void serve(struct threads *crew, int fd)
{
    struct stream stream;
    bool polite = true;
    struct http_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        (void)close(fd);
    else if (stream_open(&stream, fd, crew->stop_fd, crew->tls, THREADS_HANDSHAKE_MS) == 0) {
        reader->stream = &stream;
        while (serve_one(crew, reader, &polite))
            ;
        stream_close(&stream, polite);
    }
    free(reader);
}

static void *run(void *argument)
{
    struct place *place = argument;
    struct threads *crew = place->crew;
    serve(crew, place->fd);
    pthread_mutex_lock(&crew->lock);
    place->next = crew->finished;
    crew->finished = place;
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

void threads_take(struct threads *crew, int fd)
{
    struct place *place = crew->free;
    crew->free = place->next; /* first: the thread may put it on the other list at once */
    place->fd = fd;
    place->busy = pthread_create(&place->thread, &crew->attributes, run, place) == 0;
    if (place->busy)
        return;
    (void)close(fd);
    place->next = crew->free;
    crew->free = place;
}
