/* config/rules/schedule.h - at which times a rule applies. */
#ifndef CONFIG_RULES_SCHEDULE_H
#define CONFIG_RULES_SCHEDULE_H

#include "config/reader/keyword.h"

keyword_reader schedule_read; /* const struct config_when * */

#endif
