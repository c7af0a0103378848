// The safety rules as checkers of where a run ended.

import { type EtcdWorld, memberData, worldNodes } from "../etcd/etcd-world";
import type { Violation } from "./act-checkers";
import type { EtcdSubject } from "./etcd-subject";
import { expectEnd } from "./oracle";
import type { RunEnd } from "./run-to-end";
import { isQuorate, soundVoters, trueCluster, trueGroup } from "./truth";

/** What is wrong with an end. */
export function checkEnd(subject: EtcdSubject, start: EtcdWorld, end: RunEnd): readonly Violation[] {
  return [
    ...checkArrival(subject, end),
    ...checkPauses(start, end),
    ...checkMembers(end),
    ...checkWrites(subject, start, end),
  ];
}

/** Rule 7: it converges, or refuses with a reason that the truth of the state gives. */
function checkArrival(subject: EtcdSubject, end: RunEnd): readonly Violation[] {
  const expected = expectEnd(subject, end.world);
  const found = (text: string): readonly Violation[] => [{ checker: "converges", text }];
  switch (end.kind) {
    case "restored":
      return [];
    case "refused": {
      const isExpected = end.reasons.some((reason) => expected.reasons.some((one) => one === reason));
      if (isExpected) return [];
      const wanted = expected.mustRestore ? "that it is restored" : `one of ${expected.reasons.join(", ")}`;
      return found(`it refuses with ${end.reasons.join(", ")}, and the state asks for ${wanted}`);
    }
    case "stuck": {
      // A member that cannot start as long as its node is out of order is waited for, and the up ends by naming it.
      const isHindered = expected.reasons.length > 0;
      return isHindered && end.detail !== "" && !end.detail.startsWith("no end") ? [] : found(end.detail);
    }
  }
}

/** Rule 6: what was paused on the way is put back. */
function checkPauses(start: EtcdWorld, end: RunEnd): readonly Violation[] {
  if (end.kind !== "restored") return [];
  return worldNodes(end.world)
    .filter((node) => node.isPaused || node.definition.state !== "in-place")
    .map((node) => ({
      checker: "pauses-put-back",
      text: `${node.name} ends ${node.definition.state === "in-place" ? "paused" : node.definition.state}${start.nodes[node.name]?.isPaused === true ? ", as it was before" : ""}`,
    }));
}

/** Rule 1: restored means that every declared member votes in the one true cluster. */
function checkMembers(end: RunEnd): readonly Violation[] {
  if (end.kind !== "restored") return [];
  const sound = soundVoters(end.world);
  const missing = worldNodes(end.world).filter((node) => !sound.includes(node.name));
  return missing.map((node) => ({
    checker: "one-cluster",
    text: `all is called well, and ${node.name} is no sound voter of ${trueCluster(end.world)?.clusterId ?? "the cluster"}`,
  }));
}

/** No acknowledged write is lost, but those newer than the source of a restore that was asked for. */
function checkWrites(subject: EtcdSubject, start: EtcdWorld, end: RunEnd): readonly Violation[] {
  if (end.kind !== "restored" || !isQuorate(end.world)) return [];
  const before = start.groups[trueGroup(start)];
  const after = trueCluster(end.world);
  if (before === undefined || after === undefined) return [];
  if (after.origin === "restored")
    return subject.etcd.restore !== undefined
      ? []
      : [{ checker: "writes-kept", text: "a cluster was rebuilt unasked" }];
  const held = Math.max(0, ...worldNodes(end.world).map((node) => memberData(node)?.revision ?? 0));
  return after.revision >= before.revision && held >= after.revision
    ? []
    : [
        {
          checker: "writes-kept",
          text: `revision ${before.revision} was acknowledged, and ${after.revision} is served`,
        },
      ];
}
