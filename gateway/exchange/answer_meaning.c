#include "gateway/exchange/answer_meaning.h"

#include "base/text.h"

/* clang-format off */
/* What the caller is told, whether the call was executed, and whether it may go again: "not executed" and
 * "never" where nothing is said. */
#define REJECTED   {.problem = PROBLEM_UPSTREAM_REJECTED_PARAMETER}
#define CREDENTIAL {.problem = PROBLEM_UPSTREAM_CREDENTIAL}
#define OTHER_KEY  {.problem = PROBLEM_UPSTREAM_CREDENTIAL, .cause = RETRY_CREDENTIAL}
#define THROTTLED  {.problem = PROBLEM_UPSTREAM_THROTTLED, .cause = RETRY_THROTTLED}
#define CLOCK      {.problem = PROBLEM_UPSTREAM_CLOCK, .cause = RETRY_CLOCK}
#define NOT_FOUND  {.problem = PROBLEM_NOT_FOUND}
#define CONFLICT   {.problem = PROBLEM_CONFLICT}
#define FAILED     {.problem = PROBLEM_UPSTREAM_FAILED}
#define UNKNOWN    {.problem = PROBLEM_UPSTREAM_FAILED, .outcome = OUTCOME_UNKNOWN}
#define MAINTAINED {.problem = PROBLEM_UPSTREAM_MAINTENANCE}
#define NO_ANSWER  {.problem = PROBLEM_UPSTREAM_INVALID_ANSWER, .outcome = OUTCOME_UNKNOWN}
#define ELSEWHERE  {PROBLEM_UPSTREAM_INVALID_ANSWER, OUTCOME_UNKNOWN, RETRY_GATEWAY}
/* clang-format on */

/* The names that are known, before the numbers: codeDesc of API 2.0 and Error.Code of 3.0.  '*' as in
 * policies; the first that matches decides. */
static const struct {
    const char *pattern;
    struct answer_meaning meaning;
} by_name[] = {
    {"InstanceAlreadyLinked", CONFLICT},

    /* who asks */
    {"AuthFailure.SignatureExpire", CLOCK},
    {"AuthFailure", OTHER_KEY},
    {"AuthFailure.SignatureFailure", OTHER_KEY},
    {"AuthFailure.SecretIdNotFound", OTHER_KEY},
    {"AuthFailure.InvalidSecretId", OTHER_KEY},
    {"InvalidParameter.SignatureFailure", OTHER_KEY}, /* of CVM's first version in this form, as the next */
    {"InvalidParameter.SecretIdNotFound", OTHER_KEY},
    {"InvalidRequest.ReplayAttack", CLOCK},
    {"InvalidRequest.LimitExceeded", THROTTLED},
    {"InvalidRequest.RequestConcurrencyExceeded", THROTTLED},
    {"InvalidRequest.*", CREDENTIAL},
    {"AuthFailure.*", CREDENTIAL},
    {"UnauthorizedOperation*", CREDENTIAL},
    {"InvalidPermission", CREDENTIAL},
    {"IpInBlacklist", CREDENTIAL},
    {"IpNotInWhitelist", CREDENTIAL},
    {"UnsupportedProtocol", CREDENTIAL}, /* as 4600: https only */

    /* how often, and when */
    {"RequestLimitExceeded*", THROTTLED},
    {"LimitExceeded.ActionLimited", THROTTLED},
    {"FailedOperation.FrequencyLimit", THROTTLED},
    {"ServiceUnavailable", MAINTAINED},

    /* what is asked for */
    {"InvalidAction*", FAILED}, /* as 6100, and so the next three */
    {"NoSuchVersion", FAILED},
    {"NoSuchProduct", FAILED},
    {"ActionOffline", FAILED},
    {"*.NotFound", NOT_FOUND},
    {"ResourceNotFound*", NOT_FOUND},
    {"InvalidParameter*", REJECTED},
    {"MissingParameter*", REJECTED},
    {"UnknownParameter*", REJECTED},
    {"UnsupportedRegion", REJECTED},
    {"RegionAbilityLimit*", REJECTED},
    {"RequestSizeLimitExceeded*", REJECTED},
    {"InvalidFilter*", REJECTED},
    {"DryRunOperation*", REJECTED}, /* without that parameter it would have been done */
    {"VpcAddrNotInSubNet", REJECTED},

    /* what happened within the cloud, where nobody can tell how far it came */
    {"InternalError*", UNKNOWN},
    {"InternalServerError*", UNKNOWN},
    {"ResponseSizeLimitExceeded*", UNKNOWN},
    {"SecGroupActionFailure", UNKNOWN},
    {"FailedOperation.SecurityGroupActionFailed", UNKNOWN},
    {"FailedOperation.TaskFailed", UNKNOWN},
    {"FailedOperation.*Time*ut", UNKNOWN},

    /* what stands in its way */
    {"FailedOperation*", FAILED}, /* as 5100 */
    {"ResourceInsufficient*", FAILED},
    {"ResourcesSoldOut*", FAILED},
    {"InvalidAccount.*", FAILED}, /* as 5300 and 5500, and so the next */
    {"AccountQualificationRestrictions", FAILED},
    {"*LimitExceeded*", CONFLICT},
    {"*Quota*", CONFLICT},
    {"ResourceInUse*", CONFLICT},
    {"ResourceUnavailable*", CONFLICT},
    {"ResourceBusy*", CONFLICT},
    {"UnsupportedOperation*", CONFLICT},
    {"OperationDenied*", CONFLICT},
    {"MutexOperation*", CONFLICT},
    {"TradeDealConflict", CONFLICT},
    {"EniNotAllowedChangeSubnet", CONFLICT},
    {"ZoneNotMatch", CONFLICT},
    {"VpcIpIsUsed", CONFLICT},
    {"InvalidDisk.*", CONFLICT},
    {"InvalidAddress*", CONFLICT},
    {"InvalidInstanceState*", CONFLICT},
    {"InvalidInstanceNotSupported*", CONFLICT},
    {"Invalid*.Already*", CONFLICT},
    {"Invalid*.Duplicate", CONFLICT},
    {"Invalid*.NotSupported", CONFLICT},
    {"InvalidVpc.CannotDelete", CONFLICT},
    {"InvalidImageId.InShared", CONFLICT},
    {"InvalidImageId.IncorrectState", CONFLICT},
    {"Invalid*", REJECTED},
};

/* The vendor's list of general error codes. */
static const struct {
    int first, last;
    struct answer_meaning meaning;
} by_code[] = {
    {4000, 4000, REJECTED},
    {4100, 4100, OTHER_KEY},
    {4101, 4103, CREDENTIAL},
    {4104, 4104, OTHER_KEY},
    {4105, 4110, CREDENTIAL},
    {4200, 4200, CREDENTIAL},
    {4300, 4300, CREDENTIAL},
    {4400, 4400, THROTTLED},
    {4500, 4500, CLOCK},
    {4600, 4600, CREDENTIAL},
    {5000, 5000, NOT_FOUND},
    {5100, 5100, FAILED},
    {5200, 5200, FAILED},
    {5300, 5300, FAILED},
    {5400, 5400, {.problem = PROBLEM_PARTIAL, .outcome = OUTCOME_EXECUTED}},
    {5500, 5500, FAILED},
    {6000, 6000, UNKNOWN},
    {6100, 6100, FAILED},
    {6200, 6200, MAINTAINED},
};

/* RFC 9110 section 15, RFC 6585: who says 429 has not passed it on, nor who finds it too long.  Who could not
 * reach the cloud, or heard nothing of it, may have. */
static const struct {
    int status;
    struct answer_meaning meaning;
} by_status[] = {
    {413, REJECTED},  {414, REJECTED},  {429, THROTTLED}, {431, REJECTED},
    {502, ELSEWHERE}, {503, ELSEWHERE}, {504, ELSEWHERE},
};

struct answer_meaning answer_meaning(const struct answer *answer)
{
    if (answer_is_good(answer))
        return (struct answer_meaning){.problem = PROBLEM_NONE, .outcome = OUTCOME_EXECUTED};
    for (size_t i = 0; answer->code_desc != NULL && i < COUNT(by_name); i++)
        if (text_matches(by_name[i].pattern, answer->code_desc))
            return by_name[i].meaning;
    for (size_t i = 0; i < COUNT(by_code); i++)
        if (answer->code >= by_code[i].first && answer->code <= by_code[i].last)
            return by_code[i].meaning;
    return (struct answer_meaning)UNKNOWN;
}

struct answer_meaning answer_meaning_of_status(int status)
{
    for (size_t i = 0; i < COUNT(by_status); i++)
        if (by_status[i].status == status)
            return by_status[i].meaning;
    return (struct answer_meaning)NO_ANSWER;
}

/* clang-format off */
static const struct answer_meaning ends[UPSTREAM_HEALTH_ENDS] = {
    [UPSTREAM_HEALTH_FAILED]    = {.problem = PROBLEM_INTERNAL}, /* memory is out */
    [UPSTREAM_HEALTH_NOT_SENT]  = {PROBLEM_UPSTREAM_UNREACHABLE, OUTCOME_NOT_EXECUTED, RETRY_NOT_SENT},
    [UPSTREAM_HEALTH_LOST]      = {PROBLEM_UPSTREAM_TIMEOUT, OUTCOME_UNKNOWN, RETRY_LOST},
    [UPSTREAM_HEALTH_LATE]      = {PROBLEM_UPSTREAM_TIMEOUT, OUTCOME_UNKNOWN, RETRY_LOST},
    [UPSTREAM_HEALTH_TOO_LARGE] = NO_ANSWER,
};
/* clang-format on */

struct answer_meaning answer_meaning_of_end(enum upstream_health_end end)
{
    return ends[end];
}
