#include "gateway/options/screen.h"

#include "base/text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* ECMA-48; 1049 is xterm's: the alternate page, with the cursor kept. */
#define ENTER        "\033[?1049h\033[?25l"
#define LEAVE        "\033[?25h\033[?1049l"
#define HOME         "\033[H"
#define REST_OF_LINE "\033[K"
#define REST_OF_PAGE "\033[J"

enum { SCREEN_ROWS = 24, SCREEN_COLUMNS = 80, SCREEN_PAGE = 256 * 1024 };

bool screen_has_colour(FILE *stream)
{
    const char *no = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return isatty(fileno(stream)) && (no == NULL || no[0] == '\0') && term != NULL &&
           strcmp(term, "dumb") != 0;
}

bool screen_is_there(void)
{
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static void measure(struct screen *screen)
{
    struct winsize size = {0};
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0;
    screen->rows = known ? size.ws_row : SCREEN_ROWS;
    screen->columns = known ? size.ws_col : SCREEN_COLUMNS;
}

static void write_all(const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t wrote = write(STDOUT_FILENO, bytes, length);
        if (wrote < 0 && errno != EINTR)
            return; /* nobody looks */
        if (wrote > 0) {
            bytes += wrote;
            length -= (size_t)wrote;
        }
    }
}

static void list_signals(sigset_t *set)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH};
    (void)sigemptyset(set);
    for (size_t i = 0; i < COUNT(ends); i++)
        (void)sigaddset(set, ends[i]);
}

int screen_open(struct screen *screen, struct err *err)
{
    struct termios keys;
    sigset_t set;
    list_signals(&set);
    *screen = (struct screen){.signals = -1};
    if (tcgetattr(STDIN_FILENO, &screen->before) != 0)
        return err_set(err, ERR_SYSTEM, "the terminal cannot be read: %s", strerror(errno));
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || (screen->signals = signalfd(-1, &set, SFD_CLOEXEC)) < 0)
        return err_set(err, ERR_SYSTEM, "signals cannot be read: %s", strerror(errno));
    keys = screen->before;
    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    keys.c_cc[VMIN] = 0;
    keys.c_cc[VTIME] = 0;
    keys.c_cc[VSUSP] = _POSIX_VDISABLE; /* a page that is stopped would stay on the terminal */
    if (tcsetattr(STDIN_FILENO, TCSANOW, &keys) != 0) {
        (void)close(screen->signals);
        return err_set(err, ERR_SYSTEM, "the terminal cannot be set: %s", strerror(errno));
    }
    measure(screen);
    write_all(ENTER, sizeof ENTER - 1);
    return 0;
}

void screen_close(struct screen *screen)
{
    write_all(LEAVE, sizeof LEAVE - 1);
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &screen->before);
    (void)close(screen->signals);
}

/* How many bytes of the line its first `columns` characters take. */
static size_t cut(const char *line, size_t length, unsigned columns)
{
    size_t at = 0;
    for (unsigned i = 0; i < columns && at < length; i++) {
        size_t step = text_utf8_length(line + at, length - at);
        at += step == 0 ? 1 : step;
    }
    return at;
}

void screen_show(struct screen *screen, const struct buf *page)
{
    struct buf out;
    const char *at = buf_text(page);
    buf_init(&out, SCREEN_PAGE);
    buf_put(&out, HOME);
    for (unsigned row = 0; row < screen->rows && *at != '\0'; row++) {
        size_t length = strcspn(at, "\n");
        if (row > 0)
            buf_put(&out, "\r\n");
        buf_put_bytes(&out, at, cut(at, length, screen->columns));
        buf_put(&out, REST_OF_LINE);
        at += length + (at[length] == '\n');
    }
    buf_put(&out, REST_OF_PAGE);
    if (!out.failed)
        write_all(buf_text(&out), out.length);
    buf_done(&out);
}

static int read_signal(struct screen *screen)
{
    struct signalfd_siginfo info;
    if (read(screen->signals, &info, sizeof info) == (ssize_t)sizeof info && info.ssi_signo == SIGWINCH) {
        measure(screen);
        return SCREEN_SIZE;
    }
    return SCREEN_END;
}

int screen_wait(struct screen *screen, int millis)
{
    struct pollfd watched[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                               {.fd = screen->signals, .events = POLLIN}};
    unsigned char key = 0;
    int ready = poll(watched, COUNT(watched), millis);
    if (ready < 0)
        return errno == EINTR ? SCREEN_TIME : SCREEN_END;
    if (ready == 0)
        return SCREEN_TIME;
    if (watched[1].revents != 0)
        return read_signal(screen);
    return read(STDIN_FILENO, &key, 1) == 1 ? key : SCREEN_END;
}
