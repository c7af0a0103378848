// Paths and writes of the director's API, with names checked before they become part of a path.
import { type InstanceRef, instanceName, parseInstanceName } from "../../model/bosh";
import { inputError } from "../../model/errors";
import type { InstanceChange } from "../../ports/director-access";
import type { WriteRequest } from "./director-session";

/** "/deployments/NAME". */
export function deploymentPath(deployment: string): string {
  if (deployment === "") throw inputError("no BOSH deployment is named");
  return `/deployments/${encodeURIComponent(deployment)}`;
}

/** "group/uuid". An address or a bare group would reach every instance of the deployment, so only group/uuid passes. */
export function checkedName(instance: InstanceRef): string {
  const name = instanceName(instance);
  if (parseInstanceName(name) === undefined) {
    throw inputError(`'${name}' names no single instance`, { hint: "give group/uuid as `bosh instances` prints it" });
  }
  return name;
}

/** The request that changes one instance. */
export function changeRequest(deployment: string, change: InstanceChange): WriteRequest {
  const name = checkedName(change.instance);
  const root = deploymentPath(deployment);
  const { group, id } = change.instance;
  const purpose = `${change.action} ${name}`;
  const query = new URLSearchParams();
  if (change.skipDrain === true) query.set("skip_drain", "true");
  if (change.scope === "converge") {
    if (change.fix === true) query.set("fix", "true");
    query.set("state", convergeState(change));
    const path = `${root}/jobs/${encodeURIComponent(group)}/${id}?${query.toString()}`;
    // No body: the director would take one for a new manifest. The type is checked all the same.
    return { method: "PUT", path, contentType: "text/yaml", purpose };
  }
  if (change.fix === true) query.set("ignore_unresponsive_agent", "true");
  if (change.hard === true) query.set("hard", "true");
  const path = `${root}/instance_groups/${encodeURIComponent(group)}/${id}/actions/${change.action}?${query.toString()}`;
  return { method: "POST", path, contentType: "text/yaml", purpose };
}

function convergeState(change: InstanceChange): string {
  switch (change.action) {
    case "start":
      return "started";
    case "stop":
      return change.hard === true ? "detached" : "stopped";
    case "restart":
      return "restart";
    case "recreate":
      return "recreate";
  }
}

/** A call to the ssh endpoint. */
export function shellRequest(deployment: string, body: object): Omit<WriteRequest, "purpose"> {
  return {
    method: "POST",
    path: `${deploymentPath(deployment)}/ssh`,
    contentType: "application/json",
    body: JSON.stringify(body),
  };
}
