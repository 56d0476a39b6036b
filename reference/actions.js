/* The cloud's own actions, by service. What a service has is asked for when its reader opens it. */

import { actionsOf } from "./document.js";
import { element } from "./elements.js";
import { finder, operationPart } from "./list.js";

function listOf(spec, service, session) {
  const parts = actionsOf(spec, service).map((operation) => operationPart(operation, session));
  return parts.length === 0 ? [element("p", {}, "No rule lets this token call an action of this service.")]
    : [finder(parts, `find-${service}`, `Find an action of ${service}`), ...parts];
}

function servicePart(service, session) {
  const said = element("p", { role: "status" });
  const part = element("details", { class: "service", id: `service-${service}` },
                       element("summary", {}, element("code", {}, service)), said);
  let asked = false;
  part.addEventListener("toggle", async () => {
    if (asked || !part.open) {
      return;
    }
    asked = true;
    said.textContent = "Asking the gateway…";
    try {
      part.append(...listOf(await session.read(`openapi.json?service=${service}`), service, session));
      said.textContent = "";
    } catch (problem) {
      asked = false;                            /* closed and opened once more, it asks again */
      said.textContent = `The gateway did not say: ${problem.message}`;
    }
  });
  return part;
}

export function showActions(place, services, session) {
  const parts = services.map((service) => servicePart(service, session));
  place.replaceChildren(
    element("h2", { id: "actions-title" }, "The cloud's own actions"),
    element("p", {}, "By the cloud's own names, with a document as its API has it: ",
            element("code", {}, "POST /actions/SERVICE/ACTION"), ". Before each stands its effect: read, change, or secret, ",
            "which is a read whose answer lets its reader in somewhere."),
    finder(parts, "find-service", "Find a service"), ...parts);
  place.hidden = services.length === 0;
}
