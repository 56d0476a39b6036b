/* orval's functions.  It has types for what succeeds; what does not has another status. */
import { detachClassicLinks, getTask, listClassicLinks, listVpcs, type Vpc } from "./made/orval";

export async function ask(_: string, token: string) {
  const options = { headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" } };

  const listed = await listVpcs({ limit: 1 }, options);
  const first: Vpc = listed.data.data[0];

  const links = await listClassicLinks({}, options);
  const { unVpcId, instanceId } = links.data.data[0];

  const detached = await detachClassicLinks(unVpcId, { instanceIds: [instanceId] }, undefined, options);
  const task = await getTask(String(detached.data.taskId), undefined, options);
  const status: "running" | "done" | "failed" = task.data.status;

  return { vpc: first.unVpcId, name: first.vpcName, task: detached.data.taskId, status };
}
