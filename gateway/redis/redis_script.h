/* gateway/redis/redis_script.h - each write of the store in Valkey or Redis as one Lua script: atomic
 * there, and
 * by that server's own clock.  All keys of one script have one hash tag. */
#ifndef GATEWAY_REDIS_REDIS_SCRIPT_H
#define GATEWAY_REDIS_REDIS_SCRIPT_H

enum redis_script {
    REDIS_SCRIPT_ENTER,
    REDIS_SCRIPT_HOLD,
    REDIS_SCRIPT_CLAIM,
    REDIS_SCRIPT_SETTLE,
    REDIS_SCRIPT_RELEASE,
    REDIS_SCRIPT_FREEZE,
    REDIS_SCRIPT_THAW,
    REDIS_SCRIPT_FREEZES,
    REDIS_SCRIPT_USED,
    REDIS_SCRIPT_USES,
    REDIS_SCRIPT_ANNOUNCE,
    REDIS_SCRIPTS,
};

const char *redis_script_text(enum redis_script script);

#endif
