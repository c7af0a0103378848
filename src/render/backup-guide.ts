// What lies beside every backup: how it is opened with nothing but what every system has.

import type { BackupFile, BackupRecord } from "../model/backup";
import { openSslWords } from "../model/kept-encryption";
import { quoteWord } from "./quote";

/**
 * The command that opens one file of a backup. It asks for the passphrase when the file is encrypted. Undefined: the file is a
 * snapshot that can be used as it is.
 */
export function renderOpenCommand(
  record: Pick<BackupRecord, "isEncrypted">,
  file: BackupFile,
  folder: string,
): string | undefined {
  const path = quoteWord(`${folder}/${file.name}`);
  const open = `${openSslWords("decrypt").join(" ")} -in ${path}`;
  if (file.role === "snapshot") return record.isEncrypted ? `${open} -out snapshot.db` : undefined;
  const into = `pki-${quoteWord(file.node)}`;
  const unpack = `mkdir -m 0700 ${into} && `;
  return record.isEncrypted ? `${unpack}${open} | tar -xzpf - -C ${into}` : `${unpack}tar -xzpf ${path} -C ${into}`;
}

/** The guide for people. */
export function renderBackupGuide(record: BackupRecord): string {
  const snapshot = record.files.find((file) => file.role === "snapshot");
  return `${[
    `Backup of a Kubernetes control plane, taken ${record.takenAt}.`,
    `etcd cluster ${record.clusterId}, revision ${record.revision}${record.totalKeys === undefined ? "" : `, ${record.totalKeys} keys`}.`,
    ...(record.missingNodes.length === 0 ? [] : [`Without the certificates of: ${record.missingNodes.join(", ")}.`]),
    "",
    "Is it whole? In this folder:",
    ...record.files.map((file) => `  echo '${file.sha256}  ${file.name}' | sha256sum -c`),
    "",
    `Open it, in this folder${record.isEncrypted ? " (openssl asks for the passphrase)" : ""}:`,
    ...record.files
      .map((file) => renderOpenCommand(record, file, "."))
      .filter((command) => command !== undefined)
      .map((command) => `  ${command}`),
    "",
    ...(snapshot === undefined
      ? []
      : [
          "Look into the snapshot (etcdctl before etcd 3.5):",
          "  etcdutl snapshot status snapshot.db -w table",
          `  echo '${snapshot.dataSha256}  snapshot.db' | sha256sum -c`,
          "",
        ]),
    "It holds private keys and every Secret of the cluster: keep it as you keep those.",
  ].join("\n")}\n`;
}
