/* gateway/admin/console_desk.h - the console's requests: who is signed in, what a form does, which page.
 *
 * The cookie is HttpOnly, SameSite=Strict and of /console alone; each form that does something must come from
 * a page of ours (its Origin), and bring along what only the session's pages know.  So nothing that another
 * site makes a browser send does anything.  What a form does is the code of operate.h, with its record. */
#ifndef GATEWAY_ADMIN_CONSOLE_DESK_H
#define GATEWAY_ADMIN_CONSOLE_DESK_H

#include "gateway/admin/admin.h"

/* False: `console` is not switched on, and nothing was answered. */
bool console_desk_answer(struct admin *admin, struct visit *visit, struct desk_answer *answer);

#endif
