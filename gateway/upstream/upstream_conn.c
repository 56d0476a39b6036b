/* One file, longer than others, because libcurl's header is met in one alone: the handle, its socket, its TLS
 * and the deadline on each of their waits. */
#include "gateway/upstream/upstream_conn.h"

#include "base/time/clock.h"
#include "gateway/upstream/ca_store.h"
#include "gateway/upstream/proxy_failure.h"
#include "gateway/response/response.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LINE_LOOK_MS = 1000,   /* between two looks at whether the drain is over: no wait is longer */
    LINE_READ = 8192,      /* bytes at a time: an ordinary answer in one go                */
    LINE_RECORD = 16384,   /* bytes of a TLS record, at most: see end_of()                 */
    LINE_KEPT = 16 * 1024, /* bytes of a request's buffer: a form of 100 ids takes 6 KiB   */
    LINE_SITE_MAX = 1024,  /* the fields that all requests have: a host name has up to 255 */
    LINE_OUT_MAX = SIGN_STRING_MAX + SIGN_BODY_MAX + LINE_SITE_MAX, /* target and body, as they were signed */
};

struct back_site {
    const struct config_upstream *upstream;
    X509_STORE *store; /* the trusted CAs, loaded once: libcurl would load them for every connection */
    CURLU *url;        /* taken apart once: libcurl would do it again for every connection */
    struct curl_slist *connect_to; /* "::10.0.0.7:443", or NULL */
    struct buf fields;             /* the lines that every request has */
    const atomic_bool *abandoned;
};

/* One request on its way. */
struct sending {
    bool active;
    int64_t until_us;
    int64_t began_ms; /* of the clock on the wall */
    CURLcode code;    /* what came of writing it */
    size_t taken;     /* bytes of the request, by the connection */
    bool ended;       /* the connection has */
    bool excess;      /* more came than the answer */
};

struct upstream_conn {
    struct back_site *site;
    CURL *handle;             /* with its connection; NULL: there is none */
    curl_socket_t socket;     /* what is called on it waits by itself, for as long as ... */
    long patience_ms;         /* ... this, or some 40 more; a poll() before would be one more call for each */
    const SSL *tls;           /* over TLS, from the handshake on: libcurl's */
    bool refused;             /* over TLS 1.2, another handshake */
    bool no_descriptor;       /* was left when the connection was made */
    struct proxy_facts proxy; /* where it could not be made */
    struct sending sending;
    CURLcode connected; /* what came of connecting, where there is no handle */
    int64_t renew_us;   /* from then on it is not used again */
    int64_t used_us;
    struct signed_request request;
    struct buf out; /* the request as it is written */
    struct response response;
    char bytes[LINE_READ];
};

/* ---- what all lines of an upstream share ---- */

static bool make_fields(struct back_site *site)
{
    const struct config_upstream *upstream = site->upstream;
    buf_init(&site->fields, LINE_SITE_MAX);
    buf_put(&site->fields, "Host: ");
    buf_put(&site->fields, upstream->host);
    buf_put(&site->fields,
            "\r\nAccept: application/json\r\nAccept-Encoding: identity\r\nUser-Agent: countersign\r\n");
    if (upstream->method == CONFIG_POST) {
        buf_put(&site->fields, "Content-Type: ");
        buf_put(&site->fields,
                upstream->scheme == CONFIG_TC3 ? SIGN_JSON_TYPE : "application/x-www-form-urlencoded");
        buf_put(&site->fields, "\r\n");
    }
    return !site->fields.failed;
}

static CURLU *make_url(const struct config_upstream *upstream)
{
    CURLU *url = curl_url();
    if (url != NULL && curl_url_set(url, CURLUPART_URL, upstream->url.text, CURLU_PATH_AS_IS) != CURLUE_OK) {
        curl_url_cleanup(url);
        return NULL;
    }
    return url;
}

/* As libcurl takes it: any host and port, to this one; "::host" keeps the port, as "::[fd00::7]" does. */
static struct curl_slist *make_connect_to(const struct config_upstream *upstream)
{
    struct buf text;
    buf_init(&text, LINE_SITE_MAX);
    buf_put(&text, "::");
    buf_put(&text, upstream->connect_to);
    struct curl_slist *list = text.failed ? NULL : curl_slist_append(NULL, buf_text(&text));
    buf_done(&text);
    return list;
}

struct back_site *upstream_conn_site(const struct config_upstream *upstream, const atomic_bool *abandoned,
                                     struct err *err)
{
    struct back_site *site = calloc(1, sizeof *site);
    if (site == NULL) {
        err_memory(err);
        return NULL;
    }
    site->upstream = upstream;
    site->abandoned = abandoned;
    site->url = make_url(upstream);
    if (upstream->connect_to != NULL)
        site->connect_to = make_connect_to(upstream);
    if (!make_fields(site) || site->url == NULL ||
        (upstream->connect_to != NULL && site->connect_to == NULL)) {
        err_memory(err);
        upstream_conn_site_free(site);
        return NULL;
    }
    if (upstream->url.tls && (site->store = ca_store_load(upstream, err)) == NULL) {
        upstream_conn_site_free(site);
        return NULL;
    }
    return site;
}

void upstream_conn_site_free(struct back_site *site)
{
    if (site == NULL)
        return;
    buf_done(&site->fields);
    curl_url_cleanup(site->url);
    curl_slist_free_all(site->connect_to);
    X509_STORE_free(site->store);
    free(site);
}

/* ---- one line ---- */

/* While libcurl connects: it looks here at least once a second. */
static int on_progress(void *context, curl_off_t to_get, curl_off_t got, curl_off_t to_send, curl_off_t sent)
{
    struct upstream_conn *line = context;
    (void)to_get;
    (void)got;
    (void)to_send;
    (void)sent;
    return atomic_load_explicit(line->site->abandoned, memory_order_relaxed);
}

static CURLcode may_wait(struct upstream_conn *line);

/* OpenSSL may read the socket several times for one TLS record. This BIO callback checks the deadline before
 * each read. */
static long before_call(BIO *bio, int what, const char *bytes, size_t size, int a, long b, int result,
                        size_t *done)
{
    struct upstream_conn *line = (struct upstream_conn *)BIO_get_callback_arg(bio);
    (void)bytes;
    (void)size;
    (void)a;
    (void)b;
    (void)done;
    if ((what != BIO_CB_READ && what != BIO_CB_WRITE) || !line->sending.active || may_wait(line) == CURLE_OK)
        return result;
    BIO_set_flags(bio, (what == BIO_CB_READ ? BIO_FLAGS_READ : BIO_FLAGS_WRITE) | BIO_FLAGS_SHOULD_RETRY);
    return -1; /* to libcurl, the patience of the socket is over */
}

static void on_handshake(const SSL *tls, int where, int result)
{
    struct upstream_conn *line = SSL_CTX_get_app_data(SSL_get_SSL_CTX(tls));
    BIO *const bios[] = {SSL_get_rbio(tls), SSL_get_wbio(tls)};
    if (where == SSL_CB_WRITE_ALERT && (result & 0xff) == SSL_AD_NO_RENEGOTIATION)
        line->refused = true;
    if ((where & SSL_CB_HANDSHAKE_DONE) == 0)
        return;
    line->tls = tls;
    for (size_t i = 0; i < COUNT(bios); i++) {
        BIO_set_callback_ex(bios[i], before_call);
        BIO_set_callback_arg(bios[i], (char *)line);
    }
}

static CURLcode prepare_tls(CURL *handle, void *ssl_context, void *context)
{
    struct upstream_conn *line = context;
    (void)handle;
    SSL_CTX_set1_cert_store(ssl_context, line->site->store);
    SSL_CTX_set_read_ahead(ssl_context, 1); /* a record with one call, instead of two */
    /* While the other side renegotiates (TLS 1.2), what we write would wait for what it sends. */
    (void)SSL_CTX_set_options(ssl_context, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_info_callback(ssl_context, on_handshake);
    return SSL_CTX_set_app_data(ssl_context, line) == 1 ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

#define SET(option, value) failures += curl_easy_setopt(h, option, value) != CURLE_OK

/* Only what the configuration says, and nothing of http_proxy, no_proxy and the like. */
static int set_proxy(CURL *h, const struct config_proxy *proxy)
{
    int failures = 0;
    SET(CURLOPT_NOPROXY, "");
    SET(CURLOPT_PROXY, proxy == NULL ? "" : proxy->url);
    if (proxy == NULL)
        return failures;
    SET(CURLOPT_HTTPPROXYTUNNEL, 1L);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (proxy->user == NULL)
        return failures;
    SET(CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC);
    SET(CURLOPT_PROXYUSERNAME, secret_bytes(proxy->user));
    SET(CURLOPT_PROXYPASSWORD, secret_bytes(proxy->password));
    return failures;
}

static bool set_options(struct upstream_conn *line, CURL *h, long timeout_ms)
{
    const struct config_upstream *upstream = line->site->upstream;
    int failures = set_proxy(h, upstream->proxy);
    SET(CURLOPT_CURLU, line->site->url);
    SET(CURLOPT_CONNECT_ONLY, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
    SET(CURLOPT_QUICK_EXIT, 1L); /* nor is a name server that says nothing waited for any longer */
    SET(CURLOPT_PROTOCOLS_STR, upstream->url.tls ? "https" : "http");
    SET(CURLOPT_CONNECT_TO, line->site->connect_to);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, line);
    if (upstream->url.tls) {
        SET(CURLOPT_CAINFO, NULL);
        SET(CURLOPT_CAPATH, NULL);
        SET(CURLOPT_SSL_CTX_FUNCTION, prepare_tls);
        SET(CURLOPT_SSL_CTX_DATA, line);
    }
#undef SET
    return failures == 0;
}

void upstream_conn_free(struct upstream_conn *line)
{
    if (line == NULL)
        return;
    upstream_conn_distrust(line);
    signed_request_done(&line->request);
    buf_done(&line->out);
    response_done(&line->response);
    free(line);
}

struct upstream_conn *upstream_conn_new(struct back_site *site)
{
    struct upstream_conn *line = malloc(sizeof *line); /* its bytes are written before they are read */
    if (line == NULL)
        return NULL;
    line->site = site;
    line->handle = NULL;
    line->no_descriptor = false;
    line->proxy = (struct proxy_facts){0};
    line->sending = (struct sending){0};
    signed_request_init(&line->request);
    buf_init(&line->out, LINE_OUT_MAX);
    response_init(&line->response, UPSTREAM_POOL_ANSWER_MAX);
    return line;
}

struct signed_request *upstream_conn_request(struct upstream_conn *line)
{
    return &line->request;
}

static bool set_waiting(curl_socket_t socket, bool waits)
{
    int flags = fcntl(socket, F_GETFL);
    return flags != -1 && fcntl(socket, F_SETFL, waits ? flags & ~O_NONBLOCK : flags | O_NONBLOCK) == 0;
}

void upstream_conn_distrust(struct upstream_conn *line)
{
    line->sending.active = false;
    if (line->handle != NULL && line->socket != CURL_SOCKET_BAD)
        (void)set_waiting(line->socket, false); /* libcurl looks for the other side's farewell */
    curl_easy_cleanup(line->handle);            /* nothing else closes such a connection, not even the next */
    line->handle = NULL;
}

void upstream_conn_rest(struct upstream_conn *line)
{
    signed_request_rest(&line->request, LINE_KEPT);
    buf_rest(&line->out, LINE_KEPT);
    response_begin(&line->response);
}

/* ---- the connection ---- */

/* Nothing that came is left, not even in OpenSSL, which reads ahead. */
static bool is_empty(const struct upstream_conn *line)
{
    char byte;
    return recv(line->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN &&
           (line->tls == NULL || SSL_has_pending(line->tls) == 0);
}

/* An idle connection may be reused only if no bytes and no close have arrived. TLS session tickets are
 * allowed. After a refused renegotiation the peer may close at any time, so the connection is dropped.
 * Nothing here waits. */
static bool is_silent(struct upstream_conn *line)
{
    size_t got = 0;
    bool empty = is_empty(line) ||
                 (line->tls != NULL && set_waiting(line->socket, false) &&
                  curl_easy_recv(line->handle, line->bytes, sizeof line->bytes, &got) == CURLE_AGAIN &&
                  set_waiting(line->socket, true) && is_empty(line));
    return empty && !line->refused;
}

static bool is_fit(struct upstream_conn *line, int64_t now_us)
{
    return line->handle != NULL && now_us - line->used_us < (int64_t)UPSTREAM_POOL_IDLE_S * 1000000 &&
           now_us < line->renew_us && is_silent(line);
}

static long millis_until(int64_t until_us)
{
    int64_t left = (until_us - clock_monotonic_us() + 999) / 1000;
    return left < 0 ? 0 : (long)left;
}

static CURLcode set_patience(struct upstream_conn *line, long patience_ms)
{
    const struct timeval wait = {.tv_sec = patience_ms / 1000, .tv_usec = patience_ms % 1000 * 1000};
    line->patience_ms = patience_ms;
    return setsockopt(line->socket, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0 &&
                   setsockopt(line->socket, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) == 0
               ? CURLE_OK
               : CURLE_OUT_OF_MEMORY;
}

static CURLcode take_socket(struct upstream_conn *line)
{
    CURLcode code = curl_easy_getinfo(line->handle, CURLINFO_ACTIVESOCKET, &line->socket);
    if (code != CURLE_OK)
        return code;
    bool whole = !line->site->upstream->url.tls || line->tls != NULL;
    return whole && set_waiting(line->socket, true) ? set_patience(line, LINE_LOOK_MS) : CURLE_OUT_OF_MEMORY;
}

/* To libcurl, a socket that cannot be made is one that nobody answers. */
static bool descriptors_are_out(void)
{
    int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0)
        (void)close(fd); /* of a copy */
    return fd < 0 && (errno == EMFILE || errno == ENFILE);
}

/* Connections that were made together are not renewed all at once: each has three quarters of the lifetime,
 * or more. */
static int64_t lifetime_us(const struct config_upstream *upstream)
{
    int64_t most = upstream->connection_lifetime * 1000;
    return most - (int64_t)arc4random_uniform((uint32_t)(most / 4));
}

/* After a failure.  libcurl tells by its codes what it was about, but not on which part of the way. */
static struct proxy_facts ask_about_proxy(const struct upstream_conn *line, CURLcode code)
{
    long status = 0;
    long port = 0; /* of our end: there is a connection */
    const struct config_proxy *proxy = line->site->upstream->proxy;
    if (proxy == NULL || line->handle == NULL || code == CURLE_ABORTED_BY_CALLBACK ||
        curl_easy_getinfo(line->handle, CURLINFO_HTTP_CONNECTCODE, &status) != CURLE_OK ||
        curl_easy_getinfo(line->handle, CURLINFO_LOCAL_PORT, &port) != CURLE_OK)
        return (struct proxy_facts){0};
    return (struct proxy_facts){.asked = true,
                                .unknown = code == CURLE_COULDNT_RESOLVE_PROXY,
                                .reached = code != CURLE_COULDNT_CONNECT && port > 0,
                                .late = code == CURLE_OPERATION_TIMEDOUT,
                                .has_user = proxy->user != NULL,
                                .status = (int)status};
}

static CURLcode connect_afresh(struct upstream_conn *line, int64_t until_us)
{
    long left = millis_until(until_us);
    long most = left == 0                         ? 1
                : left < UPSTREAM_POOL_CONNECT_MS ? left
                                                  : UPSTREAM_POOL_CONNECT_MS; /* to libcurl, 0 is 300 s */
    CURLcode code = CURLE_OUT_OF_MEMORY;
    line->socket = CURL_SOCKET_BAD;
    line->tls = NULL;
    line->refused = false;
    line->handle = curl_easy_init();
    if (line->handle != NULL && set_options(line, line->handle, most))
        code = curl_easy_perform(line->handle);
    if (code == CURLE_OK)
        code = take_socket(line);
    line->proxy = (struct proxy_facts){0};
    if (code != CURLE_OK)
        line->proxy = ask_about_proxy(line, code);
    line->used_us = clock_monotonic_us();
    line->renew_us = line->used_us + lifetime_us(line->site->upstream);
    return code;
}

void upstream_conn_connect(struct upstream_conn *line, int64_t now_us, int64_t until_us)
{
    if (is_fit(line, now_us))
        return;
    upstream_conn_distrust(line);
    line->connected = connect_afresh(line, until_us);
    line->no_descriptor = line->connected != CURLE_OK && descriptors_are_out();
    if (line->connected != CURLE_OK)
        upstream_conn_distrust(line);
}

/* Call before every blocking call: fails if the drain deadline or the attempt's deadline has passed. */
static CURLcode may_wait(struct upstream_conn *line)
{
    long left = millis_until(line->sending.until_us);
    long most = left < LINE_LOOK_MS ? left : LINE_LOOK_MS;
    if (atomic_load_explicit(line->site->abandoned, memory_order_relaxed))
        return CURLE_ABORTED_BY_CALLBACK;
    if (left == 0)
        return CURLE_OPERATION_TIMEDOUT;
    bool fits = line->patience_ms <= most && line->patience_ms > most / 2; /* shorter: it waits again */
    return fits ? CURLE_OK : set_patience(line, most);
}

/* ---- a request and its answer ---- */

static void put_all(struct buf *out, const struct buf *part)
{
    buf_put_bytes(out, buf_text(part), part->length);
}

/* RFC 9112 sections 3 and 6.2.  The call's own fields stand in request->fields, each with a NUL behind it. */
static bool compose(struct upstream_conn *line)
{
    const struct signed_request *request = &line->request;
    struct buf *out = &line->out;
    bool post = line->site->upstream->method == CONFIG_POST;
    buf_reset(out);
    buf_put(out, post ? "POST " : "GET ");
    put_all(out, &request->target);
    buf_put(out, " HTTP/1.1\r\n");
    put_all(out, &line->site->fields);
    const char *end = buf_text(&request->fields) + request->fields.length;
    for (const char *at = buf_text(&request->fields); at < end; at += strlen(at) + 1) {
        buf_put(out, at);
        buf_put(out, "\r\n");
    }
    if (post) {
        buf_put(out, "Content-Length: ");
        buf_put_int(out, (long long)request->body.length);
        buf_put(out, "\r\n");
    }
    buf_put(out, "\r\n");
    if (post)
        put_all(out, &request->body);
    return !out->failed;
}

/* CURLE_AGAIN: the patience of the socket is over, not yet ours. */
static CURLcode write_request(struct upstream_conn *line)
{
    struct sending *sending = &line->sending;
    CURLcode code = CURLE_OK;
    while (sending->taken < line->out.length && (code = may_wait(line)) == CURLE_OK) {
        size_t left = line->out.length - sending->taken;
        size_t taken = 0;
        code = curl_easy_send(line->handle, buf_text(&line->out) + sending->taken,
                              left < LINE_RECORD ? left : LINE_RECORD, &taken);
        sending->taken += taken;
        if (code != CURLE_OK && code != CURLE_AGAIN)
            break;
    }
    return code;
}

void upstream_conn_write(struct upstream_conn *line, int64_t until_us)
{
    struct sending *sending = &line->sending;
    response_begin(&line->response);
    *sending = (struct sending){.active = true, .until_us = until_us, .began_ms = clock_wall_ms()};
    if (!compose(line))
        sending->code = CURLE_OUT_OF_MEMORY;
    else
        sending->code = line->handle == NULL ? line->connected : write_request(line);
}

/* Over TLS libcurl does not tell an end from a connection that somebody has cut: there it ends no answer. */
static void end_answer(struct upstream_conn *line)
{
    if (line->site->upstream->url.tls)
        line->response.state = RESPONSE_BROKEN;
    else
        response_end(&line->response);
}

static CURLcode read_answer(struct upstream_conn *line)
{
    struct sending *sending = &line->sending;
    struct response *response = &line->response;
    CURLcode code = sending->code;
    while (code == CURLE_OK && response->state == RESPONSE_MORE && (code = may_wait(line)) == CURLE_OK) {
        size_t got = 0;
        code = curl_easy_recv(line->handle, line->bytes, sizeof line->bytes, &got);
        if (code == CURLE_OK && got == 0) {
            sending->ended = true;
            end_answer(line);
        } else if (code == CURLE_OK) {
            sending->excess = response_read(response, line->bytes, got) < got;
        } else if (code == CURLE_AGAIN) {
            code = CURLE_OK;
        }
    }
    return code;
}

/* If the connection accepted no bytes, the request was not executed: over TCP nothing was sent, and over TLS
 * a partial record cannot be decrypted. Once any byte was accepted, the outcome is unknown.  (Of several
 * records OpenSSL takes all or says that it took none, so each is written by itself.)  A part of a request
 * may do for an upstream that is not strict, so of what was begun nobody knows. */
static enum upstream_health_end end_of(const struct upstream_conn *line, const struct sending *sending,
                                       CURLcode code)
{
    if (code == CURLE_OK && line->response.state == RESPONSE_WHOLE)
        return UPSTREAM_HEALTH_ANSWERED;
    if (sending->taken == 0)
        return code == CURLE_OUT_OF_MEMORY ? UPSTREAM_HEALTH_FAILED : UPSTREAM_HEALTH_NOT_SENT;
    if (line->response.state == RESPONSE_TOO_LARGE)
        return UPSTREAM_HEALTH_TOO_LARGE;
    return code == CURLE_OPERATION_TIMEDOUT ? UPSTREAM_HEALTH_LATE : UPSTREAM_HEALTH_LOST;
}

static void tell(const struct upstream_conn *line, const struct sending *sending,
                 enum upstream_health_end end, CURLcode code, struct err *err)
{
    enum response_part part = line->response.part;
    if (end == UPSTREAM_HEALTH_TOO_LARGE && line->response.head > RESPONSE_HEAD_MAX)
        err_set(err, ERR_LIMIT, "the header of the upstream's answer exceeds %d bytes", RESPONSE_HEAD_MAX);
    else if (end == UPSTREAM_HEALTH_TOO_LARGE && (part == RESPONSE_CHUNK_SIZE || part == RESPONSE_CHUNK_END))
        err_set(err, ERR_LIMIT, "a line between chunks of the upstream's answer exceeds %d bytes",
                RESPONSE_CHUNK_LINE_MAX);
    else if (end == UPSTREAM_HEALTH_TOO_LARGE)
        err_set(err, ERR_LIMIT, "the upstream's answer exceeds %d bytes", UPSTREAM_POOL_ANSWER_MAX);
    else if (end == UPSTREAM_HEALTH_LOST && code == CURLE_OK && sending->ended)
        err_set(err, ERR_SYSTEM, "the upstream closed the connection before the answer was whole");
    else if (end == UPSTREAM_HEALTH_LOST && code == CURLE_OK)
        err_set(err, ERR_SYSTEM, "the upstream's answer is not HTTP/1.1 as RFC 9112 wants it");
    else if (end == UPSTREAM_HEALTH_NOT_SENT && line->no_descriptor)
        err_set(err, ERR_SYSTEM, "the gateway has no file descriptor left for a connection");
    else if (end != UPSTREAM_HEALTH_ANSWERED &&
             (end != UPSTREAM_HEALTH_NOT_SENT || !proxy_failure_tell(&line->proxy, err)))
        err_set(err, ERR_SYSTEM, "%s", curl_easy_strerror(code));
}

void upstream_conn_read(struct upstream_conn *line, int64_t until_us, struct upstream_pool_result *result,
                        struct err *err)
{
    struct sending *sending = &line->sending;
    const struct response *response = &line->response;
    sending->until_us = until_us;
    CURLcode code = read_answer(line);
    sending->active = false;
    *result = (struct upstream_pool_result){
        .end = end_of(line, sending, code),
        .timed_out = code == CURLE_OPERATION_TIMEDOUT,
        .status = response->status,
        .bytes = buf_text(&response->body),
        .length = response->body.length,
        .type = response->fields.type,
        .has_date = response->fields.has_date,
        .clock = {.sent_ms = sending->began_ms,
                  .received_ms = clock_wall_ms(),
                  .date = response->fields.date},
        .retry_after_s = response_fields_retry_after(&response->fields),
    };
    bool not_sent = result->end == UPSTREAM_HEALTH_NOT_SENT;
    result->no_descriptor = not_sent && line->no_descriptor;
    result->refused = not_sent && proxy_failure_stays(&line->proxy);
    if (code != CURLE_OK || sending->ended || sending->excess || !response_keeps(response))
        upstream_conn_distrust(line);
    line->used_us = result->ended_us = clock_monotonic_us();
    tell(line, sending, result->end, code, err);
}

int upstream_conn_global_init(void)
{
    (void)unsetenv("SSLKEYLOGFILE"); /* libcurl would write every connection's keys there; cannot fail */
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -1;
}

void upstream_conn_global_done(void)
{
    curl_global_cleanup();
}
