/* What one read of a TLS connection may cost: the thread that reads has others to look after.  The client is
 * OpenSSL's own, over memory, so that its records can be cut. */
#include "gateway/listener/tls.h"

#include "tests/unit.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    UPDATES = 400,  /* records that carry nothing */
    ROUNDS = 10000, /* of anything: more means that it never ends */
    STUCK_S = 60,   /* a read that waits for ever ends the test */
    NARROW = 4096,  /* of a socket's memory: less than what UPDATES answers take */
};

struct pair {
    char folder[32];
    char certificate[64];
    char key[64];
    struct tls_set *set;
    struct tls *tls;
    int fds[2]; /* ours, and the client's */
    SSL_CTX *context;
    SSL *client;
};

/* ---- a certificate ---- */

static X509 *sign(EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    assert_int_equal(
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0),
        1);
    assert_int_equal(X509_set_issuer_name(certificate, name), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 3600));
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    return certificate;
}

static FILE *create(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    return file;
}

static void write_files(struct pair *pair)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = sign(key);
    memcpy(pair->folder, "/tmp/unit-tls-XXXXXX", sizeof "/tmp/unit-tls-XXXXXX");
    assert_non_null(mkdtemp(pair->folder));
    (void)snprintf(pair->certificate, sizeof pair->certificate, "%s/own.crt", pair->folder);
    (void)snprintf(pair->key, sizeof pair->key, "%s/own.key", pair->folder);
    (void)umask(077);
    FILE *file = create(pair->certificate);
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    assert_int_equal(fclose(file), 0);
    file = create(pair->key);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

/* ---- a connection ---- */

static void to_us(const struct pair *pair, const char *bytes, size_t size)
{
    assert_int_equal(send(pair->fds[1], bytes, size, MSG_DONTWAIT), size);
}

/* All that the client has to send. */
static size_t take(const struct pair *pair, char *bytes, size_t size)
{
    int taken = BIO_read(SSL_get_wbio(pair->client), bytes, (int)size);
    assert_true(taken < (int)size);
    return taken > 0 ? (size_t)taken : 0;
}

static void to_client(const struct pair *pair)
{
    char bytes[16384];
    ssize_t got;
    while ((got = recv(pair->fds[1], bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        assert_int_equal(BIO_write(SSL_get_rbio(pair->client), bytes, (int)got), got);
}

static void shake_hands(struct pair *pair)
{
    char bytes[16384];
    for (int i = 0; i < ROUNDS && SSL_do_handshake(pair->client) != 1; i++) {
        size_t size = take(pair, bytes, sizeof bytes);
        if (size > 0)
            to_us(pair, bytes, size);
        assert_int_equal(tls_receive(pair->tls, bytes, sizeof bytes, MSG_DONTWAIT), -1);
        to_client(pair);
    }
    assert_true(SSL_is_init_finished(pair->client));
    to_us(pair, bytes, take(pair, bytes, sizeof bytes)); /* Finished */
    assert_int_equal(tls_receive(pair->tls, bytes, sizeof bytes, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
}

static int begin(void **state)
{
    struct pair *pair = calloc(1, sizeof *pair);
    struct err err = {0};
    assert_non_null(pair);
    write_files(pair);
    struct config_certificate certificate = {pair->certificate, pair->key};
    const struct config_tls tls = {.certificates = &certificate, .count = 1};
    const struct config_listener entry = {.kind = CONFIG_TCP, .tls = &tls};
    const struct config_listeners entries = {&entry, 1};
    pair->set = tls_set_new(&entries, &err);
    assert_non_null(pair->set);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair->fds), 0);
    pair->tls = tls_new(pair->set, 0, pair->fds[0]);
    pair->context = SSL_CTX_new(TLS_client_method());
    assert_int_equal(SSL_CTX_set_min_proto_version(pair->context, TLS1_3_VERSION), 1);
    pair->client = SSL_new(pair->context);
    SSL_set_bio(pair->client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(pair->client);
    assert_non_null(pair->tls);
    shake_hands(pair);
    (void)alarm(STUCK_S);
    *state = pair;
    return 0;
}

static int end(void **state)
{
    struct pair *pair = *state;
    (void)alarm(0);
    tls_free(pair->tls);
    tls_set_release(pair->set);
    SSL_free(pair->client);
    SSL_CTX_free(pair->context);
    (void)close(pair->fds[0]);
    (void)close(pair->fds[1]);
    (void)unlink(pair->certificate);
    (void)unlink(pair->key);
    (void)rmdir(pair->folder);
    free(pair);
    return 0;
}

static int unread(const struct pair *pair)
{
    int bytes = -1;
    assert_int_equal(ioctl(pair->fds[0], FIONREAD, &bytes), 0);
    return bytes;
}

/* ---- tests ---- */

/* A read that may wait does so once: who sends a record byte by byte is not waited for at each. */
static void part_of_a_record(void **state)
{
    const struct pair *pair = *state;
    char record[256];
    char text[64];
    assert_int_equal(SSL_write(pair->client, "hello", 5), 5);
    size_t size = take(pair, record, sizeof record);
    for (size_t i = 0; i < size; i++) {
        to_us(pair, record + i, 1);
        ssize_t got = tls_receive(pair->tls, text, sizeof text, 0);
        assert_int_equal(got, i + 1 < size ? -1 : 5);
        assert_true(got > 0 || errno == EAGAIN);
        assert_int_equal(unread(pair), 0);
    }
    assert_memory_equal(text, "hello", 5);
}

/* New keys, and a word behind them: so many bytes of it. */
static size_t change_keys(const struct pair *pair, int how, char *bytes, size_t size)
{
    for (int i = 0; i < UPDATES; i++) {
        assert_int_equal(SSL_key_update(pair->client, how), 1);
        assert_int_equal(SSL_do_handshake(pair->client), 1);
    }
    assert_int_equal(SSL_write(pair->client, "hello", 5), 5);
    return take(pair, bytes, size);
}

/* Records that carry nothing for us are no reason to read on for as long as they come; what stands behind
 * them is read all the same. */
static void records_without_a_word(void **state)
{
    const struct pair *pair = *state;
    char bytes[UPDATES * 64];
    char text[64];
    ssize_t got = -1;
    int reads = 0;
    size_t size = change_keys(pair, SSL_KEY_UPDATE_NOT_REQUESTED, bytes, sizeof bytes);
    to_us(pair, bytes, size);
    while (got < 0 && reads++ < ROUNDS) {
        int before = unread(pair);
        got = tls_receive(pair->tls, text, sizeof text, MSG_DONTWAIT);
        assert_true(got > 0 || errno == EAGAIN);
        assert_true(unread(pair) < before);
        assert_true(before - unread(pair) < (int)size / 4);
    }
    assert_int_equal(got, 5);
    assert_memory_equal(text, "hello", 5);
}

/* Who has us change ours, too, and does not read that we did, is neither waited for nor asked for ever. */
static void answers_that_nobody_reads(void **state)
{
    const struct pair *pair = *state;
    const int narrow = NARROW;
    char bytes[UPDATES * 64];
    char text[64];
    ssize_t got = -1;
    assert_int_equal(setsockopt(pair->fds[0], SOL_SOCKET, SO_SNDBUF, &narrow, sizeof narrow), 0);
    to_us(pair, bytes, change_keys(pair, SSL_KEY_UPDATE_REQUESTED, bytes, sizeof bytes));
    for (int i = 0; i < ROUNDS && got < 0; i++)
        got = tls_receive(pair->tls, text, sizeof text, 0);
    assert_int_equal(got, 0);
    assert_int_equal(tls_receive(pair->tls, text, sizeof text, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(part_of_a_record, begin, end),
        cmocka_unit_test_setup_teardown(records_without_a_word, begin, end),
        cmocka_unit_test_setup_teardown(answers_that_nobody_reads, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
