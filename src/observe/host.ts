// The host section: names, clock, boot and who holds the node's lock.

import { X509Certificate } from "node:crypto";
import type { HostObservation } from "../model/node-observation";
import { decodeText, type ProbeRecord, recordsOf } from "./sections";

/** Parses the host section. @throws Error saying what is missing. */
export function parseHost(stdout: string): HostObservation {
  const records = recordsOf(stdout);
  const textOf = (key: string) => {
    const record = records.find(([name, value]) => name === key && value !== undefined && value !== "");
    return record === undefined ? "" : decodeText(record[1]).trim();
  };
  const hostName = textOf("hostname");
  if (hostName === "") throw new Error("it does not tell the host's name");
  const timeSeconds = Number(plain(records, "time"));
  if (!Number.isSafeInteger(timeSeconds) || timeSeconds <= 0) throw new Error("it does not tell the time");
  const bootId = plain(records, "boot");
  const lock = parseLock(textOf("lock"));
  return {
    hostName,
    kubeletNodeName:
      nameInCertificate(textOf("certificate")) ||
      (/^system:node:(.+)$/.exec(textOf("user"))?.[1] ?? "") ||
      textOf("override") ||
      hostName.toLowerCase(),
    timeSeconds,
    ...(bootId === "" ? {} : { bootId }),
    ...(lock === undefined ? {} : { lock }),
  };
}

/** Who holds a node's lock, from the text of the lock file; undefined for an empty text. */
export function parseLock(text: string): HostObservation["lock"] {
  const [holder, host, since, step] = text.split("\n");
  if (holder === undefined || holder === "") return undefined;
  return { holder, host: host ?? "", since: since ?? "", step: step ?? "" };
}

function plain(records: readonly ProbeRecord[], key: string): string {
  return records.find(([name]) => name === key)?.[1] ?? "";
}

// The kubelet's name is the common name of its client certificate. Source: kubernetes
// plugin/pkg/auth/authorizer/node (user name system:node:<nodeName>).
function nameInCertificate(pem: string): string {
  if (!pem.includes("BEGIN CERTIFICATE")) return "";
  try {
    return /^CN=system:node:(.+)$/m.exec(new X509Certificate(pem).subject)?.[1] ?? "";
  } catch {
    // A damaged certificate is not what this section is about; the next source of the name is asked.
    return "";
  }
}
