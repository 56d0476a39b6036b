#include "client/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct http {
    CURL *curl;
    const struct options *order;
    char reason[CURL_ERROR_SIZE];
};

/* What libcurl's callbacks see of an exchange. */
struct talk {
    const struct http_request *request;
    struct http_answer *answer;
    bool head_ended; /* libcurl takes a head for whole that a close cuts */
};

struct http *http_open(const struct options *order, struct err *err)
{
    struct http *wire = calloc(1, sizeof *wire);
    if (wire != NULL)
        wire->curl = curl_easy_init();
    if (wire == NULL || wire->curl == NULL) {
        (void)err_memory(err);
        free(wire);
        return NULL;
    }
    wire->order = order;
    return wire;
}

void http_close(struct http *wire)
{
    if (wire == NULL)
        return;
    curl_easy_cleanup(wire->curl);
    free(wire);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct talk *talk = context;
    buf_put_bytes(&talk->answer->body, bytes, size * count);
    return talk->answer->body.failed ? 0 : count;
}

static void take_field(const char *line, size_t length, const char *name, char out[HTTP_FIELD_SIZE])
{
    size_t prefix = strlen(name);
    if (length <= prefix || strncasecmp(line, name, prefix) != 0)
        return;
    const char *value = line + prefix;
    size_t left = length - prefix;
    while (left > 0 && *value == ' ') {
        value++;
        left--;
    }
    while (left > 0 && (unsigned char)value[left - 1] <= ' ')
        left--;
    if (left >= HTTP_FIELD_SIZE)
        left = 0; /* none that a gateway sends */
    memcpy(out, value, left);
    out[left] = '\0';
}

static size_t on_field(char *line, size_t size, size_t count, void *context)
{
    struct talk *talk = context;
    char replayed[HTTP_FIELD_SIZE] = "";
    bool begins = size * count >= 5 && strncmp(line, "HTTP/", 5) == 0; /* an interim answer has a head, too */
    talk->head_ended = !begins && (talk->head_ended || line[0] == '\r' || line[0] == '\n');
    take_field(line, size * count, "content-type:", talk->answer->type);
    take_field(line, size * count, "location:", talk->answer->location);
    take_field(line, size * count, "x-request-id:", talk->answer->request_id);
    take_field(line, size * count, "idempotency-replayed:", replayed);
    talk->answer->replayed = talk->answer->replayed || strcmp(replayed, "true") == 0;
    talk->answer->type[strcspn(talk->answer->type, ";")] = '\0';
    return count;
}

static int on_progress(void *context, curl_off_t to_get, curl_off_t got, curl_off_t to_put, curl_off_t put)
{
    const struct talk *talk = context;
    (void)to_get;
    (void)got;
    (void)to_put;
    (void)put;
    if (talk->request->tick != NULL)
        talk->request->tick(talk->request->context);
    return 0;
}

/* No proxy, no redirect, no other protocol: the token goes to the url that was given and nowhere else. */
static bool set_manners(struct http *wire, struct talk *talk)
{
    CURL *curl = wire->curl;
    long timeout = talk->request->timeout_s > 0 ? talk->request->timeout_s
                                                : HTTP_TIMEOUT_S + talk->request->prefer_wait_s;
    curl_easy_reset(curl);
    return curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, wire->reason) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 5000L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT, timeout) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, talk) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_field) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERDATA, talk) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFODATA, talk) == CURLE_OK &&
           (wire->order->ca_file == NULL ||
            curl_easy_setopt(curl, CURLOPT_CAINFO, wire->order->ca_file) == CURLE_OK);
}

/* A reused connection that dies makes libcurl repeat a request by itself: a change gets one of its own. */
static bool set_request(struct http *wire, const struct http_request *request, const char *url)
{
    CURL *curl = wire->curl;
    bool changes = strcmp(request->method, "GET") != 0;
    bool good = curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, changes ? 1L : 0L) == CURLE_OK;
    if (good && wire->order->token != NULL)
        good = curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, secret_bytes(wire->order->token)) == CURLE_OK;
    if (good && request->body != NULL)
        good = curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)request->body->length) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_POSTFIELDS, buf_text(request->body)) == CURLE_OK;
    return good && (strcmp(request->method, "HEAD") == 0
                        ? curl_easy_setopt(curl, CURLOPT_NOBODY, 1L) == CURLE_OK
                        : curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK);
}

static struct curl_slist *make_fields(const struct http_request *request)
{
    char prefer[32], key[OPTIONS_KEY_MAX + sizeof "Idempotency-Key: "];
    const char *const fields[] = {"Accept: application/json", "Content-Type: application/json", prefer, key,
                                  "Idempotency-Repeat: true"};
    const bool wanted[] = {true, request->body != NULL, request->prefer_wait_s > 0, request->key != NULL,
                           request->repeats};
    struct curl_slist *list = NULL;
    (void)snprintf(prefer, sizeof prefer, "Prefer: wait=%d", request->prefer_wait_s);
    (void)snprintf(key, sizeof key, "Idempotency-Key: %s", request->key == NULL ? "" : request->key);
    for (size_t i = 0; i < COUNT(fields); i++) {
        struct curl_slist *longer = wanted[i] ? curl_slist_append(list, fields[i]) : list;
        if (longer == NULL) {
            curl_slist_free_all(list);
            return NULL;
        }
        list = longer;
    }
    return list;
}

static enum http_result perform(struct http *wire, const struct talk *talk, struct http_answer *answer,
                                struct err *err)
{
    long sent = 0;
    CURLcode code = curl_easy_perform(wire->curl);
    if (code == CURLE_OK && !talk->head_ended)
        code = CURLE_WEIRD_SERVER_REPLY;
    if (code == CURLE_OK) {
        (void)curl_easy_getinfo(wire->curl, CURLINFO_RESPONSE_CODE, &answer->status);
        return HTTP_ANSWERED;
    }
    (void)curl_easy_getinfo(wire->curl, CURLINFO_REQUEST_SIZE, &sent);
    (void)err_set(err, ERR_SYSTEM, "%s: %s", wire->order->url,
                  wire->reason[0] != '\0' ? wire->reason : curl_easy_strerror(code));
    return sent == 0 ? HTTP_NOT_SENT : HTTP_LOST;
}

enum http_result http_exchange(struct http *wire, const struct http_request *request,
                               struct http_answer *answer, struct err *err)
{
    struct buf url;
    struct talk talk = {.request = request, .answer = answer};
    struct curl_slist *fields = make_fields(request);
    enum http_result result = HTTP_NOT_SENT;
    answer->status = 0;
    answer->replayed = false;
    answer->type[0] = answer->location[0] = answer->request_id[0] = wire->reason[0] = '\0';
    buf_reset(&answer->body);
    buf_init(&url, 128 * 1024);
    buf_put(&url, wire->order->url);
    buf_put(&url, request->target);
    if (fields == NULL || url.failed || !set_manners(wire, &talk) ||
        !set_request(wire, request, buf_text(&url)) ||
        curl_easy_setopt(wire->curl, CURLOPT_HTTPHEADER, fields) != CURLE_OK)
        (void)err_memory(err);
    else
        result = perform(wire, &talk, answer, err);
    curl_slist_free_all(fields);
    buf_done(&url);
    return result;
}
