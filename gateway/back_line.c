#include "gateway/back_line.h"

#include "gateway/clock.h"
#include "gateway/fields.h"
#include "gateway/trust.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE_ANSWER_KEPT = 64 * 1024, /* bytes: with 256 slots, 16 MiB that wait for the next answers */
    LINE_LOOK_MS = 1000,          /* between two looks at whether the drain is over */
};

struct back_site {
    const struct config_upstream *upstream;
    X509_STORE *store; /* the trusted CAs, loaded once: libcurl would load them for every connection */
    CURLU *url;        /* taken apart once: libcurl would do it, and print it again, for every call */
    struct curl_slist *headers;
    const atomic_bool *abandoned;
};

struct back_line {
    struct back_site *site;
    CURLM *transfers; /* with one transfer at most; owns the connection that waits for the next */
    CURL *handle;
    struct signed_request request;
    struct curl_slist *own;  /* the header fields of one call, */
    struct curl_slist *last; /* and the end of them: the site's follow, which are not ours */
    struct buf answer;
    struct fields fields;
    unsigned writes; /* how often libcurl was about to write the request */
    bool too_large;
    bool distrusted;
};

/* ---- what all lines of an upstream share ---- */

/* Built once: every request of the upstream sends the same fields. */
static struct curl_slist *make_headers(const struct config_upstream *upstream)
{
    struct buf host;
    buf_init(&host, 512);
    buf_put_format(&host, "Host: %s", upstream->host);
    const char *const fields[] = {
        buf_text(&host), "Accept: application/json", "User-Agent: countersign", "Expect:",
        upstream->scheme == CONFIG_TC3 ? "Content-Type: " SIGN_JSON_TYPE
                                       : "Content-Type: application/x-www-form-urlencoded"};
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

static CURLU *make_url(const struct config_upstream *upstream)
{
    CURLU *url = curl_url();
    if (url != NULL && curl_url_set(url, CURLUPART_URL, upstream->url.text, CURLU_PATH_AS_IS) != CURLUE_OK) {
        curl_url_cleanup(url);
        return NULL;
    }
    return url;
}

struct back_site *back_line_site(const struct config_upstream *upstream, const atomic_bool *abandoned,
                                 struct err *err)
{
    struct back_site *site = calloc(1, sizeof *site);
    if (site != NULL) {
        site->upstream = upstream;
        site->abandoned = abandoned;
        site->headers = make_headers(upstream);
        site->url = make_url(upstream);
    }
    if (site == NULL || site->headers == NULL || site->url == NULL) {
        err_memory(err);
        back_line_site_free(site);
        return NULL;
    }
    if (upstream->url.tls && (site->store = trust_load(upstream, err)) == NULL) {
        back_line_site_free(site);
        return NULL;
    }
    return site;
}

void back_line_site_free(struct back_site *site)
{
    if (site == NULL)
        return;
    curl_slist_free_all(site->headers);
    curl_url_cleanup(site->url);
    X509_STORE_free(site->store);
    free(site);
}

/* ---- one line ---- */

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct back_line *line = context;
    buf_put_bytes(&line->answer, bytes, size * count);
    line->too_large = line->answer.failed;
    return line->answer.failed ? 0 : size * count;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct back_line *line = context;
    line->too_large = !fields_read(&line->fields, bytes, size * count);
    return line->too_large ? 0 : size * count;
}

/* Called right before the request is written; a second time when libcurl repeats it on another connection. */
static int before_write(void *context, char *remote, char *local, int remote_port, int local_port)
{
    struct back_line *line = context;
    (void)remote;
    (void)local;
    (void)remote_port;
    (void)local_port;
    return line->writes++ == 0 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* libcurl looks here at least once a second. */
static int on_progress(void *context, curl_off_t to_get, curl_off_t got, curl_off_t to_send, curl_off_t sent)
{
    struct back_line *line = context;
    (void)to_get;
    (void)got;
    (void)to_send;
    (void)sent;
    return atomic_load_explicit(line->site->abandoned, memory_order_relaxed);
}

static CURLcode use_store(CURL *handle, void *ssl_context, void *context)
{
    (void)handle;
    SSL_CTX_set1_cert_store(ssl_context, context);
    return CURLE_OK;
}

static bool set_options(struct back_line *line)
{
    const struct config_upstream *upstream = line->site->upstream;
    CURL *h = line->handle;
    int failures = 0;
#define SET(option, value) failures += curl_easy_setopt(h, option, value) != CURLE_OK
    SET(CURLOPT_CURLU, line->site->url);
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
    SET(CURLOPT_HTTPHEADER, line->site->headers);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, line);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, line);
    SET(CURLOPT_PREREQFUNCTION, before_write);
    SET(CURLOPT_PREREQDATA, line);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, line);
    if (upstream->url.tls) {
        SET(CURLOPT_CAINFO, NULL);
        SET(CURLOPT_CAPATH, NULL);
        SET(CURLOPT_SSL_CTX_FUNCTION, use_store);
        SET(CURLOPT_SSL_CTX_DATA, line->site->store);
    }
#undef SET
    return failures == 0;
}

static void drop_fields(struct back_line *line)
{
    if (line->last != NULL)
        line->last->next = NULL;
    curl_slist_free_all(line->own);
    line->own = NULL;
    line->last = NULL;
}

void back_line_free(struct back_line *line)
{
    if (line == NULL)
        return;
    curl_easy_cleanup(line->handle);
    (void)curl_multi_cleanup(line->transfers);
    drop_fields(line);
    signed_request_done(&line->request);
    buf_done(&line->answer);
    free(line);
}

struct back_line *back_line_new(struct back_site *site)
{
    struct back_line *line = calloc(1, sizeof *line);
    if (line == NULL)
        return NULL;
    line->site = site;
    signed_request_init(&line->request);
    buf_init(&line->answer, BACK_ANSWER_MAX);
    line->transfers = curl_multi_init();
    line->handle = curl_easy_init();
    if (line->transfers == NULL || line->handle == NULL || !set_options(line) ||
        curl_multi_setopt(line->transfers, CURLMOPT_MAXCONNECTS, 1L) != CURLM_OK) {
        back_line_free(line);
        return NULL;
    }
    return line;
}

struct signed_request *back_line_request(struct back_line *line)
{
    return &line->request;
}

void back_line_distrust(struct back_line *line)
{
    line->distrusted = true;
}

void back_line_rest(struct back_line *line)
{
    if (line->answer.capacity <= LINE_ANSWER_KEPT)
        return;
    buf_done(&line->answer);
    buf_init(&line->answer, BACK_ANSWER_MAX);
}

/* ---- sending ---- */

/* The call's own fields, then those that all calls have. */
static bool set_fields(struct back_line *line)
{
    const struct buf *fields = &line->request.fields;
    const char *end = buf_text(fields) + fields->length;
    drop_fields(line);
    for (const char *at = buf_text(fields); at < end; at += strlen(at) + 1) {
        struct curl_slist *longer = curl_slist_append(line->own, at);
        if (longer == NULL)
            return false;
        line->own = longer;
    }
    for (line->last = line->own; line->last->next != NULL;)
        line->last = line->last->next;
    line->last->next = line->site->headers;
    return curl_easy_setopt(line->handle, CURLOPT_HTTPHEADER, line->own) == CURLE_OK;
}

static bool prepare(struct back_line *line, long timeout_ms)
{
    CURL *h = line->handle;
    int failures = 0;
    buf_reset(&line->answer);
    line->fields = (struct fields){0};
    line->writes = 0;
    line->too_large = false;
    failures += curl_easy_setopt(h, CURLOPT_REQUEST_TARGET, buf_text(&line->request.target)) != CURLE_OK;
    failures += curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, timeout_ms) != CURLE_OK;
    failures += curl_easy_setopt(h, CURLOPT_FRESH_CONNECT, line->distrusted ? 1L : 0L) != CURLE_OK;
    if (line->site->upstream->method == CONFIG_POST) {
        failures += curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)line->request.body.length) !=
                    CURLE_OK;
        failures += curl_easy_setopt(h, CURLOPT_POSTFIELDS, buf_text(&line->request.body)) != CURLE_OK;
    }
    return failures == 0 && (line->request.fields.length == 0 || set_fields(line));
}

/* CURLINFO_REQUEST_SIZE counts what the connection took.  Nothing, and nothing was executed: of a request in
 * the clear no byte left, and a TLS record that left in part cannot be opened.  A part of it may do for an
 * upstream that is not strict, so of what was begun nobody knows. */
static enum upstream_end end_of(const struct back_line *line, CURLcode code)
{
    long taken = 0;
    bool counted = curl_easy_getinfo(line->handle, CURLINFO_REQUEST_SIZE, &taken) == CURLE_OK;
    if (code == CURLE_OK && line->fields.ended)
        return UPSTREAM_ANSWERED;
    if (line->writes == 0 || (counted && taken == 0))
        return code == CURLE_OUT_OF_MEMORY ? UPSTREAM_FAILED : UPSTREAM_NOT_SENT;
    if (line->too_large)
        return UPSTREAM_TOO_LARGE;
    return code == CURLE_OPERATION_TIMEDOUT ? UPSTREAM_LATE : UPSTREAM_LOST;
}

static void tell(const struct back_line *line, enum upstream_end end, CURLcode code, struct err *err)
{
    if (end == UPSTREAM_TOO_LARGE && line->fields.size > FIELDS_MAX)
        err_set(err, ERR_LIMIT, "the header of the upstream's answer exceeds %d bytes", FIELDS_MAX);
    else if (end == UPSTREAM_TOO_LARGE)
        err_set(err, ERR_LIMIT, "the upstream's answer exceeds %d bytes", BACK_ANSWER_MAX);
    else if (end == UPSTREAM_LOST && (code == CURLE_OK || line->writes > 1))
        err_set(err, ERR_SYSTEM, "the upstream closed the connection before the answer was whole");
    else if (end != UPSTREAM_ANSWERED)
        err_set(err, ERR_SYSTEM, "%s", curl_easy_strerror(code));
}

/* curl_easy_perform() by hand: that waits once before it sends, which costs a system call, and then the same.
 */
static CURLcode perform(struct back_line *line)
{
    int running = 1;
    int left = 0;
    CURLcode result = CURLE_OUT_OF_MEMORY;
    CURLMcode code = curl_multi_add_handle(line->transfers, line->handle);
    if (code != CURLM_OK)
        return result;
    for (code = curl_multi_perform(line->transfers, &running); code == CURLM_OK && running > 0;) {
        code = curl_multi_poll(line->transfers, NULL, 0, LINE_LOOK_MS, NULL);
        if (code == CURLM_OK)
            code = curl_multi_perform(line->transfers, &running);
    }
    const CURLMsg *message = curl_multi_info_read(line->transfers, &left);
    if (message != NULL && message->msg == CURLMSG_DONE)
        result = message->data.result;
    (void)curl_multi_remove_handle(line->transfers, line->handle); /* it was added: cannot fail */
    return result;
}

void back_line_send(struct back_line *line, long timeout_ms, struct back_result *result, struct err *err)
{
    long status = 0;
    *result = (struct back_result){.end = UPSTREAM_FAILED, .clock.sent_ms = clock_wall_ms()};
    if (!prepare(line, timeout_ms)) {
        err_memory(err);
        return;
    }
    CURLcode code = perform(line);
    (void)curl_easy_getinfo(line->handle, CURLINFO_RESPONSE_CODE, &status); /* stays 0 when it fails */
    result->end = end_of(line, code);
    result->timed_out = code == CURLE_OPERATION_TIMEDOUT;
    result->status = (int)status;
    result->bytes = buf_text(&line->answer);
    result->length = line->answer.length;
    result->has_date = line->fields.has_date;
    result->clock.date = line->fields.date;
    result->clock.received_ms = clock_wall_ms();
    result->retry_after_s = fields_retry_after(&line->fields);
    line->distrusted = fields_ambiguous(&line->fields);
    tell(line, result->end, code, err);
}

int back_line_global_init(void)
{
    (void)unsetenv("SSLKEYLOGFILE"); /* libcurl would write every connection's keys there; cannot fail */
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -1;
}

void back_line_global_done(void)
{
    curl_global_cleanup();
}
