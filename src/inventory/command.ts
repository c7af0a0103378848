// The exact ansible-playbook command of a recovery, and the variables that go with it.

import type { InventoryVariable } from "../model/inventory";
import type { Flavor, RecoveryRequest } from "../model/inventory-recovery";
import { quoteShell } from "../render/inventory-quoting";
import type { ChosenProcedure } from "./procedure";
import type { Situation } from "./situation";

/** Tries of the joins. The default of 4 is too few for members that have to copy data first. */
const etcdRetries = 10;

/** Commands and variables of a recovery. */
export interface RecoveryCommand {
  /** The recovery playbook. */
  readonly playbook: string;
  /** The preparation, without the playbook's path at its end. */
  readonly preparation: string;
  /** The unlimited cluster.yml afterwards. */
  readonly followUp: string;
  /** quorate's own extra variables; empty for taco, where the seed has them on the command line. */
  readonly variables: readonly InventoryVariable[];
}

const playbooks: Readonly<Record<Flavor, string>> = {
  kubespray: "recover-control-plane.yml",
  taco: "recover-k8s-control-plane.yml",
};

/** Builds the commands. */
export function recoveryCommand(situation: Situation, chosen: ChosenProcedure): RecoveryCommand {
  const { request, site, traits } = situation;
  const isTaco = request.flavor === "taco";
  const isRestored = chosen.procedure.kind === "restore-by-playbook" && request.source.kind === "snapshot";
  const snapshot = isRestored && request.source.kind === "snapshot" ? request.source.path : undefined;
  const variables: InventoryVariable[] = [];
  const position = { file: request.recoveryVarsAs, line: 1 };
  if (!isTaco) {
    if (snapshot !== undefined) variables.push({ name: "etcd_snapshot", value: snapshot, position });
    variables.push({ name: "etcd_retries", value: etcdRetries, position });
  }
  const base = ["ansible-playbook", "-b", "-i", quoteShell(request.inventoryAs)];
  for (const file of site.extraVars) base.push("-e", quoteShell(`@${file.path}`));
  if (!isTaco) base.push("-e", quoteShell(`@${request.recoveryVarsAs}`));
  const playbook = [...base, quoteShell(request.tree?.playbook ?? playbooks[request.flavor])];
  playbook.push("--limit", quoteShell(`etcd,${traits.controlPlaneGroup}`));
  if (isTaco) {
    if (snapshot !== undefined) playbook.push("-e", inlineVariable("etcd_snapshot", snapshot));
    playbook.push("-e", `etcd_retries=${etcdRetries}`, "--skip-tags=external-provisioner");
  }
  return {
    playbook: playbook.join(" "),
    preparation: base.join(" "),
    followUp: [...base, followUpPlaybook(request)].join(" "),
    variables,
  };
}

function followUpPlaybook(request: RecoveryRequest): string {
  return request.flavor === "taco" ? "kubespray/cluster.yml" : "cluster.yml";
}

/** `-e name=value` is split like a shell line by Ansible itself, so anything unusual goes as JSON. */
function inlineVariable(name: string, value: string): string {
  return /^[A-Za-z0-9_@%+:,./-]+$/.test(value) ? `${name}=${value}` : quoteShell(JSON.stringify({ [name]: value }));
}
