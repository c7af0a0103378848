// A request as JSON in the form of the recordings: fields that are not set are left out. Nothing is left out on
// purpose, so a field that the engine sends and the Pulumi CLI does not (or the other way round) shows.

import { appendFileSync } from "node:fs";
import { Map as ProtoMap } from "google-protobuf";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

/** A recorded or observed call. Keys of the request are in lower case: protoc's JavaScript forgets the original's. */
export interface PluginCall {
  readonly pid: number;
  /** Lower camel case, such as checkConfig. */
  readonly method: string;
  readonly request: Readonly<Record<string, unknown>>;
}

function renderField(value: unknown): unknown {
  if (value instanceof Struct) return value.toJavaScript();
  if (value instanceof ProtoMap) {
    return value.getLength() === 0 ? undefined : Object.fromEntries(value.toObject() as [string, unknown][]);
  }
  if (value instanceof Uint8Array) return value.length === 0 ? undefined : Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.length === 0 ? undefined : value;
  return value === "" || value === false || value === 0 || value === undefined ? undefined : value;
}

/** Reads all fields of a message through its getters. */
export function renderRequest(message: object): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const prototype = Object.getPrototypeOf(message) as Record<string, unknown>;
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (!/^get[A-Z]/.test(name) || /_as(U8|B64)$/.test(name)) continue;
    const getter = prototype[name];
    if (typeof getter !== "function") continue;
    const value = renderField(getter.call(message));
    const key = name.slice("get".length).replace(/(List|Map)$/, "");
    if (value !== undefined) result[key.toLowerCase()] = value;
  }
  return result;
}

/** Appends one call to the log that the test reads. */
export function logCall(method: string, message: object): void {
  const call: PluginCall = { pid: process.pid, method, request: renderRequest(message) };
  appendFileSync(String(process.env.QUORATE_TEST_CALLS), `${JSON.stringify(call)}\n`);
}
