#include "gateway/listener/tls_set.h"

#include "base/buf.h"
#include "base/file.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    KEY_MAX = 64 * 1024,  /* of a file: an RSA key of 16384 bits takes 13 KiB */
    SESSION_S = 3600,     /* that a session can be resumed: a revoked certificate is known as long */
    TICKETS = 1,          /* for each handshake: our callers open one connection after the other */
    OPEN_TO_OTHERS = 027, /* a group may read a key (Debian's ssl-cert, a container's fsGroup) */
};

/* TLS 1.2: forward secrecy and authenticated encryption only (RFC 9325 section 4.2).  Those of TLS 1.3 are
 * all of that kind. */
static const char suites[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                             "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                             "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
#define GROUPS "X25519:P-256:P-384" /* a literal: OpenSSL's macro casts const away */

/* One certificate with its key; several answer at one entry, by the name that the client asks for. */
struct pair {
    SSL_CTX *context;
    char *file;
    struct tls_certificate shown;
};

struct entry {
    struct pair *pairs; /* the first is for clients that ask for none of their names */
    size_t count;       /* 0: plain */
};

struct tls_set {
    atomic_uint holders;
    struct entry *entries;
    size_t count;
    const struct tls_certificate **shown; /* by file */
    size_t shown_count;
};

/* ---- what OpenSSL said ---- */

/* The innermost reason; "an unknown reason" where it gives none. */
static const char *reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_error());
    return text == NULL ? "OpenSSL does not say why" : text;
}

/* ---- keys ---- */

static int no_password(char *bytes, int size, int rwflag, void *context)
{
    (void)bytes;
    (void)size;
    (void)rwflag;
    (void)context;
    return -1;
}

static int check_owner(const char *file, struct err *err)
{
    struct stat found;
    if (stat(file, &found) != 0)
        return err_set(err, ERR_SYSTEM, "cannot read the key %s: %s", file, strerror(errno));
    if ((found.st_mode & OPEN_TO_OTHERS) != 0)
        return err_set(err, ERR_INPUT, "others may read or write the key %s (mode %04o): chmod 0640 or less",
                       file, (unsigned)found.st_mode & 07777);
    return 0;
}

static EVP_PKEY *read_key(const char *file, struct err *err)
{
    struct buf bytes;
    EVP_PKEY *key = NULL;
    buf_init(&bytes, KEY_MAX);
    if (check_owner(file, err) == 0 && file_read(file, FILE_PLAIN, &bytes, err) == 0) {
        BIO *memory = BIO_new_mem_buf(bytes.bytes, (int)bytes.length);
        if (memory != NULL)
            key = PEM_read_bio_PrivateKey(memory, NULL, no_password, NULL);
        (void)BIO_free(memory);
        if (key == NULL)
            err_set(err, ERR_CRYPTO, "%s is no private key in PEM, or has a password", file);
    }
    buf_done(&bytes); /* wipes */
    return key;
}

/* ---- a context ---- */

/* RFC 7301: a client that names protocols and ours is not among them is told so. */
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *length,
                           const unsigned char *offered, unsigned offered_length, void *context)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *found = NULL;
    (void)ssl;
    (void)context;
    if (SSL_select_next_proto(&found, length, ours, sizeof ours - 1, offered, offered_length) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

/* Everything but certificates; what others also have to say is said in no second place. */
static int harden(SSL_CTX *context, const struct config_tls *tls)
{
    static const unsigned char session[] = "countersign";
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); /* tickets need no memory of ours */
    SSL_CTX_set_timeout(context, SESSION_S);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    return SSL_CTX_set_min_proto_version(context,
                                         tls->min == CONFIG_TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1 &&
                   SSL_CTX_set_cipher_list(context, suites) == 1 &&
                   SSL_CTX_set1_groups_list(context, GROUPS) == 1 &&
                   SSL_CTX_set_num_tickets(context, TICKETS) == 1 &&
                   SSL_CTX_set_session_id_context(context, session, sizeof session - 1) == 1
               ? 0
               : -1;
}

/* The list of an authority is needed for what a client shows.  Above it, where the file has one for
 * another authority of the chain, that must be good and in date; where it has none, nothing is known to be
 * revoked. */
static int check_chain(int good, X509_STORE_CTX *chain)
{
    bool unlisted = X509_STORE_CTX_get_error(chain) == X509_V_ERR_UNABLE_TO_GET_CRL &&
                    X509_STORE_CTX_get_error_depth(chain) > 0;
    if (good || !unlisted)
        return good;
    X509_STORE_CTX_set_error(chain, X509_V_OK);
    return 1;
}

static int read_revoked(SSL_CTX *context, const char *file, struct err *err)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (lookup == NULL || X509_load_crl_file(lookup, file, X509_FILETYPE_PEM) <= 0)
        return err_set(err, ERR_INPUT, "cannot read client_crl %s: %s", file, reason());
    (void)X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    SSL_CTX_set_verify(context, SSL_CTX_get_verify_mode(context), check_chain);
    return 0;
}

static int read_authorities(SSL_CTX *context, const struct config_tls *tls, struct err *err)
{
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(tls->client_ca);
    if (names == NULL || SSL_CTX_load_verify_file(context, tls->client_ca) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return err_set(err, ERR_INPUT, "cannot read client_ca %s: %s", tls->client_ca, reason());
    }
    SSL_CTX_set_client_CA_list(context, names);
    SSL_CTX_set_verify(context,
                       SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE |
                           (tls->client == CONFIG_TLS_REQUIRED ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                       NULL);
    return tls->client_crl == NULL ? 0 : read_revoked(context, tls->client_crl, err);
}

static bool is_mismatch(void)
{
    int why = ERR_GET_REASON(ERR_peek_error());
    return why == X509_R_KEY_VALUES_MISMATCH || why == X509_R_KEY_TYPE_MISMATCH ||
           why == SSL_R_NO_CERTIFICATE_ASSIGNED;
}

static int read_pair(SSL_CTX *context, const struct config_certificate *config, struct err *err)
{
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, config->certificate) != 1)
        return err_set(err, ERR_INPUT, "cannot use the certificate %s: %s", config->certificate, reason());
    EVP_PKEY *key = read_key(config->key, err);
    if (key == NULL)
        return -1;
    ERR_clear_error();
    bool fits = SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1;
    EVP_PKEY_free(key);
    if (fits)
        return 0;
    return is_mismatch() ? err_set(err, ERR_INPUT, "the certificate %s does not fit the key %s",
                                   config->certificate, config->key)
                         : err_set(err, ERR_INPUT, "cannot use the key %s: %s", config->key, reason());
}

static int64_t expiry_of(const SSL_CTX *context)
{
    struct tm time = {0};
    const X509 *certificate = SSL_CTX_get0_certificate(context);
    if (certificate == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1)
        return 0;
    return (int64_t)timegm(&time);
}

static int open_pair(struct pair *pair, const struct config_tls *tls, const struct config_certificate *config,
                     struct err *err)
{
    pair->file = strdup(config->certificate);
    pair->context = SSL_CTX_new(TLS_server_method());
    pair->shown.file = pair->file;
    if (pair->file == NULL || pair->context == NULL || harden(pair->context, tls) != 0)
        return err_set(err, ERR_CRYPTO, "cannot prepare TLS: %s", reason());
    if (read_pair(pair->context, config, err) != 0 ||
        (tls->client_ca != NULL && read_authorities(pair->context, tls, err) != 0))
        return -1;
    pair->shown.expires = expiry_of(pair->context);
    return 0;
}

/* ---- an entry ---- */

/* RFC 6066 section 3: who asks for a name that is nobody's gets the first, and may find that it does not
 * fit. */
static int choose_certificate(SSL *ssl, int *alert, void *context)
{
    const struct entry *entry = context;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)alert;
    for (size_t i = 0; name != NULL && i < entry->count; i++) {
        X509 *certificate = SSL_CTX_get0_certificate(entry->pairs[i].context);
        if (X509_check_host(certificate, name, 0, 0, NULL) != 1)
            continue;
        (void)SSL_set_SSL_CTX(ssl, entry->pairs[i].context);
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

static int open_entry(struct entry *entry, const struct config_tls *tls, struct err *err)
{
    entry->pairs = calloc(tls->count, sizeof *entry->pairs);
    if (entry->pairs == NULL)
        return err_memory(err);
    for (size_t i = 0; i < tls->count; i++, entry->count++)
        if (open_pair(&entry->pairs[i], tls, &tls->certificates[i], err) != 0) {
            entry->count++; /* as much of it as there is */
            return -1;
        }
    SSL_CTX_set_tlsext_servername_callback(entry->pairs[0].context, choose_certificate);
    SSL_CTX_set_tlsext_servername_arg(entry->pairs[0].context, entry);
    return 0;
}

static void close_entry(struct entry *entry)
{
    for (size_t i = 0; i < entry->count; i++) {
        SSL_CTX_free(entry->pairs[i].context);
        free(entry->pairs[i].file);
    }
    free(entry->pairs);
}

/* ---- the set ---- */

static void free_set(struct tls_set *set)
{
    for (size_t i = 0; set->entries != NULL && i < set->count; i++)
        close_entry(&set->entries[i]);
    free(set->entries);
    free(set->shown);
    free(set);
}

static bool is_shown(const struct tls_set *set, const char *file)
{
    for (size_t i = 0; i < set->shown_count; i++)
        if (strcmp(set->shown[i]->file, file) == 0)
            return true;
    return false;
}

/* Both families of a port, say, have one certificate, which is told of once. */
static int list_certificates(struct tls_set *set, struct err *err)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++)
        count += set->entries[i].count;
    set->shown = calloc(count + 1, sizeof *set->shown);
    if (set->shown == NULL)
        return err_memory(err);
    for (size_t i = 0; i < set->count; i++)
        for (size_t j = 0; j < set->entries[i].count; j++)
            if (!is_shown(set, set->entries[i].pairs[j].file))
                set->shown[set->shown_count++] = &set->entries[i].pairs[j].shown;
    return 0;
}

struct tls_set *tls_set_new(const struct config_listeners *config, struct err *err)
{
    struct tls_set *set = calloc(1, sizeof *set);
    if (set == NULL) {
        err_memory(err);
        return NULL;
    }
    atomic_init(&set->holders, 1);
    set->count = config->count;
    set->entries = calloc(config->count + 1, sizeof *set->entries);
    bool good = set->entries != NULL || err_memory(err) == 0;
    for (size_t i = 0; i < config->count && good; i++)
        good = config->items[i].tls == NULL || open_entry(&set->entries[i], config->items[i].tls, err) == 0;
    if (good && list_certificates(set, err) == 0)
        return set;
    free_set(set);
    return NULL;
}

struct tls_set *tls_set_hold(struct tls_set *set)
{
    atomic_fetch_add(&set->holders, 1);
    return set;
}

void tls_set_release(struct tls_set *set)
{
    if (set != NULL && atomic_fetch_sub(&set->holders, 1) == 1)
        free_set(set);
}

bool tls_set_has(const struct tls_set *set, size_t entry)
{
    return entry < set->count && set->entries[entry].count > 0;
}

size_t tls_set_count(const struct tls_set *set)
{
    return set->shown_count;
}

const struct tls_certificate *tls_set_certificate(const struct tls_set *set, size_t index)
{
    return set->shown[index];
}

void *tls_set_context(const struct tls_set *set, size_t entry)
{
    return set->entries[entry].pairs[0].context;
}
