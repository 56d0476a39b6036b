/* A list of operations, each folded, and a field that finds some of them. */

import { element, folded } from "./elements.js";
import { operationParts } from "./operation.js";

export function operationPart(operation, session) {
  const { service, method, path, effect } = operation;
  const [word, name] = service === undefined ? [method, path] : [effect, operation.name];
  const kind = element("span", { class: `method ${effect === "read" ? "read" : "changes"}` }, word);
  return folded(element("span", { class: "operation" }, kind, element("code", {}, name),
                        element("span", { class: "summary" }, operation.summary)),
                () => operationParts(operation, session), { class: "call", id: operation.id });
}

/* More than a screen has: one word finds some. */
export function finder(parts, id, label = "Find") {
  const input = element("input", { id, class: "find", type: "search", autocomplete: "off" });
  const count = element("span", { class: "quiet", role: "status" });
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/);
    let found = 0;
    for (const part of parts) {
      part.hidden = !words.every((word) => part.firstChild.textContent.toLowerCase().includes(word));
      found += part.hidden ? 0 : 1;
    }
    count.textContent = ` ${found} of ${parts.length}`;
  });
  return element("p", {}, element("label", { for: id, class: "finds" }, `${label} `), input, count);
}
