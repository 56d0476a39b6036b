/* Linked with --wrap into a program of the tests: what our own code asks of the system, OpenSSL and
 * SQLite fails, once at each place, as memory does in places.c. */
#include "tests/shim/places.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A function of this type, with these parameters, gives `wrong`, and errno is `number`. */
#define CALL(type, name, parameters, arguments, wrong, number)                                               \
    type __real_##name parameters;                                                                           \
    type __wrap_##name parameters;                                                                           \
    type __wrap_##name parameters                                                                            \
    {                                                                                                        \
        if (!memory_call_fails())                                                                            \
            return __real_##name arguments;                                                                  \
        errno = number;                                                                                      \
        return wrong;                                                                                        \
    }

CALL(int, fstat, (int fd, struct stat *out), (fd, out), -1, EIO)
CALL(int, stat, (const char *path, struct stat *out), (path, out), -1, EIO)
CALL(int, lstat, (const char *path, struct stat *out), (path, out), -1, EIO)
CALL(int, fsync, (int fd), (fd), -1, EIO)
CALL(int, fdatasync, (int fd), (fd), -1, EIO)
CALL(int, rename, (const char *old, const char *new), (old, new), -1, EIO)
CALL(int, fseeko, (FILE * file, off_t at, int from), (file, at, from), -1, EIO)
CALL(ssize_t, read, (int fd, void *out, size_t size), (fd, out, size), -1, EIO)
CALL(ssize_t, write, (int fd, const void *bytes, size_t size), (fd, bytes, size), -1, EIO)
CALL(FILE *, fopen, (const char *path, const char *mode), (path, mode), NULL, EMFILE)
CALL(FILE *, tmpfile, (void), (), NULL, EMFILE)
CALL(DIR *, opendir, (const char *path), (path), NULL, EMFILE)

CALL(int, socket, (int family, int type, int protocol), (family, type, protocol), -1, EMFILE)
CALL(int, bind, (int fd, const struct sockaddr *at, socklen_t size), (fd, at, size), -1, EADDRINUSE)
CALL(int, getsockname, (int fd, struct sockaddr *at, socklen_t *size), (fd, at, size), -1, ENOBUFS)
CALL(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t size),
     (fd, level, name, value, size), -1, ENOBUFS)
CALL(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *size),
     (fd, level, name, value, size), -1, ENOBUFS)
CALL(ssize_t, recv, (int fd, void *out, size_t size, int flags), (fd, out, size, flags), -1, ECONNRESET)
CALL(ssize_t, send, (int fd, const void *bytes, size_t size, int flags), (fd, bytes, size, flags), -1, EPIPE)
CALL(int, epoll_create1, (int flags), (flags), -1, EMFILE)
CALL(int, epoll_ctl, (int fd, int what, int other, struct epoll_event *event), (fd, what, other, event), -1,
     ENOMEM)
CALL(int, eventfd, (unsigned value, int flags), (value, flags), -1, EMFILE)
CALL(int, signalfd, (int fd, const sigset_t *set, int flags), (fd, set, flags), -1, EMFILE)
CALL(int, dup3, (int old, int new, int flags), (old, new, flags), -1, EMFILE)
CALL(int, getrlimit, (__rlimit_resource_t what, struct rlimit *out), (what, out), -1, EIO)
CALL(int, setrlimit, (__rlimit_resource_t what, const struct rlimit *limit), (what, limit), -1, EPERM)
CALL(int, sem_init, (sem_t * out, int shared, unsigned value), (out, shared, value), -1, ENOSYS)

CALL(int, pthread_create, (pthread_t * out, const pthread_attr_t *how, void *(*run)(void *), void *context),
     (out, how, run, context), EAGAIN, EAGAIN)
CALL(int, pthread_mutex_init, (pthread_mutex_t * out, const pthread_mutexattr_t *how), (out, how), EAGAIN,
     EAGAIN)
CALL(int, pthread_cond_init, (pthread_cond_t * out, const pthread_condattr_t *how), (out, how), EAGAIN,
     EAGAIN)
CALL(int, pthread_condattr_init, (pthread_condattr_t * out), (out), ENOMEM, ENOMEM)
CALL(int, pthread_sigmask, (int how, const sigset_t *set, sigset_t *old), (how, set, old), EINVAL, EINVAL)

CALL(int, RAND_bytes, (unsigned char *out, int size), (out, size), 0, EIO)
CALL(int, EVP_DigestInit_ex, (EVP_MD_CTX * context, const EVP_MD *kind, ENGINE *engine),
     (context, kind, engine), 0, EIO)
CALL(int, EVP_DigestUpdate, (EVP_MD_CTX * context, const void *bytes, size_t size), (context, bytes, size), 0,
     EIO)
CALL(int, EVP_DigestFinal_ex, (EVP_MD_CTX * context, unsigned char *out, unsigned *size),
     (context, out, size), 0, EIO)
CALL(int, EVP_MD_CTX_copy_ex, (EVP_MD_CTX * out, const EVP_MD_CTX *in), (out, in), 0, EIO)
CALL(unsigned char *, HMAC,
     (const EVP_MD *kind, const void *key, int key_size, const unsigned char *bytes, size_t size,
      unsigned char *out, unsigned *out_size),
     (kind, key, key_size, bytes, size, out, out_size), NULL, EIO)

CALL(int, sqlite3_step, (sqlite3_stmt * statement), (statement), SQLITE_IOERR, EIO)
CALL(int, sqlite3_exec,
     (sqlite3 * database, const char *text, int (*each)(void *, int, char **, char **), void *context,
      char **words),
     (database, text, each, context, words), SQLITE_IOERR, EIO)
CALL(int, sqlite3_prepare_v3,
     (sqlite3 * database, const char *text, int size, unsigned flags, sqlite3_stmt **out, const char **rest),
     (database, text, size, flags, out, rest), SQLITE_NOMEM, ENOMEM)
CALL(int, sqlite3_prepare_v2,
     (sqlite3 * database, const char *text, int size, sqlite3_stmt **out, const char **rest),
     (database, text, size, out, rest), SQLITE_NOMEM, ENOMEM)
CALL(int, sqlite3_bind_int64, (sqlite3_stmt * statement, int at, sqlite3_int64 value), (statement, at, value),
     SQLITE_NOMEM, ENOMEM)
