// Host keys: what is known of a host, what it offers, and how to tell the operator about a difference. Nothing here changes
// what is known; that is `quorate trust`.

import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { runProcess, textOf } from "../run-process";
import { addressArguments, type SshAccess, sshEnvironment } from "./ssh-options";

/** A host's public key. */
export interface HostKey {
  /** ssh-ed25519, ssh-rsa, ... */
  readonly type: string;
  readonly base64: string;
  /** SHA256:..., as ssh shows it. */
  readonly fingerprint: string;
}

/** A known key and where it is written down. */
export interface KnownKey extends HostKey {
  readonly file: string;
  /** "@revoked" or "@cert-authority"; empty for an ordinary line. */
  readonly marker: string;
}

/** Where ssh looks for the keys of a host, by the operator's configuration. */
export interface HostKeySource {
  /** The name that the key is kept under: the alias, the host name, or [host]:port. */
  readonly name: string;
  /** The operator's own files of known hosts; the first is the one that new keys go to. */
  readonly files: readonly string[];
}

/** A host key from its two words. */
export function hostKey(type: string, base64: string): HostKey {
  const digest = createHash("sha256").update(Buffer.from(base64, "base64")).digest("base64").replace(/=+$/, "");
  return { type, base64, fingerprint: `SHA256:${digest}` };
}

/** Where the key of a host is kept. Undefined when ssh cannot read its configuration. */
export async function hostKeySource(access: SshAccess): Promise<HostKeySource | undefined> {
  const settings = await sshSettings(access);
  if (settings === undefined) return undefined;
  const hostName = settings.get("hostname") ?? access.host;
  const port = settings.get("port") ?? "22";
  const alias = settings.get("hostkeyalias");
  const files = (settings.get("userknownhostsfile") ?? "~/.ssh/known_hosts")
    .split(" ")
    .filter((file) => file !== "none");
  return {
    name: alias !== undefined && alias !== "none" ? alias : port === "22" ? hostName : `[${hostName}]:${port}`,
    files: files.map((file) => file.replace(/^~(?=\/)/, homedir())),
  };
}

/** The keys that are known for a host, hashed entries included. */
export async function knownKeys(source: HostKeySource): Promise<readonly KnownKey[]> {
  const found = await Promise.all(
    source.files
      .filter((file) => existsSync(file))
      .map(async (file) => {
        const result = await runProcess("ssh-keygen", ["-F", source.name, "-f", file], { timeoutMs: 10_000 });
        return textOf(result)
          .split("\n")
          .flatMap((line): readonly KnownKey[] => {
            const words = line.trim().split(/\s+/);
            if (line.startsWith("#") || words.length < 3) return [];
            const marker = words[0]?.startsWith("@") === true ? (words.shift() ?? "") : "";
            const [, type = "", base64 = ""] = words;
            return [{ ...hostKey(type, base64), file, marker }];
          });
      }),
  );
  return found.flat();
}

/**
 * The key that a host offers now; undefined when it cannot be reached. ssh itself asks for it, so that jump hosts and
 * aliases work as ever: it writes the key into a file that is thrown away, tries no way to log in and runs nothing.
 */
export async function offeredKey(access: SshAccess): Promise<HostKey | undefined> {
  const directory = mkdtempSync(join(tmpdir(), "quorate-key-"));
  const file = join(directory, "offered");
  const options = [
    `UserKnownHostsFile=${file}`,
    "GlobalKnownHostsFile=/dev/null",
    "KnownHostsCommand=none",
    "HostKeyAlias=offered",
    "HashKnownHosts=no",
    "UpdateHostKeys=no",
    "StrictHostKeyChecking=accept-new",
    "BatchMode=yes",
    "PreferredAuthentications=none",
    "ControlMaster=no",
    "ControlPath=none",
    "ConnectTimeout=10",
    "LogLevel=ERROR",
  ];
  try {
    const words = [...addressArguments(access), ...options.flatMap((option) => ["-o", option]), "-T"];
    await runProcess("ssh", [...words, "--", access.host, "true"], { timeoutMs: 20_000, environment: sshEnvironment });
    if (!existsSync(file)) return undefined;
    const [, type, base64] = readFileSync(file, "utf8").trim().split(/\s+/);
    return type === undefined || base64 === undefined ? undefined : hostKey(type, base64);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Why ssh refused a host's key, with the fingerprint that is offered beside the one that is known, and what to do. */
export async function explainHostKey(node: string, access: SshAccess): Promise<string> {
  const offered = await offeredKey(access);
  // Where not even a key can be asked for, it is a host on the way whose key ssh refuses.
  const hop = offered === undefined ? await refusedHop(access) : undefined;
  if (hop !== undefined)
    return `${node} (${access.host}), on the way to it: ${describeOffer(hop.host, hop.offered, hop.known)}`;
  if (access.hostKey === undefined || offered === undefined) {
    return `${node}: ${describeOffer(access.host, offered, await ordinaryKeys(access))}`;
  }
  const [type = "", base64 = ""] = access.hostKey.split(" ");
  const declared = describeKey(hostKey(type, base64));
  return `${node}: ${access.host} offers the host key ${describeKey(offered)}, but ${declared} is declared as its hostKey; if the node was made anew, check the new key and declare it`;
}

/** A key's kind and fingerprint, as ssh writes them. */
export function describeKey(key: HostKey): string {
  return `${key.type.replace(/^ssh-|^ecdsa-sha2-/, "").toUpperCase()} ${key.fingerprint}`;
}

function describeOffer(host: string, offered: HostKey | undefined, known: readonly KnownKey[]): string {
  const offer = offered === undefined ? "a key that could not be read" : describeKey(offered);
  const next = `check it on the console of ${host}, then run \`quorate trust ${host}\``;
  if (known.length === 0) return `${host} offers the host key ${offer}, and none is known for it; ${next}`;
  const old = known.map((key) => `${describeKey(key)} in ${key.file}`).join(", ");
  return `${host} offers the host key ${offer}, but ${old} is known for it; if the machine was made anew, ${next}`;
}

async function ordinaryKeys(access: SshAccess): Promise<readonly KnownKey[]> {
  const source = await hostKeySource(access);
  return source === undefined ? [] : (await knownKeys(source)).filter((key) => key.marker === "");
}

/** The first host on the way whose key is not the known one; undefined when there is none. */
async function refusedHop(access: SshAccess) {
  for (const hop of await jumpHosts(access)) {
    const offered = await offeredKey(hop);
    const known = await ordinaryKeys(hop);
    if (offered === undefined || known.some((key) => key.base64 === offered.base64)) continue;
    return { host: hop.host, offered, known };
  }
  return undefined;
}

// `[user@]host[:port]`, separated by commas, as ProxyJump has it.
async function jumpHosts(access: SshAccess): Promise<readonly SshAccess[]> {
  const route = (await sshSettings(access))?.get("proxyjump") ?? "none";
  if (route === "none") return [];
  return route.split(",").map((hop) => {
    const match = /^(?:ssh:\/\/)?(?:([^@]*)@)?(.*?)(?::(\d+))?$/.exec(hop);
    return {
      kind: "ssh",
      host: (match?.[2] ?? hop).replace(/^\[(.*)\]$/, "$1"),
      ...(match?.[1] === undefined ? {} : { user: match[1] }),
      ...(match?.[3] === undefined ? {} : { port: Number(match[3]) }),
      ...(access.configFile === undefined ? {} : { configFile: access.configFile }),
    };
  });
}

async function sshSettings(access: SshAccess): Promise<ReadonlyMap<string, string> | undefined> {
  const result = await runProcess("ssh", ["-G", ...addressArguments(access), "--", access.host], {
    timeoutMs: 10_000,
    environment: sshEnvironment,
  });
  if (result.exitCode !== 0) return undefined;
  return new Map(
    textOf(result)
      .split("\n")
      .map((line) => {
        const at = line.indexOf(" ");
        return [line.slice(0, at), line.slice(at + 1)] as const;
      }),
  );
}
