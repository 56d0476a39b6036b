/* config/definitions/api_json.h - the vendor's own definitions: `api.json` of its command-line client
 * (github.com/TencentCloud/tencentcloud-cli, tccli/services/SERVICE/vYYYYMMDD/api.json, Apache-2.0). */
#ifndef CONFIG_DEFINITIONS_API_JSON_H
#define CONFIG_DEFINITIONS_API_JSON_H

#include "config/definitions/definitions.h"

/* Names, types, what is required or disabled, and each action's status; texts and examples are left out.
 * Effects are effects_find()'s.  `bytes` are not needed afterwards.  -1: it is cut, something else, or has a
 * key twice; `err` says what, without the file's name. */
MUST_USE int api_json_read(struct definitions *definitions, const char *bytes, size_t length,
                           struct arena *arena, struct err *err);

#endif
