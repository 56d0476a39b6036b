#include "gateway/request/check_value.h"

#include "config/model/param_value.h"

enum problem check_value_wrong(struct exchange *x, const struct config_param *param, const char *reason)
{
    return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "%s %s", param->name, reason);
}

enum problem check_value_check(struct exchange *x, const struct config_param *param,
                               const char *const *values, size_t count)
{
    if (param_value_check_all(param, x->call->upstream, values, count, &x->err) == 0)
        return PROBLEM_NONE;
    return x->err.kind == ERR_MEMORY ? exchange_fail(x) : PROBLEM_INVALID_PARAMETER;
}
