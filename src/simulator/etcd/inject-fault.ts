// What each fault does to the world of an etcd cluster.

import { unreachable } from "../../model/errors";
import { isSameId } from "../../model/etcd-member-id";
import { endProcess, settle } from "./boot";
import type { EtcdFault } from "./etcd-fault";
import { changeGroup, changeNode, type EtcdWorld, memberData, withMemberData, worldNode } from "./etcd-world";

/** The world with one more fault, and with what follows from it by itself. */
export function injectEtcdFault(world: EtcdWorld, fault: EtcdFault): EtcdWorld {
  return settle(applyFault(world, fault));
}

function applyFault(world: EtcdWorld, fault: EtcdFault): EtcdWorld {
  const node = worldNode(world, fault.node);
  const change = (fields: Parameters<typeof changeNode>[2]) => changeNode(world, node.name, fields);
  switch (fault.kind) {
    case "power-lost":
      // A mask of systemd lives in /run and is gone with the machine's memory.
      return change({
        power: "off",
        ...endProcess(undefined),
        isPaused: world.runner === "systemd" ? false : node.isPaused,
        isWriterRunning: node.isWriterRunning,
      });
    case "power-back":
      return change({ power: "on" });
    case "unreachable":
      return change({ link: "down" });
    case "reachable":
      return change({ link: "up" });
    case "disk-lost":
      return change({
        ...endProcess(undefined),
        data: { kind: "none" },
        archive: [],
        snapshots: [],
        condemned: [],
      });
    case "disk-full":
      // etcd ends at the first write to its log that fails.
      return change({ disk: "full", ...endProcess(node.isRunning ? "wal: no space left on device" : node.exit) });
    case "disk-freed":
    case "disk-quick":
      return change({ disk: "good" });
    case "disk-slow":
      return change({ disk: "slow" });
    case "etcd-data-wiped": {
      const data = memberData(node);
      const held = node.isRunning ? data : undefined;
      return change({ data: { kind: "none" }, held });
    }
    case "etcd-data-damaged":
      return change({ ...endProcess(undefined), data: { kind: "damaged" } });
    case "etcd-data-corrupt":
      return change(withMemberData(node, { isCorrupt: true }));
    case "etcd-killed":
      return change(endProcess(undefined));
    case "etcd-stopped": {
      const stopped = endProcess(undefined);
      if (world.runner !== "static-pod") return change({ ...stopped, isPaused: true });
      return change({ ...stopped, isPaused: true, definition: { ...node.definition, state: "parked" } });
    }
    case "etcd-data-stale":
      return change({
        ...withMemberData(node, { revision: Math.max(1, (memberData(node)?.revision ?? 1) - fault.revisions) }),
        ...endProcess(undefined),
      });
    case "certificates":
      return change({ certificates: fault.state });
    case "tools":
      return change({ tools: fault.state });
    case "links-cut": {
      const pairs = fault.peers.map((peer) => (peer < node.name ? `${peer} ${node.name}` : `${node.name} ${peer}`));
      return { ...world, cuts: [...new Set([...world.cuts, ...pairs])].sort() };
    }
    case "links-mended":
      return { ...world, cuts: world.cuts.filter((pair) => !pair.split(" ").includes(node.name)) };
    case "etcd-full":
      return fill(world, node.name);
    case "peer-url-wrong": {
      const data = memberData(node);
      const group = data === undefined ? undefined : world.groups[data.group];
      if (data === undefined || group === undefined) return world;
      const members = group.members.map((member) =>
        isSameId(member.id, data.memberId) ? { ...member, peerUrls: [fault.url] } : member,
      );
      return changeGroup(world, data.group, { members });
    }
    default:
      return unreachable(fault);
  }
}

function fill(world: EtcdWorld, name: string): EtcdWorld {
  const data = memberData(worldNode(world, name));
  const group = data === undefined ? undefined : world.groups[data.group];
  if (data === undefined || group === undefined) return world;
  return changeGroup(world, data.group, {
    isFull: true,
    compactRevision: 0,
    fragmented: Object.keys(world.nodes),
    alarms: [{ memberId: data.memberId, alarm: "NOSPACE" }],
  });
}
