// The files around the recovery inventory: what each template is shown.

import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { unreachable } from "../model/errors";
import type { PreparationStep, Procedure, Proof } from "../model/inventory-recovery";
import { renderInventoryTemplate } from "../render/inventory";
import { describeAnsibleBound } from "./ansible-bound";
import type { RecoveryCommand } from "./command";
import type { DerivedInventory } from "./derive";
import { type ChosenProcedure, certificateFilesOf } from "./procedure";
import type { Situation } from "./situation";

/** recovery-vars.yml. */
export function renderRecoveryVars(command: RecoveryCommand): string {
  return renderInventoryTemplate("recovery-vars.yml.hbs", { variables: command.variables });
}

/** prepare.yml. */
export function renderPrepare(
  situation: Situation,
  derived: DerivedInventory,
  preparation: readonly PreparationStep[],
): string {
  const {
    traits,
    request: { attempt },
  } = situation;
  const groups = [
    { group: "etcd", hosts: derived.etcd },
    { group: traits.controlPlaneGroup, hosts: derived.controlPlane },
    { group: "broken_etcd", hosts: derived.brokenEtcd },
    { group: traits.brokenControlPlaneGroup, hosts: derived.brokenControlPlane },
  ];
  const names = derived.etcd.map((host) => ({ host, name: derived.names.after.get(host) ?? host }));
  // A step that was done is not done again; another plan has another mark.
  const id = createHash("sha256")
    .update(JSON.stringify([groups, names, preparation, ...(attempt === undefined || attempt === 0 ? [] : [attempt])]))
    .digest("hex")
    .slice(0, 12);
  return renderInventoryTemplate("prepare.yml.hbs", {
    id,
    groups,
    names,
    steps: mergedSteps(preparation).map(playView),
  });
}

const noStep = {
  preserve: false,
  stopAndArchive: false,
  removeMember: false,
  deleteCertificates: false,
  placeEtcdCa: false,
  placeKubernetesPki: false,
  restore: false,
  optional: false,
};

/** A step with all the hosts that do the same at once. */
interface Play {
  readonly step: PreparationStep;
  readonly hosts: readonly string[];
}

/** Stopping many hosts is one play: nothing waits for the one before. */
function mergedSteps(preparation: readonly PreparationStep[]): readonly Play[] {
  const plays: Play[] = [];
  for (const step of preparation) {
    const last = plays.at(-1);
    const isSame =
      last?.step.kind === "stopAndArchive" &&
      step.kind === "stopAndArchive" &&
      last.step.isOptional === step.isOptional;
    if (isSame && step.kind === "stopAndArchive") plays.splice(-1, 1, { step, hosts: [...last.hosts, step.host] });
    else plays.push({ step, hosts: [hostOf(step)] });
  }
  return plays;
}

function hostOf(step: PreparationStep): string {
  switch (step.kind) {
    case "preserve":
    case "stopAndArchive":
      return step.host;
    case "removeMember":
      return step.via;
    default:
      return step.on;
  }
}

function playView({ step, hosts }: Play): object {
  const base = { is: { ...noStep, [step.kind]: true }, text: describeStep(step), hosts };
  switch (step.kind) {
    case "preserve":
      return { ...base, withSnapshot: step.withSnapshot };
    case "stopAndArchive": {
      const text = `Stop etcd on ${hosts.join(", ")} and move the data directory aside`;
      return { ...base, is: { ...base.is, optional: step.isOptional }, text };
    }
    case "removeMember":
      return { ...base, memberName: step.memberName, memberId: step.memberId ?? "" };
    case "deleteCertificates":
      return { ...base, files: step.of.flatMap(certificateFilesOf).join(" ") };
    case "placeEtcdCa":
      return { ...base, from: step.from, backup: step.backup ?? "" };
    case "placeKubernetesPki":
      return { ...base, backup: step.backup ?? "" };
    case "restore":
      return {
        ...base,
        host: step.on,
        memberName: step.memberName,
        snapshot: step.snapshot ?? "preserved/etcd-snapshot.db",
      };
    default:
      return unreachable(step);
  }
}

/** A step in the operator's words. */
export function describeStep(step: PreparationStep): string {
  switch (step.kind) {
    case "preserve":
      return step.withSnapshot
        ? `Save an etcd snapshot and the certificates of ${step.host} and bring both to the controller (preserved/)`
        : `Bring the certificates of ${step.host} to the controller (preserved/)`;
    case "stopAndArchive":
      return `Stop etcd on ${step.host} and move its data directory aside${step.isOptional ? ", if the host still answers" : ""}`;
    case "removeMember": {
      const id = step.memberId === undefined ? "" : ` (${step.memberId})`;
      return `Remove the member ${step.memberName}${id} through ${step.via}, unless it answers`;
    }
    case "deleteCertificates":
      return `Move the etcd certificates of ${step.of.join(", ")} aside on ${step.on}, and only these`;
    case "placeEtcdCa":
      return `Have the etcd certificate authority and its key on ${step.on}`;
    case "placeKubernetesPki":
      return `Have the cluster's certificates on ${step.on} in /etc/kubernetes/ssl${step.backup === undefined ? " (put there from the backup by hand)" : ""}`;
    case "restore":
      return `Restore a cluster of one member, ${step.memberName}, on ${step.on}, with a new token and a raised revision`;
    default:
      return unreachable(step);
  }
}

/** verify.yml. */
export function renderVerify(derived: DerivedInventory): string {
  const { etcd, controlPlane, names } = derived;
  const members = etcd.map((host) => `${names.after.get(host) ?? host} started`).sort();
  return renderInventoryTemplate("verify.yml.hbs", { etcd, first: etcd.slice(0, 1), controlPlane, members });
}

/** recover.sh. */
export function renderRecover(
  situation: Situation,
  chosen: ChosenProcedure,
  command: RecoveryCommand,
  preparation: readonly PreparationStep[],
): string {
  const { request, traits } = situation;
  const pkiSteps = preparation.filter((step) => step.kind === "placeEtcdCa" || step.kind === "placeKubernetesPki");
  const { ansibleMin, ansibleBelow } = traits;
  return renderInventoryTemplate("recover.sh.hbs", {
    programs: request.ansible === undefined ? "" : dirname(request.ansible),
    title: `Recovery: ${describeProcedure(chosen.procedure)}.`,
    directory: request.tree?.directory ?? "",
    ansibleMin,
    ansibleBelow: ansibleBelow ?? "",
    ansibleRule: request.tree === undefined ? "" : describeAnsibleBound(request.tree),
    snapshot: request.source.kind === "snapshot" ? request.source.path : "",
    pkiBackup: pkiSteps.map((step) => step.backup).find((path) => path !== undefined) ?? "",
    needsClusterKey: pkiSteps.some((step) => step.kind === "placeKubernetesPki"),
    prepareCommand: command.preparation,
    command: command.playbook,
    followUp: request.withFollowUp ? command.followUp : "",
  });
}

function versionOf({ request: { tree } }: Situation): string {
  return tree === undefined ? "(unknown)" : `v${tree.major}.${tree.minor}.${tree.patch}`;
}

/** The procedure in a few words. */
export function describeProcedure(procedure: Procedure): string {
  switch (procedure.kind) {
    case "control-plane-only":
      return "control plane nodes are rebuilt, etcd is whole";
    case "replace-members":
      return "quorum kept, broken etcd members are replaced";
    case "restore-by-playbook":
      return "quorum lost, the playbook restores one etcd member and the others join it";
    case "restore-by-quorate":
      return "quorum lost, quorate restores one etcd member and the playbook joins the others";
    default:
      return unreachable(procedure);
  }
}

/** PROOF.md. */
export function renderProof(situation: Situation, proof: Proof, command: RecoveryCommand): string {
  const { procedure } = proof;
  return renderInventoryTemplate("PROOF.md.hbs", {
    procedure: describeProcedure(procedure),
    procedureBecause: procedure.kind === "restore-by-quorate" ? procedure.because : "",
    original: situation.site.inventory.path,
    version: versionOf(situation),
    command: command.playbook,
    rules: proof.rules,
    preparation: proof.preparation.map((step, index) => ({ number: index + 1, text: `${describeStep(step)}.` })),
    changes: proof.changes.map((change) => ({
      ...change,
      before: change.before ?? "not set",
      after: change.after ?? "not set",
    })),
    notes: proof.notes,
    followUp: proof.followUp,
  });
}
