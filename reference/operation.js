/* One operation: who may, its fields, the line for a terminal, and its answer. It is made when its reader opens it. */

import { element, folded, listing, table } from "./elements.js";
import { offered, ruleInWords, rulesOf } from "./rules.js";
import { curlLine, indented, isPlain, requestOf, textOf, valueOf } from "./request.js";

const MORE = 12;        /* names of fields that are folded, in the line that opens them */

/* ---- its fields ---- */

/* A field of the page for one of the operation's: empty, with its example beside it. */
function control(field, id, choices) {
  const about = `${id}-about`;
  const common = { id, "aria-describedby": about, required: field.required, "data-field": field.name };
  const type = [field.schema.type].flat()[0];
  const words = field.schema.enum ?? (type === "boolean" ? ["true", "false"] : null);
  if (words !== null) {
    return element("select", common, element("option", { value: "" }, ""),
                   words.map((word) => element("option", { value: String(word) }, String(word))));
  }
  if (type === "array" || type === "object") {
    return element("textarea", { ...common, rows: "2", spellcheck: "false" });
  }
  return element("input", { ...common, type: field.schema.format === "password" ? "password" : "text",
                            inputmode: type === "integer" ? "numeric" : null, autocomplete: "off", spellcheck: "false",
                            list: choices.length > 0 ? `${id}-choices` : null });
}

function hint(field, choices) {
  const type = [field.schema.type].flat()[0];
  const how = type === "array" && isPlain(field.schema.items) ? "one a line" : type === "array" || type === "object" ? "JSON" : "";
  const such = field.example === undefined ? "" : `such as ${textOf(field.schema, field.example).replaceAll("\n", ", ")}`;
  const allowed = choices.length > 0 && choices.length <= 8 ? `allowed: ${choices.join(", ")}` : "";
  return [field.description, how, such, allowed].filter(Boolean).join("; ");
}

/* Why the gateway would refuse it at once; "": it would not. */
function complaint(field, text) {
  if (field.in === "path" && /^\.\.?$/.test(text)) {
    return "a path has no such segment";
  }
  try {
    const values = [valueOf(field.schema, text)].flat();
    const schema = field.schema.items ?? field.schema;
    const form = schema.pattern && new RegExp(schema.pattern, "u");
    const wrong = form && values.find((value) => typeof value === "string" && !form.test(value));
    return wrong === undefined || !form ? "" : `'${wrong}' has not the form that is asked for, ${hint(field, [])}`;
  } catch {
    return "this is no JSON";
  }
}

function fieldPart(operation, field, rules, changed) {
  const id = `${operation.id}-${field.in}-${field.name}`;
  const choices = offered(rules, field.name);
  const input = control(field, id, choices);
  input.addEventListener("invalid", () => { input.closest("details").open = true; });
  input.addEventListener("input", () => {
    input.setCustomValidity(complaint(field, input.value));
    changed();
  });
  const part = element("div", { class: "field" },
                       element("label", { for: id }, element("code", {}, field.name), field.required ? " (needed)" : ""),
                       input, element("p", { class: "quiet", id: `${id}-about` }, hint(field, choices)));
  if (input.hasAttribute("list")) {
    part.append(element("datalist", { id: `${id}-choices` }, choices.map((value) => element("option", { value }))));
  }
  return { field, input, part };
}

/* Seldom filled in: what most calls have and, of an action, all that it does not need. */
function isRare(operation, field) {
  return field.shared || (operation.service !== undefined && !field.required);
}

function more(fields) {
  const names = fields.map(({ field }) => field.name);
  const others = names.length > MORE ? ` and ${names.length - MORE} more` : "";
  return element("details", {}, element("summary", {}, `More: ${names.slice(0, MORE).join(", ")}${others}`),
                 fields.map(({ part }) => part));
}

/* [field, JSON value] of what is filled in; `examples` stand in for what is needed and is not. */
function given(fields, examples) {
  const values = fields.map(({ field, input }) => {
    const value = input.checkValidity() || input.value.trim() === "" ? valueOf(field.schema, input.value) : input.value;
    return [field, value === undefined && examples && field.required ? field.example : value];
  });
  return values.filter(([, value]) => value !== undefined);
}

/* ---- its answer ---- */

function sentence(response, text) {
  try {
    const problem = JSON.parse(text);
    return response.ok || !problem.detail ? "" : problem.detail;
  } catch {
    return "";
  }
}

async function showAnswer(place, response, milliseconds) {
  const text = await response.text();
  const why = sentence(response, text);
  const id = response.headers.get("X-Request-Id");
  place.replaceChildren(
    element("h3", {}, `Answer: ${response.status} ${response.statusText}`),
    element("p", { class: response.ok ? "good" : "bad" }, why),
    listing("Answer", indented(text) || "(no content)"),
    element("p", { class: "quiet" }, `${Math.round(milliseconds)} ms; request `, element("code", {}, id ?? "without a name")));
}

async function send(session, request, place) {
  const began = performance.now();
  place.replaceChildren(element("p", {}, "Sent. Waiting for the answer…"));
  try {
    await showAnswer(place, await session.send(request), performance.now() - began);
  } catch (problem) {
    place.replaceChildren(element("p", { class: "bad" }, `There was no answer: ${problem.message}`));
  }
}

/* ---- what it tells ---- */

function goodAnswers(operation) {
  return operation.answers.filter(({ status }) => status.startsWith("2")).flatMap(({ status, description, example }) => [
    element("p", {}, element("code", {}, status), ` ${description}`),
    example === undefined ? null : listing(`Example of ${status}`, JSON.stringify(example, null, 2)),
  ]).filter(Boolean);
}

function errors(operation) {
  const rows = operation.answers.filter(({ status }) => !status.startsWith("2"));
  return [element("p", {}, "Each is a problem document (RFC 9457): ", element("code", {}, "detail"), " says what is wrong, ",
                  element("code", {}, "retryable"), " whether the same request may be sent again."),
          table("Errors", ["status", "when"], rows.map(({ status, description }) =>
            [status === "default" ? "other" : status, description.replace(" (RFC 9457)", "")]))];
}

function terminal(operation, fields, session) {
  const line = listing("Line for a terminal", "");
  const copy = element("button", { type: "button" }, "Copy");
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(line.textContent);
    copy.textContent = "Copied";
  });
  const write = () => {
    copy.textContent = "Copy";
    line.textContent = curlLine(requestOf(operation, given(fields, true), session.base));
  };
  write();
  const part = [element("h3", {}, "In a terminal"), line,
                element("p", { class: "quiet" }, copy, " Examples stand for what you have not filled in. ",
                        element("code", {}, "$COUNTERSIGN_TOKEN"), " is your token, which this page does not write out.")];
  return { part, write };
}

/* What is in an opened operation. `session` has base, who, send() and confirm(). */
export function operationParts(operation, session) {
  const rules = rulesOf(session.who, operation);
  let changed = () => {};
  const fields = operation.fields.map((field) => fieldPart(operation, field, rules, () => changed()));
  const shell = terminal(operation, fields, session);
  changed = shell.write;
  const place = element("div", { class: "answer", role: "status" });
  const changes = operation.effect === "change";
  const form = element("form", {},
                       fields.filter(({ field }) => !isRare(operation, field)).map(({ part }) => part),
                       more(fields.filter(({ field }) => isRare(operation, field))),
                       element("p", {}, element("button", { class: changes ? "change" : null },
                                                changes ? "Send this change…" : "Send")));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const request = requestOf(operation, given(fields, false), session.base);
    if (!changes || await session.confirm(request)) {
      await send(session, request, place);
    }
  });
  return [element("p", {}, operation.description),
          element("ul", { class: "rules" }, rules.map(ruleInWords)),
          form, place, ...shell.part,
          folded("What it answers", () => goodAnswers(operation)),
          folded("What can go wrong", () => errors(operation), { class: "errors" })];
}
