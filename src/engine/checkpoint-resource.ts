// One resource of the state file: its fields in the order of the Pulumi CLI, its secrets encrypted.

import { stateError, unsupportedError } from "../model/errors";
import type { Crypter } from "./passphrase";
import {
  asSecret,
  isPropertyList,
  isPropertyMap,
  type PropertyMap,
  type PropertyValue,
  SecretValue,
  secretSignature,
  signatureKey,
  UnknownValue,
  unknown,
  unknownSentinel,
} from "./property-value";
import type { ResourceState, Timeouts } from "./resource-state";

type Json = Readonly<Record<string, unknown>>;

/** The parts of a crypter that are needed for one value. */
interface Sealer {
  encrypt(plaintext: string): string;
  decrypt(ciphertext: string): string;
}

/** Inside a secret nothing is encrypted a second time. */
const unsealed: Sealer = { encrypt: (text) => text, decrypt: (text) => text };

/** Ciphertexts of secrets that came from state, so that an unchanged secret does not change the file. */
const knownCiphertexts = new WeakMap<SecretValue, { readonly salt: string; readonly ciphertext: string }>();

/** Fields that mean something this engine does not do. It refuses them by name rather than lose their meaning. */
const refusedFields = [
  "external",
  "pendingReplacement",
  "taint",
  "deletedWith",
  "replaceWith",
  "replacementTrigger",
  "replaceOnChanges",
  "viewOf",
  "resourceHooks",
  "extensionRef",
  "snippetID",
];

/** Where fields that are kept unread stand among the known ones. */
const fieldOrder = [
  "urn",
  "custom",
  "delete",
  "id",
  "type",
  "inputs",
  "outputs",
  "parent",
  "protect",
  "dependencies",
  "initErrors",
  "provider",
  "propertyDependencies",
  "additionalSecretOutputs",
  "aliases",
  "customTimeouts",
  "importID",
  "retainOnDelete",
  "created",
  "modified",
  "sourcePosition",
  "stackTrace",
  "ignoreChanges",
  "hideDiff",
  "refreshBeforeUpdate",
];
const keptFields: ReadonlySet<string> = new Set(["aliases", "importID", "hideDiff"]);

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function parseValue(stored: unknown, sealer: Sealer, salt: string): PropertyValue {
  if (stored === null || stored === undefined) return null;
  if (stored === unknownSentinel) return unknown;
  if (typeof stored === "string" || typeof stored === "number" || typeof stored === "boolean") return stored;
  if (Array.isArray(stored)) return stored.map((item) => parseValue(item, sealer, salt));
  const fields = stored as Json;
  if (fields[signatureKey] !== secretSignature) return parseMap(fields, sealer, salt);
  const { ciphertext, plaintext } = fields;
  if (typeof ciphertext !== "string" && typeof plaintext !== "string") {
    throw stateError("the state file is damaged: a secret in it has no value; restore the .bak file beside it");
  }
  const opened = typeof ciphertext === "string" ? sealer.decrypt(ciphertext) : text(plaintext);
  const secret = asSecret(parseValue(JSON.parse(opened), unsealed, salt));
  if (typeof ciphertext === "string" && sealer !== unsealed) knownCiphertexts.set(secret, { salt, ciphertext });
  return secret;
}

function parseMap(stored: unknown, sealer: Sealer, salt: string): PropertyMap {
  const fields = (stored ?? {}) as Json;
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, parseValue(value, sealer, salt)]));
}

function renderValue(value: PropertyValue, sealer: Sealer, salt: string): unknown {
  if (value instanceof UnknownValue) return unknownSentinel;
  if (value instanceof SecretValue) {
    const known = sealer === unsealed ? undefined : knownCiphertexts.get(value);
    if (known !== undefined && known.salt === salt) {
      return { [signatureKey]: secretSignature, ciphertext: known.ciphertext };
    }
    const ciphertext = sealer.encrypt(JSON.stringify(renderValue(value.value, unsealed, salt)));
    if (sealer !== unsealed) knownCiphertexts.set(value, { salt, ciphertext });
    return { [signatureKey]: secretSignature, ciphertext };
  }
  if (isPropertyList(value)) return value.map((item) => renderValue(item, sealer, salt));
  if (isPropertyMap(value)) return renderMap(value, sealer, salt);
  return value;
}

function renderMap(properties: PropertyMap, sealer: Sealer, salt: string): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const name of Object.keys(properties).sort()) {
    result[name] = renderValue(properties[name] ?? null, sealer, salt);
  }
  return result;
}

/** Reads one resource of a state file. */
export function parseResource(stored: Json, crypter: Crypter): ResourceState {
  const urn = text(stored.urn);
  const refused = refusedFields.filter((name) => stored[name] !== undefined && stored[name] !== false);
  if (refused.length > 0) {
    throw unsupportedError(`the state of ${urn} uses "${refused.join('", "')}"; use the pulumi CLI for this stack`);
  }
  const dependencies = (stored.propertyDependencies ?? {}) as Json;
  return {
    urn,
    custom: stored.custom === true,
    delete: stored.delete === true,
    id: text(stored.id),
    type: text(stored.type),
    inputs: parseMap(stored.inputs, crypter, crypter.salt),
    outputs: parseMap(stored.outputs, crypter, crypter.salt),
    parent: text(stored.parent),
    protect: stored.protect === true,
    dependencies: texts(stored.dependencies),
    initErrors: texts(stored.initErrors),
    provider: text(stored.provider),
    propertyDependencies: Object.fromEntries(Object.entries(dependencies).map(([name, list]) => [name, texts(list)])),
    additionalSecretOutputs: texts(stored.additionalSecretOutputs),
    customTimeouts: stored.customTimeouts as Timeouts | undefined,
    retainOnDelete: stored.retainOnDelete === true,
    created: stored.created === undefined ? undefined : text(stored.created),
    modified: stored.modified === undefined ? undefined : text(stored.modified),
    sourcePosition: text(stored.sourcePosition),
    stackTrace: Array.isArray(stored.stackTrace) ? stored.stackTrace : [],
    ignoreChanges: texts(stored.ignoreChanges),
    refreshBeforeUpdate: stored.refreshBeforeUpdate === true,
    rest: Object.fromEntries(
      Object.entries(stored).filter(([name]) => keptFields.has(name) || !fieldOrder.includes(name)),
    ),
  };
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** Writes one resource of a state file; empty fields are left out, as the Pulumi CLI does. */
export function renderResource(state: ResourceState, crypter: Crypter): Record<string, unknown> {
  const fields: Record<string, unknown> = {
    ...state,
    inputs: renderMap(state.inputs, crypter, crypter.salt),
    outputs: renderMap(state.outputs, crypter, crypter.salt),
    propertyDependencies: Object.fromEntries(Object.entries(state.propertyDependencies).sort(byName)),
    ...state.rest,
  };
  const result: Record<string, unknown> = {};
  for (const name of fieldOrder) {
    if (name === "custom" || !isEmpty(fields[name])) result[name] = fields[name];
  }
  for (const [name, value] of Object.entries(state.rest)) if (!fieldOrder.includes(name)) result[name] = value;
  return result;
}

function byName(left: readonly [string, unknown], right: readonly [string, unknown]): number {
  return left[0] < right[0] ? -1 : 1;
}
