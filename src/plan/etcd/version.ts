// What a version of etcd and of its tools can do.

import type { EtcdTools } from "../../model/etcd-observation";
import type { EtcdFileTool } from "../../model/etcd-step";

type Version = readonly [number, number, number];

/** Are learners known to servers of this version? Source: CHANGELOG-3.4 (Raft learner). An unknown version has none. */
export function hasLearners(version: string): boolean {
  return isAtLeast(version, [3, 4, 0]);
}

/** The lower of two versions; an unreadable one counts as the lowest. */
export function lowerVersion(left: string, right: string): string {
  return compare(read(left), read(right)) <= 0 ? left : right;
}

/** Which tool works on files for a server of this version; undefined when it is not there. */
export function fileToolFor(serverVersion: string, tools: EtcdTools): EtcdFileTool | undefined {
  if (isAtLeast(serverVersion, [3, 5, 0]) && tools.etcdutl !== undefined) return "etcdutl";
  if (isAtLeast(serverVersion, [3, 6, 0])) return undefined;
  // etcdctl 3.6 has neither `snapshot restore` nor `snapshot status`.
  return tools.etcdctl !== undefined && !isAtLeast(tools.etcdctl, [3, 6, 0]) ? "etcdctl" : undefined;
}

/** Can this tool raise the revision of what it restores? Source: tags of etcd: 3.4.27, 3.5.10 and every 3.6. */
export function canBumpRevision(tool: EtcdFileTool, tools: EtcdTools): boolean {
  const version = read(tools[tool] ?? "");
  if (compare(version, [3, 5, 0]) < 0) return compare(version, [3, 4, 27]) >= 0;
  return compare(version, [3, 5, 10]) >= 0;
}

/** Is a version at least another? An unreadable one is not. */
export function isAtLeast(version: string, wanted: Version): boolean {
  return compare(read(version), wanted) >= 0;
}

function read(text: string): Version {
  const found = /^v?([0-9]+)\.([0-9]+)(?:\.([0-9]+))?/.exec(text);
  return found === null ? [0, 0, 0] : [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)];
}

function compare(left: Version, right: Version): number {
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}
