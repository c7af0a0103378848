// Calls over gRPC as promises, and what their errors mean.

import { gunzipSync } from "node:zlib";
import { type Metadata, status } from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { parseStruct } from "./property-value";
import type { ProviderOutcome } from "./provider";

/** Runs a unary call: `unary<Response>((done) => client.method(request, done))`. */
export function unary<Response>(
  start: (done: (error: Error | null, response: Response) => void) => unknown,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    start((error, response) => (error === null ? resolve(response) : reject(error)));
  });
}

/** The gRPC code of an error; undefined when it is none of gRPC's. */
export function codeOf(error: unknown): number | undefined {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === "number" ? code : undefined;
}

/** Does the peer lack the method? */
export function isUnimplemented(error: unknown): boolean {
  return codeOf(error) === status.UNIMPLEMENTED;
}

/** An error whose message is what the peer said, without gRPC's prefix. */
export function describeCallError(error: unknown): Error {
  const { details, message } = error as { readonly details?: unknown; readonly message?: unknown };
  if (codeOf(error) === status.UNAVAILABLE || codeOf(error) === status.CANCELLED) {
    return new Error("the plugin's process ended in the middle of the call", { cause: error });
  }
  const text = typeof details === "string" && details !== "" ? details : String(message);
  return new Error(text, { cause: error });
}

/** The outcome packed into an error that says "begun, but not healthy"; undefined for any other error. */
export function parseInitFailure(error: unknown): ProviderOutcome | undefined {
  const metadata = (error as { readonly metadata?: Metadata } | null)?.metadata;
  const [packed] = metadata?.get("grpc-status-details-bin") ?? [];
  if (!Buffer.isBuffer(packed)) return undefined;
  for (const detail of Status.deserializeBinary(packed).getDetailsList()) {
    const bytes = initFailureBytes(detail.getTypeName(), detail.getValue_asU8());
    if (bytes === undefined) continue;
    const failure = ErrorResourceInitFailed.deserializeBinary(bytes);
    return {
      id: failure.getId(),
      outputs: parseStruct(failure.getProperties()),
      inputs: failure.hasInputs() ? parseStruct(failure.getInputs()) : undefined,
      refreshBeforeUpdate: failure.getRefreshBeforeUpdate(),
      unhealthy: failure.getReasonsList(),
    };
  }
  return undefined;
}

/**
 * Set for every plugin that this engine starts: it may send the detail compressed. Node's HTTP/2 never delivers a header
 * over 64 KiB, and a control plane of five nodes is over that; the Pulumi CLI has room for 16 MiB.
 */
export const gzipDetailsVariable = "QUORATE_GZIP_DETAILS";

function initFailureBytes(typeName: string, bytes: Uint8Array): Uint8Array | undefined {
  if (typeName === "pulumirpc.ErrorResourceInitFailed") return bytes;
  return typeName === "quorate.GzipErrorResourceInitFailed" ? gunzipSync(bytes) : undefined;
}
