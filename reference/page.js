/* Asks for the token, keeps it in a variable and nowhere else, and shows who its owner is and what it may call.

   The page comes from the gateway itself; under its Content-Security-Policy it can reach nobody else. */

import { element, folded } from "./elements.js";
import { showActions } from "./actions.js";
import { routesOf, servicesOf } from "./document.js";
import { finder, operationPart } from "./list.js";
import { ruleInWords } from "./rules.js";

const base = new URL(".", location.href);       /* of the gateway, also behind a proxy's prefix */
const soon = 14 * 24 * 3600 * 1000;             /* a token's end that its owner should do something about */
const at = (id) => document.getElementById(id);

function say(text, wrong = false) {
  at("said").textContent = text;
  at("said").className = wrong ? "bad" : "";
}

/* ---- the gateway ---- */

/* By a problem document (RFC 9457). */
class Refused extends Error {
  constructor(status, { type, detail }) {
    super(detail ?? `it answered ${status}`);
    this.status = status;
    this.type = type ?? "";
  }
}

function call(token, { method, url, headers, body }) {
  return fetch(url, { method, body, cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer",
                      headers: [...headers, ["Authorization", `Bearer ${token}`]] });
}

async function read(token, name) {
  const response = await call(token, { method: "GET", url: new URL(name, base), headers: [], body: null });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new Refused(response.status, answer);
  }
  return answer;
}

/* ---- the question before a change ---- */

function confirm(request) {
  const dialog = at("question");
  at("question-request").textContent = `${request.method} ${request.url}${request.body === null ? "" : `\n${request.body}`}`;
  dialog.returnValue = "";
  dialog.showModal();
  at("question-no").focus();
  return new Promise((decided) => {
    dialog.addEventListener("close", () => decided(dialog.returnValue === "yes"), { once: true });
  });
}
at("question-yes").addEventListener("click", () => at("question").close("yes"));
at("question-no").addEventListener("click", () => at("question").close("no"));

/* ---- what is shown ---- */

function pair(name, ...value) {
  return [element("dt", {}, name), element("dd", {}, ...value)];
}

function ends(expires) {
  const left = Date.parse(expires) - Date.now();
  return element("span", { class: left < soon ? "bad" : null },
                 `${expires.slice(0, 10)}${left < soon ? ": soon. Ask for a new one" : ""}`);
}

function showWho(who) {
  const { token, certificate, rate, inFlight } = who;
  const rows = [pair("name", element("strong", {}, who.client))];
  rows.push(token && pair("token", element("code", {}, token.id)));
  rows.push(token?.expires && pair("it ends", ends(token.expires)));
  rows.push(certificate && pair("certificate", element("code", {}, certificate.id)));
  rows.push(rate && pair("how often", `${rate.limit}; ${rate.left} left now`));
  rows.push(inFlight && pair("at a time", String(inFlight)));
  at("who").replaceChildren(
    element("h2", { id: "who-title" }, "Who you are here"), element("dl", {}, rows.filter(Boolean).flat()),
    folded(`The rules that concern you (${who.rules.length})`, () => element("ul", { class: "rules" }, who.rules.map(ruleInWords))));
  at("who").hidden = false;
}

function showCalls(operations, session) {
  const parts = operations.map((operation) => operationPart(operation, session));
  at("calls").replaceChildren(element("h2", { id: "calls-title" }, "What you may call"), finder(parts, "find"), ...parts);
  at("calls").hidden = operations.length === 0;
}

function show(who, spec, token) {
  const operations = routesOf(spec);
  const services = servicesOf(spec);
  const session = { who, base, confirm, send: (request) => call(token, request), read: (name) => read(token, name) };
  const nothing = operations.length + services.length === 0;
  showWho(who);
  showCalls(operations, session);
  showActions(at("actions"), services, session);
  at("ask").hidden = true;
  at("forget").hidden = false;
  say(nothing
    ? "No rule of the policy lets this token call anything. Who runs the gateway writes the rules: tell them what you need."
    : `This token may call ${operations.length} of the gateway's routes${services.length === 0 ? "" : ", and actions of " +
      `${services.length} services`}, as far as its rules allow.`, nothing);
}

function kindly(problem) {
  if (!(problem instanceof Refused)) {
    return `The gateway cannot be reached: ${problem.message}`;
  }
  if (problem.status === 401 && /(^|[^a-z-])token-expired$/.test(problem.type)) {
    return "That token has ended, as each does on its day. Who runs the gateway can make you a new one.";
  }
  if (problem.status === 401) {
    return "The gateway does not know that token. Is it whole, without a blank or a quote at its ends, and is it of this " +
           "gateway? It may also have been replaced. Who runs the gateway can look, and make a new one.";
  }
  return `The gateway did not say what you may call: ${problem.message}.`;
}

at("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  const token = at("token").value.trim();
  at("token").value = "";
  say("Asking the gateway…");
  try {
    const who = await read(token, "whoami");        /* first: a wrong token is counted once */
    show(who, await read(token, "openapi.json"), token);
  } catch (problem) {
    say(kindly(problem), true);
  }
});

at("forget").addEventListener("click", () => location.reload());
