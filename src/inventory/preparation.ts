// The work that kubespray's playbook leaves out and that must come before it: save first, stop and move aside (never
// delete), remove by id, have the certificate authority in place.

import type { PreparationStep } from "../model/inventory-recovery";
import type { DerivedInventory } from "./derive";
import type { ChosenProcedure } from "./procedure";
import { factsOf, type Situation } from "./situation";

/** The steps before the playbook, in order. */
export function prepareRecovery(
  situation: Situation,
  chosen: ChosenProcedure,
  derived: DerivedInventory,
): readonly PreparationStep[] {
  const { request } = situation;
  const [firstEtcd = chosen.firstEtcd] = derived.etcd;
  const steps: PreparationStep[] = [];
  const isRestore = !situation.isQuorumKept;
  const startsFromSurvivor = isRestore && request.source.kind === "survivor";
  const hasLivingData = situation.isQuorumKept || startsFromSurvivor;
  if (!situation.brokenEtcd.includes(chosen.firstEtcd)) {
    steps.push({ kind: "preserve", host: firstEtcd, withSnapshot: hasLivingData });
  }
  steps.push(...stopSteps(situation, chosen, derived, startsFromSurvivor));
  if (!isRestore) steps.push(...removalSteps(situation, derived, firstEtcd));
  if (!isRestore && chosen.emptyBecause.length > 0) {
    steps.push({ kind: "deleteCertificates", on: firstEtcd, of: situation.brokenEtcd });
  }
  const others = derived.etcd.filter(
    (host) => host !== firstEtcd && factsOf(situation.facts, host)?.hasCaKey !== false,
  );
  steps.push({ kind: "placeEtcdCa", on: firstEtcd, from: others, backup: request.pkiBackup });
  const [firstPlane] = derived.controlPlane;
  if (firstPlane !== undefined && situation.brokenControlPlane.length === situation.controlPlaneHosts.length) {
    steps.push({ kind: "placeKubernetesPki", on: firstPlane, backup: request.pkiBackup });
  }
  if (chosen.procedure.kind === "restore-by-quorate") {
    const memberName = derived.names.after.get(firstEtcd) ?? firstEtcd;
    const snapshot = request.source.kind === "snapshot" ? request.source.path : undefined;
    steps.push({ kind: "restore", on: firstEtcd, memberName, snapshot });
  }
  return steps;
}

function stopSteps(
  situation: Situation,
  chosen: ChosenProcedure,
  derived: DerivedInventory,
  startsFromSurvivor: boolean,
): readonly PreparationStep[] {
  const replaced = new Set(situation.request.replacements.map((replacement) => replacement.oldHost));
  const isRestore = !situation.isQuorumKept;
  const hosts = isRestore
    ? [...derived.etcd, ...situation.etcdHosts.filter((host) => replaced.has(host))]
    : situation.brokenEtcd;
  return (
    hosts
      // The playbook takes its own snapshot from a living first host, so that one must still run when it starts.
      .filter(
        (host) => !(startsFromSurvivor && host === chosen.firstEtcd && chosen.procedure.kind === "restore-by-playbook"),
      )
      .map((host): PreparationStep => ({ kind: "stopAndArchive", host, isOptional: replaced.has(host) }))
  );
}

function removalSteps(situation: Situation, derived: DerivedInventory, via: string): readonly PreparationStep[] {
  return (
    situation.brokenEtcd
      // A host that was observed to have no member has nothing to remove.
      .filter(
        (host) => factsOf(situation.facts, host) === undefined || factsOf(situation.facts, host)?.member !== undefined,
      )
      .map((host): PreparationStep => {
        const memberId = factsOf(situation.facts, host)?.member?.id;
        return { kind: "removeMember", via, memberName: derived.names.before.get(host) ?? host, memberId };
      })
  );
}
