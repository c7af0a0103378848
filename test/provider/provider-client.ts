// Talks to the provider as an engine does, over gRPC, with nodes of the test's own.

import { gunzipSync } from "node:zlib";
import { credentials, Server, ServerCredentials, type ServiceError } from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as wire from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { JsonObject } from "../../src/model/json";
import { controlPlaneResource } from "../../src/provider/control-plane";
import { EngineLog } from "../../src/provider/engine-log";
import { nodeServiceResource } from "../../src/provider/node-service";
import type { OpenNodes } from "../../src/provider/plane-resource";
import type { ResourceType } from "../../src/provider/resource-type";
import { serveProvider } from "../../src/provider/server";
import { staticPodResource } from "../../src/provider/static-pod";

export interface LoggedMessage {
  readonly severity: number;
  readonly message: string;
}

/** What a provider says of a resource that is there and not well. */
export interface InitFailure {
  readonly id: string;
  readonly inputs: JsonObject;
  readonly properties: JsonObject;
  readonly reasons: readonly string[];
  readonly refreshBeforeUpdate: boolean;
}

export const struct = (value: JsonObject) =>
  Struct.fromJavaScript(value as Parameters<typeof Struct.fromJavaScript>[0]);
export const plain = (value: Struct | undefined) => (value?.toJavaScript() ?? {}) as JsonObject;

// As the embedded engine starts the plugin: Node's own HTTP/2 cannot take a large detail otherwise.
process.env.QUORATE_GZIP_DETAILS = "1";

/** Starts an engine that keeps what is logged, and a provider that logs to it. */
export async function openProvider(openNodes: OpenNodes) {
  return openProviderOf([
    controlPlaneResource(openNodes),
    staticPodResource(openNodes),
    nodeServiceResource(openNodes),
  ]);
}

/** The same, of the given types. */
export async function openProviderOf(types: readonly ResourceType[]) {
  const logged: LoggedMessage[] = [];
  const engine = new Server();
  engine.addService(EngineService, {
    log: (call: { request: LogRequest }, callback: (error: null, reply: Empty) => void) => {
      logged.push({ severity: call.request.getSeverity(), message: call.request.getMessage() });
      callback(null, new Empty());
    },
  } as never);
  const enginePort = await new Promise<number>((resolve, reject) =>
    engine.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  );
  const port = await serveProvider({
    version: "0.0.0-test",
    types,
    engineLog: new EngineLog(`127.0.0.1:${enginePort}`),
  });
  const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  const call = <Response>(start: (done: (error: ServiceError | null, response: Response) => void) => void) =>
    new Promise<Response>((resolve, reject) => start((error, response) => (error ? reject(error) : resolve(response))));
  const urn = (type: string) => `urn:pulumi:test::quorate::quorate:index:${type}::it`;
  return {
    logged,
    close: () => {
      client.close();
      engine.forceShutdown();
    },
    check: async (type: string, news: JsonObject) => {
      const request = new wire.CheckRequest();
      request.setUrn(urn(type));
      request.setNews(struct(news));
      const response = await call<wire.CheckResponse>((done) => client.check(request, done));
      return { inputs: plain(response.getInputs()), failures: response.getFailuresList().map((one) => one.toObject()) };
    },
    diff: async (type: string, oldInputs: JsonObject, news: JsonObject, ignoreChanges: readonly string[] = []) => {
      const request = new wire.DiffRequest();
      request.setUrn(urn(type));
      request.setId("it");
      request.setOlds(struct(oldInputs));
      request.setOldInputs(struct(oldInputs));
      request.setNews(struct(news));
      request.setIgnorechangesList([...ignoreChanges]);
      const response = await call<wire.DiffResponse>((done) => client.diff(request, done));
      return { changes: response.getChanges(), paths: [...response.getDetaileddiffMap().keys()] as string[] };
    },
    create: async (type: string, inputs: JsonObject, preview: boolean) => {
      const request = new wire.CreateRequest();
      request.setUrn(urn(type));
      request.setProperties(struct(inputs));
      request.setPreview(preview);
      const response = await call<wire.CreateResponse>((done) => client.create(request, done));
      return {
        id: response.getId(),
        properties: plain(response.getProperties()),
        refreshBeforeUpdate: response.getRefreshBeforeUpdate(),
      };
    },
    read: async (type: string, inputs: JsonObject, properties: JsonObject) => {
      const request = new wire.ReadRequest();
      request.setUrn(urn(type));
      request.setId("it");
      request.setInputs(struct(inputs));
      request.setProperties(struct(properties));
      const response = await call<wire.ReadResponse>((done) => client.read(request, done));
      return { id: response.getId(), inputs: plain(response.getInputs()), properties: plain(response.getProperties()) };
    },
    cancel: () => call<Empty>((done) => client.cancel(new Empty(), done)),
  };
}

/** The detail of a failed call; undefined when it carries none. */
export function initFailureOf(error: unknown): InitFailure | undefined {
  const [bytes] = (error as ServiceError).metadata?.get("grpc-status-details-bin") ?? [];
  if (!(bytes instanceof Uint8Array)) return undefined;
  const [any] = Status.deserializeBinary(bytes).getDetailsList();
  const detail =
    any === undefined ? undefined : wire.ErrorResourceInitFailed.deserializeBinary(gunzipSync(any.getValue_asU8()));
  if (detail === undefined) return undefined;
  return {
    id: detail.getId(),
    inputs: plain(detail.getInputs()),
    properties: plain(detail.getProperties()),
    reasons: detail.getReasonsList(),
    refreshBeforeUpdate: detail.getRefreshBeforeUpdate(),
  };
}
