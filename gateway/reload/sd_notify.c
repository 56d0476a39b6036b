#include "gateway/reload/sd_notify.h"

#include "base/buf.h"
#include "config/reader/keyword.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SD_NOTIFY_MESSAGE_MAX = 256 };

/* sd_notify(3): "If the value starts with @, the socket is in the abstract namespace". */
static int set_address(struct sd_notify *notify, const char *name, struct err *err)
{
    size_t length = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || length < 2 || length >= sizeof notify->address.sun_path)
        return err_set(err, ERR_INPUT, "NOTIFY_SOCKET is neither an absolute path nor an abstract name");
    notify->address.sun_family = AF_UNIX;
    memcpy(notify->address.sun_path, name, length + 1);
    notify->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    if (name[0] == '@')
        notify->address.sun_path[0] = '\0';
    else
        notify->length++; /* a path's NUL belongs to it */
    return 0;
}

/* sd_watchdog_enabled(3): meant for us only when WATCHDOG_PID, where it is set, is our own. */
static int64_t watchdog_us(void)
{
    long long interval = 0;
    long long pid = getpid();
    const char *usec = getenv("WATCHDOG_USEC");
    const char *owner = getenv("WATCHDOG_PID");
    if (usec == NULL || !keyword_parse_number(usec, &interval) || interval <= 0)
        return 0;
    if (owner != NULL && (!keyword_parse_number(owner, &pid) || pid != getpid()))
        return 0;
    return interval;
}

int sd_notify_init(struct sd_notify *notify, struct err *err)
{
    const char *name = getenv("NOTIFY_SOCKET");
    int result = 0;
    *notify = (struct sd_notify){.fd = -1};
    if (name != NULL && name[0] != '\0') {
        result = set_address(notify, name, err);
        if (result == 0)
            notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (result == 0 && notify->fd < 0)
            result = err_set(err, ERR_SYSTEM, "cannot open a socket for NOTIFY_SOCKET: %s", strerror(errno));
        notify->beat_us = watchdog_us() / 2;
    }
    (void)unsetenv("NOTIFY_SOCKET");
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
    return result;
}

void sd_notify_done(struct sd_notify *notify)
{
    if (notify->fd >= 0)
        (void)close(notify->fd);
    notify->fd = -1;
}

static void say(const struct sd_notify *notify, const char *text)
{
    if (notify->fd >= 0) /* a manager that does not read is not ours to mend */
        (void)sendto(notify->fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&notify->address,
                     notify->length);
}

void sd_notify_ready(const struct sd_notify *notify, const char *status)
{
    struct buf text;
    buf_init(&text, SD_NOTIFY_MESSAGE_MAX);
    buf_put_format(&text, "READY=1\nSTATUS=%s", status);
    if (!text.failed)
        say(notify, buf_text(&text));
    buf_done(&text);
}

void sd_notify_reloading(const struct sd_notify *notify, int64_t now_us)
{
    struct buf text;
    buf_init(&text, SD_NOTIFY_MESSAGE_MAX);
    buf_put_format(&text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\nSTATUS=Reloading", now_us);
    if (!text.failed)
        say(notify, buf_text(&text));
    buf_done(&text);
}

void sd_notify_stopping(const struct sd_notify *notify)
{
    say(notify, "STOPPING=1\nSTATUS=Finishing what is in flight");
}

int64_t sd_notify_wait_us(const struct sd_notify *notify, int64_t now_us)
{
    if (notify->beat_us == 0)
        return -1;
    return notify->next_us > now_us ? notify->next_us - now_us : 0;
}

void sd_notify_alive(struct sd_notify *notify, bool alive, int64_t now_us)
{
    if (alive)
        say(notify, "WATCHDOG=1");
    notify->next_us = now_us + notify->beat_us;
}
