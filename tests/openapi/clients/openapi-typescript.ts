/* openapi-typescript's types, with its own small client. */
import createClient from "openapi-fetch";
import type { components, paths } from "./made/openapi-typescript";

type Vpc = components["schemas"]["Vpc"];

export async function ask(baseUrl: string, token: string) {
  const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });

  const listed = await client.GET("/vpcs", { params: { query: { limit: 1 } } });
  if (listed.error) throw new Error(listed.error.detail);
  const first: Vpc = listed.data.data[0];

  const links = await client.GET("/classiclinks");
  if (links.error) throw new Error(links.error.detail);
  const { unVpcId, instanceId } = links.data.data[0];

  const detached = await client.DELETE("/vpcs/{vpcId}/classiclinks", {
    params: { path: { vpcId: unVpcId } },
    body: { instanceIds: [instanceId] },
  });
  if (detached.error) throw new Error(detached.error.detail);

  const task = await client.GET("/tasks/{taskId}", { params: { path: { taskId: String(detached.data.taskId) } } });
  if (task.error) throw new Error(task.error.detail);
  const status: "running" | "done" | "failed" = task.data.status;

  const missing = await client.GET("/vpcs/{vpcId}", { params: { path: { vpcId: "vpc-nosuch" } } });
  return { vpc: first.unVpcId, name: first.vpcName, task: detached.data.taskId, status, problem: missing.error?.type };
}
