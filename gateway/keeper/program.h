/* gateway/keeper/program.h - a credential that a program prints (CONFIG_COMMAND): for vaults. */
#ifndef GATEWAY_KEEPER_PROGRAM_H
#define GATEWAY_KEEPER_PROGRAM_H

#include "gateway/keeper/fetch.h"

MUST_USE int program_fetch(struct fetch *fetch, struct err *err);

#endif
