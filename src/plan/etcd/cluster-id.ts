// The ids that etcd gives to members that boot a new cluster. They follow from peer URLs and token alone, so that a rebuilt
// cluster is recognised by its id and no flag on a disk has to say that a restore is under way.
// Source: etcd server/etcdserver/api/membership/{member,cluster}.go computeMemberID, genID; the same since 3.0.

import { createHash } from "node:crypto";
import { invariantError } from "../../model/errors";
import type { EtcdRestore } from "../../model/etcd-declaration";
import { compareIds, type MemberId, memberIdOf } from "../../model/etcd-member-id";

/** The id of a member that boots a new cluster with this token. */
export function bootstrapMemberId(peerUrl: string, token: string): MemberId {
  return idFrom(Buffer.from(`${peerUrl}${token}`));
}

/** The id of a new cluster that these peers boot with this token. */
export function bootstrapClusterId(peerUrls: readonly string[], token: string): MemberId {
  const ids = peerUrls.map((url) => bootstrapMemberId(url, token)).sort(compareIds);
  const bytes = Buffer.alloc(8 * ids.length);
  ids.forEach((id, index) => {
    bytes.writeBigUInt64BE(BigInt(`0x${id}`), 8 * index);
  });
  return idFrom(bytes);
}

/** The cluster token of a declared restore: as new as its name. */
export function restoreToken(restore: EtcdRestore): string {
  return `quorate-${restore.name}`;
}

/** The name of the snapshot that a declared restore is made from, as it lies on the nodes. */
export function restoreFileName(restore: EtcdRestore): string {
  return `restore-${restore.name}.db`;
}

function idFrom(bytes: Buffer): MemberId {
  const id = memberIdOf(createHash("sha1").update(bytes).digest().readBigUInt64BE(0));
  if (id === undefined) throw invariantError("a SHA-1 sum begins with eight zero bytes");
  return id;
}
