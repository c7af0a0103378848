// Takes registrations from the program: one after the other through planning, then side by side through doing.
// A failed resource does not stop the others; what depends on it is not started.

import { inputError, isRecoveryError, unsupportedError } from "../model/errors";
import { applyStep, type StepResult } from "./apply-step";
import { message } from "./events";
import type { Goal } from "./goal";
import { isReported, type PlannedStep, planStep, type Registration } from "./plan-step";
import { asSecret, type PropertyMap, type PropertyValue, valuesEqual } from "./property-value";
import { noDiff } from "./provider";
import { emptyState, type ResourceState, referencesOf } from "./resource-state";
import type { RunContext } from "./run-context";
import { isProviderType, packageOf, parseUrn, providerTypeOf, renderReference, renderUrn, stackType } from "./urn";

/** What the program learns about a resource. */
export interface RegisterResult {
  readonly urn: string;
  readonly id: string;
  readonly outputs: PropertyMap;
  readonly succeeded: boolean;
}

/** How a failed resource concerns the others. */
export interface FailurePolicy {
  /** False: nothing new is started once something has failed. */
  readonly continueOnError: boolean;
}

type Planned =
  | { readonly kind: "planned"; readonly step: PlannedStep }
  | { readonly kind: "failed"; readonly urn: string };

/** The registrations of one run. */
export class Registrations {
  private readonly registered = new Map<string, Registration>();
  private readonly states = new Map<string, ResourceState>();
  private readonly failed = new Set<string>();
  private readonly defaultProviders = new Map<string, Promise<string>>();
  private readonly running = new Set<Promise<unknown>>();
  private planning: Promise<unknown> = Promise.resolve();
  private stackOutputs: PropertyMap | undefined;
  private stopReason: Error | undefined;
  private onStop: (() => void) | undefined;

  constructor(
    private readonly context: RunContext,
    private readonly policy: FailurePolicy,
  ) {}

  /** Did anything fail, or was the run stopped? */
  hasFailed(): boolean {
    return this.failed.size > 0 || this.stopReason !== undefined;
  }

  /** Why the run was stopped; undefined while it was not. */
  findStopReason(): Error | undefined {
    return this.stopReason;
  }

  /** URNs of all resources that the program has registered. */
  registeredUrns(): ReadonlySet<string> {
    return new Set(this.registered.keys());
  }

  /** Calls back when nothing new may be started any more. */
  whenStopped(callback: () => void): void {
    this.onStop = callback;
    if (this.stopReason !== undefined) callback();
  }

  /** Starts nothing new; what runs is finished. */
  stop(reason: Error): void {
    if (this.stopReason !== undefined) return;
    this.stopReason = reason;
    this.onStop?.();
  }

  /** Waits until nothing runs any more. */
  async settle(): Promise<void> {
    while (this.running.size > 0) await Promise.allSettled([...this.running]);
  }

  /** Plans nothing before `ready`; stops when that is false or fails. */
  startAfter(ready: Promise<boolean>): void {
    this.planning = ready.then(
      (isReady) => {
        if (!isReady) this.stop(inputError("what had to come before has failed"));
      },
      (error: unknown) => this.stop(error instanceof Error ? error : new Error(String(error))),
    );
  }

  /** Registers a resource; resolves when it has been done, or would be. */
  async register(goal: Goal): Promise<RegisterResult> {
    const provider = goal.custom && !isProviderType(goal.type) ? await this.resolveProvider(goal) : "";
    return this.track(this.registerWith(goal, provider));
  }

  /** Records the outputs of a component. Those of the stack wait until the run has ended. */
  registerOutputs(urn: string, outputs: PropertyMap): void {
    if (parseUrn(urn).type === stackType) {
      this.stackOutputs = outputs;
      return;
    }
    const state = this.states.get(urn);
    if (state === undefined && this.failed.has(urn)) return;
    if (state === undefined) throw inputError(`outputs were given for ${urn}, which was not registered`);
    this.recordOutputs(state, outputs);
  }

  /** Records the outputs of the stack; after a failure old ones that were not given again are kept. */
  finishStackOutputs(hasFailed: boolean): void {
    const outputs = this.stackOutputs;
    const state = [...this.states.values()].find(({ type }) => type === stackType);
    if (outputs === undefined || state === undefined) return;
    const old = this.context.olds.get(state.urn);
    this.recordOutputs(state, hasFailed ? { ...(old?.outputs ?? {}), ...outputs } : outputs);
  }

  private recordOutputs(state: ResourceState, given: PropertyMap): void {
    const outputs: Record<string, PropertyValue> = { ...given };
    for (const name of state.additionalSecretOutputs) {
      const value = outputs[name];
      if (value !== undefined) outputs[name] = asSecret(value);
    }
    const amended: ResourceState = { ...state, outputs };
    this.states.set(state.urn, amended);
    if (!valuesEqual(state.outputs, outputs)) this.context.snapshot.amend(state, amended);
    this.context.emit({ kind: "outputs", urn: state.urn, old: this.context.olds.get(state.urn), new: amended });
  }

  private track<T>(work: Promise<T>): Promise<T> {
    this.running.add(work);
    const forget = () => this.running.delete(work);
    work.then(forget, forget);
    return work;
  }

  private async registerWith(goal: Goal, provider: string): Promise<RegisterResult> {
    const planned = await this.plan(goal, provider);
    if (planned.kind === "failed") return { urn: planned.urn, id: "", outputs: {}, succeeded: false };
    const { step } = planned;
    const result = this.dependsOnFailure(step.new) ? this.skip(step) : await this.apply(step);
    const { urn, id } = result.state;
    return { urn, id, outputs: goal.custom ? result.state.outputs : {}, succeeded: result.succeeded };
  }

  private async apply(planned: PlannedStep): Promise<StepResult> {
    const result = await this.context.slots.run(async () => {
      this.refuseIfStopped();
      try {
        return await applyStep(this.context, planned);
      } catch (error) {
        // The state could not be written, or is not in order: nothing more may be begun.
        const reason = error instanceof Error ? error : new Error(String(error));
        this.context.emit(message("error", planned.urn, reason.message));
        this.stop(reason);
        throw reason;
      }
    });
    if (result.succeeded) {
      this.states.set(planned.urn, result.state);
      return result;
    }
    this.failed.add(planned.urn);
    if (!this.policy.continueOnError) this.stop(inputError("an operation failed"));
    return result;
  }

  private skip(planned: PlannedStep): StepResult {
    this.failed.add(planned.urn);
    const needed = [...referencesOf(planned.new), planned.new.parent].find((urn) => this.failed.has(urn)) ?? "";
    this.context.emit(message("warning", planned.urn, `not started: ${parseUrn(needed).name}, which it needs, failed`));
    return { succeeded: false, state: { ...planned.new, id: planned.old?.id ?? "", outputs: {} } };
  }

  private dependsOnFailure(state: ResourceState): boolean {
    return [...referencesOf(state), state.parent].some((urn) => this.failed.has(urn));
  }

  /** Plans one registration at a time: the providers see checks and diffs in the order of registration. */
  private plan(goal: Goal, provider: string): Promise<Planned> {
    const planned = this.planning.then(async (): Promise<Planned> => {
      this.refuseIfStopped();
      const { stack, project } = this.context;
      const urn = renderUrn(stack, project.name, goal.parent, goal.type, goal.name);
      const registration = this.admit(urn, goal, provider);
      try {
        return { kind: "planned", step: await planStep(this.context, registration) };
      } catch (error) {
        this.failPlanning(registration, error);
        return { kind: "failed", urn };
      }
    });
    this.planning = planned.catch(() => undefined);
    return planned;
  }

  /** A resource that cannot be planned has failed; what the engine cannot do at all ends the run. */
  private failPlanning({ urn, goal }: Registration, error: unknown): void {
    const reason = error instanceof Error ? error : new Error(String(error));
    const old = this.context.olds.get(urn);
    this.failed.add(urn);
    if (!isReported(error)) {
      const hint = isRecoveryError(error) && error.hint !== undefined ? `\n${error.hint}` : "";
      this.context.emit(message("error", urn, `${reason.message}${hint}`));
    }
    const op = old === undefined ? "create" : "update";
    const draft = { ...(old ?? emptyState), urn, parent: goal.parent, type: goal.type };
    this.context.emit({ kind: "step-failed", step: { op, urn, old, new: draft, diff: noDiff }, durationMs: 0 });
    const isFatal = isRecoveryError(error) && error.code === "unsupported";
    if (isFatal || !this.policy.continueOnError) this.stop(inputError("an operation failed"));
  }

  private admit(urn: string, goal: Goal, provider: string): Registration {
    if (this.registered.has(urn)) {
      const twice = inputError(`two resources have the same name ${urn}`, { hint: "give one of them another name" });
      this.context.emit(message("error", urn, `${twice.message}\n${twice.hint ?? ""}`));
      this.stop(twice);
      throw twice;
    }
    const parent = this.registered.get(goal.parent);
    const registration: Registration = {
      urn,
      goal: { ...goal, providers: { ...(parent?.goal.providers ?? {}), ...goal.providers } },
      provider,
      protect: goal.protect ?? parent?.protect ?? false,
      retainOnDelete: goal.retainOnDelete ?? parent?.retainOnDelete ?? false,
    };
    this.registered.set(urn, registration);
    return registration;
  }

  private refuseIfStopped(): void {
    if (this.stopReason !== undefined) throw this.stopReason;
  }

  private resolveProvider(goal: Goal): Promise<string> {
    const packageName = packageOf(goal.type);
    if (packageName === "pulumi") {
      throw unsupportedError(`${goal.type} cannot be used by the embedded engine; use the pulumi CLI for this stack`);
    }
    const inherited = this.registered.get(goal.parent)?.goal.providers ?? {};
    const explicit = [goal.provider, goal.providers[packageName], inherited[packageName]].find(
      (reference) => reference !== undefined && reference !== "",
    );
    return explicit === undefined ? this.defaultProvider(packageName, goal.version) : Promise.resolve(explicit);
  }

  private defaultProvider(packageName: string, version: string): Promise<string> {
    const key = `${packageName} ${version}`;
    const known = this.defaultProviders.get(key);
    if (known !== undefined) return known;
    const registering = this.registerDefaultProvider(packageName, version);
    this.defaultProviders.set(key, registering);
    return registering;
  }

  private async registerDefaultProvider(packageName: string, version: string): Promise<string> {
    const { config } = this.context;
    const properties: Record<string, PropertyValue> = version === "" ? {} : { __internal: {}, version };
    for (const [key, value] of Object.entries(config.values)) {
      if (!key.startsWith(`${packageName}:`)) continue;
      properties[key.slice(packageName.length + 1)] = config.secretKeys.includes(key) ? asSecret(value) : value;
    }
    const name = version === "" ? "default" : `default_${version.replace(/[.+-]/g, "_")}`;
    const result = await this.register({ ...emptyGoal, type: providerTypeOf(packageName), name, properties });
    if (!result.succeeded) throw inputError(`the provider ${packageName} could not be configured`);
    return renderReference(result);
  }
}

const emptyGoal: Goal = {
  type: "",
  name: "",
  custom: true,
  properties: {},
  parent: "",
  protect: undefined,
  dependencies: [],
  propertyDependencies: {},
  ignoreChanges: [],
  additionalSecretOutputs: [],
  customTimeouts: undefined,
  retainOnDelete: undefined,
  version: "",
  provider: "",
  providers: {},
  sourcePosition: undefined,
  stackTrace: [],
};
