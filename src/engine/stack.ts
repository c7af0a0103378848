// A stack of a project, found and opened: its state, its config, the key to both.

import { inputError } from "../model/errors";
import {
  type Checkpoint,
  emptyCheckpoint,
  findSecretsProvider,
  openCheckpoint,
  parseCheckpoint,
  renderCheckpoint,
} from "./checkpoint";
import { type FileBackend, findBackend, openBackend, readState, stateFile, writeState } from "./file-backend";
import { type Crypter, createCrypter, findPassphrase, openCrypter } from "./passphrase";
import { checkStackName, type Project, readProject, readSelectedStack } from "./project";
import { organization } from "./run-context";
import { StackConfig } from "./stack-config";

/** Where to look for a project and its stack. */
export interface StackLocation {
  /** Folder in which, or in whose parents, the project lies. */
  readonly cwd: string;
  /** Undefined means: PULUMI_STACK, else the selected one. */
  readonly stack: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/** A stack whose place is known; nothing of it has been read. */
export interface FoundStack {
  readonly project: Project;
  readonly backend: FileBackend;
  readonly name: string;
}

/** A stack that has been read. */
export interface OpenStack extends FoundStack {
  readonly checkpoint: Checkpoint;
  readonly config: StackConfig;
  /** Encrypts and decrypts what is in state and, unless the config file has a salt of its own, in config. */
  readonly crypter: Crypter;
  readonly configCrypter: Crypter;
}

/** Finds the project and its backend. */
export function findProject(location: StackLocation): Omit<FoundStack, "name"> {
  const project = readProject(location.cwd);
  const backend = findBackend(project, location.cwd, location.env);
  openBackend(backend);
  return { project, backend };
}

/**
 * Finds the stack that is meant.
 *
 * @throws RecoveryError "input" when none is named or selected.
 */
export function findStack(location: StackLocation): FoundStack {
  const found = findProject(location);
  const fromEnv = location.env.PULUMI_STACK;
  const named =
    location.stack ?? (fromEnv === "" ? undefined : fromEnv) ?? readSelectedStack(found.project, location.env);
  if (named === undefined) {
    throw inputError("no stack is selected", {
      hint: "name one with --stack, or select one with `quorate stack select <name>`",
    });
  }
  return { ...found, name: checkStackName(withoutOrganization(named)) };
}

// As the Pulumi CLI takes it: [organization/[project/]]name. Anything else with a slash is no name.
function withoutOrganization(named: string): string {
  const parts = named.split("/");
  const isQualified = parts.length <= 3 && parts.every((part) => /^[A-Za-z0-9_.-]*[A-Za-z0-9_-]$/.test(part));
  return isQualified ? (parts.at(-1) ?? named) : named;
}

function noSuchStack(found: FoundStack): Error {
  return inputError(`there is no stack ${found.name} of project ${found.project.name} in ${found.backend.url}`, {
    hint: `make it with \`quorate stack init ${found.name}\`, or set PULUMI_BACKEND_URL to where its state is`,
  });
}

/**
 * Reads a stack.
 *
 * @throws RecoveryError "input" when it does not exist or the passphrase is wrong, "unsupported" or "state" for its state.
 */
export async function openStack(location: StackLocation): Promise<OpenStack> {
  const found = findStack(location);
  const text = readState(found.backend, found.project.name, found.name);
  if (text === undefined) throw noSuchStack(found);
  const file = openCheckpoint(text);
  const config = StackConfig.read(found.project, found.name);
  const recorded = findSecretsProvider(file);
  // parseCheckpoint refuses other secrets providers by name, and comes before anything is encrypted.
  const salt = recorded?.salt ?? config.findSalt();
  const crypter = await openKey(location.env, recorded?.type, salt);
  const configSalt = config.findSalt();
  const configCrypter =
    configSalt === undefined || configSalt === crypter.salt
      ? crypter
      : await openCrypter(findPassphrase(location.env), configSalt);
  return { ...found, checkpoint: parseCheckpoint(file, crypter), config, crypter, configCrypter };
}

const noKey: Crypter = {
  salt: "",
  encrypt: () => {
    throw inputError("the stack's secrets provider is not known");
  },
  decrypt: (text) => text,
};

async function openKey(
  env: NodeJS.ProcessEnv,
  provider: string | undefined,
  salt: string | undefined,
): Promise<Crypter> {
  if (provider !== undefined && provider !== "passphrase") return noKey;
  const passphrase = findPassphrase(env);
  return salt === undefined ? createCrypter(passphrase) : openCrypter(passphrase, salt);
}

/** Makes a new, empty stack and records its salt in its config file. */
export async function createStack(location: StackLocation & { readonly stack: string }): Promise<FoundStack> {
  const found = findProject(location);
  const name = checkStackName(location.stack);
  if (readState(found.backend, found.project.name, name) !== undefined) {
    throw inputError(`stack ${name} exists already: ${stateFile(found.backend, found.project.name, name)}`, {
      hint: `use it with \`quorate stack select ${name}\``,
    });
  }
  const config = StackConfig.read(found.project, name);
  const passphrase = findPassphrase(location.env);
  const salt = config.findSalt();
  const crypter = salt === undefined ? await createCrypter(passphrase) : await openCrypter(passphrase, salt);
  const checkpoint = emptyCheckpoint(`${organization}/${found.project.name}/${name}`);
  writeState(found.backend, found.project.name, name, renderCheckpoint(checkpoint, crypter, new Date()));
  if (salt === undefined) {
    config.setSalt(crypter.salt);
    config.write();
  }
  return { ...found, name };
}

/** Writes the state of an opened stack. */
export function saveStack(stack: OpenStack, checkpoint: Checkpoint): void {
  const text = renderCheckpoint(checkpoint, stack.crypter, new Date());
  writeState(stack.backend, stack.project.name, stack.name, text);
}
