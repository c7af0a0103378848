// Serves Pulumi's ResourceProvider from the protocol itself: the SDK's own server has no preview flag, no detailed diff,
// no old inputs in read, and cannot report an unhealthy resource.

import {
  status as code,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type StatusObject,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as wire from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { PropertyChange } from "../model/drift";
import { isRecoveryError, unsupportedError } from "../model/errors";
import type { JsonObject } from "../model/json";
import type { EngineLog } from "./engine-log";
import { initFailedError, structOf } from "./init-failed";
import { maskSecrets, type PlainProperties, unwrapProperties, wrapSecrets } from "./property-value";
import type { ResourceContext, ResourceState, ResourceType } from "./resource-type";

/** What a provider server needs. */
export interface ProviderOptions {
  readonly version: string;
  readonly types: readonly ResourceType[];
  readonly engineLog: EngineLog;
}

/** Starts the server on a free loopback port and resolves to that port. */
export async function serveProvider(options: ProviderOptions): Promise<number> {
  const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  server.addService(ResourceProviderService, new Provider(options).implementation());
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

class Provider {
  private isCancelled = false;

  constructor(private readonly options: ProviderOptions) {}

  implementation(): UntypedServiceImplementation {
    const methods: UntypedServiceImplementation = {
      handshake: unary((request: wire.ProviderHandshakeRequest) => this.handshake(request)),
      getPluginInfo: unary(() => this.pluginInfo()),
      checkConfig: unary((request: wire.CheckRequest) => this.checkConfig(request)),
      diffConfig: unary(async () => new wire.DiffResponse()),
      configure: unary(() => this.configure()),
      cancel: unary(() => this.cancel()),
      check: unary((request: wire.CheckRequest) => this.check(request)),
      diff: unary((request: wire.DiffRequest) => this.diff(request)),
      create: unary((request: wire.CreateRequest) => this.create(request)),
      read: unary((request: wire.ReadRequest) => this.read(request)),
      update: unary((request: wire.UpdateRequest) => this.update(request)),
      // Deleting only forgets: the control plane itself stays as it is.
      delete: unary(async () => new Empty()),
    };
    const others = Object.keys(ResourceProviderService).filter((name) => !(name in methods));
    return { ...methods, ...Object.fromEntries(others.map((name) => [name, refuse(name)])) };
  }

  private async pluginInfo(): Promise<PluginInfo> {
    const info = new PluginInfo();
    info.setVersion(this.options.version);
    return info;
  }

  // It comes on ^C while steps run, and at every normal end: the running step is finished, no other is started.
  private async cancel(): Promise<Empty> {
    this.isCancelled = true;
    return new Empty();
  }

  private async handshake(request: wire.ProviderHandshakeRequest): Promise<wire.ProviderHandshakeResponse> {
    this.options.engineLog.connect(request.getEngineAddress());
    const response = new wire.ProviderHandshakeResponse();
    response.setAcceptSecrets(true);
    return response;
  }

  // The project and the plugin share the name quorate, so a stack's own configuration arrives here: nothing to refuse.
  private async checkConfig(request: wire.CheckRequest): Promise<wire.CheckResponse> {
    const response = new wire.CheckResponse();
    const news = request.getNews();
    if (news !== undefined) response.setInputs(news);
    return response;
  }

  private async configure(): Promise<wire.ConfigureResponse> {
    const response = new wire.ConfigureResponse();
    response.setAcceptsecrets(true);
    response.setSupportspreview(true);
    response.setAcceptresources(false);
    response.setAcceptoutputs(false);
    return response;
  }

  private async check(request: wire.CheckRequest): Promise<wire.CheckResponse> {
    const type = this.typeOf(request.getUrn());
    const news = plainOf(request.getNews());
    const response = new wire.CheckResponse();
    // What is not known yet cannot be checked yet: the update checks it again, with every value known.
    if (news.unknownPaths.length > 0) {
      const unchecked = request.getNews();
      if (unchecked !== undefined) response.setInputs(unchecked);
      return response;
    }
    const checked = type.check(news.value);
    if (checked.kind === "invalid") {
      response.setInputs(structOf(wrapSecrets(news.value, news)));
      response.setFailuresList(checked.problems.map(failure));
    } else {
      response.setInputs(structOf(wrapSecrets(checked.inputs, news)));
    }
    return response;
  }

  private async diff(request: wire.DiffRequest): Promise<wire.DiffResponse> {
    const type = this.typeOf(request.getUrn());
    const recorded = plainOf(request.getOldInputs() ?? request.getOlds()).value;
    const changes = type.diff(recorded, plainOf(request.getNews()).value);
    const ignored = request.getIgnorechangesList();
    return diffResponse(changes.filter((change) => !ignored.some((path) => isUnder(change.path, path))));
  }

  private async create(request: wire.CreateRequest): Promise<wire.CreateResponse> {
    const response = new wire.CreateResponse();
    if (request.getPreview()) {
      response.setProperties(await this.preview(request.getUrn(), request.getProperties(), true));
      return response;
    }
    const state = await this.converge(request.getUrn(), request.getProperties());
    response.setId(state.id);
    response.setProperties(structOf(state.outputs));
    response.setRefreshBeforeUpdate(true);
    return response;
  }

  private async update(request: wire.UpdateRequest): Promise<wire.UpdateResponse> {
    const response = new wire.UpdateResponse();
    if (request.getPreview()) {
      response.setProperties(await this.preview(request.getUrn(), request.getNews(), false, request.getOlds()));
      return response;
    }
    const state = await this.converge(request.getUrn(), request.getNews(), request.getOlds());
    response.setProperties(structOf(state.outputs));
    response.setRefreshBeforeUpdate(true);
    return response;
  }

  private async read(request: wire.ReadRequest): Promise<wire.ReadResponse> {
    const type = this.typeOf(request.getUrn());
    const inputs = plainOf(request.getInputs());
    const outputs = plainOf(request.getProperties());
    const recorded = { inputs: inputs.value, outputs: outputs.value };
    const state = await type.read(request.getId(), recorded, this.contextOf(request.getUrn(), inputs, outputs));
    const secret = withSecrets(state, {
      ...inputs,
      secretPaths: [...inputs.secretPaths, ...outputs.secretPaths],
      secretTexts: [...inputs.secretTexts, ...outputs.secretTexts],
    });
    if (state.reasons.length > 0) throw initFailedError(secret);
    const response = new wire.ReadResponse();
    response.setId(secret.id);
    response.setInputs(structOf(secret.inputs));
    response.setProperties(structOf(secret.outputs));
    response.setRefreshBeforeUpdate(true);
    return response;
  }

  private async preview(
    urn: string,
    properties: Struct | undefined,
    isNew: boolean,
    recorded?: Struct,
  ): Promise<Struct> {
    const plain = plainOf(properties);
    const context = this.contextOf(urn, plain, plainOf(recorded));
    if (plain.unknownPaths.length > 0) {
      await context.log(
        "info",
        `not planned yet: ${plain.unknownPaths.join(", ")} will be known when other resources are updated`,
      );
      return properties ?? structOf({});
    }
    const outputs = await this.typeOf(urn).preview(plain.value, isNew, context);
    return structOf(wrapSecrets(outputs, plain));
  }

  private async converge(urn: string, properties: Struct | undefined, recorded?: Struct): Promise<ResourceState> {
    const plain = plainOf(properties);
    const context = this.contextOf(urn, plain, plainOf(recorded));
    const state = await this.typeOf(urn).converge(nameOf(urn), plain.value, context);
    const secret = withSecrets(state, plain);
    if (state.reasons.length > 0) throw initFailedError(secret);
    return secret;
  }

  private contextOf(urn: string, plain: PlainProperties, recorded: PlainProperties): ResourceContext {
    const { engineLog } = this.options;
    const mask = (message: string) => maskSecrets(message, plain);
    return {
      recorded: recorded.value,
      log: (severity, message) => engineLog.log(urn, severity, mask(message)),
      status: (message) => engineLog.log(urn, "info", mask(message), true),
      mask,
      isSecret: (path) => plain.secretPaths.some((secret) => isUnder(path, secret) || isUnder(secret, path)),
      isCancelled: () => this.isCancelled,
    };
  }

  private typeOf(urn: string): ResourceType {
    const token = urn.split("::").at(-2)?.split("$").at(-1) ?? "";
    const type = this.options.types.find((candidate) => token === `quorate:index:${candidate.name}`);
    if (type === undefined) throw unsupportedError(`quorate has no resource of type ${token}`);
    return type;
  }
}

function unary<Request>(method: (request: Request) => Promise<unknown>): UntypedServiceImplementation[string] {
  return (call: ServerUnaryCall<Request, unknown>, callback: sendUnaryData<unknown>) => {
    method(call.request).then(
      (response) => callback(null, response),
      (error: unknown) => callback(toStatus(error)),
    );
  };
}

function refuse(name: string): UntypedServiceImplementation[string] {
  return (_call: unknown, callback: sendUnaryData<unknown>) =>
    callback({ code: code.UNIMPLEMENTED, details: `quorate does not serve ${name}` });
}

function toStatus(error: unknown): Partial<StatusObject> {
  if (typeof error === "object" && error !== null && "metadata" in error) return error as Partial<StatusObject>;
  if (!isRecoveryError(error))
    return { code: code.UNKNOWN, details: error instanceof Error ? error.message : String(error) };
  const problems = error.problems.map((problem) => `\n  * ${problem}`).join("");
  const hint = error.hint === undefined ? "" : `\n  next: ${error.hint}`;
  return { code: code.UNKNOWN, details: `${error.message}${problems}${hint}` };
}

function plainOf(struct: Struct | undefined) {
  return unwrapProperties((struct?.toJavaScript() ?? {}) as JsonObject);
}

function withSecrets(state: ResourceState, known: PlainProperties): ResourceState {
  return {
    ...state,
    inputs: wrapSecrets(state.inputs, known),
    outputs: wrapSecrets(state.outputs, known),
    // The engine keeps them in state: a container's last words may well repeat its command.
    reasons: state.reasons.map((reason) => maskSecrets(reason, known)),
  };
}

// The property stays empty: the engine prints the value of a named one, secrets too.
function failure(reason: string): wire.CheckFailure {
  const checkFailure = new wire.CheckFailure();
  checkFailure.setProperty("");
  checkFailure.setReason(reason);
  return checkFailure;
}

function diffResponse(changes: readonly PropertyChange[]): wire.DiffResponse {
  const response = new wire.DiffResponse();
  const roots = changes.map((change) => /^[^.[]+/.exec(change.path)?.[0] ?? change.path);
  response.setChanges(
    changes.length > 0 ? wire.DiffResponse.DiffChanges.DIFF_SOME : wire.DiffResponse.DiffChanges.DIFF_NONE,
  );
  response.setDiffsList([...new Set(roots)]);
  response.setHasdetaileddiff(true);
  for (const change of changes) {
    const detail = new wire.PropertyDiff();
    const { ADD, DELETE, UPDATE } = wire.PropertyDiff.Kind;
    detail.setKind(change.observed === undefined ? ADD : change.desired === undefined ? DELETE : UPDATE);
    response.getDetaileddiffMap().set(change.path, detail);
  }
  return response;
}

function isUnder(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`);
}

function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}
