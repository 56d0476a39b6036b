/* One file, longer than others, because it is one table under one lock: who comes, who goes for them, and the
 * thread that looks after all. */
#include "gateway/server/connections.h"

#include "base/clock.h"
#include "base/deadline.h"
#include "gateway/http/early_answer.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    PLACE_MS = 25, /* for a place that was just taken from somebody */
    SPARE_PLACES =
        64, /* beyond one in the queue for each worker: room for what was answered and not closed yet */
    TICK_MS = 100,         /* between two looks at all places             */
    QUICK_TICK_MS = 5,     /* while somebody waits for a worker           */
    LINGER_BYTES = 131072, /* two bodies of the largest size: no more is read only to be forgotten */
    MUTE_LOOKS = 64,       /* a system call each */
};

struct place {
    _Alignas(64) int fd; /* each on its own line of the cache: its worker writes it several times a request */
    atomic_int wait;     /* enum connections_wait */
    atomic_llong since;  /* monotonic, us */
    atomic_bool ended;   /* by us */
    atomic_bool used;    /* a request has come */
    struct network peer;
};

struct connections {
    pthread_mutex_t mutex; /* guards everything but the atomics */
    pthread_cond_t turn;   /* for the guard's thread */
    pthread_cond_t left;   /* a place is free, or can be made so */
    pthread_t thread;
    struct place *places;
    struct inbox *inboxes;         /* by place */
    struct inbox_pool *inbox_pool; /* a worker has one at most */
    uint64_t
        *sources; /* by place: source_of() its peer.  Apart, since every newcomer's is compared with all */
    unsigned *free_places;
    size_t free_count;
    unsigned *queue; /* the places in the order of their admission, a ring */
    size_t admitted; /* ever */
    size_t entered;  /* ever: what is between them waits for a worker */
    size_t capacity;
    struct connections_limits limits;
    size_t room; /* with so many open connections the next one needs somebody to go */
    bool draining;
    bool closing;
    bool ending;
    atomic_size_t open;
    atomic_ullong refused, late, displaced;
};

static const long long limits_ms[] = {
    [CONNECTIONS_FOR_HEADER] = CONNECTIONS_HEADER_MS,
    [CONNECTIONS_FOR_BODY] = CONNECTIONS_BODY_MS,
    [CONNECTIONS_FOR_READER] = CONNECTIONS_WRITE_MS,
    [CONNECTIONS_FOR_CLOSE] = CONNECTIONS_LINGER_MS,
};

/* ---- ending ---- */

/* With the mutex.  Its worker finds the end of what the client sends, or cannot write any more. */
static void end_place(struct connections *guard, size_t i, int how)
{
    atomic_store(&guard->places[i].ended, true);
    (void)shutdown(guard->places[i].fd, how);
}

static int how_to_end(enum connections_wait wait)
{
    return wait == CONNECTIONS_FOR_READER || wait == CONNECTIONS_FOR_CLOSE ? SHUT_RDWR : SHUT_RD;
}

/* How long the place may keep us waiting when places are short; -1: it does not. */
static int patience_ms(const struct place *place)
{
    int wait = atomic_load(&place->wait);
    if (wait == CONNECTIONS_FOR_US || wait == CONNECTIONS_FOR_WORKER || wait == CONNECTIONS_ANSWERED ||
        atomic_load(&place->ended))
        return -1;
    return wait == CONNECTIONS_FOR_HEADER && !atomic_load(&place->used) ? CONNECTIONS_NEWCOMER_MS
                                                                        : CONNECTIONS_PATIENCE_MS;
}

/* With the mutex: the place that has gone furthest beyond its patience; `source` 0: of any address.  The
 * capacity when there is none. */
static size_t find_dawdler(const struct connections *guard, uint64_t source, int64_t now)
{
    size_t found = guard->capacity;
    int64_t most = 0;
    for (size_t i = 0; i < guard->capacity; i++) {
        const struct place *place = &guard->places[i];
        if (guard->sources[i] == 0 || (source != 0 && guard->sources[i] != source))
            continue;
        int patience = patience_ms(place);
        int64_t beyond = now - atomic_load(&place->since) - (int64_t)patience * 1000;
        if (patience < 0 || beyond < most)
            continue;
        most = beyond;
        found = i;
    }
    return found;
}

/* The client has sent something, ever (RFC 4898, tcpEStatsAppHCThruOctetsReceived).  Of what is no TCP we do
 * not know, and assume that it has. */
static bool has_sent(int fd)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || size < sizeof info ||
           info.tcpi_bytes_received > 0;
}

/* With the mutex: of those who hold a worker and have sent nothing at all, the one that is longest there.
 * Whoever comes after it has the better chance to be somebody who asks. */
static size_t find_mute(const struct connections *guard, uint64_t source)
{
    size_t found = guard->capacity;
    size_t looks = MUTE_LOOKS;
    for (size_t i = 0; i < guard->capacity && looks > 0; i++) {
        const struct place *place = &guard->places[i];
        if (guard->sources[i] == 0 || (source != 0 && guard->sources[i] != source) ||
            atomic_load(&place->wait) != CONNECTIONS_FOR_HEADER || atomic_load(&place->used) ||
            atomic_load(&place->ended))
            continue;
        looks--;
        if (!has_sent(place->fd) && (found == guard->capacity ||
                                     atomic_load(&place->since) < atomic_load(&guard->places[found].since)))
            found = i;
    }
    return found;
}

/* Somebody goes who has kept us waiting; or, where the newcomer would have to otherwise, one that has sent
 * nothing. */
static bool displace(struct connections *guard, uint64_t source, bool mute, int64_t now)
{
    size_t i = find_dawdler(guard, source, now);
    if (i == guard->capacity && mute)
        i = find_mute(guard, source);
    if (i == guard->capacity)
        return false;
    end_place(guard, i, how_to_end((enum connections_wait)atomic_load(&guard->places[i].wait)));
    atomic_fetch_add(&guard->displaced, 1);
    return true;
}

void connections_make_room(struct connections *guard)
{
    (void)pthread_mutex_lock(&guard->mutex);
    (void)displace(guard, 0, false, clock_monotonic_us());
    (void)pthread_mutex_unlock(&guard->mutex);
}

/* ---- the guard's thread ---- */

static void answer_instead(struct connections *guard, size_t i)
{
    struct place *place = &guard->places[i];
    int wait = CONNECTIONS_FOR_WORKER;
    if (!atomic_compare_exchange_strong(&place->wait, &wait, CONNECTIONS_ANSWERED))
        return; /* its request came first: see connections_begin() */
    early_answer_send(place->fd, PROBLEM_BUSY, "all workers are taken");
    end_place(guard, i, SHUT_RDWR);
    atomic_fetch_add(&guard->refused, 1);
}

/* Every worker has a connection; otherwise one is on its way, however slow the machine is just now. */
static bool all_are_taken(const struct connections *guard)
{
    return atomic_load(&guard->open) >= guard->limits.workers + (guard->admitted - guard->entered);
}

/* One that has kept us waiting goes for each that waits for a worker: when that came, nobody had for long
 * enough.
 */
static void make_way(struct connections *guard, int64_t now)
{
    size_t waiting = 0;
    size_t going = 0; /* their workers are about to be free */
    for (size_t i = 0; i < guard->capacity && all_are_taken(guard); i++) {
        int wait = atomic_load(&guard->places[i].wait);
        bool ended = atomic_load(&guard->places[i].ended);
        waiting += guard->sources[i] != 0 && wait == CONNECTIONS_FOR_WORKER && !ended;
        going +=
            guard->sources[i] != 0 && wait != CONNECTIONS_FOR_WORKER && wait != CONNECTIONS_ANSWERED && ended;
    }
    while (going < waiting && displace(guard, 0, false, now))
        going++;
}

static void look_at(struct connections *guard, size_t i, int64_t now)
{
    struct place *place = &guard->places[i];
    int wait = atomic_load(&place->wait);
    int64_t waited_ms = (now - atomic_load(&place->since)) / 1000;
    long long limit_ms = wait == CONNECTIONS_IDLE ? guard->limits.idle_ms
                         : wait == CONNECTIONS_FOR_WORKER || wait >= (int)COUNT(limits_ms) ? 0
                                                                                           : limits_ms[wait];
    bool idle = guard->draining && (wait == CONNECTIONS_FOR_HEADER || wait == CONNECTIONS_IDLE) &&
                waited_ms >= (atomic_load(&place->used) ? CONNECTIONS_PATIENCE_MS : CONNECTIONS_FRESH_MS);
    idle = idle || (guard->closing && wait != CONNECTIONS_FOR_WORKER);
    if (wait == CONNECTIONS_FOR_WORKER && waited_ms >= guard->limits.queue_ms && all_are_taken(guard))
        answer_instead(guard, i);
    if (wait == CONNECTIONS_FOR_WORKER || wait == CONNECTIONS_FOR_US || wait == CONNECTIONS_ANSWERED ||
        (!idle && waited_ms < limit_ms))
        return;
    end_place(guard, i, how_to_end((enum connections_wait)wait));
    atomic_fetch_add(&guard->late, idle ? 0 : 1);
}

static void wait_for_turn(struct connections *guard)
{
    if (atomic_load(&guard->open) == 0) {
        (void)pthread_cond_wait(&guard->turn,
                                &guard->mutex); /* woken for nothing, it looks and finds nobody */
        return;
    }
    struct timespec at =
        deadline_in(atomic_load(&guard->open) > guard->limits.workers ? QUICK_TICK_MS : TICK_MS);
    (void)pthread_cond_timedwait(&guard->turn, &guard->mutex, &at);
}

static void *watch(void *context)
{
    struct connections *guard = context;
    (void)pthread_mutex_lock(&guard->mutex);
    while (!guard->ending) {
        int64_t now = clock_monotonic_us();
        for (size_t i = 0; i < guard->capacity; i++)
            if (guard->sources[i] != 0 && !atomic_load(&guard->places[i].ended))
                look_at(guard, i, now);
        make_way(guard, now);
        wait_for_turn(guard);
    }
    (void)pthread_mutex_unlock(&guard->mutex);
    return NULL;
}

/* ---- coming and going ---- */

/* What an address counts as, in a number that is never 0, which is a free place: the first 64 bits of an IPv6
 * one; the last 64 of IPv4 and ::1, which begin with zeros (no network does that is routed); all ones for
 * Unix peers. */
static uint64_t source_of(const struct network *peer)
{
    uint64_t halves[2];
    const struct network source = network_source(peer);
    memcpy(halves, source.bytes, sizeof halves);
    if (halves[0] != 0)
        return halves[0];
    return halves[1] != 0 ? halves[1] : UINT64_MAX;
}

static size_t count_of(const struct connections *guard, uint64_t source)
{
    size_t there = 0;
    for (size_t i = 0; i < guard->capacity; i++)
        there += guard->sources[i] == source;
    return there;
}

/* Connections from the address on which nothing was asked yet. */
static size_t unasked_of(const struct connections *guard, uint64_t source)
{
    size_t unasked = 0;
    for (size_t i = 0; i < guard->capacity; i++) {
        const struct place *place = &guard->places[i];
        int wait = atomic_load(&place->wait);
        unasked += guard->sources[i] == source && !atomic_load(&place->ended) && !atomic_load(&place->used) &&
                   (wait == CONNECTIONS_FOR_WORKER || wait == CONNECTIONS_FOR_HEADER);
    }
    return unasked;
}

static bool may_come(const struct connections *guard, const struct network *peer, uint64_t source)
{
    const struct connections_limits *limits = &guard->limits;
    bool any = limits->per_address == 0 && network_is_local(peer);
    size_t limit = limits->per_address == 0 ? guard->room * 3 / 4 : limits->per_address;
    return any || count_of(guard, source) < limit;
}

/* One that only connects may come in the place of another; as soon as that has a worker, since the end of
 * others is not seen by anybody. */
static bool may_ask(struct connections *guard, uint64_t source)
{
    const struct timespec deadline = deadline_in(PLACE_MS);
    int waited = 0;
    while (guard->limits.unasked > 0 && unasked_of(guard, source) >= guard->limits.unasked) {
        if (waited == ETIMEDOUT)
            return false;
        if (displace(guard, source, true, clock_monotonic_us()))
            return true;
        waited = pthread_cond_timedwait(&guard->left, &guard->mutex, &deadline);
    }
    return true;
}

/* With the mutex: PROBLEM_NONE, or why not. */
static enum problem judge(struct connections *guard, const struct network *peer, const char **detail)
{
    int64_t now = clock_monotonic_us();
    const uint64_t source = source_of(peer);
    if ((!may_come(guard, peer, source) && !displace(guard, source, true, now)) || !may_ask(guard, source)) {
        *detail = "there are too many connections from this address";
        return PROBLEM_TOO_MANY_REQUESTS;
    }
    bool full = guard->free_count == 0;
    if (atomic_load(&guard->open) >= guard->room && displace(guard, 0, full, now)) {
        struct timespec deadline = deadline_in(PLACE_MS); /* for this one, or whoever waits already */
        while (guard->free_count == 0 &&
               pthread_cond_timedwait(&guard->left, &guard->mutex, &deadline) != ETIMEDOUT)
            continue;
    }
    *detail = "all workers are taken";
    return guard->free_count == 0 ? PROBLEM_BUSY : PROBLEM_NONE;
}

static unsigned take_place(struct connections *guard, int fd, const struct network *peer)
{
    unsigned place = guard->free_places[--guard->free_count];
    struct place *new = &guard->places[place - 1];
    new->fd = fd;
    atomic_store(&new->ended, false);
    atomic_store(&new->used, false);
    atomic_store(&new->since, clock_monotonic_us());
    atomic_store(&new->wait, CONNECTIONS_FOR_WORKER);
    new->peer = *peer;
    guard->sources[place - 1] = source_of(peer);
    guard->queue[guard->admitted++ % guard->capacity] = place;
    size_t before = atomic_fetch_add(&guard->open, 1);
    if (before == 0 || before == guard->limits.workers)
        (void)pthread_cond_signal(&guard->turn); /* from sleep, or from the slow tick to the quick one */
    return place;
}

unsigned connections_admit(struct connections *guard, int fd, const struct network *peer)
{
    const char *detail = NULL;
    unsigned place = 0;
    (void)pthread_mutex_lock(&guard->mutex);
    enum problem problem = judge(guard, peer, &detail);
    if (problem == PROBLEM_NONE)
        place = take_place(guard, fd, peer);
    (void)pthread_mutex_unlock(&guard->mutex);
    if (place == 0) {
        early_answer_send(fd, problem, detail);
        atomic_fetch_add(&guard->refused, 1);
    }
    return place;
}

void connections_enter(struct connections *guard)
{
    int wait = CONNECTIONS_FOR_WORKER;
    (void)pthread_mutex_lock(&guard->mutex);
    unsigned place = guard->queue[guard->entered++ % guard->capacity];
    (void)atomic_compare_exchange_strong(&guard->places[place - 1].wait, &wait, CONNECTIONS_FOR_HEADER);
    if (guard->limits.unasked > 0)
        (void)pthread_cond_signal(&guard->left); /* it can be displaced from now on: see may_ask() */
    (void)pthread_mutex_unlock(&guard->mutex);
}

bool connections_begin(struct connections *guard, unsigned place)
{
    struct place *mine = &guard->places[place - 1];
    int wait = atomic_load(&mine->wait);
    atomic_store(&mine->used, true);
    while (wait != CONNECTIONS_ANSWERED)
        if (atomic_compare_exchange_weak(&mine->wait, &wait, CONNECTIONS_FOR_US))
            return true;
    return false;
}

void connections_wait(struct connections *guard, unsigned place, enum connections_wait wait)
{
    struct place *mine = &guard->places[place - 1];
    if (wait != CONNECTIONS_FOR_US) /* nobody asks how long */
        atomic_store_explicit(&mine->since, clock_monotonic_us(), memory_order_relaxed);
    atomic_store_explicit(&mine->wait, wait, memory_order_release); /* a new wait never has an old begin */
}

bool connections_has_ended(const struct connections *guard, unsigned place)
{
    return atomic_load(&guard->places[place - 1].ended);
}

struct network connections_peer(const struct connections *guard, unsigned place)
{
    return guard->places[place - 1].peer;
}

int connections_fd(const struct connections *guard, unsigned place)
{
    return guard->places[place - 1].fd;
}

struct inbox *connections_inbox(struct connections *guard, unsigned place)
{
    struct inbox *inbox = &guard->inboxes[place - 1];
    return inbox->bytes != NULL || inbox_take(guard->inbox_pool, inbox) ? inbox : NULL;
}

void connections_refuse(struct connections *guard, unsigned place, enum problem problem, const char *detail)
{
    early_answer_send(guard->places[place - 1].fd, problem, detail);
}

bool connections_sees_leave(struct connections *guard, unsigned place, int millis)
{
    struct pollfd watched = {.fd = guard->places[place - 1].fd, .events = POLLRDHUP};
    return poll(&watched, 1, millis) > 0 && (watched.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

void connections_linger(struct connections *guard, unsigned place)
{
    char rest[2048];
    size_t left = LINGER_BYTES;
    ssize_t got = 1;
    struct pollfd ready = {.fd = guard->places[place - 1].fd, .events = POLLIN};
    connections_wait(guard, place, CONNECTIONS_FOR_CLOSE);
    (void)shutdown(ready.fd, SHUT_WR);
    while (got > 0 && left > sizeof rest && poll(&ready, 1, CONNECTIONS_LINGER_MS) > 0) {
        got = recv(ready.fd, rest, sizeof rest, MSG_DONTWAIT);
        left -= got > 0 ? (size_t)got : 0;
    }
}

void connections_leave(struct connections *guard, unsigned place)
{
    inbox_give(guard->inbox_pool, &guard->inboxes[place - 1]);
    (void)pthread_mutex_lock(&guard->mutex);
    guard->sources[place - 1] = 0;
    guard->free_places[guard->free_count++] = place;
    atomic_fetch_sub(&guard->open, 1);
    (void)pthread_cond_signal(&guard->left);
    (void)pthread_mutex_unlock(&guard->mutex);
}

bool connections_is_crowded(const struct connections *guard)
{
    return atomic_load(&guard->open) > guard->room * 3 / 4;
}

void connections_drain(struct connections *guard)
{
    (void)pthread_mutex_lock(&guard->mutex);
    guard->draining = true;
    (void)pthread_cond_signal(&guard->turn);
    (void)pthread_mutex_unlock(&guard->mutex);
}

void connections_close(struct connections *guard)
{
    (void)pthread_mutex_lock(&guard->mutex);
    guard->closing = true;
    (void)pthread_cond_signal(&guard->turn);
    (void)pthread_mutex_unlock(&guard->mutex);
}

void connections_count(struct connections *guard, struct connections_counts *counts)
{
    *counts = (struct connections_counts){.open = atomic_load(&guard->open),
                                          .refused = atomic_load(&guard->refused),
                                          .late = atomic_load(&guard->late),
                                          .displaced = atomic_load(&guard->displaced)};
}

/* ---- from start to end ---- */

static int start_watch(struct connections *guard)
{
    bool good = deadline_cond_init(&guard->turn) == 0 && deadline_cond_init(&guard->left) == 0 &&
                pthread_mutex_init(&guard->mutex, NULL) == 0;
    return good && pthread_create(&guard->thread, NULL, watch, guard) == 0 ? 0 : -1;
}

static void release(struct connections *guard)
{
    inbox_pool_free(guard->inbox_pool);
    free(guard->inboxes);
    free(guard->places);
    free(guard->sources);
    free(guard->free_places);
    free(guard->queue);
    free(guard);
}

size_t connections_places(size_t workers)
{
    size_t places = workers * 2 + SPARE_PLACES;
    return places < CONNECTIONS_PLACES_MAX ? places : CONNECTIONS_PLACES_MAX;
}

/* A quarter of few places is left for newcomers, and for those who were answered and are not closed yet. */
static size_t room_of(const struct connections_limits *limits)
{
    size_t most = limits->places - limits->places / 4;
    return limits->workers < most ? limits->workers : most;
}

struct connections *connections_new(const struct connections_limits *limits, struct err *err)
{
    struct connections *guard = calloc(1, sizeof *guard);
    if (guard == NULL) {
        err_memory(err);
        return NULL;
    }
    guard->limits = *limits;
    guard->room = room_of(limits);
    guard->capacity = limits->places;
    guard->places = aligned_alloc(_Alignof(struct place), guard->capacity * sizeof *guard->places);
    guard->inbox_pool = inbox_pool_new(limits->workers, err);
    guard->inboxes = calloc(guard->capacity, sizeof *guard->inboxes);
    guard->sources = calloc(guard->capacity, sizeof *guard->sources);
    guard->free_places = calloc(guard->capacity, sizeof *guard->free_places);
    guard->queue = calloc(guard->capacity, sizeof *guard->queue);
    if (guard->inbox_pool == NULL || guard->inboxes == NULL || guard->places == NULL ||
        guard->sources == NULL || guard->free_places == NULL || guard->queue == NULL) {
        err_memory(err);
        release(guard);
        return NULL;
    }
    memset(guard->places, 0, guard->capacity * sizeof *guard->places);
    for (size_t i = guard->capacity; i > 0; i--)
        guard->free_places[guard->free_count++] = (unsigned)i;
    if (start_watch(guard) != 0) {
        err_set(err, ERR_SYSTEM, "cannot start a thread for the listener's deadlines");
        release(guard);
        return NULL;
    }
    return guard;
}

void connections_free(struct connections *guard)
{
    if (guard == NULL)
        return;
    (void)pthread_mutex_lock(&guard->mutex);
    guard->ending = true;
    (void)pthread_cond_signal(&guard->turn);
    (void)pthread_mutex_unlock(&guard->mutex);
    (void)pthread_join(guard->thread, NULL);
    (void)pthread_cond_destroy(&guard->turn);
    (void)pthread_cond_destroy(&guard->left);
    (void)pthread_mutex_destroy(&guard->mutex);
    release(guard);
}
