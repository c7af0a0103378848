// A plugin that answers from a recording: to each method and resource what the recorded plugin answered, in its order.

import { readFileSync } from "node:fs";
import { Metadata, Server, ServerCredentials, status } from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { RecordedAnswer, RecordedInitFailure } from "../recording";
import { logCall } from "./wire-json";

type Json = Readonly<Record<string, unknown>>;
type Build = (answer: Json) => object;
interface Call {
  readonly request: { getUrn?(): string };
}
type Callback = (error: object | null, response?: object) => void;

const answers = new Map(
  Object.entries(
    JSON.parse(readFileSync(String(process.env.QUORATE_TEST_ANSWERS), "utf8")) as Record<string, RecordedAnswer[]>,
  ),
);

function struct(value: unknown): Struct {
  return Struct.fromJavaScript((value ?? {}) as Parameters<typeof Struct.fromJavaScript>[0]);
}

const changes: Readonly<Record<string, number>> = { DIFF_UNKNOWN: 0, DIFF_NONE: 1, DIFF_SOME: 2 };
const kinds: Readonly<Record<string, number>> = {
  ADD: 0,
  ADD_REPLACE: 1,
  DELETE: 2,
  DELETE_REPLACE: 3,
  UPDATE: 4,
  UPDATE_REPLACE: 5,
};

function buildCheck(answer: Json): object {
  const response = new messages.CheckResponse();
  if (answer.inputs !== undefined) response.setInputs(struct(answer.inputs));
  for (const failure of (answer.failures ?? []) as readonly { readonly property?: string; readonly reason: string }[]) {
    response.addFailures(new messages.CheckFailure().setProperty(failure.property ?? "").setReason(failure.reason));
  }
  return response;
}

function buildDiff(answer: Json): object {
  const response = new messages.DiffResponse().setDiffsList((answer.diffs ?? []) as string[]);
  response.setChanges(changes[String(answer.changes)] ?? 0).setHasdetaileddiff(answer.hasDetailedDiff === true);
  for (const [path, diff] of Object.entries(
    (answer.detailedDiff ?? {}) as Record<string, { kind?: string; inputDiff?: boolean }>,
  )) {
    const detail = new messages.PropertyDiff().setKind(kinds[diff.kind ?? "ADD"] ?? 0);
    response.getDetaileddiffMap().set(path, detail.setInputdiff(diff.inputDiff === true));
  }
  return response;
}

const builders: Readonly<Record<string, Build>> = {
  handshake: (answer) => new messages.ProviderHandshakeResponse().setAcceptSecrets(answer.acceptSecrets === true),
  getPluginInfo: (answer) => new PluginInfo().setVersion(String(answer.version)),
  checkConfig: buildCheck,
  diffConfig: buildDiff,
  configure: (answer) =>
    new messages.ConfigureResponse()
      .setAcceptsecrets(answer.acceptSecrets === true)
      .setSupportspreview(answer.supportsPreview === true)
      .setAcceptresources(true)
      .setAcceptoutputs(true),
  check: buildCheck,
  diff: buildDiff,
  create: (answer) =>
    new messages.CreateResponse()
      .setId(String(answer.id ?? ""))
      .setProperties(struct(answer.properties))
      .setRefreshBeforeUpdate(answer.refreshBeforeUpdate === true),
  read: (answer) => {
    const response = new messages.ReadResponse()
      .setId(String(answer.id ?? ""))
      .setProperties(struct(answer.properties));
    response.setRefreshBeforeUpdate(answer.refreshBeforeUpdate === true);
    return answer.inputs === undefined ? response : response.setInputs(struct(answer.inputs));
  },
  update: (answer) =>
    new messages.UpdateResponse()
      .setProperties(struct(answer.properties))
      .setRefreshBeforeUpdate(answer.refreshBeforeUpdate === true),
  delete: () => new Empty(),
  cancel: () => new Empty(),
};

function initFailure(failure: RecordedInitFailure, message: string): object {
  const detail = new messages.ErrorResourceInitFailed().setId(failure.id).setProperties(struct(failure.properties));
  if (failure.inputs !== undefined) detail.setInputs(struct(failure.inputs));
  detail.setReasonsList([message]).setRefreshBeforeUpdate(true);
  const any = new Any();
  any.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const packed = new Status().setCode(status.UNKNOWN).setMessage(message);
  packed.addDetails(any);
  const metadata = new Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(packed.serializeBinary()));
  return { code: status.UNKNOWN, details: message, metadata };
}

function answer(method: string, call: Call, callback: Callback): void {
  logCall(method, call.request);
  const key = `${method} ${call.request.getUrn?.() ?? ""}`;
  const recorded = answers.get(key)?.shift();
  const build = builders[method];
  if (method === "cancel") callback(null, new Empty());
  else if (recorded === undefined || build === undefined) {
    callback({ code: status.UNKNOWN, details: `the recording has no (further) answer to ${key}` });
  } else if (recorded.initFailure !== undefined) callback(initFailure(recorded.initFailure, recorded.error ?? ""));
  else if (recorded.error !== undefined) callback({ code: recorded.code ?? status.UNKNOWN, details: recorded.error });
  else callback(null, build(recorded.response ?? {}));
}

const implementation: Record<string, (call: Call, callback: Callback) => void> = {};
for (const method of Object.keys(ResourceProviderService)) {
  implementation[method] = (call, callback) => answer(method, call, callback);
}
const server = new Server();
server.addService(ResourceProviderService as unknown as Parameters<Server["addService"]>[0], implementation as never);
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (_error, port) =>
  process.stdout.write(`${port}\n`),
);
