// What differs between kubespray's tags, as far as a recovery depends on it.
// Source: kubespray tags v2.13.0 to v2.31.0 and HEAD of 2026-08: roles/recover_control_plane, ansible_version.yml.

import type { KubesprayTree } from "../model/inventory-recovery";

/** What a tag needs and does. */
export interface TagTraits {
  /** `kube_control_plane`, or `kube-master` before v2.16. */
  readonly controlPlaneGroup: string;
  /** `broken_kube_control_plane`, or `broken_kube-master` before v2.16. */
  readonly brokenControlPlaneGroup: string;
  /** Does the etcd role read main_access_ip before anything has set it? */
  readonly needsMainAddresses: boolean;
  /** Minors of etcdctl whose `endpoint health` output the tag counts rightly. */
  readonly countsHealthOf: readonly number[];
  /** Minor of etcd that the tag installs by default. */
  readonly etcdMinor: number;
  /** Does the role go on when a broken host cannot be reached? */
  readonly toleratesUnreachable: boolean;
  /** Lowest ansible-core that the playbook accepts. */
  readonly ansibleMin: string;
  /** First ansible-core that it refuses; undefined before v2.15, which only has a lower bound. */
  readonly ansibleBelow: string | undefined;
}

/** Oldest minor with the `broken_*` groups. */
export const oldestMinor = 13;

const ansibleBounds: readonly (readonly [minor: number, min: string, below: string | undefined])[] = [
  [31, "2.18.0", "2.19.0"],
  [29, "2.17.3", "2.18.0"],
  [25, "2.16.4", "2.17.0"],
  [24, "2.15.5", "2.17.0"],
  [23, "2.14.0", "2.15.0"],
  [20, "2.11.0", "2.13.0"],
  [19, "2.9.0", "2.13.0"],
  [18, "2.9.0", "2.12.0"],
  [16, "2.9.0", "2.11.0"],
  [15, "2.9.0", "2.10.0"],
  // The playbooks still use `include`, which later versions refuse.
  [13, "2.8.0", "2.10.0"],
];

/** The traits of a tag from v2.13 on. */
export function tagTraits({ minor }: KubesprayTree): TagTraits {
  const [, ansibleMin, ansibleBelow] = ansibleBounds.find(([from]) => minor >= from) ?? [0, "2.8.0", "2.10.0"];
  return {
    controlPlaneGroup: minor >= 16 ? "kube_control_plane" : "kube-master",
    brokenControlPlaneGroup: minor >= 16 ? "broken_kube_control_plane" : "broken_kube-master",
    needsMainAddresses: minor >= 28,
    // etcdctl 3.4 prints every line on stderr, 3.5 splits them; v2.14 to v2.17 count stderr alone, the others both.
    countsHealthOf: minor >= 18 || minor === 13 ? [5, 6] : [3, 4],
    etcdMinor: minor >= 31 ? 6 : minor >= 18 ? 5 : minor >= 14 ? 4 : 3,
    toleratesUnreachable: minor >= 25,
    ansibleMin,
    ansibleBelow,
  };
}

/** Reads `v2.28.1` or `2.28.1`; undefined when it is no kubespray version. */
export function parseKubesprayVersion(text: string): KubesprayTree | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)(?:[-+].*)?$/.exec(text.trim());
  if (match === null) return undefined;
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]) };
}
