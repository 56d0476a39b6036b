#include "gateway/redis/redis_tls.h"

#if COUNTERSIGN_REDIS_TLS

#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

struct redis_tls {
    SSL_CTX *context;
};

struct redis_tls *redis_tls_new(const char *ca_file, struct err *err)
{
    struct redis_tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL) {
        err_memory(err);
        return NULL;
    }
    tls->context = SSL_CTX_new(TLS_client_method());
    if (tls->context != NULL && SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION) == 1 &&
        (ca_file == NULL ? SSL_CTX_set_default_verify_paths(tls->context)
                         : SSL_CTX_load_verify_locations(tls->context, ca_file, NULL)) == 1) {
        SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
        return tls;
    }
    err_set(err, ERR_CRYPTO, "state: the certificates of %s cannot be read",
            ca_file == NULL ? "the system" : ca_file);
    redis_tls_free(tls);
    return NULL;
}

void redis_tls_free(struct redis_tls *tls)
{
    if (tls == NULL)
        return;
    SSL_CTX_free(tls->context);
    free(tls);
}

int redis_tls_begin(struct redis_tls *tls, struct redisContext *connection, const char *host)
{
    SSL *ssl = SSL_new(tls->context);
    if (ssl == NULL)
        return -1;
    /* An address is in a certificate as such; a name is asked for, too. */
    bool named = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1 ||
                 (SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1);
    if (named && redisInitiateSSL(connection, ssl) == REDIS_OK)
        return 0;
    if (connection->privctx == NULL)
        SSL_free(ssl); /* else it is the connection's */
    return -1;
}

#else

struct redis_tls *redis_tls_new(const char *ca_file, struct err *err)
{
    (void)ca_file;
    err_set(err, ERR_INPUT, "state: this program was built with a hiredis that has no TLS");
    return NULL;
}

void redis_tls_free(struct redis_tls *tls)
{
    (void)tls;
}

int redis_tls_begin(struct redis_tls *tls, struct redisContext *connection, const char *host)
{
    (void)tls;
    (void)connection;
    (void)host;
    return -1;
}

#endif
