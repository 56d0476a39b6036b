#include "config/catalog/param_secret.h"

#include <string.h>

enum { PARAM_SECRET_NAME_MAX = 128 };

/* What secrets are called, in small letters without separators. */
static const char *const words[] = {"password", "passwd",     "passphrase", "passcode",   "pwd",
                                    "secret",   "token",      "credential", "privatekey", "accesskey",
                                    "apikey",   "authkey",    "signingkey", "sshkey",     "pincode",
                                    "userdata", "kubeconfig", "cookie",     "otp"};

int param_secret_read(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                      void *field)
{
    struct config_param *param = (struct config_param *)(void *)((char *)field - keyword->offset);
    param->secret_said = true;
    return keyword_bool(loader, node, keyword, field);
}

/* "Login-Pass_Word" is "loginpassword". */
static bool looks_secret(const char *name)
{
    char plain[PARAM_SECRET_NAME_MAX];
    size_t length = 0;
    for (const char *c = name; *c != '\0' && length + 1 < sizeof plain; c++) {
        if (*c >= 'A' && *c <= 'Z')
            plain[length++] = (char)(*c - 'A' + 'a');
        else if ((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9'))
            plain[length++] = *c;
    }
    plain[length] = '\0';
    for (size_t i = 0; i < COUNT(words); i++)
        if (strstr(plain, words[i]) != NULL)
            return true;
    return false;
}

/* By any of its names.  The token of a page is no secret, whatever it is called. */
static void warn_unmarked(struct loader *loader, const struct config_param *param)
{
    bool looks = looks_secret(param->name);
    if (param->secret_said || param->type == CONFIG_INTEGER || param->type == CONFIG_BOOLEAN ||
        param->type == CONFIG_NUMBER)
        return;
    for (int api = 0; api < CONFIG_APIS && !looks; api++)
        looks = param->wire[api].name != NULL && looks_secret(param->wire[api].name);
    if (looks)
        report_find(loader->report,
                    &(struct report_kind){.severity = REPORT_SECURITY,
                                          .mark = &param->mark,
                                          .advice = "say secret: true, or secret: false if it is none"},
                    "'%.64s' looks like a secret, and its values are logged", param->name);
}

int param_secret_check(struct loader *loader, const struct config_param *param)
{
    if (!param->secret)
        return 0;
    if (param->type != CONFIG_STRING && param->type != CONFIG_STRINGS)
        return report_error(loader->report, &param->mark, "secret is for texts: string or strings");
    if ((param->sources & CONFIG_IN_PATH) != 0)
        return report_error(loader->report, &param->mark,
                            "a secret cannot be in the path: paths are logged, here and elsewhere");
    if (param->preset != NULL || param->former.text != NULL || param->partial)
        return report_error(loader->report, &param->mark,
                            "a secret has no default, no former ids, and is not partial");
    if ((param->sources & CONFIG_IN_QUERY) != 0)
        report_find(loader->report,
                    &(struct report_kind){.severity = REPORT_SECURITY,
                                          .mark = &param->mark,
                                          .advice = "take it from the body alone"},
                    "the secret '%.64s' can be in the query, which proxies and browsers log", param->name);
    return 0;
}

void param_secret_warn(struct loader *loader, const struct config_route *route)
{
    for (size_t i = 0; i < route->param_count; i++)
        if (!route->params[i].secret &&
            (route->next == NULL || strcmp(route->params[i].name, route->next) != 0))
            warn_unmarked(loader, &route->params[i]);
}
