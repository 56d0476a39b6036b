/* gateway/reload/sd_notify.h - what a service manager wants to hear: ready, reloading, stopping, still
 * alive.
 *
 * The protocol of sd_notify(3) without its library: one datagram of VARIABLE=VALUE lines to the socket that
 * $NOTIFY_SOCKET names, a path or, after '@', an abstract name.  Where there is no such variable nobody
 * asked, and nothing is said.  A message that cannot be delivered is lost: telling is not worth failing for,
 * nor waiting.  The watchdog is one thread's; the rest is safe from any. */
#ifndef GATEWAY_RELOAD_SD_NOTIFY_H
#define GATEWAY_RELOAD_SD_NOTIFY_H

#include "base/base.h"
#include "base/err.h"

#include <sys/socket.h>
#include <sys/un.h>

struct sd_notify {
    int fd; /* -1: nobody asked */
    struct sockaddr_un address;
    socklen_t length;
    int64_t beat_us; /* between two signs of life; 0: no watchdog */
    int64_t next_us; /* monotonic, of the next one */
};

/* Reads $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID, and removes them from the environment.  Before
 * there are threads.  -1 when a socket is named that cannot be one. */
MUST_USE int sd_notify_init(struct sd_notify *notify, struct err *err);
void sd_notify_done(struct sd_notify *notify);

/* `status` is a phrase for people who ask the manager. */
void sd_notify_ready(const struct sd_notify *notify, const char *status);

/* With the time, as Type=notify-reload of systemd 253 and later wants it; sd_notify_ready() ends it. */
void sd_notify_reloading(const struct sd_notify *notify, int64_t now_us);

/* From now on the manager's own stop timeout counts; the watchdog is fed on. */
void sd_notify_stopping(const struct sd_notify *notify);

/* Microseconds until a sign of life is due, 0 or more; -1: never.  Signs come at half of what the watchdog
 * allows: one that is late is still in time. */
int64_t sd_notify_wait_us(const struct sd_notify *notify, int64_t now_us);

/* Says so when `alive`; either way the next one is due half an interval later. */
void sd_notify_alive(struct sd_notify *notify, bool alive, int64_t now_us);

#endif
