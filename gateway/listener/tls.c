#include "gateway/listener/tls.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

/* Of the socket, for one of ours: a client may send what carries nothing for us, such as new keys (RFC 8446
 * section 4.6.3), for as long as it likes. */
enum { READS = 64 };

struct tls {
    SSL *ssl;
    struct tls_set *set;
    int fd;
    int receive_flags;                     /* of the next recv(2) */
    int send_flags;                        /* of the next send(2) */
    int reads;                             /* that are left */
    bool begun;                            /* something has come */
    bool plain;                            /* and was no handshake */
    bool broken;                           /* nothing more can be said */
    struct certificate_names *certificate; /* once it was asked for; NULL: none */
    bool asked;
};

/* ---- the socket, as OpenSSL sees it ---- */

/* OpenSSL asks again and again for the rest of a record.  Only the first time is waited for, and when no
 * reads are left there is nothing for now: the kernel still has the bytes, and tells of them. */
static int read_socket(BIO *bio, char *bytes, int size)
{
    struct tls *tls = BIO_get_data(bio);
    ssize_t got = -1;
    BIO_clear_retry_flags(bio);
    errno = EAGAIN;
    if (tls->reads > 0)
        do
            got = recvfrom(tls->fd, bytes, (size_t)size, tls->receive_flags, NULL, NULL);
        while (got < 0 && errno == EINTR);
    tls->reads -= tls->reads > 0;
    tls->receive_flags |= MSG_DONTWAIT;
    if (got < 0 && errno == EAGAIN)
        BIO_set_retry_read(bio);
    return (int)got;
}

static int write_socket(BIO *bio, const char *bytes, int size)
{
    const struct tls *tls = BIO_get_data(bio);
    ssize_t sent;
    do
        sent = send(tls->fd, bytes, (size_t)size, tls->send_flags | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    BIO_clear_retry_flags(bio);
    if (sent < 0 && errno == EAGAIN)
        BIO_set_retry_write(bio);
    return (int)sent;
}

static long control_socket(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH; /* nothing is kept back */
}

static BIO_METHOD *method;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* For as long as the process is there. */
static void make_method(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");
    if (method == NULL || BIO_meth_set_read(method, read_socket) != 1 ||
        BIO_meth_set_write(method, write_socket) != 1 || BIO_meth_set_ctrl(method, control_socket) != 1) {
        BIO_meth_free(method);
        method = NULL;
    }
}

/* ---- from begin to end ---- */

struct tls *tls_new(struct tls_set *set, size_t entry, int fd)
{
    (void)pthread_once(&once, make_method);
    struct tls *tls = calloc(1, sizeof *tls);
    BIO *bio = method == NULL ? NULL : BIO_new(method);
    if (tls != NULL)
        tls->ssl = SSL_new(tls_set_context(set, entry));
    if (tls == NULL || bio == NULL || tls->ssl == NULL) {
        (void)BIO_free(bio);
        if (tls != NULL)
            SSL_free(tls->ssl);
        free(tls);
        return NULL;
    }
    tls->set = tls_set_hold(set);
    tls->fd = fd;
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_accept_state(tls->ssl);
    return tls;
}

void tls_free(struct tls *tls)
{
    if (tls == NULL)
        return;
    certificate_names_free(tls->certificate);
    SSL_free(tls->ssl);
    tls_set_release(tls->set);
    free(tls);
}

/* Who asks in plain HTTP is answered in it: a method begins with a letter (RFC 9110 section 9.1).  1; 0 where
 * there will be no handshake; -1 as recv(2). */
static int begin(struct tls *tls)
{
    unsigned char first = 0;
    ssize_t got = recvfrom(tls->fd, &first, 1, tls->receive_flags | MSG_PEEK, NULL, NULL);
    if (got <= 0)
        return (int)got;
    tls->begun = true;
    tls->plain = (first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z');
    tls->broken = tls->plain;
    return !tls->plain;
}

/* What SSL_read() and SSL_write() mean, in the words of recv(2).  A client that has us answer within a read
 * (a handshake, new keys) and does not take what we say is not waited for. */
static ssize_t outcome(struct tls *tls, int result)
{
    if (result > 0)
        return result;
    int why = SSL_get_error(tls->ssl, result);
    if (why == SSL_ERROR_WANT_READ) {
        errno = EAGAIN;
        return -1;
    }
    tls->broken = tls->broken || why != SSL_ERROR_ZERO_RETURN;
    return 0;
}

ssize_t tls_receive(struct tls *tls, void *bytes, size_t size, int flags)
{
    tls->receive_flags = flags;
    tls->send_flags = MSG_DONTWAIT;
    tls->reads = READS;
    int begins = tls->begun ? !tls->broken : begin(tls);
    if (begins <= 0)
        return begins;
    ERR_clear_error();
    return outcome(tls, SSL_read(tls->ssl, bytes, size < INT_MAX ? (int)size : INT_MAX));
}

ssize_t tls_send(struct tls *tls, const void *bytes, size_t size)
{
    tls->send_flags = 0;
    if (tls->broken)
        return 0;
    ERR_clear_error();
    return outcome(tls, SSL_write(tls->ssl, bytes, size < INT_MAX ? (int)size : INT_MAX));
}

bool tls_has_pending(const struct tls *tls)
{
    return SSL_has_pending(tls->ssl) == 1;
}

const struct certificate_names *tls_certificate(struct tls *tls)
{
    if (!tls->asked && SSL_is_init_finished(tls->ssl) && SSL_get_verify_result(tls->ssl) == X509_V_OK)
        tls->certificate = certificate_names_new(SSL_get0_peer_certificate(tls->ssl));
    tls->asked = true; /* there is no second handshake */
    return tls->certificate;
}

bool tls_is_open(const struct tls *tls)
{
    return SSL_is_init_finished(tls->ssl) == 1;
}

bool tls_is_plain(const struct tls *tls)
{
    return tls->plain;
}

void tls_end(struct tls *tls)
{
    tls->send_flags = MSG_DONTWAIT;
    if (tls->broken || !SSL_is_init_finished(tls->ssl))
        return;
    ERR_clear_error();
    (void)SSL_shutdown(tls->ssl); /* once: what the client says to it, nobody waits for */
    tls->broken = true;
}

/* internal_error, in a record of its own: RFC 8446 sections 5.1 and 6.2 have no better word for "not now". */
static const unsigned char not_now[] = {21, 3, 3, 0, 2, 2, 80};

void tls_refuse(struct tls *tls, const void *bytes, size_t size)
{
    tls->send_flags = MSG_DONTWAIT;
    ERR_clear_error();
    if (!tls->broken && SSL_is_init_finished(tls->ssl))
        (void)SSL_write(tls->ssl, bytes, (int)size);
    else if (!tls->broken && SSL_in_before(tls->ssl))
        (void)send(tls->fd, not_now, sizeof not_now, MSG_DONTWAIT | MSG_NOSIGNAL);
    tls_end(tls);
    tls->broken = true;
    (void)shutdown(tls->fd, SHUT_WR);
}
