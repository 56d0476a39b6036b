/* gateway/web/form.h - the fields of a form: application/x-www-form-urlencoded (URL standard), as a query
 * or a body has them. */
#ifndef GATEWAY_WEB_FORM_H
#define GATEWAY_WEB_FORM_H

#include "base/base.h"

/* The value of the first field of that name, decoded; `text` may be NULL.  False and "": there is none, it
 * does not fit into `size`, is no UTF-8, or has a control other than line feed, return and tab. */
bool form_value(const char *text, const char *name, char *value, size_t size);

#endif
