#include "sandbox/state/outcome.h"

#include "base/json/json.h"

#include <stdarg.h>
#include <stdio.h>

/* The vendor's own sample of a failure is "(100004)projectIdIncorrect": a module number, then text. */
#define MODULE "(100004)"

struct words {
    int code;
    const char *code_desc;
    const char *name;
};

/* Numbers from the vendor's table of common errors of API 2.0; which number goes with a business code such as
 * InvalidVpc.NotFound is published nowhere: 5000 and 5100 are this sandbox's choice.  Names from the vendor's
 * common errors of API 3.0 and from the errors of each action in its Go client. */
static const struct words words[] = {
    [OUTCOME_GOOD] = {0, NULL, NULL},
    [OUTCOME_BAD_REQUEST] = {4000, NULL, "InvalidParameter"},
    [OUTCOME_MISSING] = {4000, NULL, "MissingParameter"},
    [OUTCOME_BAD_VALUE] = {4000, NULL, "InvalidParameterValue"},
    [OUTCOME_BAD_TYPE] = {4000, NULL, "InvalidParameter"},
    [OUTCOME_BAD_RANGE] = {4000, NULL, "InvalidParameterValue.Range"},
    [OUTCOME_TOO_LONG] = {4000, NULL, "InvalidParameterValue.TooLong"},
    [OUTCOME_MALFORMED] = {4000, NULL, "InvalidParameterValue.Malformed"},
    [OUTCOME_UNKNOWN_PARAMETER] = {4000, NULL, "UnknownParameter"},
    [OUTCOME_BAD_FILTER] = {4000, NULL, "InvalidParameter.FilterValuesNotList"},
    [OUTCOME_TOGETHER] = {4000, NULL, "InvalidParameter.Coexist"},
    [OUTCOME_NO_REGION] = {4000, NULL, "UnsupportedRegion"},
    [OUTCOME_BAD_SIGNATURE] = {4100, "AuthFailure", "AuthFailure.SignatureFailure"},
    [OUTCOME_BAD_AUTHORIZATION] = {4100, "AuthFailure", "AuthFailure.InvalidAuthorization"},
    [OUTCOME_UNKNOWN_SECRET_ID] = {4104, NULL, "AuthFailure.SecretIdNotFound"},
    [OUTCOME_BAD_TOKEN] = {4105, NULL, "AuthFailure.TokenFailure"},
    [OUTCOME_REPLAY] = {4500, NULL, "AuthFailure.SignatureExpire"},
    [OUTCOME_NO_ROLE] = {5000, NULL, "ResourceNotFound.RoleNotFound"},
    [OUTCOME_NOT_TRUSTED] = {4103, NULL, "UnauthorizedOperation"},
    [OUTCOME_BAD_IDENTITY] = {4000, NULL, "InvalidParameter.WebIdentityTokenError"},
    [OUTCOME_LONG_LIFE] = {4000, NULL, "InvalidParameter.OverTimeError"},
    [OUTCOME_NO_VPC] = {5000, "InvalidVpc.NotFound", "ResourceNotFound"},
    [OUTCOME_NO_INSTANCE] = {5000, "InvalidInstance.NotFound", "ResourceNotFound"},
    [OUTCOME_NO_LAN_IP] = {5000, "InvalidLanIp.NotFound", "ResourceNotFound"},
    [OUTCOME_NO_TASK] = {5000, NULL, "ResourceNotFound"},
    [OUTCOME_LINKED] = {5100, "InstanceAlreadyLinked", "UnsupportedOperation.ClassicInstanceIdAlreadyExists"},
    [OUTCOME_FULL] = {5100, "InstanceLimitExceeded", "LimitExceeded"},
    [OUTCOME_NOT_FOUND] = {5000, NULL, "ResourceNotFound"},
    [OUTCOME_IN_USE] = {5100, NULL, "ResourceInUse"},
    [OUTCOME_DUPLICATE_POLICY] = {5100, NULL, "UnsupportedOperation.DuplicatePolicy"},
    [OUTCOME_OLD_VERSION] = {5100, NULL, "UnsupportedOperation.VersionMismatch"},
    [OUTCOME_NOT_CLASSIC] = {5100, NULL, "UnsupportedOperation"},
    [OUTCOME_INSTANCE_GONE] = {5000, NULL, "InvalidInstanceId.NotFound"},
    [OUTCOME_INSTANCE_MALFORMED] = {4000, NULL, "InvalidInstanceId.Malformed"},
    [OUTCOME_NO_ADDRESS] = {5000, NULL, "InvalidAddressId.NotFound"},
    [OUTCOME_ADDRESS_MALFORMED] = {4000, NULL, "InvalidParameterValue.AddressIdMalformed"},
    [OUTCOME_SUBNET_RANGE] = {4000, NULL, "InvalidParameterValue.SubnetRange"},
    [OUTCOME_SUBNET_CONFLICT] = {4000, NULL, "InvalidParameterValue.SubnetConflict"},
    [OUTCOME_INTERNAL] = {6000, NULL, "InternalError"},
    [OUTCOME_NO_ACTION] = {6100, NULL, "InvalidAction"},
    [OUTCOME_NO_VERSION] = {6100, NULL, "NoSuchVersion"},
};

/* For faults alone: the sandbox itself never refuses for these. */
static const struct words pretences[] = {
    {4000, NULL, "InvalidParameter"},
    {4101, NULL, "AuthFailure.UnauthorizedOperation"},
    {4102, NULL, "AuthFailure.UnauthorizedOperation"},
    {4103, NULL, "AuthFailure.UnauthorizedOperation"},
    {4106, NULL, "AuthFailure.MFAFailure"},
    {4300, NULL, "IpInBlacklist"},
    {4400, NULL, "RequestLimitExceeded"},
    {4600, NULL, "UnsupportedProtocol"},
    {5000, NULL, "ResourceNotFound"},
    {5100, NULL, "UnsupportedOperation"},
    {6200, NULL, "ActionOffline"},
};

int outcome_refuse(struct outcome *outcome, enum outcome_reason reason, const char *format, ...)
{
    if (outcome->code != 0)
        return -1;
    outcome->code = words[reason].code;
    outcome->code_desc = words[reason].code_desc;
    outcome->name = words[reason].name;
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(outcome->message, sizeof outcome->message, format, arguments) < 0)
        outcome->message[0] = '\0';
    va_end(arguments);
    return -1;
}

static const char *name_of(int code)
{
    for (size_t i = 0; i < COUNT(pretences); i++)
        if (pretences[i].code == code)
            return pretences[i].name;
    for (size_t i = 0; i < COUNT(words); i++)
        if (words[i].code == code)
            return words[i].name;
    return "FailedOperation";
}

void outcome_pretend(struct outcome *outcome, int code, const char *code_desc, const char *message)
{
    outcome->code = code;
    outcome->code_desc = code_desc;
    outcome->name = code_desc != NULL ? code_desc : name_of(code);
    (void)snprintf(outcome->message, sizeof outcome->message, "%s", message);
}

void outcome_put(const struct outcome *outcome, struct buf *body)
{
    char message[sizeof MODULE + sizeof outcome->message];
    (void)snprintf(message, sizeof message, MODULE "%s", outcome->message);
    json_open(body);
    json_member_int(body, "code", outcome->code);
    json_member(body, "message", message);
    json_member(body, "codeDesc", outcome->code_desc);
    json_close(body);
}

void outcome_put3(const struct outcome *outcome, struct buf *body)
{
    json_open(body);
    json_open_member(body, "Response");
    json_open_member(body, "Error");
    json_member(body, "Code", outcome->name);
    json_member(body, "Message", outcome->message);
    json_close(body);
    json_member(body, "RequestId", outcome->request_id);
    json_close(body);
    json_close(body);
}
