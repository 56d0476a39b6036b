#include "gateway/trust.h"

X509_STORE *trust_load(const struct config_upstream *upstream, struct err *err)
{
    X509_STORE *store = X509_STORE_new();
    if (store == NULL) {
        err_memory(err);
        return NULL;
    }
    int loaded = upstream->ca_file != NULL ? X509_STORE_load_file(store, upstream->ca_file)
                                           : X509_STORE_set_default_paths(store);
    if (loaded != 1) {
        err_set(err, ERR_INPUT, "%s:%u:%u: upstream '%s': %s%s", upstream->mark.file, upstream->mark.line,
                upstream->mark.column, upstream->name,
                upstream->ca_file != NULL ? "no CA certificate can be read from ca_file "
                                          : "the system's CA certificates cannot be used",
                upstream->ca_file != NULL ? upstream->ca_file : "");
        X509_STORE_free(store);
        return NULL;
    }
    return store;
}
