#include "gateway/upstream/ca_store.h"

#include <openssl/x509v3.h>

/* OpenSSL reads a certificate's extensions when somebody first needs them: here, before threads share it. */
static void read_extensions(X509_STORE *store)
{
    const STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        X509 *certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        if (certificate != NULL)
            (void)X509_check_purpose(certificate, -1, 0);
    }
}

X509_STORE *ca_store_load(const struct config_upstream *upstream, struct err *err)
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
                upstream->mark.column, config_title(upstream),
                upstream->ca_file != NULL ? "no CA certificate can be read from ca_file "
                                          : "the system's CA certificates cannot be used",
                upstream->ca_file != NULL ? upstream->ca_file : "");
        X509_STORE_free(store);
        return NULL;
    }
    read_extensions(store);
    return store;
}
