"""A second, naive reading of the policy language: every rule is walked, nothing is indexed or rewritten.  A value is
compared by all the names that its thing has."""
import datetime
import decimal
import ipaddress
import pathlib
import re
import zoneinfo

CATALOG = pathlib.Path(__file__).parents[3] / "config/catalog/catalog.yaml"
REGIONS = dict(re.findall(r"\{ name: ([a-z-]+), short: ([a-z]+) \}", CATALOG.read_text()))
FORMER = {"vpcId": r"gz_vpc_[0-9]{1,10}", "instanceIds": r"qcvm[0-9a-f]{1,32}"}     # the forms of ids of before
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def glob(pattern, text):
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None


def any_glob(patterns, text):
    return any(glob(pattern, text) for pattern in patterns)


def region_holds(deny, patterns, said):
    """The long name is the region's only one: a text may say another, and a deny's pattern, too."""
    for name, short in REGIONS.items():
        if said.lower() in (name, short):
            patterns = [pattern.lower() for pattern in patterns]
            return any_glob(patterns, name) or (any_glob(patterns, short) if deny else short in patterns)
    return any_glob(patterns, said)


def value_holds(deny, patterns, value, form, former_ids):
    current = former_ids.get(value, value) if form else value
    if form and current == value and re.fullmatch(form, value):
        return deny or value in patterns            # which thing it is, nobody knows
    others = [former for former, other in former_ids.items() if form and other == current]
    if deny:
        return any(any_glob(patterns, name) for name in [current, *others])
    return any_glob(patterns, current) or any(name in patterns for name in others)


def asked_holds(deny, wanted, value, sets, form, former_ids):
    """{ min, max } or { cidr_within }: what is no number, or no network, is what a deny is about.  So is a former id of
    which nobody knows the current one."""
    current = former_ids.get(value, value) if form else value
    if form and current == value and re.fullmatch(form, value):
        return deny
    try:
        if "cidr_within" in wanted:
            network = ipaddress.ip_network(current)
            nets = [one for net in wanted["cidr_within"] for one in (sets[net[1:]] if net.startswith("$") else [net])]
            return any(network.version == ipaddress.ip_network(net).version and
                       network.subnet_of(ipaddress.ip_network(net)) for net in nets)
        if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", current):
            return deny
        number = decimal.Decimal(current)
        return number >= wanted.get("min", number) and number <= wanted.get("max", number)
    except ValueError:
        return deny


def condition_holds(rule, name, wanted, policy, call):
    deny = "deny" in rule
    given = call["params"].get(name)
    if isinstance(wanted, dict) and "absent" in wanted:
        return given is None or (deny and given in ("", []))
    if isinstance(wanted, dict):
        if given is None or (deny and given in ("", []) and rule.get("strict", False)):
            return deny and rule.get("strict", False)
        hits = [asked_holds(deny, wanted, value, policy.get("sets", {}), FORMER.get(name), policy.get("former_ids", {}))
                for value in (given if isinstance(given, list) else [given])]
        return any(hits) if deny else bool(hits) and all(hits)
    patterns = [one for pattern in wanted
                for one in (policy.get("sets", {})[pattern[1:]] if pattern.startswith("$") else [pattern])]
    if name == "region":
        return region_holds(deny, patterns, call["region"])
    if name == "account":
        return any_glob(patterns, call["account"]) if call.get("account") else deny
    if given is None:
        return deny and rule.get("strict", False)
    hits = [value_holds(deny, patterns, value, FORMER.get(name), policy.get("former_ids", {}))
            for value in (given if isinstance(given, list) else [given])]
    if deny and given in ("", []) and rule.get("strict", False):
        return True
    return any(hits) if deny else bool(hits) and all(hits)


def where_holds(rule, policy, call):
    return all(condition_holds(rule, name, wanted, policy, call) for name, wanted in rule.get("where", {}).items())


def own_holds(rule, own):
    """`own` of the call: True, False, or None where nobody knows who began the task."""
    return "own" not in rule or ("deny" in rule if own is None else rule["own"] == own)


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


def matches(rule, policy, call):
    sets = policy.get("sets", {})
    moment = datetime.datetime.fromisoformat(call["time"].replace("Z", "+00:00"))
    expires = rule.get("expires")
    if expires is not None and moment >= datetime.datetime.fromisoformat(expires + "T00:00:00+00:00"):
        return False
    return (any_glob(rule.get("allow", rule.get("deny")), call["client"]) and any_glob(rule["actions"], call["action"])
            and where_holds(rule, policy, call) and when_holds(rule, moment) and from_holds(rule, sets, call["source"])
            and effect_holds(rule, call) and subject_holds(rule, policy.get("clients", {}), call) and own_holds(rule, call.get("own")))


def judge(policy, call):
    """(verdict, rule id or "")"""
    hits = [rule for rule in policy["rules"]
            if rule.get("mode") != "audit" and matches(rule, policy, call)]
    for rule in hits:
        if "deny" in rule:
            return "deny", rule["id"]
    return ("allow", hits[0]["id"]) if hits else ("deny", "")
