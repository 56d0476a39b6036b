"""A second, naive reading of the policy language: every rule is walked, nothing is indexed."""
import datetime
import ipaddress
import re
import zoneinfo

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def glob(pattern, text):
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None


def any_glob(patterns, text):
    return any(glob(pattern, text) for pattern in patterns)


def values_of(call, name):
    if name == "region":
        return [call["region"]]
    value = call["params"].get(name, [])
    return value if isinstance(value, list) else [value]


def where_holds(rule, sets, call):
    for name, patterns in rule.get("where", {}).items():
        patterns = [one for pattern in patterns
                    for one in (sets[pattern[1:]] if pattern.startswith("$") else [pattern])]
        hits = [any_glob(patterns, value) for value in values_of(call, name)]
        if not (any(hits) if "deny" in rule else hits and all(hits)):
            return False
    return True


def day_numbers(texts):
    days = set()
    for text in texts:
        first, last = (text.split("-") * 2)[:2]
        day = DAYS.index(first)
        days.add(day)
        while DAYS[day] != last:
            day = (day + 1) % 7
            days.add(day)
    return days


def when_holds(rule, moment):
    when = rule.get("when")
    if when is None:
        return True
    local = moment.astimezone(zoneinfo.ZoneInfo(when["zone"]))
    minute = local.hour * 60 + local.minute
    day = local.weekday()
    start, end = ((int(text[:2]) * 60 + int(text[3:])) for text in when.get("hours", "00:00-24:00").split("-"))
    if start < end:
        inside = start <= minute < end
    else:
        inside = minute >= start or minute < end
        if minute < end:
            day = (day - 1) % 7
    return inside and day in day_numbers(when.get("days", DAYS))


def from_holds(rule, sets, source):
    nets = [one for net in rule.get("from", []) for one in (sets[net[1:]] if net.startswith("$") else [net])]
    return "from" not in rule or any(ipaddress.ip_address(source) in ipaddress.ip_network(net) for net in nets)


def effect_holds(rule, call):
    """What an action is called tells what it does: the cloud's reads are Describe..., Inquiry... and Query..."""
    effect = "read" if re.match("Describe|Inquiry|Query", call["action"]) else "change"
    return effect in rule.get("effects", [effect])


def subject_holds(rule, clients, call):
    if "subject" not in rule:
        return True
    trusted = clients.get(call["client"], {}).get("subject") == "trusted"
    return trusted and "subject" in call and any_glob(rule["subject"], call["subject"])


def matches(rule, sets, call, clients=None):
    moment = datetime.datetime.fromisoformat(call["time"].replace("Z", "+00:00"))
    expires = rule.get("expires")
    if expires is not None and moment >= datetime.datetime.fromisoformat(expires + "T00:00:00+00:00"):
        return False
    return (any_glob(rule.get("allow", rule.get("deny")), call["client"]) and any_glob(rule["actions"], call["action"])
            and where_holds(rule, sets, call) and when_holds(rule, moment) and from_holds(rule, sets, call["source"])
            and effect_holds(rule, call) and subject_holds(rule, clients or {}, call))


def judge(policy, call):
    """(verdict, rule id or "")"""
    hits = [rule for rule in policy["rules"]
            if rule.get("mode") != "audit" and matches(rule, policy.get("sets", {}), call, policy.get("clients"))]
    for rule in hits:
        if "deny" in rule:
            return "deny", rule["id"]
    return ("allow", hits[0]["id"]) if hits else ("deny", "")
