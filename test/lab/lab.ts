// The lab's public face: real hosts, with a real control plane on them, for the length of a test.

import type { Context } from "mocha";
import type { LabSkipped } from "./requirements";

export { Authority, type Certificate, type CertificateRequest } from "./certificates";
export type { EtcdLab, EtcdVersion } from "./etcd-lab";
export type { LabHost, SshOptions } from "./host";
export { type KubeadmLab, openKubeadmLab } from "./kubeadm-lab";
export { openPksLab, type PksLab } from "./pks-lab";
export type { LabSkipped } from "./requirements";
export type { ProcessResult } from "./run-process";
export type { Site } from "./site";
export { openSystemdEtcdLab, type SystemdEtcdLab } from "./systemd-etcd-lab";
export { waitUntil } from "./wait-until";

/**
 * The lab that was opened; or the calling mocha hook's tests are skipped, with the reason printed.
 *
 * ```ts
 * before(async function () {
 *   this.timeout(openTimeoutMs);
 *   lab = labOrSkip(this, await openKubeadmLab({ nodes: 1 }));
 * });
 * ```
 */
export function labOrSkip<L extends { readonly kind: string }>(context: Context, opened: L | LabSkipped): L {
  if (isSkipped(opened)) {
    process.stdout.write(`skipped: ${opened.reason}\n`);
    return context.skip();
  }
  return opened;
}

function isSkipped(opened: { readonly kind: string }): opened is LabSkipped {
  return opened.kind === "skipped";
}

/** Time to allow for opening a lab: with a cold cache Kubernetes is built from source first. */
export const openTimeoutMs = 20 * 60_000;
