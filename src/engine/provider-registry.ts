// The providers of a run: which are loaded, which of them are configured, and the provider resources that stand for
// them in state. Source: pulumi/pulumi pkg/resource/deploy/providers/registry.go.

import { randomUUID } from "node:crypto";
import { invariantError } from "../model/errors";
import { type PropertyMap, unknownSentinel, valuesEqual } from "./property-value";
import type { CheckAnswer, CheckCall, DiffAnswer, DiffCall, Provider } from "./provider";
import type { ResourceState } from "./resource-state";
import { packageOf, parseReference, parseUrn, renderReference } from "./urn";

/** Starts the provider of a package; the inputs are those of its provider resource. */
export type LoadProvider = (packageName: string, inputs: PropertyMap) => Promise<Provider>;

/** Keys of a provider's inputs that are the engine's own. */
const internalKey = "__internal";

function withoutInternal(inputs: PropertyMap): PropertyMap {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => name !== internalKey));
}

/** All providers of a run. */
export class ProviderRegistry {
  private readonly byReference = new Map<string, Promise<Provider>>();
  private readonly unconfigured = new Map<string, Provider>();
  private readonly started: Promise<Provider>[] = [];

  constructor(private readonly load: LoadProvider) {}

  /** The provider that resources refer to. */
  find(reference: string): Promise<Provider> {
    const provider = this.byReference.get(reference);
    if (provider === undefined) throw invariantError(`provider ${reference} was not registered`);
    return provider;
  }

  /** Starts and configures a provider as it is recorded, unless that was done. */
  async ensure(reference: string, resources: readonly ResourceState[]): Promise<void> {
    if (reference === "" || this.byReference.has(reference)) return;
    const { urn, id } = parseReference(reference);
    const state = resources.find((candidate) => candidate.urn === urn && candidate.id === id);
    if (state === undefined) throw invariantError(`state has no provider ${reference}`);
    await this.keep(state, false);
  }

  /** Checks a provider's configuration with a process of its own. */
  async check(call: CheckCall): Promise<CheckAnswer> {
    const provider = await this.start(packageOf(parseUrn(call.urn).type), call.newInputs);
    const answer = await provider.checkConfig({
      ...call,
      oldInputs: withoutInternal(call.oldInputs ?? {}),
      newInputs: withoutInternal(call.newInputs),
    });
    this.unconfigured.set(call.urn, provider);
    const { version } = call.newInputs;
    const internal = call.newInputs[internalKey];
    return {
      ...answer,
      inputs: {
        ...answer.inputs,
        ...(version === undefined ? {} : { version }),
        ...(internal === undefined ? {} : { [internalKey]: internal }),
      },
    };
  }

  /** Compares a provider's configuration with the recorded one. */
  async diff(call: DiffCall): Promise<DiffAnswer> {
    const provider = this.unconfigured.get(call.urn) ?? (await this.find(`${call.urn}::${call.id}`));
    const newInputs = withoutInternal(call.newInputs);
    const answer = await provider.diffConfig({ ...call, oldInputs: withoutInternal(call.oldInputs), newInputs });
    if (answer.changes !== "unknown") return answer;
    return { ...answer, changes: valuesEqual(call.oldOutputs, newInputs) ? "none" : "some" };
  }

  /** Makes sure that an unchanged provider is configured; `fromCheck` uses the process that checked it. */
  async keep(state: ResourceState, fromCheck: boolean): Promise<void> {
    const reference = renderReference(state);
    if (this.byReference.has(reference)) return;
    const checked = fromCheck ? this.unconfigured.get(state.urn) : undefined;
    if (checked !== undefined) this.unconfigured.delete(state.urn);
    const ready = (async () => {
      const provider = checked ?? (await this.start(packageOf(state.type), state.inputs));
      await provider.configure({ urn: state.urn, id: state.id, inputs: withoutInternal(state.inputs) });
      return provider;
    })();
    this.byReference.set(reference, ready);
    await ready;
  }

  /** Configures a new provider; answers its id. */
  async create(urn: string, inputs: PropertyMap, preview: boolean): Promise<string> {
    const id = preview ? unknownSentinel : randomUUID();
    await this.configure(urn, id, inputs);
    return id;
  }

  /** Configures a changed provider in place of the old one. */
  async update(urn: string, id: string, inputs: PropertyMap): Promise<void> {
    await this.configure(urn, id, inputs);
  }

  /** Tells every provider to finish early. */
  async cancelAll(): Promise<void> {
    await Promise.all(this.started.map(async (starting) => (await settle(starting))?.cancel()));
  }

  /** Ends every provider. */
  async closeAll(): Promise<void> {
    await Promise.all(this.started.map(async (starting) => (await settle(starting))?.close()));
  }

  private async configure(urn: string, id: string, inputs: PropertyMap): Promise<void> {
    const provider = this.unconfigured.get(urn) ?? (await this.start(packageOf(parseUrn(urn).type), inputs));
    this.unconfigured.delete(urn);
    await provider.configure({ urn, id, inputs: withoutInternal(inputs) });
    this.byReference.set(renderReference({ urn, id }), Promise.resolve(provider));
  }

  private start(packageName: string, inputs: PropertyMap): Promise<Provider> {
    const starting = this.load(packageName, inputs);
    this.started.push(starting);
    return starting;
  }
}

async function settle(starting: Promise<Provider>): Promise<Provider | undefined> {
  try {
    return await starting;
  } catch {
    return undefined;
  }
}
