/* config/policy/when.h - at which times a rule speaks. */
#ifndef CONFIG_POLICY_WHEN_H
#define CONFIG_POLICY_WHEN_H

#include "config/reader/keyword.h"

keyword_reader when_read; /* const struct config_when * */

#endif
