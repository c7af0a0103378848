// A text that two worlds share when they are the same world. Nodes and groups that did not change are the same objects, so
// that their part is made once.

import type { EtcdWorld } from "../etcd/etcd-world";

const parts = new WeakMap<object, string>();

/** The key of a world: all of it but what was done to it. */
export function worldKey(world: EtcdWorld): string {
  const nodes = Object.values(world.nodes).map(partKey).join();
  const groups = Object.entries(world.groups).map(([key, group]) => `${key}:${partKey(group)}`);
  return `${nodes}|${groups.join()}|${world.cuts.join()}|${partKey(world.backups)}|${world.idCount}`;
}

function partKey(part: object): string {
  const known = parts.get(part);
  if (known !== undefined) return known;
  const key = JSON.stringify(part);
  parts.set(part, key);
  return key;
}
