/* @hey-api/openapi-ts's functions, with its client of fetch. */
import { createClient } from "./made/hey-api/client";
import { detachClassicLinks, getTask, getVpc, listClassicLinks, listVpcs } from "./made/hey-api/sdk.gen";
import type { Problem, Vpc } from "./made/hey-api/types.gen";

export async function ask(baseUrl: string, token: string) {
  const client = createClient({ baseUrl, auth: token });

  const listed = await listVpcs({ client, query: { limit: 1 } });
  if (listed.error) throw new Error(listed.error.detail);
  const first: Vpc = listed.data.data[0];

  const links = await listClassicLinks({ client, throwOnError: true });
  const { unVpcId, instanceId } = links.data.data[0];

  const detached = await detachClassicLinks({ client, path: { vpcId: unVpcId }, body: { instanceIds: [instanceId] } });
  if (detached.error) throw new Error(detached.error.detail);

  const task = await getTask({ client, path: { taskId: String(detached.data.taskId) }, throwOnError: true });
  const status: "running" | "done" | "failed" = task.data.status;

  const missing = await getVpc({ client, path: { vpcId: "vpc-nosuch" } });
  const problem: Problem | undefined = missing.error;
  return { vpc: first.unVpcId, name: first.vpcName, task: detached.data.taskId, status, problem: problem?.type };
}
