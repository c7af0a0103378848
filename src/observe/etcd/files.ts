// Certificate files and snapshot files, as openssl and etcd's own tool describe them.

import type { EtcdCertificate, EtcdSnapshot } from "../../model/etcd-observation";
import { asCount, asFields, readJsonLines } from "./json-reader";
import type { ToolOutput } from "./tool-output";

/** `file <role> <path>`, then openssl's description of it, then `verify <exit code>`, for each file. */
export function parseCertificates(output: ToolOutput | undefined): EtcdCertificate[] {
  const blocks = (output?.stdout ?? "").split(/^(?=file )/m).filter((block) => block.startsWith("file "));
  return blocks.flatMap((block) => {
    const head = /^file (ca|server|peer|client) (\S.*)$/m.exec(block);
    const role = (["ca", "server", "peer", "client"] as const).find((known) => known === head?.[1]);
    const path = head?.[2]?.trim();
    if (role === undefined || path === undefined) return [];
    const [notBefore, notAfter] = [readDate(block, "notBefore"), readDate(block, "notAfter")];
    const verify = /^verify ([0-9]+)$/m.exec(block)?.[1];
    const isReadable = notBefore !== undefined && notAfter !== undefined;
    return [
      {
        role,
        path,
        state: isReadable
          ? ("readable" as const)
          : /^missing$/m.test(block)
            ? ("missing" as const)
            : ("unreadable" as const),
        ...(notBefore === undefined ? {} : { notBeforeSeconds: notBefore }),
        ...(notAfter === undefined ? {} : { notAfterSeconds: notAfter }),
        ...(verify === undefined ? {} : { isSignedByCa: verify === "0" }),
        names: [...block.matchAll(/(?:DNS|IP Address):([^,\s]+)/g)].flatMap((match) => match[1] ?? []),
      },
    ];
  });
}

/** `snapshot <path> <bytes> <mtime> <sha256>`, then the JSON of `snapshot status`, for each file. Newest first. */
export function parseSnapshots(output: ToolOutput | undefined): EtcdSnapshot[] {
  const lines = (output?.stdout ?? "").split("\n");
  const snapshots = lines.flatMap((line, index) => {
    const head = /^snapshot (\/.+) ([0-9]+) ([0-9]+) ([0-9a-f]{64})$/.exec(line.trim());
    if (head?.[1] === undefined) return [];
    const fields = asFields(readJsonLines(lines[index + 1] ?? "")?.[0]);
    const [revision, totalKeys] = [asCount(fields?.revision), asCount(fields?.totalKey)];
    const isVerified = fields?.revision !== undefined && revision !== undefined && totalKeys !== undefined;
    return [
      {
        path: head[1],
        bytes: Number(head[2]),
        takenAtSeconds: Number(head[3]),
        sha256: head[4] ?? "",
        isVerified,
        ...(isVerified ? { revision, totalKeys } : {}),
      },
    ];
  });
  return snapshots.sort((a, b) => b.takenAtSeconds - a.takenAtSeconds);
}

function readDate(block: string, name: string): number | undefined {
  const text = new RegExp(`^${name}=(.+)$`, "m").exec(block)?.[1];
  const milliseconds = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(milliseconds) ? undefined : Math.floor(milliseconds / 1000);
}
