/* countersign.yaml, `upstreams`: who answers, with whose credential, and how long that may take. */
#include "config/settings/upstreams.h"

#include "base/text.h"
#include "config/model/config.h"
#include "config/reader/keyword.h"
#include "config/settings/proxy.h"

#include <stdio.h>
#include <string.h>

enum { UNSAID = -1 };

enum {
    TIMEOUT_DEFAULT = 10000,  /* ms: the cloud answers within 3 s; a caller gives up at about 30 */
    SLOTS_DEFAULT = 256,      /* calls: fewer than workers, so that refusals always find one */
    LIFETIME_DEFAULT = 60000, /* ms: names of the cloud are good for a minute or more; a handshake takes 1 */
};

enum {
    METADATA_SLOTS = 4,      /* as many as threads that fetch, and more */
    STS_SLOTS = 64,          /* likewise, and 8 first calls of clients for each credential with sessions */
    METADATA_TIMEOUT = 5000, /* ms: it is on the same machine */
};

#define STS_URL      "https://sts.tencentcloudapi.com/"
#define METADATA_URL "http://metadata.tencentyun.com/"

static const char *const api_names[] = {"2", "3", NULL};
static const char *const scheme_names[] = {"HmacSHA1", "HmacSHA256", "TC3-HMAC-SHA256", NULL};
static const char *const method_names[] = {"GET", "POST", NULL};

static int read_url(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                    void *field)
{
    const char *text = NULL;
    struct err err = {0};
    if (keyword_text(loader, node, keyword, &text) != 0)
        return -1;
    if (url_parse(text, loader->arena, field, &err) != 0)
        return report_error(loader->report, &node->mark, "%s", err.text);
    return 0;
}

/* What is sent as Host is also part of the signed string: the characters of an authority, no others. */
static int read_host(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                     void *field)
{
    const char *text = NULL;
    if (keyword_text(loader, node, keyword, &text) != 0)
        return -1;
    for (const char *c = text; *c != '\0'; c++)
        if (!text_is_unreserved((unsigned char)*c) && strchr(":[]", *c) == NULL)
            return report_error(loader->report, &node->mark, "host must be a host name, or name:port");
    *(const char **)field = text;
    return 0;
}

static int read_connect_to(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                           void *field)
{
    const char *text = NULL;
    struct url url;
    struct err err = {0};
    if (keyword_text(loader, node, keyword, &text) != 0)
        return -1;
    if (url_parse_authority(text, loader->arena, &url, &err) != 0)
        return err.kind == ERR_MEMORY
                   ? keyword_out_of_memory(loader)
                   : report_error(
                         loader->report, &node->mark,
                         "connect_to is a host, or host:port, such as 10.0.0.7:443 or \"[fd00::7]:443\"");
    *(const char **)field = text;
    return 0;
}

static const struct config_credential *find_credential(struct loader *loader, const struct yaml_node *node,
                                                       const struct keyword *keyword)
{
    const char *name = NULL;
    const struct config *config = loader->config;
    if (keyword_text(loader, node, keyword, &name) != 0)
        return NULL;
    for (size_t i = 0; i < config->credential_count; i++)
        if (strcmp(config->credentials[i].name, name) == 0)
            return &config->credentials[i];
    (void)report_error(loader->report, &node->mark, "there is no credential '%.64s'", name);
    return NULL;
}

/* `main`, or `[new, old]` while one replaces the other. */
int upstreams_read_credentials(struct loader *loader, const struct yaml_node *node,
                               const struct keyword *keyword, void *field)
{
    struct config_upstream *upstream = (struct config_upstream *)(void *)((char *)field - keyword->offset);
    const struct config_credential *both[2] = {NULL, NULL};
    size_t count = 0;
    if (node->kind != YAML_LIST) {
        upstream->credential = find_credential(loader, node, keyword);
        return upstream->credential == NULL ? -1 : 0;
    }
    if (node->count != COUNT(both))
        return report_error(loader->report, &node->mark, "credential is one name, or [new, old]");
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next)
        both[count++] = find_credential(loader, child, keyword);
    if (both[0] == NULL || both[1] == NULL)
        return -1;
    if (both[0] == both[1])
        return report_error(loader->report, &node->mark, "credential names '%.64s' twice", both[0]->name);
    if (config_has_sessions(both[0]) != config_has_sessions(both[1]))
        return report_error(loader->report, &node->mark,
                            "of two credentials either both have sessions: per_client, or neither: a client "
                            "must not get a wider key");
    upstream->credential = both[0];
    upstream->fallback = both[1];
    return 0;
}

/* Which region it is turns out once every catalog is there: regions_settle(). */
static int read_region(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                       void *field)
{
    struct config_upstream *upstream = (struct config_upstream *)(void *)((char *)field - keyword->offset);
    upstream->region_mark = node->mark;
    return keyword_name(loader, node, keyword, field);
}

/* By action: `{ DescribeVpcEx: 10/s }`. */
static int read_limits(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                       void *field)
{
    int result = 0;
    struct config_upstream *upstream = (struct config_upstream *)(void *)((char *)field - keyword->offset);
    if (!keyword_expect(loader, node, YAML_MAP, keyword->name))
        return -1;
    upstream->limits = arena_array(loader->arena, node->count, sizeof *upstream->limits);
    if (upstream->limits == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        struct config_action_limit *limit = &upstream->limits[upstream->limit_count++];
        limit->action = child->key;
        limit->mark = child->key_mark;
        if (keyword_rate(loader, child, keyword, &limit->rate) != 0)
            result = -1;
    }
    return result;
}

#define UPSTREAM(field) offsetof(struct config_upstream, field)
static const struct keyword upstream_keywords[] = {
    {"url", read_url, UPSTREAM(url), REQUIRED, 0, 0, NULL},
    {"credential", upstreams_read_credentials, UPSTREAM(credential), OPTIONAL, 0, 0, NULL},
    {"region", read_region, UPSTREAM(region), REQUIRED, 0, 0, NULL},
    {"generation", keyword_choice, UPSTREAM(api), OPTIONAL, 0, 0, api_names},
    {"signature", keyword_choice, UPSTREAM(scheme), OPTIONAL, 0, 0, scheme_names},
    {"method", keyword_choice, UPSTREAM(method), OPTIONAL, 0, 0, method_names},
    {"host", read_host, UPSTREAM(host), OPTIONAL, 0, 0, NULL},
    {"ca_file", keyword_path, UPSTREAM(ca_file), OPTIONAL, 0, 0, NULL},
    {"proxy", proxy_read, UPSTREAM(proxy), OPTIONAL, 0, 0, NULL},
    {"connect_to", read_connect_to, UPSTREAM(connect_to), OPTIONAL, 0, 0, NULL},
    {"connection_lifetime", keyword_duration, UPSTREAM(connection_lifetime), OPTIONAL, 1000, 3600000, NULL},
    {"timeout", keyword_duration, UPSTREAM(timeout), OPTIONAL, 100, 300000, NULL},
    {"deadline", keyword_duration, UPSTREAM(deadline), OPTIONAL, 100, 600000, NULL},
    {"slots", keyword_number, UPSTREAM(slots), OPTIONAL, 1, 9000, NULL},
    {"resolve_former_ids", keyword_bool, UPSTREAM(resolve_former_ids), OPTIONAL, 0, 0, NULL},
    {"limit", keyword_rate, UPSTREAM(limit), OPTIONAL, 0, 0, NULL},
    {"limits", read_limits, UPSTREAM(limits), OPTIONAL, 0, 0, NULL},
};

/* What the vendor recommends for each generation, where the operator says nothing; and what cannot be: TC3 is
 * API 3.0's, and here it signs a JSON body. */
static int choose_signature(struct loader *loader, struct config_upstream *upstream)
{
    if (upstream->scheme == UNSAID)
        upstream->scheme = upstream->api == CONFIG_API3 ? CONFIG_TC3 : CONFIG_HMAC_SHA256;
    if (upstream->method == UNSAID)
        upstream->method = upstream->scheme == CONFIG_TC3 ? CONFIG_POST : CONFIG_GET;
    if (upstream->scheme == CONFIG_TC3 && upstream->api != CONFIG_API3)
        return report_error(loader->report, &upstream->mark,
                            "signature TC3-HMAC-SHA256 needs generation: 3, and a url such as "
                            "https://vpc.tencentcloudapi.com/");
    if (upstream->scheme == CONFIG_TC3 && upstream->method != CONFIG_POST)
        return report_error(loader->report, &upstream->mark,
                            "signature TC3-HMAC-SHA256 signs a JSON body: its method is POST");
    if (upstream->resolve_former_ids && upstream->api != CONFIG_API2)
        return report_error(loader->report, &upstream->mark,
                            "resolve_former_ids is for generation 2: API 3.0 knows no former ids");
    if (upstream->api == CONFIG_API3 && upstream->url.path != NULL && strcmp(upstream->url.path, "/") != 0)
        return report_error(loader->report, &upstream->mark,
                            "API 3.0 answers at the path /, as in https://vpc.tencentcloudapi.com/");
    return 0;
}

/* http:// is for what stays on this machine, whichever way it takes. */
static int check_way(struct loader *loader, const struct config_upstream *upstream)
{
    struct url to;
    struct err err = {0};
    if (upstream->url.tls)
        return 0;
    bool leads = upstream->connect_to != NULL;
    if (leads && url_parse_authority(upstream->connect_to, loader->arena, &to, &err) != 0)
        return keyword_out_of_memory(loader); /* it was good when it was read */
    if (leads && !url_is_loopback(&to))
        return report_error(loader->report, &upstream->mark,
                            "connect_to leads an http:// url off this machine: use https://");
    if (upstream->proxy != NULL && !upstream->proxy->is_loopback)
        report_find(loader->report,
                    &(struct report_kind){.severity = REPORT_SECURITY,
                                          .mark = &upstream->proxy->mark,
                                          .advice = "use an https:// url: TLS then goes through the proxy"},
                    "the proxy gets the calls of an http:// url in the clear");
    return 0;
}

/* A refusal needs a worker when every slot of every upstream is taken: all of them are fewer than workers. */
static long long default_slots(long long workers, size_t upstreams)
{
    long long most = workers * 3 / 4 / (long long)upstreams;
    return most < 1 ? 1 : most < SLOTS_DEFAULT ? most : SLOTS_DEFAULT;
}

void upstreams_check_slots(struct loader *loader)
{
    const struct config *config = loader->config;
    for (size_t i = 0; i < config->upstream_count; i++)
        if (config->upstreams[i].slots >= config->workers)
            report_find(
                loader->report,
                &(struct report_kind){.severity = REPORT_SUGGESTION,
                                      .mark = &config->upstreams[i].mark,
                                      .advice = "lower slots, or raise workers"},
                "slots (%lld) should be fewer than workers (%lld), or a hanging upstream takes them all",
                config->upstreams[i].slots, config->workers);
}

/* An upstream that was read: what follows from its keys, and what cannot be. */
static int settle(struct loader *loader, const struct yaml_node *node, struct config_upstream *upstream)
{
    int result = 0;
    if (choose_signature(loader, upstream) != 0 || check_way(loader, upstream) != 0)
        result = -1;
    if (upstream->host == NULL)
        upstream->host = upstream->url.authority;
    if (upstream->deadline == 0)
        upstream->deadline = upstream->timeout * 5 / 2; /* a read that timed out can be read again */
    else if (upstream->deadline < upstream->timeout)
        result = report_error(loader->report, &node->key_mark,
                              "upstream '%.64s': the deadline is shorter than the timeout", node->key);
    return result;
}

/* "staging/vpc" */
static const char *title_of(const struct config_upstream *upstream, struct arena *arena)
{
    size_t size = strlen(upstream->account->name) + strlen(upstream->name) + sizeof "/";
    char *title = arena_alloc(arena, size);
    if (title != NULL)
        (void)snprintf(title, size, "%s/%s", upstream->account->name, upstream->name);
    return title;
}

static int read_one(struct loader *loader, const struct yaml_node *node,
                    const struct config_upstream *defaults, size_t count)
{
    struct config *config = loader->config;
    struct config_upstream *upstream = &config->upstreams[config->upstream_count++];
    *upstream = *defaults;
    upstream->name = node->key;
    upstream->mark = node->key_mark;
    upstream->scheme = UNSAID;
    upstream->method = UNSAID;
    upstream->connection_lifetime = LIFETIME_DEFAULT;
    upstream->timeout = TIMEOUT_DEFAULT;
    upstream->slots = default_slots(config->workers, count);
    if (upstream->account != NULL && (upstream->title = title_of(upstream, loader->arena)) == NULL)
        return keyword_out_of_memory(loader);
    int result =
        keyword_read_map(loader, node, "upstream", upstream_keywords, COUNT(upstream_keywords), upstream);
    if (upstream->credential == NULL && node->kind == YAML_MAP && yaml_get(node, "credential") == NULL)
        result = report_error(loader->report, &node->mark, "upstream lacks the key 'credential'");
    if (result != 0)
        return -1;
    return settle(loader, node, upstream);
}

int upstreams_read_map(struct loader *loader, const struct yaml_node *node,
                       const struct config_upstream *defaults, size_t count)
{
    int result = 0;
    if (!keyword_expect(loader, node, YAML_MAP, "upstreams"))
        return -1;
    if (node->count == 0)
        return report_error(loader->report, &node->mark, "upstreams is empty: name one, such as vpc");
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next)
        if (read_one(loader, child, defaults, count) != 0)
            result = -1;
    return result;
}

int upstreams_make_room(struct loader *loader, size_t count)
{
    loader->config->upstreams = arena_array(loader->arena, count, sizeof *loader->config->upstreams);
    return loader->config->upstreams == NULL ? keyword_out_of_memory(loader) : 0;
}

int upstreams_read(struct loader *loader, const struct yaml_node *node)
{
    static const struct config_upstream none = {0};
    if (upstreams_make_room(loader, node->count) != 0)
        return -1;
    int result = upstreams_read_map(loader, node, &none, node->count);
    upstreams_check_slots(loader);
    return result;
}

/* ---- where credentials are fetched ---- */

static int read_metadata(struct loader *loader, const struct yaml_node *node, struct config_upstream *out)
{
    static const struct keyword keyword = {"metadata", keyword_text, 0, OPTIONAL, 0, 0, NULL};
    const char *text = METADATA_URL;
    struct err err = {0};
    if (node != NULL && keyword_text(loader, node, &keyword, &text) != 0)
        return -1;
    if (url_parse_metadata(text, loader->arena, &out->url, &err) != 0)
        return report_error(loader->report, node == NULL ? NULL : &node->mark, "%s", err.text);
    out->host = out->url.authority;
    return 0;
}

static const struct keyword sts_keywords[] = {
    {"url", read_url, UPSTREAM(url), OPTIONAL, 0, 0, NULL},
    {"region", keyword_name, UPSTREAM(region), OPTIONAL, 0, 0, NULL},
    {"host", read_host, UPSTREAM(host), OPTIONAL, 0, 0, NULL},
    {"ca_file", keyword_path, UPSTREAM(ca_file), OPTIONAL, 0, 0, NULL},
    {"proxy", proxy_read, UPSTREAM(proxy), OPTIONAL, 0, 0, NULL},
    {"connect_to", read_connect_to, UPSTREAM(connect_to), OPTIONAL, 0, 0, NULL},
    {"timeout", keyword_duration, UPSTREAM(timeout), OPTIONAL, 100, 300000, NULL},
};

static int read_sts(struct loader *loader, const struct yaml_node *node, struct config_upstream *out)
{
    struct err err = {0};
    if (url_parse(STS_URL, loader->arena, &out->url, &err) != 0)
        return report_error(loader->report, NULL, "%s", err.text);
    if (node != NULL && keyword_read_map(loader, node, "sts", sts_keywords, COUNT(sts_keywords), out) != 0)
        return -1;
    if (strcmp(out->url.path, "/") != 0)
        return report_error(loader->report, &node->mark, "API 3.0 answers at the path /, as in " STS_URL);
    if (!config_is_region(out->region))
        return report_error(loader->report, &node->mark,
                            "region must be a region's name, such as ap-guangzhou");
    if (out->host == NULL)
        out->host = out->url.authority;
    out->sent_region = out->region;
    return 0;
}

int upstreams_read_issuers(struct loader *loader, const struct yaml_node *sts,
                           const struct yaml_node *metadata)
{
    struct config *config = loader->config;
    config->issuers[CONFIG_STS] = (struct config_upstream){.name = "sts",
                                                           .region = "ap-guangzhou",
                                                           .api = CONFIG_API3,
                                                           .scheme = CONFIG_TC3,
                                                           .method = CONFIG_POST,
                                                           .timeout = TIMEOUT_DEFAULT,
                                                           .deadline = TIMEOUT_DEFAULT,
                                                           .connection_lifetime = LIFETIME_DEFAULT,
                                                           .slots = STS_SLOTS};
    config->issuers[CONFIG_METADATA] = (struct config_upstream){.name = "metadata",
                                                                .api = CONFIG_API3,
                                                                .scheme = CONFIG_HMAC_SHA256,
                                                                .method = CONFIG_GET,
                                                                .timeout = METADATA_TIMEOUT,
                                                                .deadline = METADATA_TIMEOUT,
                                                                .connection_lifetime = LIFETIME_DEFAULT,
                                                                .slots = METADATA_SLOTS};
    int result = read_sts(loader, sts, &config->issuers[CONFIG_STS]);
    return read_metadata(loader, metadata, &config->issuers[CONFIG_METADATA]) == 0 ? result : -1;
}
