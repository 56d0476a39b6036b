#include "gateway/openapi/security.h"

#include "base/json/json.h"

/* What is enough, as bits. */
enum enough { TOKEN = 1, CERTIFICATE = 2, BOTH = 4 };

static unsigned enough_for(const struct config_client *client)
{
    if (client->requires == (CONFIG_PROOF_TOKEN | CONFIG_PROOF_CERTIFICATE))
        return BOTH;
    unsigned has = (client->token_count > 0 ? CONFIG_PROOF_TOKEN : 0u) |
                   (client->certificate_count > 0 ? CONFIG_PROOF_CERTIFICATE : 0u);
    unsigned takes = client->requires == 0 ? has : client->requires;
    return ((takes & CONFIG_PROOF_TOKEN) != 0 ? TOKEN : 0u) |
           ((takes & CONFIG_PROOF_CERTIFICATE) != 0 ? CERTIFICATE : 0u);
}

void security_put(struct buf *out, const struct config *config, const struct config_client *client)
{
    static const char *const requirements[] = {"{\"token\":[]}", "{\"certificate\":[]}",
                                               "{\"token\":[],\"certificate\":[]}"};
    unsigned enough = client == NULL ? 0 : enough_for(client);
    for (const struct config_client *one = config->clients; client == NULL && one != NULL; one = one->hh.next)
        enough |= enough_for(one);
    if (enough == 0)
        enough = TOKEN; /* without a policy: what every gateway takes */
    const char *separator = "[";
    for (size_t i = 0; i < COUNT(requirements); i++) {
        if ((enough & 1u << i) == 0)
            continue;
        buf_put(out, separator);
        buf_put(out, requirements[i]);
        separator = ",";
    }
    buf_put_char(out, ']');
}

void security_put_schemes(struct buf *out, const struct config *config)
{
    json_open_member(out, "securitySchemes");
    json_open_member(out, "token");
    json_member(out, "type", "http");
    json_member(out, "scheme", "bearer");
    json_member(out, "description", "The token that the operator gave to the caller");
    json_close(out);
    if (config->certificates != NULL) {
        json_open_member(out, "certificate");
        json_member(out, "type", "mutualTLS");
        json_member(out, "description", "A certificate that the operator's policy knows");
        json_close(out);
    }
    json_close(out);
}
