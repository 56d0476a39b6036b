/* Elements of the page. What comes from the gateway is text in them, never HTML. */

/* element("p", { class: "quiet", hidden: true }, "text", other) */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) {
      made.setAttribute(key, "");
    } else if (value !== false && value !== undefined && value !== null) {
      made.setAttribute(key, value);
    }
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/* A part that is folded until its reader wants it. `fill` makes what is in it, once, then. */
export function folded(summary, fill, attributes = {}) {
  const part = element("details", attributes, element("summary", {}, summary));
  part.addEventListener("toggle", () => part.append(...[fill()].flat()), { once: true });
  return part;
}

/* Rows of texts under heads. It may be scrolled by itself where a screen is narrow. */
export function table(label, heads, rows) {
  const head = element("thead", {}, element("tr", {}, heads.map((text) => element("th", { scope: "col" }, text))));
  const body = element("tbody", {}, rows.map((row) => element("tr", {}, row.map((cell) => element("td", {}, cell)))));
  return element("div", { class: "wide", role: "group", tabindex: "0", "aria-label": label },
                 element("table", {}, head, body));
}

/* Text as it is, which may be scrolled by itself. */
export function listing(label, text) {
  return element("pre", { tabindex: "0", role: "group", "aria-label": label }, text);
}

/* "a, b or c" */
export function either(words) {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
