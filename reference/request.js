/* What is sent, from what stands in the fields; and the same as a line for a terminal. */

/* A field's text as JSON; undefined: it is empty. */
export function valueOf(schema, text) {
  const type = [schema.type].flat()[0];
  if (text.trim() === "") {
    return undefined;
  }
  if (type === "array" && isPlain(schema.items)) {
    return text.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => valueOf(schema.items, line));
  }
  if (type === "integer" || type === "number") {
    return Number.isSafeInteger(Number(text)) || type === "number" ? Number(text) : text;
  }
  if (type === "boolean") {
    return text === "true";
  }
  return type === "string" ? text : JSON.parse(text);
}

/* Of texts and numbers: one a line. */
export function isPlain(schema) {
  return ["string", "integer", "number", "boolean"].includes([schema?.type].flat()[0]);
}

/* A JSON value as a field shows it. */
export function textOf(schema, value) {
  if (Array.isArray(value) && isPlain(schema.items)) {
    return value.join("\n");
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/* `given` are [field, JSON value]; `base` is the gateway's address. */
export function requestOf(operation, given, base) {
  const of = (place) => given.filter(([field]) => field.in === place).map(([field, value]) => [field.name, value]);
  const path = of("path").reduce((text, [name, value]) => text.replace(`{${name}}`, () => encodeURIComponent(value)),
                                 operation.path);
  const query = of("query").flatMap(([name, value]) => [value].flat().map((each) => `${name}=${encodeURIComponent(each)}`));
  const url = base.href + path.slice(1) + (query.length === 0 ? "" : `?${query.join("&")}`);
  const headers = of("header").map(([name, value]) => [name, String(value)]);
  const body = of("body");
  if (!operation.hasBody || (body.length === 0 && !operation.bodyRequired)) {
    return { method: operation.method, url, headers, body: null };
  }
  return { method: operation.method, url, headers: [...headers, ["Content-Type", "application/json"]],
           body: JSON.stringify(Object.fromEntries(body)) };
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/* The token is a variable of the shell's: it is in no history, and in nobody's chat. */
export function curlLine({ method, url, headers, body }) {
  return [`curl${method === "GET" ? "" : ` -X ${method}`} ${quoted(url)}`,
          "-H \"Authorization: Bearer $COUNTERSIGN_TOKEN\"",
          ...headers.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
          ...(body === null ? [] : [`-d ${quoted(body)}`])].join(" \\\n     ");
}

/* JSON with a line for each member. Numbers keep their digits, which JSON.parse() would round. */
export function indented(text) {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  const pieces = text.match(/"(?:[^"\\]|\\.)*"|[{[]\s*[}\]]|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  return pieces.map((piece) => {
    if (piece === "{" || piece === "[") {
      depth += 1;
      return piece + line();
    }
    if (piece === "}" || piece === "]") {
      depth -= 1;
      return line() + piece;
    }
    return piece === "," ? piece + line() : piece === ":" ? ": " : piece;
  }).join("");
}
