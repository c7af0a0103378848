// `quorate trust HOST`: accepts the host key of a node that was made anew, after showing it beside the one that is known.

import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import {
  describeKey,
  type HostKey,
  type HostKeySource,
  hostKeySource,
  type KnownKey,
  knownKeys,
  offeredKey,
} from "../adapters/open-ssh-node/host-key";
import { replaceKnownKey } from "../adapters/open-ssh-node/known-hosts-file";
import type { SshAccess } from "../adapters/open-ssh-node/ssh-options";
import { hostUnreachableError, inputError } from "../model/errors";

/** What the command line says. */
export interface TrustOptions {
  readonly port?: number;
  readonly configFile?: string;
  readonly jumpHost?: string;
  /** The fingerprint that the key has to have; then nothing is asked. */
  readonly fingerprint?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** How the command talks. */
export interface TrustTerminal {
  print(text: string): void;
  /** Asks a question; undefined when there is nobody to ask. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
}

/** Adds `quorate trust` to the program. */
export function registerTrustCommand(program: Command): void {
  program
    .command("trust")
    .argument("<host>", "host name, address or alias of the ssh configuration")
    .description("accept the host key of a node that was made anew, after showing it beside the one that is known")
    .option("-p, --port <port>", "TCP port", parsePort)
    .option("-F, --config-file <file>", "ssh configuration to use in place of your own")
    .option("-J, --jump-host <host>", "reach it through this host")
    .option("--fingerprint <SHA256:...>", "accept only a key with this fingerprint, and ask nothing")
    .option("-y, --yes", "do not ask; needs --fingerprint, because a key is never accepted unseen")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  quorate trust cp-1 --yes --fingerprint SHA256:Nh0Me49Zh9fDw/VYUfq43IJmI1T+XrjiYONPND8GzaM",
    )
    .action((host: string, options: TrustOptions) => trustHost(host, options, processTerminal()));
}

/**
 * Accepts a host's key: shows what is known and what is offered, asks, and writes it down.
 * @throws RecoveryError code "host-unreachable" when it offers no key; code "input" when the key is not accepted.
 */
export async function trustHost(host: string, options: TrustOptions, terminal: TrustTerminal): Promise<void> {
  if (options.fingerprint !== undefined && !/^SHA256:[A-Za-z0-9+/]{43}$/.test(options.fingerprint)) {
    throw inputError(`"${options.fingerprint}" is no fingerprint: it has to be SHA256: and 43 characters`);
  }
  if (options.yes === true && options.fingerprint === undefined) {
    throw inputError("--yes needs --fingerprint SHA256:..., because a host key is never accepted unseen");
  }
  const access = accessFrom(host, options);
  const source = await hostKeySource(access);
  if (source === undefined)
    throw inputError(`ssh cannot read its configuration for ${host}; \`ssh -G ${host}\` says why`);
  const known = await knownKeys(source);
  const offered = await offeredKey(access);
  if (offered === undefined) {
    throw hostUnreachableError("connect", `${host} offers no host key: it cannot be reached`, { nodeName: host });
  }
  if (known.some((key) => key.marker === "@revoked" && key.base64 === offered.base64)) {
    throw inputError(`${host} offers the key ${describeKey(offered)}, which is revoked: it is not accepted`);
  }
  const old = known.filter((key) => key.marker === "");
  if (old.length > 0 && old.every((key) => key.base64 === offered.base64)) {
    report({ host, source, offered, old, changed: false }, options, terminal);
    return;
  }
  if (options.json !== true) terminal.print(comparison(host, offered, old));
  await checkAccepted(host, offered, options, terminal);
  const file = await replaceKnownKey(source, offered);
  report({ host, source, offered, old, changed: true, file }, options, terminal);
}

interface TrustResult {
  readonly host: string;
  readonly source: HostKeySource;
  readonly offered: HostKey;
  readonly old: readonly KnownKey[];
  readonly changed: boolean;
  readonly file?: string;
}

function accessFrom(host: string, options: TrustOptions): SshAccess {
  // The same rule as for a declared host: nothing that ssh could take for an option.
  if (!/^[A-Za-z0-9_:][A-Za-z0-9_.:%-]*$/.test(host)) throw inputError(`"${host}" is no host name or address`);
  return {
    kind: "ssh",
    host,
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.configFile === undefined ? {} : { configFile: options.configFile }),
    ...(options.jumpHost === undefined ? {} : { jumpHost: options.jumpHost }),
  };
}

async function checkAccepted(
  host: string,
  offered: HostKey,
  options: TrustOptions,
  terminal: TrustTerminal,
): Promise<void> {
  if (options.fingerprint !== undefined) {
    if (options.fingerprint === offered.fingerprint) return;
    throw inputError(`${host} offers ${offered.fingerprint}, not ${options.fingerprint}: nothing was changed`);
  }
  if (terminal.ask === undefined) {
    throw inputError(`the key of ${host} is not accepted unseen: nothing was changed`, {
      hint: "compare the fingerprint with the node's own and give it as --fingerprint, or run this at a terminal",
    });
  }
  const answer = (await terminal.ask("Is this the fingerprint that the node's console shows? (yes/no) ")).trim();
  if (answer === "yes" || answer === offered.fingerprint) return;
  throw inputError(`the key of ${host} was not accepted: nothing was changed`);
}

function comparison(host: string, offered: HostKey, old: readonly KnownKey[]): string {
  const known = old.map((key) => `  known:   ${describeKey(key)} (${key.file})`);
  const lines = known.length > 0 ? known : ["  known:   none"];
  return [
    `Host key of ${host}:`,
    ...lines,
    `  offered: ${describeKey(offered)}`,
    "Compare it at the node itself: ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub",
  ].join("\n");
}

function report(result: TrustResult, options: TrustOptions, terminal: TrustTerminal): void {
  const { host, source, offered, old, changed, file } = result;
  if (options.json === true) {
    const known = old.map((key) => ({ type: key.type, fingerprint: key.fingerprint, file: key.file }));
    const value = { type: offered.type, fingerprint: offered.fingerprint };
    terminal.print(
      JSON.stringify({
        host,
        name: source.name,
        offered: value,
        known,
        changed,
        ...(file === undefined ? {} : { file }),
      }),
    );
    return;
  }
  terminal.print(
    changed
      ? `${describeKey(offered)} is now the known key of ${source.name} in ${file}`
      : `${host} offers ${describeKey(offered)}, which is the known one: nothing to do`,
  );
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  throw inputError(`--port ${text}: has to be a number from 1 to 65535`);
}

function processTerminal(): TrustTerminal {
  const print = (text: string) => void process.stdout.write(`${text}\n`);
  if (!process.stdin.isTTY) return { print, ask: undefined };
  return {
    print,
    ask: async (question) => {
      const prompt = createInterface({ input: process.stdin, output: process.stdout });
      try {
        return await prompt.question(question);
      } finally {
        prompt.close();
      }
    },
  };
}
