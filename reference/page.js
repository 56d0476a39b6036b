/* Asks for the token, keeps it in a variable and nowhere else, and shows what it may call.

   The page and its viewer come from the gateway itself; under its Content-Security-Policy they can speak to nobody
   else. */
"use strict";

(() => {
  const ask = document.getElementById("ask");
  const input = document.getElementById("token");
  const forget = document.getElementById("forget");
  const said = document.getElementById("said");
  const base = new URL(".", location.href);     // of the gateway, also behind a proxy's prefix

  function say(text, wrong) {
    said.textContent = text;
    said.classList.toggle("wrong", wrong);
  }

  /* The gateway says no as JSON with a sentence in it. */
  async function reason(response) {
    try {
      return (await response.json()).detail;
    } catch {
      return `the gateway answered ${response.status}`;
    }
  }

  /* Only to where the page came from, and with the token that is shown. */
  function withToken(token) {
    return (request) => {
      if (new URL(request.url, base).origin !== base.origin) {
        throw new Error("the reference page speaks to its own gateway only");
      }
      request.headers.Authorization = `Bearer ${token}`;
      request.credentials = "omit";
      return request;
    };
  }

  /* The viewer would fill each field with its example, and send it: it is to be read beside the field. */
  function leaveFieldsEmpty(spec) {
    const operations = Object.values(spec.paths).flatMap((item) => Object.values(item));
    const shared = Object.values(spec.components.parameters ?? {});
    for (const parameter of [...shared, ...operations.flatMap((operation) => operation.parameters ?? [])]) {
      if (parameter.example !== undefined) {
        const example = [parameter.example].flat().join(", ");
        parameter.description = `${parameter.description ?? ""} Such as: ${example}`.trim();
        delete parameter.example;
      }
    }
  }

  function show(spec, token) {
    leaveFieldsEmpty(spec);
    spec.servers = [{ url: base.href.replace(/\/$/, "") }];
    SwaggerUIBundle({
      spec,
      domNode: document.getElementById("reference"),
      presets: [SwaggerUIBundle.presets.apis],
      layout: "BaseLayout",
      tryItOutEnabled: true,
      defaultModelsExpandDepth: 0,
      persistAuthorization: false,
      validatorUrl: null,
      withCredentials: false,
      showMutatedRequest: false,                // the token is not part of the curl line that is shown
      requestInterceptor: withToken(token),
    });
  }

  ask.addEventListener("submit", async (event) => {
    event.preventDefault();
    const token = input.value.trim();
    input.value = "";
    say("Asking the gateway…", false);
    try {
      const response = await fetch(new URL("openapi.json", base), {
        headers: { Authorization: `Bearer ${token}` },
        credentials: "omit",
        cache: "no-store",
      });
      if (!response.ok) {
        say(await reason(response), true);
        return;
      }
      const spec = await response.json();
      const count = Object.values(spec.paths).reduce((sum, item) => sum + Object.keys(item).length, 0);
      forget.hidden = false;
      say(count === 0 ? "No rule of the policy lets this token call anything."
                      : `This token may call ${count} of the gateway's routes, as far as its rules allow.`, count === 0);
      show(spec, token);
    } catch (problem) {
      say(`The gateway cannot be reached: ${problem.message}`, true);
    }
  });

  forget.addEventListener("click", () => location.reload());
})();
