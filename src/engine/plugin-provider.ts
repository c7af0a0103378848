// A provider that is a plugin process: every call as the Pulumi CLI sends it, field for field.
// Source: pulumi/pulumi pkg/resource/plugin/provider_plugin.go.

import { randomUUID } from "node:crypto";
import { credentials } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { describeCallError, isUnimplemented, parseInitFailure, unary } from "./grpc-call";
import { parseCheckAnswer, parseDiffAnswer, renderDiff } from "./plugin-messages";
import type { PluginProcess } from "./plugin-process";
import {
  asSecret,
  containsUnknowns,
  isPropertyMap,
  type PropertyMap,
  parseStruct,
  renderStruct,
  SecretValue,
  valuesEqual,
  withoutSecrets,
} from "./property-value";
import {
  type CheckAnswer,
  type CheckCall,
  type ConfigureCall,
  type CreateCall,
  type DeleteCall,
  type DiffAnswer,
  type DiffCall,
  noDiff,
  type Provider,
  type ProviderOutcome,
  type ReadCall,
  type UpdateCall,
} from "./provider";
import { parseUrn } from "./urn";

/** Enough for a cluster's manifests; the default of 4 MiB is not. */
const messageBytesMax = 400 * 1024 * 1024;

const unknownDiff: DiffAnswer = { ...noDiff, changes: "unknown" };

/** Where a plugin can reach the engine, and the folder it was started from. */
export interface PluginHome {
  readonly engineAddress: string;
  readonly directory: string;
  readonly packageName: string;
}

/** A plugin process as a provider. */
export class PluginProvider implements Provider {
  private readonly client: ResourceProviderClient;
  private acceptsSecrets = false;
  private supportsPreview = false;
  private state: "new" | "configured" | "unknown configuration" = "new";

  private constructor(
    private readonly process: PluginProcess,
    private readonly home: PluginHome,
  ) {
    this.client = new ResourceProviderClient(`127.0.0.1:${process.port}`, credentials.createInsecure(), {
      "grpc.max_receive_message_length": messageBytesMax,
      "grpc.max_send_message_length": messageBytesMax,
    });
  }

  /** Shakes hands with a plugin that has just been started. */
  static async connect(process: PluginProcess, home: PluginHome): Promise<PluginProvider> {
    const provider = new PluginProvider(process, home);
    await provider.shakeHands();
    await unary<unknown>((done) => provider.client.getPluginInfo(new Empty(), done));
    return provider;
  }

  async checkConfig(call: CheckCall): Promise<CheckAnswer> {
    const { name, type } = parseUrn(call.urn);
    const request = new messages.CheckRequest().setUrn(call.urn).setName(name).setType(type);
    request.setOlds(renderStruct(call.oldInputs ?? {}, { keepSecrets: false }));
    request.setNews(renderStruct(call.newInputs, { keepSecrets: false }));
    try {
      const response = await unary<messages.CheckResponse>((done) => this.client.checkConfig(request, done));
      const answer = parseCheckAnswer(response, call.newInputs);
      return { ...answer, inputs: markSecretKeys(answer.inputs, call.newInputs) };
    } catch (error) {
      if (isUnimplemented(error)) return { inputs: call.newInputs, failures: [] };
      throw describeCallError(error);
    }
  }

  async diffConfig(call: DiffCall): Promise<DiffAnswer> {
    try {
      const request = renderDiff(call, false);
      return parseDiffAnswer(await unary<messages.DiffResponse>((done) => this.client.diffConfig(request, done)));
    } catch (error) {
      if (isUnimplemented(error)) return unknownDiff;
      throw describeCallError(error);
    }
  }

  async configure(call: ConfigureCall): Promise<void> {
    if (containsUnknowns(call.inputs)) {
      this.state = "unknown configuration";
      return;
    }
    const { name, type } = parseUrn(call.urn);
    const request = new messages.ConfigureRequest().setId(call.id).setUrn(call.urn).setName(name).setType(type);
    request.setAcceptsecrets(true).setAcceptresources(true).setSendsOldInputs(true).setSendsOldInputsToDelete(true);
    request.setArgs(renderStruct(call.inputs, { keepSecrets: true }));
    for (const [key, value] of Object.entries(call.inputs)) {
      const plain = withoutSecrets(value);
      const text = typeof plain === "string" ? plain : JSON.stringify(plain);
      request.getVariablesMap().set(`${this.home.packageName}:config:${key}`, text);
    }
    const response = await this.call<messages.ConfigureResponse>((done) => this.client.configure(request, done));
    this.acceptsSecrets = response.getAcceptsecrets();
    this.supportsPreview = response.getSupportspreview();
    this.state = "configured";
  }

  async check(call: CheckCall): Promise<CheckAnswer> {
    if (this.state !== "configured") return { inputs: call.newInputs, failures: [] };
    const { name, type } = parseUrn(call.urn);
    const request = new messages.CheckRequest().setUrn(call.urn).setName(name).setType(type);
    request.setOlds(this.struct(call.oldInputs ?? {})).setNews(this.struct(call.newInputs));
    request.setRandomseed(call.randomSeed);
    const response = await this.call<messages.CheckResponse>((done) => this.client.check(request, done));
    const answer = parseCheckAnswer(response, {});
    return { ...answer, inputs: this.withSecretsOf(answer.inputs, call.newInputs) };
  }

  async diff(call: DiffCall): Promise<DiffAnswer> {
    if (this.state !== "configured") return unknownDiff;
    return parseDiffAnswer(
      await this.call<messages.DiffResponse>((done) => this.client.diff(renderDiff(call, this.acceptsSecrets), done)),
    );
  }

  async create(call: CreateCall): Promise<ProviderOutcome> {
    if (call.preview && this.state !== "configured") return unpreviewed({});
    if (call.preview && !this.supportsPreview) return unpreviewed(call.inputs);
    const { name, type } = parseUrn(call.urn);
    const request = new messages.CreateRequest().setUrn(call.urn).setName(name).setType(type);
    request.setProperties(this.struct(call.inputs)).setPreview(call.preview).setTimeout(call.timeoutSeconds);
    request.setResourceStatusAddress(this.home.engineAddress).setResourceStatusToken(randomUUID());
    const outcome = await this.change(async () => {
      const response = await unary<messages.CreateResponse>((done) => this.client.create(request, done));
      return {
        id: response.getId(),
        outputs: parseStruct(response.getProperties()),
        inputs: undefined,
        refreshBeforeUpdate: response.getRefreshBeforeUpdate(),
        unhealthy: undefined,
      };
    });
    return { ...outcome, outputs: this.withSecretsOf(outcome.outputs, call.inputs) };
  }

  async read(call: ReadCall): Promise<ProviderOutcome> {
    const { name, type } = parseUrn(call.urn);
    const request = new messages.ReadRequest().setId(call.id).setUrn(call.urn).setName(name).setType(type);
    request.setProperties(this.struct(call.outputs)).setInputs(this.struct(call.inputs));
    request.setResourceStatusAddress(this.home.engineAddress).setResourceStatusToken(randomUUID());
    const outcome = await this.change(async () => {
      const response = await unary<messages.ReadResponse>((done) => this.client.read(request, done));
      return {
        id: response.getId(),
        outputs: parseStruct(response.getProperties()),
        inputs: response.hasInputs() ? parseStruct(response.getInputs()) : undefined,
        refreshBeforeUpdate: response.getRefreshBeforeUpdate(),
        unhealthy: undefined,
      };
    });
    return {
      ...outcome,
      outputs: this.withSecretsOf(outcome.outputs, call.outputs),
      inputs: outcome.inputs === undefined ? undefined : this.withSecretsOf(outcome.inputs, call.inputs),
    };
  }

  async update(call: UpdateCall): Promise<ProviderOutcome> {
    if (call.preview && this.state !== "configured") return unpreviewed({});
    if (call.preview && !this.supportsPreview) return unpreviewed(call.newInputs);
    const { name, type } = parseUrn(call.urn);
    const request = new messages.UpdateRequest().setId(call.id).setUrn(call.urn).setName(name).setType(type);
    request.setOlds(this.struct(call.oldOutputs)).setOldInputs(this.struct(call.oldInputs));
    request.setNews(this.struct(call.newInputs)).setIgnorechangesList([...call.ignoreChanges]);
    request.setPreview(call.preview).setTimeout(call.timeoutSeconds);
    request.setResourceStatusAddress(this.home.engineAddress).setResourceStatusToken(randomUUID());
    const outcome = await this.change(async () => {
      const response = await unary<messages.UpdateResponse>((done) => this.client.update(request, done));
      return {
        id: call.id,
        outputs: parseStruct(response.getProperties()),
        inputs: undefined,
        refreshBeforeUpdate: response.getRefreshBeforeUpdate(),
        unhealthy: undefined,
      };
    });
    return { ...outcome, outputs: this.withSecretsOf(outcome.outputs, call.newInputs) };
  }

  async delete(call: DeleteCall): Promise<void> {
    const { name, type } = parseUrn(call.urn);
    const request = new messages.DeleteRequest().setId(call.id).setUrn(call.urn).setName(name).setType(type);
    request.setProperties(this.struct(call.outputs)).setOldInputs(this.struct(call.inputs));
    request.setTimeout(call.timeoutSeconds);
    request.setResourceStatusAddress(this.home.engineAddress).setResourceStatusToken(randomUUID());
    await this.call<Empty>((done) => this.client.delete(request, done));
  }

  async cancel(): Promise<void> {
    try {
      await unary<Empty>((done) => this.client.cancel(new Empty(), done));
    } catch {
      // A plugin that has no Cancel, or is gone, has nothing left to finish.
    }
  }

  async close(): Promise<void> {
    this.client.close();
    await this.process.stop();
  }

  private async shakeHands(): Promise<void> {
    const { engineAddress, directory } = this.home;
    const request = new messages.ProviderHandshakeRequest().setEngineAddress(engineAddress);
    request.setRootDirectory(directory).setProgramDirectory(directory).setConfigureWithUrn(true);
    request.setSupportsViews(true).setSupportsRefreshBeforeUpdate(true).setInvokeWithPreview(true);
    request.setMapperTarget(engineAddress).setLoaderTarget(engineAddress).setResolverTarget(engineAddress);
    request.setAcceptsByteString(true);
    try {
      const response = await unary<messages.ProviderHandshakeResponse>((done) => this.client.handshake(request, done));
      this.acceptsSecrets = response.getAcceptSecrets();
    } catch (error) {
      if (!isUnimplemented(error)) throw describeCallError(error);
    }
  }

  private struct(properties: PropertyMap): ReturnType<typeof renderStruct> {
    return renderStruct(properties, { keepSecrets: this.acceptsSecrets });
  }

  /** Calls for which an answer "begun, but not healthy" is no failure. */
  private async change(run: () => Promise<ProviderOutcome>): Promise<ProviderOutcome> {
    try {
      return await run();
    } catch (error) {
      const outcome = parseInitFailure(error);
      if (outcome !== undefined) return outcome;
      throw describeCallError(error);
    }
  }

  private async call<Response>(start: Parameters<typeof unary<Response>>[0]): Promise<Response> {
    try {
      return await unary<Response>(start);
    } catch (error) {
      throw describeCallError(error);
    }
  }

  /** A plugin that knows no secrets loses the marks; they are put back by name. */
  private withSecretsOf(properties: PropertyMap, marked: PropertyMap): PropertyMap {
    if (this.acceptsSecrets) return properties;
    return Object.fromEntries(
      Object.entries(properties).map(([name, value]) => {
        const mark = marked[name];
        if (mark instanceof SecretValue && !(value instanceof SecretValue)) return [name, new SecretValue(value)];
        if (isPropertyMap(value) && isPropertyMap(mark)) return [name, this.withSecretsOf(value, mark)];
        return [name, value];
      }),
    );
  }
}

function unpreviewed(outputs: PropertyMap): ProviderOutcome {
  return { id: "", outputs, inputs: undefined, refreshBeforeUpdate: false, unhealthy: undefined };
}

// A plugin is configured in plain text; what was secret before must not lie in the state in plain text afterwards.
function markSecretKeys(checked: PropertyMap, sent: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.entries(checked).map(([key, value]) => {
      const before = sent[key];
      const wasSecret = before !== undefined && !valuesEqual(before, withoutSecrets(before));
      return [key, wasSecret && !(value instanceof SecretValue) ? asSecret(value) : value];
    }),
  );
}
