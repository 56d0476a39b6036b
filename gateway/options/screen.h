/* gateway/options/screen.h - a person's terminal: may it be coloured, and a page of its own that keys and
 * time move.
 *
 * The page is the terminal's alternate one, so that what was there before is there again afterwards.  The
 * signals that end a program are read like keys: whatever ends the page, the terminal is as it was. */
#ifndef GATEWAY_OPTIONS_SCREEN_H
#define GATEWAY_OPTIONS_SCREEN_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdio.h>
#include <termios.h>

/* `stream` is a terminal, TERM is not "dumb", and NO_COLOR is not set or empty (no-color.org). */
bool screen_has_colour(FILE *stream);

struct screen {
    struct termios before;
    int signals; /* SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGWINCH as a descriptor */
    unsigned rows;
    unsigned columns;
};

/* Standard input and output are a terminal. */
bool screen_is_there(void);

/* -1: there is none that could be set; nothing was changed. */
MUST_USE int screen_open(struct screen *screen, struct err *err);
void screen_close(struct screen *screen);

/* Shows the lines of `page` from the top, as many as there are rows, each cut to the columns. */
void screen_show(struct screen *screen, const struct buf *page);

enum { SCREEN_TIME = -1, SCREEN_END = -2, SCREEN_SIZE = -3 };

/* A key within `millis`; or SCREEN_TIME; SCREEN_SIZE once the window has another size; SCREEN_END after a
 * signal that ends the program, or when nobody is there any more. */
int screen_wait(struct screen *screen, int millis);

#endif
