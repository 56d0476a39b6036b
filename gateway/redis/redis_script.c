/* Lua has numbers of 53 bits: microseconds since 1970 take 51.  They are written by %d of string.format(), as
 * tostring() would round them. */
#include "gateway/redis/redis_script.h"

#define NOW_US "local t = redis.call('TIME') local now = t[1] * 1000000 + t[2] "
#define NOW_MS "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000) "

/* A gateway's calls in flight, as "count ends", in the hash of a client; `me` is the gateway. */
#define OTHERS                                                                                               \
    "local function others(key, me, now) local all = 0 "                                                     \
    "local list = redis.call('HGETALL', key) "                                                               \
    "for i = 1, #list, 2 do local count, ends = string.match(list[i + 1], '^(%d+) (%d+)$') "                 \
    "if ends == nil or tonumber(ends) <= now then redis.call('HDEL', key, list[i]) "                         \
    "elseif list[i] ~= me then all = all + tonumber(count) end end "                                         \
    "return all end "
#define HOLD                                                                                                 \
    "local function hold(key, me, own, now, lease) "                                                         \
    "if own <= 0 then redis.call('HDEL', key, me) return end "                                               \
    "redis.call('HSET', key, me, string.format('%d %d', own, now + lease * 1000)) "                          \
    "redis.call('PEXPIRE', key, lease) end "

static const char *const texts[REDIS_SCRIPTS] = {
    /* KEYS: bucket, flights; ARGV: interval, burst, in_flight, own, gateway, lease (ms), calls
     * -> allowed, full, remaining, wait (us) */
    [REDIS_SCRIPT_ENTER] = NOW_US OTHERS HOLD
    "local interval, burst, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]) "
    "local own, calls = tonumber(ARGV[4]), tonumber(ARGV[7]) "
    "local allowed, full, remaining, wait = calls, 0, -1, 0 "
    "if interval > 0 then "
    "local room, left = interval * burst, 0 "
    "local seen, by = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (%d+)$') "
    "if seen then left = math.max(tonumber(seen) - now, 0) "
    "if tonumber(by) ~= interval then left = math.floor(left / tonumber(by) * interval) end end "
    "left = math.min(left, room) "
    "local fit = math.floor((room - left) / interval) "
    "allowed = math.min(fit, calls) remaining = fit - allowed left = left + allowed * interval "
    "if allowed < calls then wait = left + interval - room end "
    "redis.call('SET', KEYS[1], string.format('%d %d', now + left, interval), 'PX', "
    "math.max(math.ceil(left / 1000), 1)) end "
    "if most > 0 then "
    "local free = math.max(most - own - others(KEYS[2], ARGV[5], now), 0) "
    "if free < allowed then full = allowed - free allowed = free end "
    "hold(KEYS[2], ARGV[5], own + allowed, now, ARGV[6]) end "
    "return {allowed, full, remaining, wait}",
    /* KEYS: flights; ARGV: own, gateway, lease */
    [REDIS_SCRIPT_HOLD] = NOW_US HOLD "hold(KEYS[1], ARGV[2], tonumber(ARGV[1]), now, ARGV[3]) return {1}",
    /* KEYS: key; ARGV: print, holder, within, keep, note -> enum state_claim, wait, bytes */
    [REDIS_SCRIPT_CLAIM] =
        NOW_MS "local v = redis.call('HMGET', KEYS[1], 'print', 'holder', 'until', 'bytes') "
               "if not v[1] then redis.call('HSET', KEYS[1], 'print', ARGV[1], 'holder', ARGV[2], 'until', "
               "string.format('%d', now + ARGV[3]), 'bytes', ARGV[5]) "
               "redis.call('PEXPIRE', KEYS[1], ARGV[4]) return {0, 0, ''} end "
               "if v[1] ~= ARGV[1] then return {4, 0, ''} end "
               "local ends = tonumber(v[3]) "
               "if ends == 0 then return {3, 0, v[4]} end "
               "if v[2] == ARGV[2] then return {0, 0, ''} end "
               "if ends <= now then return {2, 0, v[4]} end "
               "return {1, ends - now, v[4]}",
    /* KEYS: key; ARGV: print, holder, keep, answer */
    [REDIS_SCRIPT_SETTLE] =
        "local v = redis.call('HMGET', KEYS[1], 'holder', 'until') "
        "if v[1] and (v[2] == '0' or v[1] ~= ARGV[2]) then return {0} end "
        "if not v[1] then redis.call('HSET', KEYS[1], 'print', ARGV[1], 'holder', ARGV[2]) end "
        "redis.call('HSET', KEYS[1], 'until', '0', 'bytes', ARGV[4]) "
        "redis.call('PEXPIRE', KEYS[1], ARGV[3]) return {1}",
    /* KEYS: key; ARGV: holder */
    [REDIS_SCRIPT_RELEASE] = "local v = redis.call('HMGET', KEYS[1], 'holder', 'until') "
                             "if v[1] == ARGV[1] and v[2] ~= '0' then redis.call('DEL', KEYS[1]) end "
                             "return {1}",
    /* KEYS: freezes; ARGV: name, record, for (ms; 0: no end), most, expiry of the whole.  A field is "ends
     * record", and ends of 0 is none. */
    [REDIS_SCRIPT_FREEZE] =
        NOW_MS "if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= "
               "tonumber(ARGV[4]) then return redis.error_reply('FULL there are too many freezes') end "
               "local ends = 0 if ARGV[3] ~= '0' then ends = now + ARGV[3] end "
               "redis.call('HSET', KEYS[1], ARGV[1], string.format('%d ', ends) .. ARGV[2]) "
               "redis.call('PEXPIRE', KEYS[1], ARGV[5]) return {1}",
    /* KEYS: freezes; ARGV: name */
    [REDIS_SCRIPT_THAW] = "redis.call('HDEL', KEYS[1], ARGV[1]) return {1}",
    /* KEYS: freezes; ARGV: expiry of the whole -> name, record, left (-1: no end), ... */
    [REDIS_SCRIPT_FREEZES] =
        NOW_MS "local list, out = redis.call('HGETALL', KEYS[1]), {} "
               "for i = 1, #list, 2 do local ends, record = string.match(list[i + 1], '^(%d+) (.*)$') "
               "ends = tonumber(ends or '1') "
               "if ends ~= 0 and ends <= now then redis.call('HDEL', KEYS[1], list[i]) "
               "else out[#out + 1] = list[i] out[#out + 1] = record "
               "out[#out + 1] = ends == 0 and -1 or ends - now end end "
               "if #out > 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end return out",
    /* KEYS: uses; ARGV: "hits name", a line each, keep (ms), most.  A field is "since last hits ends", and
     * last of 0 is never. */
    [REDIS_SCRIPT_USED] =
        NOW_MS "local room, ends = tonumber(ARGV[3]) - redis.call('HLEN', KEYS[1]), now + ARGV[2] "
               "for hits, name in string.gmatch(ARGV[1], '(%d+) ([^\\n]+)\\n') do "
               "local since, last, all, until_ = string.match(redis.call('HGET', KEYS[1], name) or '', "
               "'^(%d+) (%d+) (%d+) (%d+)$') "
               "if not since then room = room - 1 end "
               "if not since or tonumber(until_) <= now then since, last, all = now, 0, 0 end "
               "if hits ~= '0' then last, all = now, all + hits end "
               "if room >= 0 or redis.call('HEXISTS', KEYS[1], name) == 1 then "
               "redis.call('HSET', KEYS[1], name, string.format('%d %d %d %d', since, last, all, ends)) "
               "end end "
               "redis.call('PEXPIRE', KEYS[1], ARGV[2]) return {1}",
    /* KEYS: uses -> name, since (ms ago), last (ms ago; -1: never), hits, ... */
    [REDIS_SCRIPT_USES] =
        NOW_MS "local list, out = redis.call('HGETALL', KEYS[1]), {} "
               "for i = 1, #list, 2 do "
               "local since, last, all, ends = string.match(list[i + 1], '^(%d+) (%d+) (%d+) (%d+)$') "
               "if not since or tonumber(ends) <= now then redis.call('HDEL', KEYS[1], list[i]) "
               "else out[#out + 1] = list[i] out[#out + 1] = now - since "
               "out[#out + 1] = last == '0' and -1 or now - last out[#out + 1] = tonumber(all) end end "
               "return out",
    /* KEYS: gateways; ARGV: gateway, seen (ms) -> how many */
    [REDIS_SCRIPT_ANNOUNCE] =
        NOW_MS "redis.call('ZADD', KEYS[1], now, ARGV[1]) "
               "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now - ARGV[2])) "
               "redis.call('PEXPIRE', KEYS[1], ARGV[2]) return {redis.call('ZCARD', KEYS[1])}",
};

const char *redis_script_text(enum redis_script script)
{
    return texts[script];
}
