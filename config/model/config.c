#include "config/model/config.h"

#include "base/text.h"
#include "config/model/pattern.h"

#include <stdlib.h>
#include <string.h>

void config_credential_done(struct config_credential *credential)
{
    secret_free(credential->id);
    secret_free(credential->key);
    secret_free(credential->token);
}

static void free_param(struct config_param *param)
{
    pattern_free(param->pattern.compiled);
    for (int api = 0; api < CONFIG_APIS; api++)
        pattern_free(param->wire[api].pattern.compiled);
}

void config_route_done(struct config_route *route)
{
    for (size_t i = 0; i < route->param_count; i++)
        free_param(&route->params[i]);
}

static void config_free(struct config *config)
{
    HASH_CLEAR(hh, config->clients);
    for (size_t i = 0; i < config->credential_count; i++)
        config_credential_done(&config->credentials[i]);
    secret_free(config->audit.key);
    for (struct config_kept *kept = config->kept; kept != NULL; kept = kept->next)
        secret_free(kept->secret);
    for (size_t i = 0; i < config->route_count; i++)
        config_route_done(&config->routes[i]);
    arena_free(config->arena);
    free(config);
}

void config_release(struct config *config)
{
    if (config != NULL)
        config_free(config);
}

enum pattern_result config_match(const struct config_pattern *pattern, const char *value)
{
    return pattern->compiled == NULL ? PATTERN_FITS : pattern_match(pattern->compiled, value);
}

bool config_is_unconditional(const struct config_rule *rule)
{
    return rule->condition_count == 0 && rule->network_count == 0 && rule->when == NULL && !rule->audit &&
           rule->expires == CONFIG_NEVER && rule->effects == 0 && !rule->by_subject;
}

const char *config_effect_name(int effect)
{
    static const char *const names[] = {[CONFIG_READ] = "read", [CONFIG_CHANGE] = "change"};
    return names[effect];
}

bool config_matches(const struct config_patterns *patterns, const char *text)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (text_matches(patterns->items[i], text))
            return true;
    return false;
}

const struct config_upstream *config_upstream(const struct config *config, const char *service)
{
    for (size_t i = 0; i < config->upstream_count; i++)
        if (strcmp(config->upstreams[i].name, service) == 0)
            return &config->upstreams[i];
    return NULL;
}

const struct config_route *config_status_route(const struct config *config,
                                               const struct config_upstream *upstream)
{
    for (size_t i = 0; i < config->route_count; i++) {
        const struct config_dialect *dialect = &config->routes[i].dialects[upstream->api];
        if (strcmp(config->routes[i].service, upstream->name) == 0 && dialect->spoken &&
            dialect->status.from != NULL)
            return &config->routes[i];
    }
    return NULL;
}

bool config_is_prefix(const char *text)
{
    size_t length = 0;
    for (const char *at = text; *at == '/'; at += length + 1) {
        length = 0;
        while (text_is_unreserved((unsigned char)at[length + 1]))
            length++;
        if (length == 0 || (at[1] == '.' && (length == 1 || (length == 2 && at[2] == '.'))))
            return false;
        if (at[length + 1] == '\0')
            return strlen(text) <= CONFIG_PREFIX_MAX;
    }
    return false;
}

bool config_is_region(const char *text)
{
    return text_is_name(text) && strchr(text, '_') == NULL;
}

/* Names that the gateway alone writes (the common request parameters) or reads (all): never a parameter's. */
static const char *const common_names[] = {
    "Action",          "Region", "Timestamp", "Nonce",     "SecretId", "Signature",
    "SignatureMethod", "Token",  "Version",   "SecretKey", "all"};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool config_is_param_name(const char *name)
{
    size_t length = 0;
    while (is_letter(name[length]) || (name[length] >= '0' && name[length] <= '9'))
        length++;
    if (!is_letter(name[0]) || name[length] != '\0' || length > 64)
        return false;
    for (size_t i = 0; i < COUNT(common_names);
         i++) /* once for every parameter of a call: most differ at once */
        if (((name[0] ^ common_names[i][0]) & ~0x20) == 0 && strcasecmp(name, common_names[i]) == 0)
            return false;
    return true;
}
