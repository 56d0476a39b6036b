/* One file, longer than others, because it is one table under one lock: who comes, who goes for them, and who
 * is late. */
#include "gateway/connection/connections.h"

#include "base/time/clock.h"
#include "gateway/connection/early_answer.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SPARE_PLACES = 64, /* beyond one for each connection: for those whose worker has yet to see them end */
    /* bytes, two of the largest documents (CONFIG_BODY_MAX): no more is read only to be forgotten */
    FORGOTTEN_MAX = 20 * 1024 * 1024,
    FORGOTTEN_AT_ONCE = 64 * 1024, /* bytes of these an event: others wait for this thread too */
    MUTE_LOOKS = 64,               /* a system call each */
};

struct place {
    _Alignas(64) int fd; /* each on its own line of the cache: its worker writes it several times a request */
    atomic_int wait;     /* enum connections_wait */
    atomic_llong since;  /* monotonic, us */
    atomic_bool ended;   /* by us */
    atomic_bool used;    /* a request has come */
    unsigned forgotten;  /* bytes */
    bool quick;
    bool taken;      /* parked, and a thread looks at what has come; guarded by the mutex */
    struct tls *tls; /* or NULL */
    char source[NETWORK_TEXT_SIZE];
};

struct connections {
    pthread_mutex_t mutex; /* guards everything but the atomics, and what a place's owner alone uses */
    int events;
    struct place *places;
    struct inbox *inboxes; /* by place */
    struct inbox_pool *inbox_pool;
    uint64_t *sources; /* by place: source_of() its peer.  Apart, since a newcomer's is compared with all */
    unsigned *free_places;
    size_t free_count;
    size_t capacity;
    struct connections_limits limits;
    char *problem_types; /* of the limits; or NULL */
    size_t room;         /* with so many open connections the next one needs somebody to go */
    bool draining;
    bool closing;
    atomic_size_t open;
    atomic_ullong refused, late, displaced;
};

static const long long limits_ms[] = {
    [CONNECTIONS_FOR_HEADER] = CONNECTIONS_HEADER_MS,
    [CONNECTIONS_FOR_BODY] = CONNECTIONS_BODY_MS,
    [CONNECTIONS_FOR_READER] = CONNECTIONS_WRITE_MS,
    [CONNECTIONS_FOR_CLOSE] = CONNECTIONS_LINGER_MS,
};

static bool is_parked(int wait)
{
    return wait == CONNECTIONS_FOR_HEADER || wait == CONNECTIONS_IDLE || wait == CONNECTIONS_FOR_CLOSE ||
           wait == CONNECTIONS_FOR_TIME;
}

/* We wait for the client. */
static bool is_clients_turn(int wait)
{
    return (is_parked(wait) && wait != CONNECTIONS_FOR_TIME) || wait == CONNECTIONS_FOR_BODY ||
           wait == CONNECTIONS_FOR_READER;
}

/* With the mutex: nobody else may end it. */
static bool is_taken(const struct place *place)
{
    return place->taken && is_parked(atomic_load(&place->wait));
}

/* It was shut, and its worker has yet to see it. */
static bool is_going(const struct place *place)
{
    return atomic_load(&place->ended) && !is_parked(atomic_load(&place->wait));
}

/* ---- ending ---- */

/* Without waiting, and without TLS where there has been no handshake. */
static void answer(const struct connections *guard, int fd, struct tls *tls, enum problem problem,
                   const char *detail)
{
    struct buf text;
    char bytes[EARLY_ANSWER_MAX];
    if (tls == NULL || tls_is_plain(tls)) {
        early_answer_send(fd, guard->problem_types, problem, detail);
        return;
    }
    buf_init_in(&text, bytes, sizeof bytes);
    early_answer_put(&text, guard->problem_types, problem, detail);
    tls_refuse(tls, buf_text(&text), text.failed ? 0 : text.length);
    early_answer_forget(fd);
}

/* With the mutex.  The descriptor is the caller's to close. */
static int free_place(struct connections *guard, size_t i)
{
    int fd = guard->places[i].fd;
    if (guard->places[i].tls != NULL)
        tls_end(guard->places[i].tls);
    tls_free(guard->places[i].tls);
    guard->places[i].tls = NULL;
    inbox_give(guard->inbox_pool, &guard->inboxes[i]);
    guard->sources[i] = 0;
    atomic_store(&guard->places[i].wait, CONNECTIONS_FOR_US); /* a late event finds nobody parked */
    guard->free_places[guard->free_count++] = (unsigned)i + 1;
    atomic_fetch_sub(&guard->open, 1);
    return fd;
}

/* With the mutex, of a parked place that nobody has taken, or we have. */
static void dismiss(struct connections *guard, size_t i)
{
    const struct inbox *inbox = &guard->inboxes[i];
    int wait = atomic_load(&guard->places[i].wait);
    if (wait == CONNECTIONS_FOR_HEADER && inbox->bytes != NULL &&
        request_head_has_begun(inbox->head, inbox->end))
        answer(guard, guard->places[i].fd, guard->places[i].tls, PROBLEM_REQUEST_TIMEOUT,
               "the header did not arrive in time");
    (void)close(free_place(guard, i));
}

/* With the mutex, of a worker's: it finds the end of what the client sends, or cannot write any more. */
static void shut(struct connections *guard, size_t i)
{
    int wait = atomic_load(&guard->places[i].wait);
    atomic_store(&guard->places[i].ended, true);
    (void)shutdown(guard->places[i].fd, wait == CONNECTIONS_FOR_READER ? SHUT_RDWR : SHUT_RD);
}

/* How long the place may keep us waiting when places are short; -1: it does not. */
static int patience_ms(const struct place *place)
{
    int wait = atomic_load(&place->wait);
    if (!is_clients_turn(wait) || is_going(place) || is_taken(place))
        return -1;
    return wait == CONNECTIONS_FOR_HEADER && !atomic_load(&place->used) ? CONNECTIONS_NEWCOMER_MS
                                                                        : CONNECTIONS_PATIENCE_MS;
}

/* With the mutex: the place that has gone furthest beyond its patience; `source` 0: of any address; `held`:
 * of those that have a worker.  The capacity when there is none. */
static size_t find_latest(const struct connections *guard, uint64_t source, bool held, int64_t now)
{
    size_t found = guard->capacity;
    int64_t most = 0;
    for (size_t i = 0; i < guard->capacity; i++) {
        const struct place *place = &guard->places[i];
        if (guard->sources[i] == 0 || (source != 0 && guard->sources[i] != source) ||
            (held && is_parked(atomic_load(&place->wait))))
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

/* With the mutex: of those who have sent nothing at all, the one that is longest there.  Whoever comes after
 * it has the better chance to be somebody who asks. */
static size_t find_mute(const struct connections *guard, uint64_t source)
{
    size_t found = guard->capacity;
    size_t looks = MUTE_LOOKS;
    for (size_t i = 0; i < guard->capacity && looks > 0; i++) {
        const struct place *place = &guard->places[i];
        if (guard->sources[i] == 0 || (source != 0 && guard->sources[i] != source) ||
            atomic_load(&place->wait) != CONNECTIONS_FOR_HEADER || atomic_load(&place->used) ||
            is_taken(place))
            continue;
        looks--;
        if (!has_sent(place->fd) && (found == guard->capacity ||
                                     atomic_load(&place->since) < atomic_load(&guard->places[found].since)))
            found = i;
    }
    return found;
}

/* With the mutex.  False: there was none. */
static bool displace(struct connections *guard, size_t i)
{
    if (i == guard->capacity)
        return false;
    if (is_parked(atomic_load(&guard->places[i].wait)))
        dismiss(guard, i);
    else
        shut(guard, i);
    atomic_fetch_add(&guard->displaced, 1);
    return true;
}

/* Somebody goes who has kept us waiting; or, where the newcomer would have to otherwise, one that has sent
 * nothing. */
static bool displace_for(struct connections *guard, uint64_t source, bool mute, int64_t now)
{
    size_t i = find_latest(guard, source, false, now);
    return displace(guard, i == guard->capacity && mute ? find_mute(guard, source) : i);
}

void connections_make_room(struct connections *guard)
{
    (void)pthread_mutex_lock(&guard->mutex);
    (void)displace_for(guard, 0, false, clock_monotonic_us());
    (void)pthread_mutex_unlock(&guard->mutex);
}

void connections_make_way(struct connections *guard, size_t waiting)
{
    size_t going = 0; /* their workers are about to be free */
    (void)pthread_mutex_lock(&guard->mutex);
    for (size_t i = 0; i < guard->capacity; i++)
        going += guard->sources[i] != 0 && is_going(&guard->places[i]) &&
                 atomic_load(&guard->places[i].wait) != CONNECTIONS_FOR_WORKER;
    while (going < waiting && displace(guard, find_latest(guard, 0, true, clock_monotonic_us())))
        going++;
    (void)pthread_mutex_unlock(&guard->mutex);
}

/* ---- deadlines ---- */

/* With the mutex. */
static bool is_over(struct connections *guard, const struct place *place, int64_t now)
{
    int wait = atomic_load(&place->wait);
    if (!is_clients_turn(wait))
        return false;
    int64_t waited_ms = (now - atomic_load(&place->since)) / 1000;
    bool between = wait == CONNECTIONS_FOR_HEADER || wait == CONNECTIONS_IDLE;
    int spared_ms = atomic_load(&place->used) ? CONNECTIONS_PATIENCE_MS : CONNECTIONS_FRESH_MS;
    if (guard->closing || (guard->draining && between && waited_ms >= spared_ms))
        return true;
    if (waited_ms < (wait == CONNECTIONS_IDLE ? guard->limits.idle_ms : limits_ms[wait]))
        return false;
    atomic_fetch_add(&guard->late, 1);
    return true;
}

unsigned connections_late(struct connections *guard, unsigned place, int64_t now_us)
{
    unsigned found = 0;
    (void)pthread_mutex_lock(&guard->mutex);
    const uint64_t *sources = guard->sources;
    /* places are taken from the front: where few are open, those are soon seen */
    size_t left = place == 0 ? atomic_load(&guard->open) : guard->capacity;
    for (size_t i = place, capacity = guard->capacity; i < capacity && left > 0 && found == 0; i++) {
        if (sources[i] == 0)
            continue;
        left--;
        struct place *late = &guard->places[i];
        if (is_going(late) || is_taken(late) || !is_over(guard, late, now_us))
            continue;
        if (!is_parked(atomic_load(&late->wait)))
            shut(guard, i);
        else {
            atomic_store(&late->ended, true);
            late->taken = true;
            found = (unsigned)i + 1;
        }
    }
    (void)pthread_mutex_unlock(&guard->mutex);
    return found;
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
        unasked += guard->sources[i] == source && !atomic_load(&place->used) &&
                   (wait == CONNECTIONS_FOR_HEADER || wait == CONNECTIONS_FOR_HANDSHAKE);
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

static bool may_ask(const struct connections *guard, uint64_t source)
{
    return guard->limits.unasked == 0 || unasked_of(guard, source) < guard->limits.unasked;
}

/* With the mutex: PROBLEM_NONE, or why not. */
static enum problem judge(struct connections *guard, const struct network *peer, const char **detail)
{
    int64_t now = clock_monotonic_us();
    const uint64_t source = source_of(peer);
    if ((!may_come(guard, peer, source) || !may_ask(guard, source)) &&
        !displace_for(guard, source, true, now)) {
        *detail = "there are too many connections from this address";
        return PROBLEM_TOO_MANY_REQUESTS;
    }
    if (atomic_load(&guard->open) >= guard->room)
        (void)displace_for(guard, 0, guard->free_count == 0, now);
    *detail = "there are too many connections";
    return guard->free_count == 0 ? PROBLEM_BUSY : PROBLEM_NONE;
}

/* One event at a time: who has the connection then asks for the next one.  What a client sends while its
 * request waits is for later; but it may go. */
static int watch(const struct connections *guard, int how, unsigned place)
{
    bool waits = atomic_load(&guard->places[place - 1].wait) == CONNECTIONS_FOR_TIME;
    struct epoll_event event = {.events = (waits ? EPOLLRDHUP : EPOLLIN) | EPOLLONESHOT, .data.u64 = place};
    return epoll_ctl(guard->events, how, guard->places[place - 1].fd, &event);
}

/* With the mutex. */
static unsigned take_place(struct connections *guard, int fd, const struct network *peer, struct tls *tls)
{
    unsigned place = guard->free_places[guard->free_count - 1];
    struct place *new = &guard->places[place - 1];
    new->fd = fd;
    new->forgotten = 0;
    new->quick = false;
    new->taken = false;
    atomic_store(&new->ended, false);
    atomic_store(&new->used, false);
    atomic_store(&new->since, clock_monotonic_us());
    atomic_store(&new->wait, CONNECTIONS_FOR_HEADER);
    network_format(peer, new->source);
    if (watch(guard, EPOLL_CTL_ADD, place) != 0)
        return 0;
    guard->free_count--;
    guard->sources[place - 1] = source_of(peer);
    new->tls = tls;
    atomic_fetch_add(&guard->open, 1);
    return place;
}

unsigned connections_admit(struct connections *guard, int fd, const struct network *peer, struct tls *tls)
{
    const struct timeval next = {.tv_usec = CONNECTIONS_NEXT_MS * 1000};
    const char *detail = NULL;
    unsigned place = 0;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &next, sizeof next); /* see connection.c */
    (void)pthread_mutex_lock(&guard->mutex);
    enum problem problem = judge(guard, peer, &detail);
    if (problem == PROBLEM_NONE)
        place = take_place(guard, fd, peer, tls);
    (void)pthread_mutex_unlock(&guard->mutex);
    if (place == 0) {
        answer(guard, fd, tls, problem == PROBLEM_NONE ? PROBLEM_BUSY : problem, detail);
        tls_free(tls);
        (void)close(fd);
        atomic_fetch_add(&guard->refused, 1);
    }
    return place;
}

bool connections_park(struct connections *guard, unsigned place, enum connections_wait wait)
{
    struct place *mine = &guard->places[place - 1];
    (void)pthread_mutex_lock(&guard->mutex); /* both at once: nobody ends it in between */
    int before = atomic_load(&mine->wait);
    if ((wait == CONNECTIONS_IDLE && before == CONNECTIONS_FOR_NEXT) ||
        (wait == CONNECTIONS_FOR_HEADER && before == CONNECTIONS_FOR_HANDSHAKE))
        atomic_store(&mine->wait, wait); /* it waits since its worker began to wait, or since it came */
    else
        connections_wait(guard, place, wait);
    mine->taken = false;
    bool good = watch(guard, EPOLL_CTL_MOD, place) == 0;
    if (!good)
        connections_wait(guard, place, CONNECTIONS_FOR_US);
    (void)pthread_mutex_unlock(&guard->mutex);
    return good;
}

bool connections_watch(struct connections *guard, unsigned place)
{
    struct place *mine = &guard->places[place - 1];
    (void)pthread_mutex_lock(&guard->mutex); /* both at once: its next event finds it free */
    bool good = watch(guard, EPOLL_CTL_MOD, place) == 0;
    mine->taken = !good;
    (void)pthread_mutex_unlock(&guard->mutex);
    return good;
}

enum connections_wait connections_take(struct connections *guard, unsigned place)
{
    struct place *mine = &guard->places[place - 1];
    (void)pthread_mutex_lock(&guard->mutex);
    int wait = atomic_load(&mine->wait);
    if (!is_parked(wait) || mine->taken)
        wait = CONNECTIONS_FOR_US;
    else
        mine->taken = true;
    (void)pthread_mutex_unlock(&guard->mutex);
    return (enum connections_wait)wait;
}

void connections_wait(struct connections *guard, unsigned place, enum connections_wait wait)
{
    struct place *mine = &guard->places[place - 1];
    if (wait != CONNECTIONS_FOR_US && wait != CONNECTIONS_FOR_HANDSHAKE) /* nobody asks how long */
        atomic_store_explicit(&mine->since, clock_monotonic_us(), memory_order_relaxed);
    atomic_store_explicit(&mine->wait, wait, memory_order_release); /* a new wait never has an old begin */
}

enum connections_wait connections_waits_for(const struct connections *guard, unsigned place)
{
    return (enum connections_wait)atomic_load(&guard->places[place - 1].wait);
}

bool connections_is_quick(const struct connections *guard, unsigned place)
{
    return guard->places[place - 1].quick;
}

void connections_set_quick(struct connections *guard, unsigned place, bool quick)
{
    guard->places[place - 1].quick = quick;
}

void connections_wake(struct connections *guard, unsigned place)
{
    struct place *mine = &guard->places[place - 1];
    int64_t since = atomic_load(&mine->since);
    connections_wait(guard, place, CONNECTIONS_FOR_HEADER);
    mine->quick = atomic_load(&mine->since) - since <= INT64_C(1000) * CONNECTIONS_NEXT_MS;
}

void connections_begin(struct connections *guard, unsigned place)
{
    atomic_store(&guard->places[place - 1].used, true);
    connections_wait(guard, place, CONNECTIONS_FOR_US);
}

bool connections_has_ended(const struct connections *guard, unsigned place)
{
    return atomic_load(&guard->places[place - 1].ended);
}

struct tls *connections_tls(const struct connections *guard, unsigned place)
{
    return guard->places[place - 1].tls;
}

int connections_finish(struct connections *guard, unsigned place)
{
    const struct place *mine = &guard->places[place - 1];
    if (mine->tls != NULL)
        tls_end(mine->tls);
    return shutdown(mine->fd, SHUT_WR);
}

int connections_fd(const struct connections *guard, unsigned place)
{
    return guard->places[place - 1].fd;
}

const char *connections_source(const struct connections *guard, unsigned place)
{
    return guard->places[place - 1].source;
}

struct inbox *connections_inbox(struct connections *guard, unsigned place)
{
    struct inbox *inbox = &guard->inboxes[place - 1];
    return inbox->bytes != NULL || inbox_take(guard->inbox_pool, inbox) ? inbox : NULL;
}

void connections_empty(struct connections *guard, unsigned place)
{
    inbox_give(guard->inbox_pool, &guard->inboxes[place - 1]);
}

void connections_refuse(struct connections *guard, unsigned place, enum problem problem, const char *detail)
{
    answer(guard, guard->places[place - 1].fd, guard->places[place - 1].tls, problem, detail);
    atomic_fetch_add(&guard->refused, 1);
    connections_leave(guard, place);
}

void connections_dismiss(struct connections *guard, unsigned place)
{
    (void)pthread_mutex_lock(&guard->mutex);
    dismiss(guard, place - 1);
    (void)pthread_mutex_unlock(&guard->mutex);
}

bool connections_sees_leave(struct connections *guard, unsigned place, int millis)
{
    struct pollfd watched = {.fd = guard->places[place - 1].fd, .events = POLLRDHUP};
    return poll(&watched, 1, millis) > 0 && (watched.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

bool connections_forget(struct connections *guard, unsigned place)
{
    char rest[2048];
    struct place *mine = &guard->places[place - 1];
    ssize_t got = 1;
    for (unsigned most = mine->forgotten + FORGOTTEN_AT_ONCE; got > 0 && mine->forgotten < most;) {
        got = recv(mine->fd, rest, sizeof rest, MSG_DONTWAIT);
        mine->forgotten += got > 0 ? (unsigned)got : 0;
    }
    bool open = got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
    return open && mine->forgotten < FORGOTTEN_MAX;
}

void connections_leave(struct connections *guard, unsigned place)
{
    (void)pthread_mutex_lock(&guard->mutex);
    int fd = free_place(guard, place - 1);
    (void)pthread_mutex_unlock(&guard->mutex);
    (void)close(fd);
}

bool connections_is_crowded(const struct connections *guard)
{
    return atomic_load(&guard->open) > guard->room;
}

void connections_drain(struct connections *guard)
{
    (void)pthread_mutex_lock(&guard->mutex);
    guard->draining = true;
    (void)pthread_mutex_unlock(&guard->mutex);
}

void connections_close(struct connections *guard)
{
    (void)pthread_mutex_lock(&guard->mutex);
    guard->closing = true;
    (void)pthread_mutex_unlock(&guard->mutex);
}

void connections_count(struct connections *guard, struct connections_counts *counts)
{
    *counts = (struct connections_counts){.open = atomic_load(&guard->open),
                                          .limit = guard->room,
                                          .refused = atomic_load(&guard->refused),
                                          .late = atomic_load(&guard->late),
                                          .displaced = atomic_load(&guard->displaced)};
}

/* ---- from start to end ---- */

const struct connections_limits *connections_limits(const struct connections *guard)
{
    return &guard->limits;
}

int connections_events(const struct connections *guard)
{
    return guard->events;
}

static void release(struct connections *guard)
{
    if (guard->events >= 0)
        (void)close(guard->events);
    inbox_pool_free(guard->inbox_pool);
    free(guard->inboxes);
    free(guard->places);
    free(guard->sources);
    free(guard->free_places);
    free(guard->problem_types);
    free(guard);
}

size_t connections_places(size_t connections)
{
    size_t places = connections + SPARE_PLACES;
    return places < CONNECTIONS_PLACES_MAX ? places : CONNECTIONS_PLACES_MAX;
}

/* Some places are left for newcomers, a quarter where there are few. */
static size_t room_of(const struct connections_limits *limits)
{
    size_t spare = limits->places / 4 < SPARE_PLACES ? limits->places / 4 : SPARE_PLACES;
    size_t most = limits->places - spare;
    return limits->connections < most ? limits->connections : most;
}

static int take_memory(struct connections *guard, struct err *err)
{
    size_t count = guard->capacity;
    const char *types = guard->limits.problem_types;
    guard->problem_types = types == NULL ? NULL : strdup(types);
    guard->limits.problem_types = guard->problem_types;
    if (types != NULL && guard->problem_types == NULL)
        return err_memory(err);
    guard->inbox_pool = inbox_pool_new(count, guard->limits.workers, err);
    guard->inboxes = calloc(count, sizeof *guard->inboxes);
    guard->places = aligned_alloc(_Alignof(struct place), count * sizeof *guard->places);
    guard->sources = calloc(count, sizeof *guard->sources);
    guard->free_places = calloc(count, sizeof *guard->free_places);
    if (guard->inbox_pool == NULL || guard->inboxes == NULL || guard->places == NULL ||
        guard->sources == NULL || guard->free_places == NULL)
        return err_memory(err);
    memset(guard->places, 0, count * sizeof *guard->places);
    for (size_t i = count; i > 0; i--)
        guard->free_places[guard->free_count++] = (unsigned)i;
    return 0;
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
    guard->events = epoll_create1(EPOLL_CLOEXEC);
    if (guard->events < 0)
        err_set(err, ERR_SYSTEM, "cannot watch connections: %s", strerror(errno));
    if (guard->events < 0 || take_memory(guard, err) != 0 || pthread_mutex_init(&guard->mutex, NULL) != 0) {
        release(guard);
        return NULL;
    }
    return guard;
}

void connections_free(struct connections *guard)
{
    if (guard == NULL)
        return;
    for (size_t i = 0; i < guard->capacity; i++)
        if (guard->sources[i] != 0)
            (void)close(free_place(guard, i));
    (void)pthread_mutex_destroy(&guard->mutex);
    release(guard);
}
