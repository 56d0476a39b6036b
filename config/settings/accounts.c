/* A call is judged by its account's name, and the credential that signs it decides whose it is: so none signs
 * for two. */
#include "config/settings/accounts.h"

#include "base/text.h"
#include "config/model/config.h"
#include "config/settings/upstreams.h"

#include <string.h>
#include <strings.h>

/* One account while it is read. */
struct reading {
    struct config_upstream defaults; /* first: a reader of upstreams finds it by the place of `credential` */
    const struct yaml_node *upstreams;
};
_Static_assert(offsetof(struct reading, defaults) == 0, "it is where an upstream would begin");

static const struct keyword account_keywords[] = {
    {"credential", upstreams_read_credentials, offsetof(struct reading, defaults.credential), OPTIONAL, 0, 0,
     NULL},
    {"upstreams", keyword_node, offsetof(struct reading, upstreams), REQUIRED, 0, 0, NULL},
};

static size_t count_upstreams(const struct yaml_node *accounts)
{
    size_t count = 0;
    for (const struct yaml_node *child = accounts->children; child != NULL; child = child->next) {
        const struct yaml_node *upstreams = yaml_get(child, "upstreams");
        count += upstreams == NULL ? 0 : upstreams->count;
    }
    return count;
}

static int read_one(struct loader *loader, const struct yaml_node *node, size_t count)
{
    struct config *config = loader->config;
    struct config_account *account = &config->accounts[config->account_count++];
    struct reading reading = {.defaults.account = account};
    account->name = node->key;
    account->mark = node->key_mark;
    if (!text_is_name(account->name) || strchr(account->name, '.') != NULL ||
        strcmp(account->name, "unused") == 0) /* what SDKs say where they mean none */
        return report_error(
            loader->report, &node->key_mark,
            "an account's name must be 1 to 64 letters, digits, '-' or '_', and not 'unused'");
    for (const struct config_account *other = config->accounts; other < account; other++)
        if (strcasecmp(other->name, account->name) == 0) /* as a label of a host they are one */
            return report_error(loader->report, &node->key_mark, "there is an account '%.64s' already",
                                other->name);
    if (keyword_read_map(loader, node, "account", account_keywords, COUNT(account_keywords), &reading) != 0)
        return -1;
    return upstreams_read_map(loader, reading.upstreams, &reading.defaults, count);
}

/* ---- what belongs together ---- */

static bool signs_for(const struct config_upstream *upstream, const struct config_credential *credential)
{
    return credential != NULL && (upstream->credential == credential || upstream->fallback == credential);
}

/* What the policy judges as the one's would be the other's. */
static int check_credentials(struct loader *loader, const struct config_upstream *one,
                             const struct config_upstream *other)
{
    const struct config_credential *shared = signs_for(other, one->credential) ? one->credential
                                             : signs_for(other, one->fallback) ? one->fallback
                                                                               : NULL;
    if (shared == NULL)
        return 0;
    return report_error(loader->report, &one->mark,
                        "the credential '%.64s' signs for account '%.64s' already: its calls would be that "
                        "account's",
                        shared->name, other->account->name);
}

/* A route, a tool and the documents of a service are described once, for all accounts. */
static int check_protocol(struct loader *loader, const struct config_upstream *one,
                          const struct config_upstream *other)
{
    if (strcmp(one->name, other->name) != 0 ||
        (one->api == other->api && one->scheme == other->scheme && one->method == other->method))
        return 0;
    return report_error(loader->report, &one->mark,
                        "'%.64s' has another generation, signature or method in account '%.64s': it is the "
                        "same in all",
                        one->name, other->account->name);
}

static int check_upstream(struct loader *loader, size_t index)
{
    const struct config *config = loader->config;
    const struct config_upstream *one = &config->upstreams[index];
    int result = 0;
    for (size_t i = 0; i < index && result == 0; i++)
        if (config->upstreams[i].account != one->account &&
            (check_credentials(loader, one, &config->upstreams[i]) != 0 ||
             check_protocol(loader, one, &config->upstreams[i]) != 0))
            result = -1;
    return result;
}

int accounts_read(struct loader *loader, const struct yaml_node *node)
{
    int result = 0;
    struct config *config = loader->config;
    if (!keyword_expect(loader, node, YAML_MAP, "accounts"))
        return -1;
    if (node->count == 0)
        return report_error(loader->report, &node->mark, "accounts is empty: name one, such as prod");
    size_t count = count_upstreams(node);
    config->accounts = arena_array(loader->arena, node->count, sizeof *config->accounts);
    if (config->accounts == NULL || upstreams_make_room(loader, count) != 0)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next)
        if (read_one(loader, child, count) != 0)
            result = -1;
    bool whole = result == 0;
    for (size_t i = 0; i < config->upstream_count && whole; i++)
        if (check_upstream(loader, i) != 0)
            result = -1;
    upstreams_check_slots(loader);
    return result;
}
