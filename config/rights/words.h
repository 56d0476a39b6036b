/* config/words.h - a rule's conditions as people say them: for explain, diff, check and /whoami. */
#ifndef CONFIG_RIGHTS_WORDS_H
#define CONFIG_RIGHTS_WORDS_H

#include "base/buf.h"
#include "config/model/config.h"

enum { WORDS_VALUES_MAX = 8 }; /* of one condition; further ones are "..." */

/* " where vpcId is vpc-1 or vpc-2; from 10.0.0.0/8; mon-fri 09:00-18:00 Asia/Shanghai; until 2026-12-31":
 * nothing for a rule without conditions.  `values_max` bounds the values of each. */
void words_put_conditions(struct buf *out, const struct config *config, const struct config_rule *rule,
                          size_t values_max);

/* " vpc-1, vpc-2 or $set's values": the texts of one condition. */
void words_put_values(struct buf *out, const struct config_condition *condition, size_t values_max);

/* The days and hours alone. */
void words_put_when(struct buf *out, const struct config_when *when);

/* "2026-12-31" or, within a day, "2026-12-31T18:00:00Z". */
void words_put_time(struct buf *out, int64_t seconds);

/* "20/s burst 40" as near as it can be said. */
void words_put_rate(struct buf *out, const struct rate *rate);

/* "10.0.0.0/8" */
void words_put_network(struct buf *out, const struct network *network);

const char *words_effect(const struct config_rule *rule); /* "allow" or "deny" */

#endif
