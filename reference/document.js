/* An OpenAPI document of the gateway as what can be called: routes, and actions under the cloud's own names. */

const SHOWN = 8;        /* members of a document that its hint names */

function follow(spec, part) {
  return part.$ref === undefined ? part : part.$ref.slice(2).split("/").reduce((found, name) => found[name], spec);
}

/* Descriptions are CommonMark; ours have nothing of it but code. */
function plain(description) {
  return description.replaceAll("`", "");
}

/* "with Zone, HostIds, ...": of an object, or of a list of them. */
function shapeOf({ properties, items }) {
  const names = Object.keys(properties ?? items?.properties ?? {});
  return names.length === 0 ? "" : `with ${names.slice(0, SHOWN).join(", ")}${names.length > SHOWN ? ", ..." : ""}`;
}

function bodyFields(spec, content) {
  const whole = content === undefined ? {} : follow(spec, content.schema);
  return Object.entries(whole.properties ?? {}).map(([name, part]) => {
    const schema = follow(spec, part);
    const itself = schema.items === undefined ? schema : { ...schema, items: follow(spec, schema.items) };
    return { name, schema: itself, in: "body", description: plain(schema.description ?? shapeOf(itself)),
             example: content.example?.[name], required: (whole.required ?? []).includes(name) };
  });
}

function fieldsOf(spec, operation) {
  const body = bodyFields(spec, operation.requestBody?.content["application/json"]);
  const others = operation.parameters.map((part) => follow(spec, part)).map((part, i) => ({
    ...part, description: plain(part.description), shared: operation.parameters[i].$ref !== undefined }));
  const both = new Set(body.map(({ name }) => name));       /* what the query could say, too */
  return [...others.filter((field) => field.in === "path"), ...body,
          ...others.filter((field) => field.in !== "path" && !(field.in === "query" && both.has(field.name)))];
}

function answersOf(spec, operation) {
  return Object.entries(operation.responses).map(([status, part]) => {
    const { description, content } = follow(spec, part);
    return { status, description: plain(description), example: content?.["application/json"]?.example };
  });
}

function operationOf(spec, path, method, operation) {
  return { path, method: method.toUpperCase(), id: operation.operationId, summary: operation.summary,
           description: plain(operation.description), fields: fieldsOf(spec, operation), answers: answersOf(spec, operation) };
}

const actions = "/actions/";

export function routesOf(spec) {
  const routes = Object.entries(spec.paths).filter(([path]) => !path.startsWith(actions));
  return routes.flatMap(([path, item]) => Object.entries(item).map(([method, operation]) => ({
    ...operationOf(spec, path, method, operation), action: operation["x-action"], effect: method === "get" ? "read" : "change",
    hasBody: operation.requestBody !== undefined, bodyRequired: operation.requestBody?.required === true })));
}

/* Those of one service. An action takes a document, which may be empty. */
export function actionsOf(spec, service) {
  const found = Object.entries(spec.paths).filter(([path]) => path.startsWith(`${actions}${service}/`));
  return found.map(([path, { post }]) => ({
    ...operationOf(spec, path, "post", post), id: post.operationId.replace(".", "-"), service, name: post.summary,
    action: post["x-action"], summary: post.deprecated ? "deprecated" : "",
    effect: /effect: (\w+)/.exec(post.description)?.[1] ?? "change", hasBody: true, bodyRequired: true }));
}

/* The services whose actions may be called. Where a document of all would be too large, its tags name them. */
export function servicesOf(spec) {
  const there = Object.keys(spec.paths).filter((path) => path.startsWith(actions)).map((path) => path.split("/")[2]);
  const named = spec.info.description.includes("?service=") ? spec.tags.map(({ name }) => name) : [];
  return [...new Set([...there, ...named])].sort();
}
