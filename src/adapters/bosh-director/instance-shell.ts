// Opens a shell on an instance as `bosh ssh` does: a throw-away user and key, the host key that the agent reports pinned,
// the gateway as jump host. What runs over it is the ordinary OpenSSH adapter's business.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type InstanceRef, instanceName } from "../../model/bosh";
import { hostUnreachableError, isRecoveryError, type RecoveryError } from "../../model/errors";
import type { DirectorAccess } from "../../ports/director-access";
import { generateShellKeyPair, generateShellUserName } from "./shell-keys";
import type { ShellRecord, ShellRecords } from "./shell-records";

/** All that OpenSSH needs to reach the instance. */
export interface ShellTarget {
  readonly host: string;
  readonly user: string;
  /** File with the private key, mode 0600. */
  readonly identityFile: string;
  /** The one host key that is accepted: type and base64, without a comment. */
  readonly hostKey: string;
  /** Jump host; undefined for none. */
  readonly gateway: ShellGateway | undefined;
}

/** A jump host. */
export interface ShellGateway {
  readonly host: string;
  readonly user: string;
  /** Undefined: the operator's agent and default keys. */
  readonly identityFile: string | undefined;
}

/** What the operator says about the jump host; each field wins over the director's proposal. */
export interface GatewayChoice {
  readonly host?: string | undefined;
  readonly user?: string | undefined;
  readonly identityFile?: string | undefined;
  /** Go without any jump host. */
  readonly isDisabled?: boolean | undefined;
}

/** The gateway that BOSH_GW_* names, as the bosh CLI reads them. */
export function gatewayFromVariables(variables: Readonly<Record<string, string | undefined>>): GatewayChoice {
  return {
    host: variables.BOSH_GW_HOST || undefined,
    user: variables.BOSH_GW_USER || undefined,
    identityFile: variables.BOSH_GW_PRIVATE_KEY || undefined,
    isDisabled: ["1", "true", "yes"].includes((variables.BOSH_GW_DISABLE ?? "").toLowerCase()),
  };
}

/** Where shells are opened and what is kept of them. */
export interface ShellOptions {
  readonly director: DirectorAccess;
  readonly directorUuid: string;
  readonly records: ShellRecords;
  readonly gateway: GatewayChoice;
}

/** A shell that is open until it is closed. */
export interface InstanceShell {
  readonly target: ShellTarget;
  /** Removes the key and the user. Safe to call twice; the user that cannot be removed now stays on record. */
  close(): Promise<void>;
}

/**
 * Opens a shell on an instance. Whoever opens it closes it in every exit path; after a kill the record stays and the next
 * run removes the user.
 * @throws RecoveryError `host-unreachable` when no user could be made or the agent told no host key. The user is removed
 * then too, for after a set-up that failed half way the agent may have made it all the same.
 */
export async function openInstanceShell(
  options: ShellOptions,
  deployment: string,
  instance: InstanceRef,
): Promise<InstanceShell> {
  const { director, records } = options;
  const user = generateShellUserName();
  const keys = generateShellKeyPair();
  const { group, id } = instance;
  const record = { user, directorUuid: options.directorUuid, deployment, group, id, pid: process.pid };
  records.add(record);
  const directory = mkdtempSync(join(tmpdir(), "quorate-shell-"));
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      rmSync(directory, { recursive: true, force: true });
      await removeUser(director, records, record);
    })();
    return closing;
  };
  try {
    const outcome = await director.createShellUser(deployment, instance, user, keys.publicKey);
    if (outcome.kind === "not-ready") throw noShellError(instance, outcome.message);
    const { ip, hostPublicKey, gateway } = outcome.user;
    if (hostPublicKey === undefined) throw noHostKeyError(instance);
    const identityFile = join(directory, "key");
    writeFileSync(identityFile, keys.privateKey, { mode: 0o600 });
    const hostKey = hostPublicKey.split(/\s+/).slice(0, 2).join(" ");
    return {
      target: { host: ip, user, identityFile, hostKey, gateway: chooseGateway(options.gateway, gateway) },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Opens a shell, lets `use` work with it and closes it, whatever happens. @throws as {@link openInstanceShell} does. */
export async function withInstanceShell<Result>(
  options: ShellOptions,
  deployment: string,
  instance: InstanceRef,
  use: (target: ShellTarget) => Promise<Result>,
): Promise<Result> {
  const shell = await openInstanceShell(options, deployment, instance);
  try {
    return await use(shell.target);
  } finally {
    await shell.close();
  }
}

/** Users that a killed run left behind on instances of this director, one sentence each. Changes nothing. */
export function leftShellUsers(options: Pick<ShellOptions, "directorUuid" | "records">): readonly string[] {
  return options.records
    .leftBehind()
    .filter(({ directorUuid }) => directorUuid === options.directorUuid)
    .map(
      (record) =>
        `the user ${record.user} on ${instanceName(record)} was left behind by an interrupted run; the next up removes it`,
    );
}

/**
 * Removes users that a killed run left behind on instances of this director; one sentence for each that is gone now or
 * could not be removed yet.
 */
export async function removeLeftShellUsers(
  options: Pick<ShellOptions, "director" | "directorUuid" | "records">,
): Promise<readonly string[]> {
  const notes: string[] = [];
  for (const record of options.records.leftBehind()) {
    if (record.directorUuid !== options.directorUuid) continue;
    const problem = await removeUser(options.director, options.records, record);
    const where = `${record.user} on ${instanceName(record)}`;
    notes.push(
      problem === undefined
        ? `removed the user ${where}, left behind by an interrupted run`
        : `the user ${where} is left behind by an interrupted run and could not be removed yet: ${problem}`,
    );
  }
  return notes;
}

/** Undefined when the user is gone; the record stays otherwise, so that the next run tries again. */
async function removeUser(
  director: DirectorAccess,
  records: ShellRecords,
  record: ShellRecord,
): Promise<string | undefined> {
  try {
    const instance = { group: record.group, id: record.id };
    const outcome = await director.removeShellUsers(record.deployment, instance, `^${record.user}$`);
    if (outcome.kind !== "done" && !isInstanceGone(outcome.message)) return outcome.message;
  } catch (error) {
    if (!isRecoveryError(error)) throw error;
    // The instance or its deployment was deleted, and the user with it.
    if (error.code !== "input") return error.message;
  }
  records.remove(record.user);
  return undefined;
}

function isInstanceGone(message: string): boolean {
  return /No instance with a VM in deployment/.test(message);
}

function chooseGateway(
  choice: GatewayChoice,
  proposed: { readonly host: string; readonly user: string } | undefined,
): ShellGateway | undefined {
  if (choice.isDisabled === true) return undefined;
  const host = choice.host ?? proposed?.host;
  if (host === undefined) return undefined;
  return { host, user: choice.user ?? proposed?.user ?? "vcap", identityFile: choice.identityFile };
}

function noShellError(instance: InstanceRef, message: string): RecoveryError {
  const name = instanceName(instance);
  return hostUnreachableError("connect", `cannot open a shell on ${name}: ${message}`, {
    nodeName: name,
    hint: "bosh ssh needs a live agent: see whether the instance is listed as 'unresponsive agent'",
  });
}

function noHostKeyError(instance: InstanceRef): RecoveryError {
  const name = instanceName(instance);
  return hostUnreachableError("host-key", `cannot open a shell on ${name}: its agent did not tell the VM's host key`, {
    nodeName: name,
    hint: "the stemcell is too old to report it; declare the instance's address and host key instead",
  });
}
