/* config/settings/listeners.h - countersign.yaml, `listen` and `admin`: where the gateway is reached. */
#ifndef CONFIG_SETTINGS_LISTENERS_H
#define CONFIG_SETTINGS_LISTENERS_H

#include "base/base.h"
#include "config/model/config.h"
#include "config/reader/keyword.h"

/* Where the file says nothing: on loopback. */
extern const struct config_listeners listeners_default_listen;
extern const struct config_listeners listeners_default_admin;

/* Into a struct config_listeners: one address, a map that holds one, or a list of both. */
keyword_reader listeners_read;

/* No socket is listened on twice; -1 after a finding. */
MUST_USE int listeners_check(struct loader *loader, const struct yaml_node *root,
                             const struct config_listeners *listen, const struct config_listeners *admin);

/* During a reload: what was listened on stays.  NULL where `new` is the same; otherwise `old` is copied to
 * it, and the result says where that is, in the loader's arena: "127.0.0.1:8080, unix:/run/x.sock".  A copy
 * for which there is no memory is reported: a list without entries would end TLS for who comes. */
MUST_USE const char *listeners_stay(struct loader *loader, const struct config_listeners *old,
                                    struct config_listeners *new);

#endif
