// What is wrong with a member's certificate files, by the node's own clock.

import type { EtcdCertificate, EtcdObservation } from "../../model/etcd-observation";

/** Every fault of the files, one sentence each; empty when none was found. */
export function certificateFaults(
  etcd: EtcdObservation,
  timeSeconds: number,
  member: { readonly peerUrl: string; readonly clientUrl: string },
): readonly string[] {
  return etcd.certificates.flatMap((certificate) => faultsOf(certificate, timeSeconds, member));
}

function faultsOf(
  certificate: EtcdCertificate,
  timeSeconds: number,
  member: { readonly peerUrl: string; readonly clientUrl: string },
): readonly string[] {
  const { path, role, state, notBeforeSeconds, notAfterSeconds, isSignedByCa, names } = certificate;
  if (state === "missing") return [`${path} is missing`];
  if (state === "unreadable") return [`${path} is no readable certificate`];
  const faults: string[] = [];
  if (notAfterSeconds !== undefined && timeSeconds > notAfterSeconds)
    faults.push(`${path} expired on ${day(notAfterSeconds)}`);
  if (notBeforeSeconds !== undefined && timeSeconds < notBeforeSeconds)
    faults.push(`${path} is not valid before ${day(notBeforeSeconds)}; the node's clock says ${day(timeSeconds)}`);
  if (isSignedByCa === false) faults.push(`${path} is not signed by the cluster's CA`);
  const url = role === "server" ? member.clientUrl : role === "peer" ? member.peerUrl : undefined;
  const host = url === undefined ? undefined : hostOf(url);
  if (host !== undefined && !names.some((name) => matchesHost(name, host)))
    faults.push(`${path} does not name ${host}: it names ${names.join(", ") || "nobody"}`);
  return faults;
}

function matchesHost(name: string, host: string): boolean {
  if (name.toLowerCase() === host.toLowerCase()) return true;
  // A wildcard stands for one label. Source: RFC 6125, section 6.4.3.
  return (
    name.startsWith("*.") &&
    host.toLowerCase().endsWith(name.slice(1).toLowerCase()) &&
    !host.slice(0, -name.length + 1).includes(".")
  );
}

function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, "");
}

function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ").concat(" UTC");
}
