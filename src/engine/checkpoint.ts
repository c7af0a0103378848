// The state file of a stack as an object: reading it, writing it in the form and key order of the Pulumi CLI, refusing
// what this engine would damage. Where the file lies and how it is replaced is in file-backend.ts.
// Source: pulumi/pulumi sdk/go/common/apitype/core.go (ResourceV3, DeploymentV3, VersionedCheckpoint).

import { createHash } from "node:crypto";
import { stateError, unsupportedError } from "../model/errors";
import { parseResource, renderResource } from "./checkpoint-resource";
import type { Crypter } from "./passphrase";
import { type PendingOperation, type ResourceState, referencesOf } from "./resource-state";

const useTheCli = "use the pulumi CLI for this stack";
/** State features this engine reads and writes. A feature makes the file's version 4. */
const refreshFeature = "refreshBeforeUpdate";
/** Written as the version of the tool; the check sum beside it has to match it. */
const toolVersion = "v3.270.0";

type Json = Readonly<Record<string, unknown>>;

/** How the secrets of a stack are encrypted. */
export interface SecretsProvider {
  readonly type: string;
  /** The passphrase provider's salt; undefined for other providers. */
  readonly salt: string | undefined;
}

/** The state of one stack. */
export interface Checkpoint {
  /** organization/<project>/<stack>. */
  readonly stack: string;
  /** Dependencies come before their dependents. */
  readonly resources: readonly ResourceState[];
  readonly pendingOperations: readonly PendingOperation[];
  /** Fields beside the known ones, kept as they were. */
  readonly rest: { readonly file: Json; readonly checkpoint: Json; readonly latest: Json };
}

function asObject(value: unknown, what: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw stateError(`the state file is damaged: ${what} is not an object; restore the .bak file beside it`);
}

function without(fields: Json, ...names: readonly string[]): Json {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}

/** Reads the outer layers of a state file and refuses versions and features of which this engine knows nothing. */
export function openCheckpoint(text: string): Json {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw stateError("the state file is not JSON; restore the .bak file beside it", { cause });
  }
  const file = asObject(parsed, "the file");
  const { version } = file;
  if (version !== 3 && version !== 4) {
    throw unsupportedError(`the state file has version ${String(version)}, only 3 and 4 can be used; ${useTheCli}`);
  }
  const features = Array.isArray(file.features) ? file.features : [];
  const strange = features.filter((feature) => feature !== refreshFeature);
  if (strange.length > 0) {
    throw unsupportedError(`the state file needs the feature ${strange.join(", ")}; ${useTheCli}`);
  }
  return file;
}

/** How the secrets in an opened state file are encrypted; undefined when it names no provider. */
export function findSecretsProvider(file: Json): SecretsProvider | undefined {
  const latest = asObject(file.checkpoint, "checkpoint").latest;
  if (latest === undefined || latest === null) return undefined;
  const provider = asObject(latest, "latest").secrets_providers;
  if (provider === undefined) return undefined;
  const { type, state } = asObject(provider, "secrets_providers");
  const salt = state === undefined ? undefined : asObject(state, "secrets_providers.state").salt;
  return { type: String(type), salt: typeof salt === "string" ? salt : undefined };
}

/**
 * Reads a state file.
 *
 * @throws RecoveryError "unsupported" for what only the Pulumi CLI can do, "state" when it is damaged.
 */
export function parseCheckpoint(file: Json, crypter: Crypter): Checkpoint {
  const checkpoint = asObject(file.checkpoint, "checkpoint");
  const latest = checkpoint.latest === undefined ? {} : asObject(checkpoint.latest, "latest");
  const provider = findSecretsProvider(file);
  if (provider !== undefined && provider.type !== "passphrase") {
    throw unsupportedError(`the stack's secrets provider is "${provider.type}"; ${useTheCli}`);
  }
  const resources = asList(latest.resources, "resources").map((item) =>
    parseResource(asObject(item, "a resource"), crypter),
  );
  const pendingOperations = asList(latest.pending_operations, "pending_operations").map((item) => {
    const { resource, type } = asObject(item, "a pending operation");
    const state = parseResource(asObject(resource, "the resource of a pending operation"), crypter);
    return { resource: state, type: type as PendingOperation["type"] };
  });
  const stack = checkpoint.stack;
  const result: Checkpoint = {
    stack: typeof stack === "string" ? stack : "",
    resources,
    pendingOperations,
    rest: {
      file: without(file, "version", "features", "checkpoint"),
      checkpoint: without(checkpoint, "stack", "latest"),
      latest: without(latest, "manifest", "secrets_providers", "resources", "pending_operations"),
    },
  };
  checkManifest(latest);
  checkIntegrity(result);
  return result;
}

function asList(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw stateError(`the state file is damaged: ${what} is not a list; restore the .bak file beside it`);
}

/** The state of a stack that has no resources yet. */
export function emptyCheckpoint(stack: string): Checkpoint {
  return {
    stack,
    resources: [],
    pendingOperations: [],
    rest: { file: {}, checkpoint: {}, latest: { metadata: {} } },
  };
}

function checksum(version: string): string {
  return createHash("sha256").update(version).digest("hex");
}

function checkManifest(latest: Json): void {
  const manifest = latest.manifest;
  if (manifest === undefined) return;
  const { magic, version } = asObject(manifest, "manifest");
  if (typeof version === "string" && magic !== checksum(version)) {
    throw stateError("the state file's check sum does not match: it was tampered with or is damaged; restore its .bak");
  }
}

/**
 * Checks that everything a resource refers to comes before it and that no two live resources share a name.
 *
 * @throws RecoveryError "state" naming the first resource that is wrong.
 */
export function checkIntegrity(checkpoint: Checkpoint): void {
  const seen = new Set<string>();
  const live = new Set<string>();
  for (const state of checkpoint.resources) {
    if (state.parent !== "" && !seen.has(state.parent)) {
      throw stateError(`the state is not in order: ${state.urn} comes before its parent ${state.parent}`);
    }
    for (const urn of referencesOf(state)) {
      if (!seen.has(urn))
        throw stateError(`the state is not in order: ${state.urn} needs ${urn}, which is not before it`);
    }
    if (!state.delete && live.has(state.urn)) throw stateError(`the state holds ${state.urn} twice`);
    if (!state.delete) live.add(state.urn);
    seen.add(state.urn);
  }
}

/** Writes the state file, with the check sum and time of now. */
export function renderCheckpoint(checkpoint: Checkpoint, crypter: Crypter, now: Date): string {
  const { rest } = checkpoint;
  const resources = checkpoint.resources.map((state) => renderResource(state, crypter));
  const pending = checkpoint.pendingOperations.map((operation) => ({
    resource: renderResource(operation.resource, crypter),
    type: operation.type,
  }));
  const refreshes = checkpoint.resources.some((state) => state.refreshBeforeUpdate);
  const latest = {
    manifest: { time: now.toISOString(), magic: checksum(toolVersion), version: toolVersion },
    secrets_providers: { type: "passphrase", state: { salt: crypter.salt } },
    ...(resources.length > 0 ? { resources } : {}),
    ...(pending.length > 0 ? { pending_operations: pending } : {}),
    ...rest.latest,
  };
  return JSON.stringify({
    ...(refreshes ? { version: 4, features: [refreshFeature] } : { version: 3 }),
    ...rest.file,
    checkpoint: { stack: checkpoint.stack, ...rest.checkpoint, latest },
  });
}
