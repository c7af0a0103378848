// `quorate restore-pki`: the certificates and keys of a backup onto a node that lost them, before anything there makes new ones.

import * as fs from "node:fs";
import * as path from "node:path";
import type { Command } from "commander";
import { localFiles } from "../adapters/kept-file";
import { readBackupRecord } from "../adapters/local-backup-store";
import { openNodes } from "../adapters/nodes";
import type { BackupFile, BackupRecord } from "../model/backup";
import { convergenceError, inputError } from "../model/errors";
import type { DeliverPkiStep } from "../model/transfer";
import { renderPkiStep } from "../render/pki-step-command";
import { planeOfNodes } from "./node-option";

interface RestoreOptions {
  readonly node: string;
  readonly backup: string;
  readonly from?: string;
  readonly path: readonly string[];
  readonly sshConfig?: string;
  readonly passphraseFile?: string;
  readonly dryRun?: boolean;
}

/**
 * What a first node has to have before kubeadm or kubespray runs on it, or they make a new certificate authority. Source: seed
 * of a kubespray site; kubespray roles/etcd (etcd_cert_dir) and roles/kubernetes/control-plane (kube_cert_dir and its link).
 */
const defaultPaths = ["/etc/kubernetes/ssl", "/etc/kubernetes/pki", "/etc/ssl/etcd"];

/** Adds `restore-pki` to the program. */
export function registerRestorePkiCommand(program: Command): void {
  program
    .command("restore-pki")
    .description("put the certificates and keys of a backup on a node that lost them; replaces nothing that is there")
    .requiredOption("-n, --node <name=[user@]host[:port]>", "the node, as the backup names it and as ssh reaches it")
    .requiredOption("--backup <folder>", "a backup: the folder that holds backup.json")
    .option("--from <node>", "take the archive of this node of the backup (default: that of the same name)")
    .option(
      "--path <path>",
      `what to put in place; repeat it (default: ${defaultPaths.join(", ")}, as far as the backup has them)`,
      (value: string, previous: readonly string[]) => [...previous, value],
      [],
    )
    .option("--passphrase-file <file>", "file that holds the passphrase of an encrypted backup")
    .option("--ssh-config <file>", "ssh configuration to use in place of your own")
    .option("--dry-run", "print the commands that would be run on the node, and change nothing")
    .addHelpText(
      "after",
      "\nExample:\n  quorate restore-pki -n taco-m1=root@10.0.0.11 --backup /srv/backups/20261121T101500Z",
    )
    .action(restorePki);
}

async function restorePki(options: RestoreOptions): Promise<void> {
  const plane = planeOfNodes([options.node], [], options.sshConfig);
  const [node = ""] = Object.keys(plane.nodes);
  const folder = path.resolve(options.backup);
  const record = readRecord(folder);
  const file = archiveOf(record, options.from ?? node, options.from === undefined);
  const wrong = options.path.find((wanted) => !/^\/[^\n\0]*[^\n\0/]$/.test(wanted) || wanted.split("/").includes(".."));
  if (wrong !== undefined) throw inputError(`--path ${JSON.stringify(wrong)} is not an absolute path without '..'`);
  const localFile = path.join(folder, file.name);
  const step: DeliverPkiStep = {
    kind: "deliverPki",
    node,
    reason: "without them a new certificate authority would be made, and no other node would trust it",
    paths: options.path.length > 0 ? options.path : defaultPaths,
    localFile,
    sha256: file.dataSha256,
  };
  if (options.dryRun === true) {
    process.stdout.write(renderPkiStep(step));
    return;
  }
  const passphrase = record.isEncrypted ? readPassphrase(options.passphraseFile) : undefined;
  await checkOpens(localFile, passphrase, file);
  const nodes = openNodes(plane);
  try {
    const outcome = await nodes.deliver(step, { path: localFile, ...(passphrase === undefined ? {} : { passphrase }) });
    if (outcome.kind !== "done") throw convergenceError(`${node}: ${outcome.message}`, []);
    process.stdout.write(
      `${node}: in place from the backup of ${record.takenAt} (node ${file.node}): ${step.paths.join(" ")}\n`,
    );
  } finally {
    await nodes.close();
  }
}

function readRecord(folder: string): BackupRecord {
  try {
    return readBackupRecord(folder);
  } catch (error) {
    throw inputError(error instanceof Error ? error.message : String(error), {
      hint: "name a folder that ControlPlaneBackup has made, such as /srv/backups/20261121T101500Z",
    });
  }
}

function archiveOf(record: BackupRecord, node: string, isDefault: boolean): BackupFile {
  const archives = record.files.filter((file) => file.role === "pki");
  const found = archives.find((file) => file.node === node);
  if (found !== undefined) return found;
  const names = archives.map((file) => file.node).join(", ");
  throw inputError(`the backup holds no certificates of ${node}: it has those of ${names}`, {
    hint: isDefault
      ? "name the node whose authorities and keys to take by --from; certificates with that node's own name come along"
      : "name one of them by --from",
  });
}

function readPassphrase(file: string | undefined): string {
  if (file === undefined)
    throw inputError("the backup is encrypted and no passphrase is given", {
      hint: "name a file that holds it by --passphrase-file",
    });
  try {
    return fs.readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch {
    throw inputError(`the file ${file} cannot be read`, {
      hint: "--passphrase-file names a file that holds the passphrase",
    });
  }
}

// Before the node is touched: a damaged archive or a wrong passphrase is this machine's business.
async function checkOpens(file: string, passphrase: string | undefined, recorded: BackupFile): Promise<void> {
  const { data, sums } = localFiles.read({ path: file, ...(passphrase === undefined ? {} : { passphrase }) });
  try {
    for await (const _chunk of data);
  } catch (error) {
    throw inputError(`${file} cannot be opened: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (sums().sha256 !== recorded.dataSha256)
    throw inputError(`${file} does not hold what was recorded: the passphrase is wrong or the file is damaged`, {
      hint: "take another backup",
    });
}
