// Ids that etcd draws when a member is added. Here they follow from a counter, so that the same run gives the same ids.

import { createHash } from "node:crypto";
import { invariantError } from "../../model/errors";
import { type MemberId, memberIdOf } from "../../model/etcd-member-id";
import type { EtcdWorld } from "./etcd-world";

/** An id that no member has, and the world that has drawn it. */
export function newMemberId(world: EtcdWorld): readonly [MemberId, EtcdWorld] {
  const count = world.idCount + 1;
  const id = memberIdOf(createHash("sha1").update(`member ${count}`).digest().readBigUInt64BE(0));
  if (id === undefined) throw invariantError("a SHA-1 sum begins with eight zero bytes");
  return [id, { ...world, idCount: count }];
}

/** The SHA-256 that a simulated file has: it follows from what is in it. */
export function contentSum(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}
