// A node whose disk is full: etcd ends at its first write, and a replacement would end the same way. Its data is whole, so
// that it is left alone until there is room.

import type { EtcdBlocker } from "../../model/etcd-plan";
import type { EtcdMemberState } from "../../model/etcd-verdict";
import { blocker, etcdOf, type Planning } from "./planning";

/** etcd reserves this much for each file of its log before it writes. Source: etcd server/storage/wal SegmentSizeBytes. */
const logFileBytes = 64 * 1024 * 1024;

/** Why a member that does not serve is not started or replaced; undefined when its disk has room. */
export function roomBlocker(planning: Planning, member: EtcdMemberState): EtcdBlocker | undefined {
  const data = etcdOf(planning, member.node)?.data;
  if (data?.freeBytes === undefined || data.freeBytes >= logFileBytes) return undefined;
  if (member.condition === "voting" || member.condition === "learning" || member.isCounted) return undefined;
  return blocker(
    "etcd-disk-full",
    member.node,
    `the disk under ${data.directory} on ${member.node} is full (${data.freeBytes} bytes are free), so that no member can start there`,
    `free space on ${member.node} outside ${data.directory} (logs, old snapshots and archives first), then run preview again`,
  );
}
