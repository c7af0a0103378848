// One node's etcd as far as booting and quorum go: what its data directory holds and what a start over it does. Membership
// changes, terms and revisions are not modelled here.

import type { JsonObject } from "../model/json";
import { flagOf } from "./container-fate";
import { withDirectory } from "./paths";
import { createPrng } from "./prng";
import { nodeNames, nodeOf, recordIncident, type World, withNode } from "./world";

/** How an etcd ends that cannot start over its data. */
export interface EtcdExit {
  readonly afterMs: number;
  readonly exitCode: number;
  readonly message: string;
}

/**
 * Starts etcd over the node's data directory. Over an empty one it makes a new cluster of the members that
 * `--initial-cluster` names, which is the harm that the park rule prevents: kubeadm's first node names only itself.
 */
export function startEtcd(
  world: World,
  name: string,
  container: JsonObject,
): { readonly world: World; readonly exit?: EtcdExit } {
  const data = nodeOf(world, name).etcdData;
  if (data === undefined || data.state === "present") return { world };
  if (flagOf(container, "--initial-cluster-state") === "existing") {
    // The member is still listed and its peers send it what it once had acknowledged. Seen in the lab.
    const message =
      "panic: tocommit(8) is out of range [lastIndex(0)]. Was the raft log corrupted, truncated, or lost?";
    return { world, exit: { afterMs: 2000, exitCode: 2, message } };
  }
  const clusterSize = (flagOf(container, "--initial-cluster") ?? "").split(",").length;
  const clusterId = createPrng(world.seed)
    .fork(`cluster ${name} ${world.timeMs}`)
    .integer(1, 2 ** 48)
    .toString(16);
  const next = withNode(world, name, {
    etcdData: { ...data, state: "present", clusterId, clusterSize },
    files: withDirectory(nodeOf(world, name).files, data.directory),
  });
  return { world: recordIncident(next, name, `etcd made a new, empty cluster of ${clusterSize} in ${data.directory}`) };
}

/** Does this node's etcd run as part of a cluster that has a quorum? */
export function hasQuorum(world: World, name: string): boolean {
  const own = nodeOf(world, name).etcdData;
  if (own === undefined) return true;
  if (!runsEtcd(world, name)) return false;
  const votes = nodeNames(world).filter((peer) => {
    const data = nodeOf(world, peer).etcdData;
    return data?.clusterId === own.clusterId && data.state === "present" && runsEtcd(world, peer);
  });
  return votes.length > own.clusterSize / 2;
}

function runsEtcd(world: World, name: string): boolean {
  const node = nodeOf(world, name);
  return (
    node.power === "on" &&
    node.containers.some(
      (container) => container.state === "running" && container.command[0]?.split("/").at(-1) === "etcd",
    )
  );
}
