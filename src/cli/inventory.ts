// `quorate inventory`: a kubespray inventory and its broken hosts in, a proven recovery inventory out, or every reason
// why there is none.

import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { findEarlierRecoveries } from "../inventory/earlier-recovery";
import { renderFacts } from "../inventory/facts-file";
import { parseKubesprayVersion } from "../inventory/kubespray-version";
import { type ReadOrder, readOrder } from "../inventory/read-order";
import { deriveRecovery } from "../inventory/recovery";
import { describeProcedure, describeStep } from "../inventory/recovery-files";
import { writeRecovery } from "../inventory/write-recovery";
import { isRecoveryError, type RecoveryError } from "../model/errors";
import type { EtcdFacts, Flavor, HostReplacement, RecoveryResult } from "../model/inventory-recovery";
import { findAnsibleFault } from "../provider/ansible-version";
import type { ObserveSite } from "../provider/observe-site";

/** What the command reaches outside its own process. */
export interface InventoryPorts {
  /** Looks at the live hosts of a site; undefined: there is no --observe. */
  readonly observe?: ObserveSite | undefined;
  readonly writeOut: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly setExitCode: (code: number) => void;
}

const processPorts: InventoryPorts = {
  writeOut: (text) => void process.stdout.write(text),
  writeError: (text) => void process.stderr.write(text),
  setExitCode: (code) => {
    process.exitCode = code;
  },
};

interface InventoryOptions {
  readonly inventory: string;
  readonly brokenEtcd?: readonly string[];
  readonly brokenControlPlane?: readonly string[];
  readonly observe?: boolean;
  readonly sshConfig?: string;
  readonly facts?: string;
  readonly saveFacts?: string;
  readonly replace: readonly HostReplacement[];
  readonly snapshot?: string;
  readonly sourceSurvivor?: string;
  readonly extraVars: readonly string[];
  readonly kubesprayDir?: string;
  readonly kubesprayVersion?: string;
  readonly flavor: Flavor;
  readonly inventoryAs?: string;
  readonly pkiBackup?: string;
  readonly followUp?: boolean;
  readonly ansible?: string;
  readonly earlier?: string;
  readonly output: string;
  readonly json?: boolean;
}

/** Adds `inventory` to the program. */
export function registerInventoryCommand(program: Command, ports: Partial<InventoryPorts> = {}): void {
  const used = { ...processPorts, ...ports };
  const command = program
    .command("inventory")
    .description("derive a kubespray recovery inventory and prove it before ansible runs")
    .requiredOption(
      "-i, --inventory <file>",
      "the site's inventory, INI or YAML, with group_vars and host_vars beside it",
    )
    .option("--broken-etcd <hosts>", "hosts whose etcd is broken, separated by commas", parseList)
    .option("--broken-control-plane <hosts>", "hosts whose control plane is broken, separated by commas", parseList)
    .option("--facts <file>", "facts observed before, as JSON, instead of looking at the hosts")
    .option(
      "--replace <old=new:ip>",
      "a host that takes the place of another under a new name (repeatable)",
      parseReplacement,
      [],
    )
    .addOption(new Option("--snapshot <file>", "lost quorum: restore this snapshot").conflicts("sourceSurvivor"))
    .option("--source-survivor <host>", "lost quorum: start from this survivor's data")
    .option(
      "--extra-vars <file>",
      "the site's own -e @FILE (repeatable)",
      (path: string, all: readonly string[]) => [...all, path],
      [],
    )
    .option("--kubespray-dir <dir>", "the kubespray (or tacoplay) tree that will be used")
    .option("--kubespray-version <tag>", "its tag, when the tree is not at hand", parseVersion)
    .addOption(new Option("--flavor <name>", "whose playbook").choices(["kubespray", "taco"]).default("kubespray"))
    .option("--inventory-as <path>", "path by which the command names the inventory (default: the written file)")
    .option("--pki-backup <file>", "tar.gz of /etc/kubernetes and /etc/ssl/etcd for a first host that lost them")
    .option("--ansible <file>", "the ansible-playbook that recover.sh runs (default: the one in PATH)")
    .option("--follow-up", "run the unlimited cluster.yml afterwards")
    .option("-o, --output <dir>", "folder to write", "recovery-inventory")
    .option("--json", "print the result as JSON");
  if (used.observe !== undefined) {
    command
      .addOption(
        new Option("--observe", "look at the live hosts (read-only), and compare with what is named").conflicts(
          "facts",
        ),
      )
      .option("--ssh-config <file>", "with --observe: ssh configuration in place of your own and the inventory's")
      .option("--earlier <dir>", "with --observe: folder of a recovery that was started and did not come to its end")
      .option("--save-facts <file>", "with --observe: keep what was seen, to be given with --facts later");
  }
  command.addHelpText(
    "after",
    "\nExample:\n  quorate inventory -i inventory/prod/hosts.ini --broken-etcd cp2 --broken-control-plane cp2 \\\n    --kubespray-version v2.28.1 -o recovery\n  quorate inventory -i inventory/prod/hosts.ini --observe --kubespray-dir ~/kubespray -o recovery\n",
  );
  command.action(async (options: InventoryOptions) => {
    try {
      await runInventory(options, used);
    } catch (error) {
      if (!isRecoveryError(error)) throw error;
      reportError(error, options.json === true, used);
    }
  });
}

async function runInventory(options: InventoryOptions, ports: InventoryPorts): Promise<void> {
  const order = readOrder({
    ...options,
    replacements: options.replace,
    kubesprayDirectory: options.kubesprayDir,
    ...(options.earlier === undefined ? {} : { attempt: 1 + findEarlierRecoveries(resolve(options.earlier)).attempt }),
  });
  const { site, request, folder } = order;
  const facts = options.observe === true ? await observe(order, options, ports) : order.facts;
  const unfit = findAnsibleFault(request.tree, request.ansible);
  const derived = deriveRecovery(site, request, facts);
  const result: RecoveryResult =
    unfit === undefined
      ? derived
      : { kind: "refused", violations: [...(derived.kind === "refused" ? derived.violations : []), unfit] };
  if (result.kind === "proven") writeRecovery(folder, result.files, order.originalFolder);
  else ports.setExitCode(1);
  if (options.json === true) ports.writeOut(`${toJson(result, folder)}\n`);
  else if (result.kind === "proven") ports.writeOut(proofText(result, folder));
  else ports.writeError(refusalText(result, options.inventory));
}

async function observe(
  { site, request }: ReadOrder,
  options: InventoryOptions,
  ports: InventoryPorts,
): Promise<EtcdFacts | undefined> {
  // Without a version nothing is derived, whatever is seen; the refusal says so.
  if (request.tree === undefined || ports.observe === undefined) return undefined;
  const { sshConfig, earlier, saveFacts } = options;
  const restoreTokens = earlier === undefined ? [] : findEarlierRecoveries(resolve(earlier)).restoreTokens;
  const seen = await ports.observe(site, request.tree, { sshConfig, baseFolder: process.cwd(), restoreTokens });
  if (saveFacts !== undefined) writeFileSync(saveFacts, renderFacts(seen.facts), { mode: 0o600 });
  const lines = [
    `Observed: ${seen.summary}`,
    ...seen.evidence.map((text) => `  ${text}`),
    ...seen.notes.map((note) => `  note: ${note}`),
  ];
  // Progress and evidence are no part of the result, which a script may read from the standard output.
  if (options.json !== true) ports.writeError(`${lines.join("\n")}\n\n`);
  return seen.facts;
}

function proofText(result: RecoveryResult & { readonly kind: "proven" }, folder: string): string {
  const { proof, command } = result;
  const lines = [
    `Proven: ${describeProcedure(proof.procedure)} (${proof.rules.length} rules, see ${join(folder, "PROOF.md")}).`,
    "",
    "Before the playbook (prepare.yml):",
    ...proof.preparation.map((step, index) => `  ${index + 1}. ${describeStep(step)}`),
    "",
    "The command:",
    `  ${command}`,
    "",
    `Both together: ${join(folder, "recover.sh")}`,
  ];
  if (proof.notes.length > 0) lines.push("", "Notes:", ...proof.notes.map((note) => `  - ${note}`));
  return `${lines.join("\n")}\n`;
}

function refusalText(result: RecoveryResult & { readonly kind: "refused" }, inventory: string): string {
  const count = result.violations.length;
  const lines = [
    `quorate: no recovery inventory for ${inventory}: ${count} rule${count === 1 ? "" : "s"} cannot be met; nothing was written.`,
  ];
  for (const { code, message, smallestChange } of result.violations) {
    lines.push(`  ${code}: ${message}`, `    smallest change: ${smallestChange}`);
  }
  return `${lines.join("\n")}\n`;
}

function toJson(result: RecoveryResult, folder: string): string {
  if (result.kind === "refused") return JSON.stringify(result, undefined, 2);
  const { files, proof, command } = result;
  return JSON.stringify(
    { kind: "proven", folder, files: files.map((file) => file.path), command, proof },
    undefined,
    2,
  );
}

function reportError(error: RecoveryError, isJson: boolean, ports: InventoryPorts): void {
  ports.setExitCode(1);
  if (isJson) {
    const { code, message, problems, hint } = error;
    ports.writeOut(`${JSON.stringify({ kind: "error", code, message, problems, hint }, undefined, 2)}\n`);
    return;
  }
  const problems = error.problems.length > 1 ? error.problems.map((problem) => `  ${problem}`) : [];
  const hint = error.hint === undefined ? [] : [`  ${error.hint}`];
  ports.writeError(`${[`quorate: ${error.message}`, ...problems, ...hint].join("\n")}\n`);
}

function parseList(text: string): readonly string[] {
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function parseReplacement(text: string, all: readonly HostReplacement[]): readonly HostReplacement[] {
  const match = /^([^=]+)=([^:]+):(.+)$/.exec(text);
  const [, oldHost, newHost, address] = match ?? [];
  if (oldHost === undefined || newHost === undefined || address === undefined) {
    throw new InvalidArgumentError("write it as OLD=NEW:ADDRESS, for example cp2=cp4:10.0.0.14");
  }
  return [...all, { oldHost, newHost, address }];
}

function parseVersion(text: string): string {
  if (parseKubesprayVersion(text) === undefined)
    throw new InvalidArgumentError("write it as a tag of kubespray, for example v2.28.1");
  return text;
}
