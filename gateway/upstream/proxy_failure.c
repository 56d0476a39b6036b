#include "gateway/upstream/proxy_failure.h"

/* RFC 9110 section 15, as proxies use it for CONNECT; others are told by their number. */
static const struct {
    int status;
    const char *sentence;
} answers[] = {
    {403, "the proxy does not allow a connection to the upstream"},
    {405, "the proxy takes no CONNECT"},
    {501, "the proxy takes no CONNECT"},
    {429, "the proxy takes no more connections for now"},
    {502, "the proxy cannot reach the upstream"},
    {503, "the proxy is not available, or cannot reach the upstream"},
    {504, "the proxy gets no answer from the upstream"},
};

static const char *sentence_of(const struct proxy_facts *facts)
{
    if (facts->status == 407)
        return facts->has_user ? "the proxy refuses the user or the password"
                               : "the proxy asks for a user and a password";
    for (size_t i = 0; i < COUNT(answers); i++)
        if (answers[i].status == facts->status)
            return answers[i].sentence;
    return "the proxy refuses to connect";
}

static bool is_to_blame(const struct proxy_facts *facts)
{
    return facts->asked && (facts->status < 200 || facts->status > 299);
}

bool proxy_failure_tell(const struct proxy_facts *facts, struct err *err)
{
    if (!is_to_blame(facts))
        return false;
    if (facts->status != 0)
        (void)err_set(err, ERR_SYSTEM, "%s (%d)", sentence_of(facts), facts->status);
    else if (facts->unknown)
        (void)err_set(err, ERR_SYSTEM, "the proxy's name has no address");
    else if (!facts->reached)
        (void)err_set(err, ERR_SYSTEM, "there is no connection to the proxy%s",
                      facts->late ? " in time" : "");
    else if (facts->late)
        (void)err_set(err, ERR_SYSTEM, "the proxy did not answer in time");
    else
        (void)err_set(err, ERR_SYSTEM, "the proxy closed the connection, or its answer is not HTTP");
    return true;
}

bool proxy_failure_stays(const struct proxy_facts *facts)
{
    return is_to_blame(facts) && facts->status != 0 && facts->status < 500 && facts->status != 408 &&
           facts->status != 429;
}
