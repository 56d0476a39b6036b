/* config/settings/browsers.h - what concerns callers that are browsers. */
#ifndef CONFIG_SETTINGS_BROWSERS_H
#define CONFIG_SETTINGS_BROWSERS_H

#include "config/reader/keyword.h"

keyword_reader browsers_read; /* config->browsers, whatever the field */

#endif
