#include "gateway/back.h"

#include "base/timestamp.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FIELD_SIZE = 64 }; /* a date has 29 characters */

struct back_pool;

struct back_slot {
    struct back_slot *next; /* in the pool's stack */
    struct back_pool *pool;
    CURL *handle;
    struct signer *signers[2]; /* of the upstream's credential and its spare */
    struct signed_request request;
    struct buf answer;
    unsigned writes; /* how often libcurl was about to write the request */
    size_t head;     /* bytes of header fields */
    bool too_large;
    bool has_date;
    int64_t date;
    char retry_after[FIELD_SIZE]; /* as it came */
};

struct back_pool {
    const struct config_upstream *upstream;
    X509_STORE *store; /* the trusted CAs, loaded once: libcurl would load them for every connection */
    struct curl_slist *headers;
    pthread_mutex_t mutex;
    pthread_cond_t given;
    struct back_slot *idle; /* a stack: last in, first out */
    atomic_bool abandoned;
    size_t made;
    struct retry_budget budget;
};

struct back {
    struct back_pool *pools;
    size_t count;
};

/* ---- one slot ---- */

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct back_slot *slot = context;
    buf_put_bytes(&slot->answer, bytes, size * count);
    slot->too_large = slot->answer.failed;
    return slot->answer.failed ? 0 : size * count;
}

/* The value of the header field when it has that name (with its colon) and fits. */
static bool read_field(const char *line, size_t length, const char *name, char value[FIELD_SIZE])
{
    size_t start = strlen(name);
    if (length < start || strncasecmp(line, name, start) != 0)
        return false;
    while (start < length && (line[start] == ' ' || line[start] == '\t'))
        start++;
    while (length > start && strchr("\r\n \t", line[length - 1]) != NULL)
        length--;
    if (length - start >= FIELD_SIZE)
        return false;
    memcpy(value, line + start, length - start);
    value[length - start] = '\0';
    return true;
}

/* RFC 9110 section 10.2.3: seconds, or a date. */
static int64_t read_retry_after(const char *value, bool has_date, int64_t date)
{
    int64_t wait = 0;
    int64_t at;
    if (value[0] != '\0' && strspn(value, "0123456789") == strlen(value))
        wait = strlen(value) > 6 ? BACK_RETRY_AFTER_MAX_S : strtoll(value, NULL, 10);
    else if (timestamp_parse_http(value, &at) && has_date)
        wait = at - date;
    if (wait < 0)
        return 0;
    return wait < BACK_RETRY_AFTER_MAX_S ? wait : BACK_RETRY_AFTER_MAX_S;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct back_slot *slot = context;
    char value[FIELD_SIZE];
    size_t length = size * count;
    slot->head += length;
    slot->too_large = slot->head > BACK_HEAD_MAX;
    if (read_field(bytes, length, "Date:", value))
        slot->has_date = timestamp_parse_http(value, &slot->date);
    else if (read_field(bytes, length, "Retry-After:", value))
        memcpy(slot->retry_after, value, sizeof value);
    return slot->too_large ? 0 : length;
}

/* Called right before the request is written; a second time when libcurl repeats it on another connection. */
static int before_write(void *context, char *remote, char *local, int remote_port, int local_port)
{
    struct back_slot *slot = context;
    (void)remote;
    (void)local;
    (void)remote_port;
    (void)local_port;
    return slot->writes++ == 0 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* libcurl looks here at least once a second. */
static int on_progress(void *context, curl_off_t to_get, curl_off_t got, curl_off_t to_send, curl_off_t sent)
{
    struct back_slot *slot = context;
    (void)to_get;
    (void)got;
    (void)to_send;
    (void)sent;
    return atomic_load_explicit(&slot->pool->abandoned, memory_order_relaxed);
}

static CURLcode use_store(CURL *handle, void *ssl_context, void *context)
{
    (void)handle;
    SSL_CTX_set1_cert_store(ssl_context, context);
    return CURLE_OK;
}

static bool set_options(struct back_slot *slot)
{
    const struct config_upstream *upstream = slot->pool->upstream;
    CURL *h = slot->handle;
    int failures = 0;
#define SET(option, value) failures += curl_easy_setopt(h, option, value) != CURLE_OK
    SET(CURLOPT_URL, upstream->url.text);
    SET(CURLOPT_PROTOCOLS_STR, upstream->url.tls ? "https" : "http");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, ""); /* not what the environment says */
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)BACK_CONNECT_MS);
    SET(CURLOPT_MAXAGE_CONN, (long)BACK_IDLE_S);
    SET(CURLOPT_MAXLIFETIME_CONN, (long)BACK_LIFE_S);
    SET(CURLOPT_MAXCONNECTS, 1L);
    SET(CURLOPT_HTTPHEADER, slot->pool->headers);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, slot);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, slot);
    SET(CURLOPT_PREREQFUNCTION, before_write);
    SET(CURLOPT_PREREQDATA, slot);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, slot);
    if (upstream->url.tls) {
        SET(CURLOPT_CAINFO, NULL);
        SET(CURLOPT_CAPATH, NULL);
        SET(CURLOPT_SSL_CTX_FUNCTION, use_store);
        SET(CURLOPT_SSL_CTX_DATA, slot->pool->store);
    }
#undef SET
    return failures == 0;
}

static void slot_free(struct back_slot *slot)
{
    if (slot == NULL)
        return;
    curl_easy_cleanup(slot->handle);
    signer_free(slot->signers[0]);
    signer_free(slot->signers[1]);
    signed_request_done(&slot->request);
    buf_done(&slot->answer);
    free(slot);
}

static struct back_slot *slot_new(struct back_pool *pool)
{
    struct back_slot *slot = calloc(1, sizeof *slot);
    if (slot == NULL)
        return NULL;
    slot->pool = pool;
    signed_request_init(&slot->request);
    buf_init(&slot->answer, BACK_ANSWER_MAX);
    const struct config_upstream *upstream = pool->upstream;
    slot->signers[0] = signer_new(upstream, upstream->credential, NULL);
    slot->signers[1] = upstream->spare == NULL ? NULL : signer_new(upstream, upstream->spare, NULL);
    slot->handle = curl_easy_init();
    if (slot->signers[0] == NULL || (upstream->spare != NULL && slot->signers[1] == NULL) ||
        slot->handle == NULL || !set_options(slot)) {
        slot_free(slot);
        return NULL;
    }
    return slot;
}

struct signer *back_signer(struct back_slot *slot, unsigned credential)
{
    return slot->signers[credential];
}

struct signed_request *back_request(struct back_slot *slot)
{
    return &slot->request;
}

struct retry_budget *back_budget(struct back_slot *slot)
{
    return &slot->pool->budget;
}

/* ---- a pool ---- */

static X509_STORE *load_store(const struct config_upstream *upstream, struct err *err)
{
    X509_STORE *store = X509_STORE_new();
    if (store == NULL) {
        err_memory(err);
        return NULL;
    }
    int loaded = upstream->ca_file != NULL ? X509_STORE_load_file(store, upstream->ca_file)
                                           : X509_STORE_set_default_paths(store);
    if (loaded != 1) {
        err_set(err, ERR_INPUT, "%s:%u:%u: upstream '%s': %s%s", upstream->mark.file, upstream->mark.line,
                upstream->mark.column, upstream->name,
                upstream->ca_file != NULL ? "no CA certificate can be read from ca_file "
                                          : "the system's CA certificates cannot be used",
                upstream->ca_file != NULL ? upstream->ca_file : "");
        X509_STORE_free(store);
        return NULL;
    }
    return store;
}

/* Built once: every request of the upstream sends the same fields. */
static struct curl_slist *make_headers(const struct config_upstream *upstream)
{
    struct buf host;
    buf_init(&host, 512);
    buf_put_format(&host, "Host: %s", upstream->host);
    const char *const fields[] = {buf_text(&host), "Accept: application/json", "User-Agent: countersign",
                                  "Expect:", "Content-Type: application/x-www-form-urlencoded"};
    size_t count = upstream->method == CONFIG_POST ? COUNT(fields) : COUNT(fields) - 1;
    struct curl_slist *list = NULL;
    for (size_t i = 0; i < count && !host.failed; i++) {
        struct curl_slist *longer = curl_slist_append(list, fields[i]);
        if (longer == NULL) {
            curl_slist_free_all(list);
            list = NULL;
            break;
        }
        list = longer;
    }
    buf_done(&host);
    return list;
}

static int pool_init(struct back_pool *pool, const struct config_upstream *upstream, struct err *err)
{
    pthread_condattr_t monotonic;
    pool->upstream = upstream;
    retry_budget_init(&pool->budget, upstream->slots);
    if (pthread_mutex_init(&pool->mutex, NULL) != 0 || pthread_condattr_init(&monotonic) != 0)
        return err_memory(err);
    bool good = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
                pthread_cond_init(&pool->given, &monotonic) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    pool->headers = make_headers(upstream);
    if (!good || pool->headers == NULL)
        return err_memory(err);
    if (upstream->url.tls) {
        pool->store = load_store(upstream, err);
        if (pool->store == NULL)
            return -1;
    }
    return 0;
}

static void pool_done(struct back_pool *pool)
{
    while (pool->idle != NULL) {
        struct back_slot *slot = pool->idle;
        pool->idle = slot->next;
        slot_free(slot);
    }
    curl_slist_free_all(pool->headers);
    X509_STORE_free(pool->store);
    if (pool->upstream != NULL) {
        (void)pthread_cond_destroy(&pool->given);
        (void)pthread_mutex_destroy(&pool->mutex);
    }
}

static struct back_pool *find_pool(struct back *back, const struct config_upstream *upstream)
{
    for (size_t i = 0; i < back->count; i++)
        if (back->pools[i].upstream == upstream)
            return &back->pools[i];
    return NULL;
}

static struct timespec deadline_in(long millis)
{
    struct timespec at = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += millis % 1000 * 1000000;
    at.tv_sec += millis / 1000 + at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

/* An idle slot, or leave to make one (*make), or NULL when the wait is over. */
static struct back_slot *wait_for_slot(struct back_pool *pool, bool *make)
{
    struct back_slot *slot = NULL;
    struct timespec deadline = deadline_in(BACK_WAIT_MS);
    int waited = 0;
    (void)pthread_mutex_lock(&pool->mutex);
    while (pool->idle == NULL && pool->made >= (size_t)pool->upstream->slots && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&pool->given, &pool->mutex, &deadline);
    if (pool->idle != NULL) {
        slot = pool->idle;
        pool->idle = slot->next;
    } else if (pool->made < (size_t)pool->upstream->slots) {
        pool->made++;
        *make = true;
    }
    (void)pthread_mutex_unlock(&pool->mutex);
    return slot;
}

struct back_slot *back_take(struct back *back, const struct config_upstream *upstream)
{
    bool make = false;
    struct back_pool *pool = find_pool(back, upstream);
    if (pool == NULL)
        return NULL;
    struct back_slot *slot = wait_for_slot(pool, &make);
    if (!make)
        return slot;
    slot = slot_new(pool);
    if (slot == NULL) {
        (void)pthread_mutex_lock(&pool->mutex);
        pool->made--;
        (void)pthread_cond_signal(&pool->given);
        (void)pthread_mutex_unlock(&pool->mutex);
    }
    return slot;
}

void back_give(struct back_slot *slot)
{
    struct back_pool *pool = slot->pool;
    (void)pthread_mutex_lock(&pool->mutex);
    slot->next = pool->idle;
    pool->idle = slot;
    (void)pthread_cond_signal(&pool->given);
    (void)pthread_mutex_unlock(&pool->mutex);
}

/* ---- all pools ---- */

struct back *back_new(const struct config *config, struct err *err)
{
    struct back *back = calloc(1, sizeof *back);
    if (back != NULL)
        back->pools = calloc(config->upstream_count, sizeof *back->pools);
    if (back == NULL || back->pools == NULL) {
        err_memory(err);
        free(back);
        return NULL;
    }
    back->count = config->upstream_count;
    for (size_t i = 0; i < back->count; i++)
        if (pool_init(&back->pools[i], &config->upstreams[i], err) != 0) {
            back->count = i + 1;
            back_free(back);
            return NULL;
        }
    return back;
}

void back_free(struct back *back)
{
    if (back == NULL)
        return;
    for (size_t i = 0; i < back->count; i++)
        pool_done(&back->pools[i]);
    free(back->pools);
    free(back);
}

void back_abandon(struct back *back)
{
    for (size_t i = 0; i < back->count; i++)
        atomic_store(&back->pools[i].abandoned, true);
}

/* ---- sending ---- */

static bool prepare(struct back_slot *slot, long timeout_ms)
{
    CURL *h = slot->handle;
    int failures = 0;
    buf_reset(&slot->answer);
    slot->writes = 0;
    slot->head = 0;
    slot->too_large = false;
    slot->has_date = false;
    slot->retry_after[0] = '\0';
    failures += curl_easy_setopt(h, CURLOPT_REQUEST_TARGET, buf_text(&slot->request.target)) != CURLE_OK;
    failures += curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, timeout_ms) != CURLE_OK;
    if (slot->pool->upstream->method == CONFIG_POST) {
        failures += curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)slot->request.body.length) !=
                    CURLE_OK;
        failures += curl_easy_setopt(h, CURLOPT_POSTFIELDS, buf_text(&slot->request.body)) != CURLE_OK;
    }
    return failures == 0;
}

/* CURLINFO_REQUEST_SIZE counts what the connection took.  Nothing, and nothing was executed: of a request in
 * the clear no byte left, and a TLS record that left in part cannot be opened.  A part of it may do for an
 * upstream that is not strict, so of what was begun nobody knows. */
static enum back_end end_of(const struct back_slot *slot, CURLcode code)
{
    long taken = 0;
    bool counted = curl_easy_getinfo(slot->handle, CURLINFO_REQUEST_SIZE, &taken) == CURLE_OK;
    if (code == CURLE_OK)
        return BACK_ANSWERED;
    if (slot->writes == 0 || (counted && taken == 0))
        return code == CURLE_OUT_OF_MEMORY ? BACK_FAILED : BACK_NOT_SENT;
    if (slot->too_large)
        return BACK_TOO_LARGE;
    return code == CURLE_OPERATION_TIMEDOUT ? BACK_LATE : BACK_LOST;
}

void back_send(struct back_slot *slot, long timeout_ms, struct back_result *result, struct err *err)
{
    long status = 0;
    *result = (struct back_result){.end = BACK_FAILED};
    if (!prepare(slot, timeout_ms)) {
        err_memory(err);
        return;
    }
    CURLcode code = curl_easy_perform(slot->handle);
    (void)curl_easy_getinfo(slot->handle, CURLINFO_RESPONSE_CODE, &status); /* stays 0 when it fails */
    result->end = end_of(slot, code);
    result->status = (int)status;
    result->bytes = buf_text(&slot->answer);
    result->length = slot->answer.length;
    result->has_date = slot->has_date;
    result->date = slot->date;
    result->retry_after_s = read_retry_after(slot->retry_after, slot->has_date, slot->date);
    if (result->end == BACK_TOO_LARGE && slot->head > BACK_HEAD_MAX)
        err_set(err, ERR_LIMIT, "the header of the upstream's answer exceeds %d bytes", BACK_HEAD_MAX);
    else if (result->end == BACK_TOO_LARGE)
        err_set(err, ERR_LIMIT, "the upstream's answer exceeds %d bytes", BACK_ANSWER_MAX);
    else if (result->end == BACK_LOST && slot->writes > 1)
        err_set(err, ERR_SYSTEM, "the upstream closed the connection without an answer");
    else if (code != CURLE_OK)
        err_set(err, ERR_SYSTEM, "%s", curl_easy_strerror(code));
}

int back_global_init(void)
{
    (void)unsetenv("SSLKEYLOGFILE"); /* libcurl would write every connection's keys there; cannot fail */
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -1;
}

void back_global_done(void)
{
    curl_global_cleanup();
}
