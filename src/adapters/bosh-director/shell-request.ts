// The director's ssh calls: which instance they go to, and what their result means.
// Source: cloudfoundry/bosh director lib/bosh/director/jobs/ssh.rb; cloudfoundry/bosh-agent agent/action/ssh.go.
import { type InstanceRef, instanceName } from "../../model/bosh";
import type { ShellOutcome } from "../../ports/director-access";
import type { ShellItem } from "./director-responses";

/** The target of an ssh call. Empty lists would mean every VM of the group, no job every VM of the deployment. */
export function shellTarget(instance: InstanceRef): object {
  return { job: instance.group, indexes: [instance.id], ids: [instance.id] };
}

/** What the items of a setup result say about the one instance that was asked for. */
export function shellOutcome(instance: InstanceRef, items: readonly ShellItem[]): ShellOutcome {
  const name = instanceName(instance);
  const item = items.find((candidate) => candidate.id === instance.id) ?? (items.length === 1 ? items[0] : undefined);
  if (item === undefined) return { kind: "not-ready", message: `the director made no user on ${name}` };
  if (item.status !== "success") {
    return { kind: "not-ready", message: `the agent of ${name} made no user (status '${item.status}')` };
  }
  if (typeof item.ip !== "string" || item.ip === "") {
    return { kind: "not-ready", message: `the agent of ${name} did not tell its address` };
  }
  const key = item.host_public_key?.trim();
  const gatewayHost = item.gateway_host ?? "";
  return {
    kind: "ready",
    user: {
      instance,
      ip: item.ip,
      hostPublicKey: key === undefined || key === "" ? undefined : key,
      gateway: gatewayHost === "" ? undefined : { host: gatewayHost, user: item.gateway_user ?? "vcap" },
    },
  };
}
