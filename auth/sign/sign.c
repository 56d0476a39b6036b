#include "auth/sign/sign.h"

#include "auth/sign/sign_form.h"
#include "auth/sign/sign_tc3.h"
#include "config/model/param_value.h"

/* Nothing that was judged may be left out, and each thing must be what the catalog calls it: a number or a
 * boolean stands in a JSON body without quotes. */
static bool is_sayable(const struct call *call, int api)
{
    if (call->route->document != NULL) /* the document itself goes out, as JSON or flattened */
        return call->document != NULL && api == CONFIG_API3 &&
               (call->upstream->scheme == CONFIG_TC3 || call->paired);
    for (size_t i = 0; i < call->param_count; i++) {
        const struct call_param *param = &call->params[i];
        if (param->param->inside && call->upstream->scheme == CONFIG_TC3)
            continue; /* of a parameter that is structured */
        if (param->param->wire[api].name == NULL ||
            (config_is_structured(param->param) && call->upstream->scheme != CONFIG_TC3))
            return false;
        for (size_t j = 0; j < param->count; j++)
            if (!param_value_is_of_type(param->param, param->values[j]))
                return false;
    }
    return true;
}

int sign_call(struct signer *signer, const struct call *call, int64_t now, int64_t nonce, struct arena *arena,
              struct signed_request *out, struct err *err)
{
    const struct config_upstream *upstream = signer_upstream(signer);
    if (!call->sealed || call->upstream != upstream || !is_sayable(call, upstream->api))
        return err_set(err, ERR_INPUT, "the call is not finished"); /* a mistake of ours: nothing is signed */
    signed_request_reset(out);
    int result = upstream->scheme == CONFIG_TC3 ? sign_tc3(signer, call, now, arena, out, err)
                                                : sign_form(signer, call, now, nonce, arena, out, err);
    if (result == 0 && signed_request_failed(out))
        result = err_set(err, ERR_LIMIT, "the request to sign exceeds %d bytes", SIGN_STRING_MAX);
    return result;
}
