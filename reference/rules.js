/* The caller's rules, as /whoami tells them, in words. */

import { either, element, folded } from "./elements.js";

const SHOWN = 8;        /* values of a condition; the others are folded */

/* A pattern: other values match it, too. */
function isPattern(value) {
  return /[*?~]/.test(value) || value === "...";
}

function values(condition) {
  if (!Array.isArray(condition)) {
    return condition.absent ? "is not said" : JSON.stringify(condition);
  }
  const is = condition.some(isPattern) ? "matches" : "is";
  return `${is} ${either(condition.slice(0, SHOWN))}`;
}

/* "vpcId is vpc-1 or vpc-2", with what is too long for a line behind it. */
function conditionInWords(name, condition) {
  const more = Array.isArray(condition) ? condition.slice(SHOWN) : [];
  const words = element("li", {}, element("code", {}, name), ` ${values(condition)}`);
  if (more.length > 0) {
    words.append(folded(`and ${more.length} more`, () => element("p", {}, more.join(", "))));
  }
  return words;
}

function others(rule) {
  const said = {
    own: rule.own === true ? "it is a task of your own" : rule.own === false ? "it is not a task of your own" : null,
    effects: rule.effects && `the action is one of: ${rule.effects.join(", ")}`,
    subject: rule.subject && `Countersign-Subject is ${either(rule.subject)}`,
    from: rule.from && `you call from ${either(rule.from)}`,
    when: rule.when && `it is ${rule.when}`,
    limit: rule.limit && `not more often than ${rule.limit}`,
    expires: rule.expires && `until ${rule.expires}`,
  };
  return Object.values(said).filter(Boolean).map((words) => element("li", {}, words));
}

export function ruleInWords(rule) {
  const where = Object.entries(rule.where ?? {}).map(([name, condition]) => conditionInWords(name, condition));
  const conditions = [...where, ...others(rule)];
  const verb = rule.effect === "allow" ? "allows it" : "denies it";
  return element("li", { class: rule.effect }, element("strong", {}, rule.id),
                 ` ${verb}${conditions.length === 0 ? " always" : " where"}`,
                 conditions.length === 0 ? null : element("ul", {}, conditions));
}

/* "vpc:Describe*" or, of any service, "Describe*"; "...": there are more than /whoami tells. An action that has a route
   is called as the route's, too. */
function isNamed(pattern, { service, action, name }) {
  const form = pattern.split("*").map((part) => part.replace(/[^A-Za-z0-9:]/g, "\\$&")).join(".*");
  return pattern === "..." || [action, name].some((word) =>
    new RegExp(`^${form}$`).test(pattern.includes(":") ? `${service}:${word}` : word));
}

/* The rules about an operation. A pattern of an allow covers no secret: its whole name does, or `effects`. */
export function rulesOf(who, operation) {
  if (operation.service === undefined) {
    return who.rules.filter((rule) => rule.actions.includes(operation.action));
  }
  return who.rules.filter((rule) => {
    const whole = rule.effect === "allow" && operation.effect === "secret" && rule.effects === undefined;
    return (rule.effects ?? [operation.effect]).includes(operation.effect) &&
           rule.names.some((pattern) => isNamed(pattern, operation) && !(whole && pattern.includes("*")));
  });
}

/* Values that a rule allows by name: what a field can offer. A rule about vpcId is about a document's VpcId, too. */
export function offered(rules, name) {
  const ours = name[0].toLowerCase() + name.slice(1);
  const allowed = rules.filter((rule) => rule.effect === "allow");
  const named = allowed.map(({ where }) => where?.[name] ?? where?.[ours]).filter(Array.isArray);
  return [...new Set(named.flat().filter((value) => !isPattern(value)))];
}
