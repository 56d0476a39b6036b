/* config/when.h - at which times a rule speaks. */
#ifndef CONFIG_WHEN_H
#define CONFIG_WHEN_H

#include "config/reader/keyword.h"

keyword_reader when_read; /* const struct config_when * */

#endif
