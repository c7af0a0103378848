// The error detail by which a provider says "it is there and it is not well": the engine keeps the resource, shows the
// reasons and plans an update. Source: pulumi proto/pulumi/provider.proto, ErrorResourceInitFailed.

import { gzipSync } from "node:zlib";
import { status as code, Metadata, type StatusObject } from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { JsonObject } from "../model/json";
import type { ResourceState } from "./resource-type";

/** The error for a resource that exists and is not well. Its properties must already carry their secrets. */
export function initFailedError(state: ResourceState): Partial<StatusObject> {
  const detail = new ErrorResourceInitFailed();
  detail.setId(state.id);
  detail.setProperties(structOf(state.outputs));
  detail.setInputs(structOf(state.inputs));
  detail.setReasonsList([...state.reasons]);
  detail.setRefreshBeforeUpdate(true);
  const any = new Any();
  // The embedded engine asks for it: Node's HTTP/2 never delivers a header over 64 KiB. The Pulumi CLI has room.
  if (process.env.QUORATE_GZIP_DETAILS === "1")
    any.pack(gzipSync(detail.serializeBinary()), "quorate.GzipErrorResourceInitFailed");
  else any.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const message = state.reasons[0] ?? "the resource is not well";
  const wire = new Status();
  wire.setCode(code.UNKNOWN);
  wire.setMessage(message);
  wire.addDetails(any);
  const metadata = new Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(wire.serializeBinary()));
  return { code: code.UNKNOWN, details: message, metadata };
}

/** JSON as a protobuf Struct. */
export function structOf(value: JsonObject): Struct {
  // The conversion only reads; its type is older than read-only types.
  return Struct.fromJavaScript(value as Parameters<typeof Struct.fromJavaScript>[0]);
}
