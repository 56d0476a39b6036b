/* config/settings/proxy.h - an HTTP proxy on the way out: a url, or a map with a user and a password. */
#ifndef CONFIG_SETTINGS_PROXY_H
#define CONFIG_SETTINGS_PROXY_H

#include "config/reader/keyword.h"

/* Into a const struct config_proxy *, in the loader's arena; config_proxy_done() frees its secrets. */
keyword_reader proxy_read;

#endif
