// The options that every ssh of ours gets. What is not said here comes from the operator's own configuration.

import type { AccessDeclaration } from "../../model/declaration";

/** Access by ssh, as declared. */
export type SshAccess = Extract<AccessDeclaration, { kind: "ssh" }>;

/** Options that never differ: no question is ever asked, no unknown host key is ever accepted, nothing is forwarded. */
const fixedOptions: readonly string[] = [
  "BatchMode=yes",
  "StrictHostKeyChecking=yes",
  "ClearAllForwardings=yes",
  "ForwardAgent=no",
  "ForwardX11=no",
  "PermitLocalCommand=no",
  "RemoteCommand=none",
  "RequestTTY=no",
  // Errors only: they are what a failure is told apart by.
  "LogLevel=ERROR",
  // A peer that is silent for 15 s is gone.
  "ServerAliveInterval=5",
  "ServerAliveCountMax=3",
];

/** What differs by node, and for which process. */
export interface SshTarget {
  readonly access: SshAccess;
  readonly connectTimeoutSeconds: number;
  /** File that pins the declared `hostKey`, and the name that it is pinned under; undefined when none is declared. */
  readonly pin: { readonly file: string; readonly alias: string } | undefined;
}

/** The arguments of ssh in front of the host, in order. */
export function sshArguments(target: SshTarget): readonly string[] {
  const { access } = target;
  const options = [...fixedOptions, `ConnectTimeout=${target.connectTimeoutSeconds}`, ...pinOptions(target)];
  if (access.identityFile !== undefined) options.push("IdentitiesOnly=yes");
  return [...addressArguments(access), "-T", ...options.flatMap((option) => ["-o", option])];
}

/** The arguments that say where to and as whom. */
export function addressArguments(access: SshAccess): readonly string[] {
  return [
    ...(access.configFile === undefined ? [] : ["-F", access.configFile]),
    ...(access.port === undefined ? [] : ["-p", String(access.port)]),
    ...(access.user === undefined ? [] : ["-l", access.user]),
    ...(access.identityFile === undefined ? [] : ["-i", access.identityFile]),
    ...(access.jumpHost === undefined ? [] : ["-J", access.jumpHost]),
  ];
}

/** The line of a known_hosts file that pins a key under a name. */
export function pinLine(alias: string, hostKey: string): string {
  return `${alias} ${hostKey}\n`;
}

/** Environment of every ssh: no window asks for a password, and errors are in English, to be told apart. */
export const sshEnvironment: Readonly<Record<string, string>> = { LC_ALL: "C", SSH_ASKPASS_REQUIRE: "never" };

// This key only: no other file of known hosts, no DNS record, and no other kind of key that the host may also have.
function pinOptions({ access, pin }: SshTarget): readonly string[] {
  if (pin === undefined || access.hostKey === undefined) return [];
  const type = access.hostKey.split(" ")[0] ?? "";
  return [
    `UserKnownHostsFile=${pin.file}`,
    "GlobalKnownHostsFile=/dev/null",
    `HostKeyAlias=${pin.alias}`,
    `HostKeyAlgorithms=${type === "ssh-rsa" ? "rsa-sha2-512,rsa-sha2-256" : type}`,
    "KnownHostsCommand=none",
    "VerifyHostKeyDNS=no",
    "UpdateHostKeys=no",
  ];
}
