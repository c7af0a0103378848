// One run: preview, up, refresh or destroy of a stack, from its recorded state to its next one. The API of the engine.

import { stripVTControlCharacters } from "node:util";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { inputError, isRecoveryError, unsupportedError } from "../model/errors";
import { CommandProvider } from "./command-provider";
import { deleteUnregistered } from "./delete-resources";
import { type EngineServer, severityOf, startEngineServer } from "./engine-server";
import { type DeploymentKind, type EngineEvent, type EventSink, message, type Step, type StepOp } from "./events";
import { takeLock } from "./lock";
import { startPlugin } from "./plugin-process";
import { PluginProvider } from "./plugin-provider";
import { exitAfterLogging, startProgram } from "./program-process";
import type { Provider } from "./provider";
import { type LoadProvider, ProviderRegistry } from "./provider-registry";
import { refresh } from "./refresh";
import { Registrations } from "./registrations";
import type { PendingOperation } from "./resource-state";
import { indexOlds, type RunContext } from "./run-context";
import { Slots } from "./slots";
import { SnapshotStore } from "./snapshot-store";
import { type OpenStack, openStack, type StackLocation, saveStack } from "./stack";
import { parseUrn, stackType } from "./urn";

/** What to run. */
export interface DeploymentOptions extends StackLocation {
  readonly kind: DeploymentKind;
  /** How many resources are worked on at the same time. */
  readonly parallel: number;
  /** True: read everything first, false: read nothing. Undefined: what the project and the resources ask for. */
  readonly refresh: boolean | undefined;
  /** False: nothing new is started once something has failed. */
  readonly continueOnError: boolean;
  /** With kind "preview": show what this would do instead of an up. */
  readonly previewOf?: "up" | "refresh" | "destroy";
  /** Ends the run early: what runs is finished, nothing new is started. */
  readonly signal?: AbortSignal;
}

/** How a run ended. */
export interface DeploymentResult {
  readonly succeeded: boolean;
  /** True when the caller ended it early. */
  readonly isCancelled: boolean;
  /** Resources by what was done to them; providers that the program does not declare are not counted. */
  readonly counts: Readonly<Partial<Record<StepOp, number>>>;
  /** How many resources failed. */
  readonly failedCount: number;
  /** True when something was changed, or would be. */
  readonly hasChanges: boolean;
  readonly durationMs: number;
}

/** Is it a provider that the engine made by itself? Those are not shown and not counted. */
export function isDefaultProvider(urn: string): boolean {
  const { type, name } = parseUrn(urn);
  return type.startsWith("pulumi:providers:") && /^default(_|$)/.test(name);
}

interface Tally {
  readonly counts: Partial<Record<StepOp, number>>;
  failedCount: number;
}

/** What a refresh has found out is what counts in a run that does nothing else. */
function foundOp(step: Step): StepOp {
  if (step.new === undefined) return "delete";
  return step.diff.changes === "some" ? "update" : "same";
}

function count(tally: Tally, event: EngineEvent, isRefresh: boolean): void {
  if (event.kind !== "step-done" && event.kind !== "step-failed") return;
  const { step } = event;
  if (isDefaultProvider(step.urn)) return;
  const op = isRefresh && step.op === "refresh" ? foundOp(step) : step.op;
  if (event.kind === "step-failed") tally.failedCount += 1;
  else tally.counts[op] = (tally.counts[op] ?? 0) + 1;
}

function providerLoader(
  stack: OpenStack,
  env: NodeJS.ProcessEnv,
  server: () => EngineServer,
  emit: EventSink,
): LoadProvider {
  return async (packageName): Promise<Provider> => {
    const plugin = stack.project.plugins.find(({ name }) => name === packageName);
    if (plugin !== undefined) {
      const engineAddress = server().address;
      const process = await startPlugin({
        plugin,
        cwd: stack.project.programDirectory,
        engineAddress,
        env,
        onLine: (_stream, line) => emit(message("info", "", `${packageName}: ${line}`)),
      });
      return PluginProvider.connect(process, { engineAddress, directory: plugin.directory, packageName });
    }
    if (packageName === "command") return new CommandProvider(emit);
    throw unsupportedError(`the embedded engine has no provider ${packageName}; use the pulumi CLI for this stack`);
  };
}

/** Only what a user can act on: an error's first line and the frame of their own program. */
function briefProgramError(text: string): string {
  const lines = stripVTControlCharacters(text)
    .replace(/^Running program .* failed with an unhandled exception:\n/, "the program failed: ")
    .split("\n");
  const said = lines.filter((line) => !/^\s+at /.test(line));
  const own = lines.find((line) => /^\s+at /.test(line) && !/node_modules|node:internal|\(node:/.test(line));
  return [...said, ...(own === undefined ? [] : [own])].join("\n").trimEnd();
}

class Deployment {
  private readonly tally: Tally = { counts: {}, failedCount: 0 };
  private readonly startedAt = Date.now();
  private readonly context: RunContext;
  private readonly registrations: Registrations;
  private readonly interrupted: readonly PendingOperation[];
  private server: EngineServer | undefined;

  constructor(
    private readonly options: DeploymentOptions,
    stack: OpenStack,
    sink: EventSink,
  ) {
    const emit: EventSink = (event) => {
      count(this.tally, event, options.kind === "refresh" || options.previewOf === "refresh");
      sink(event);
    };
    const isPreview = options.kind === "preview";
    this.interrupted = stack.checkpoint.pendingOperations;
    const snapshot = new SnapshotStore(
      stack.checkpoint,
      isPreview ? undefined : (checkpoint) => saveStack(stack, checkpoint),
    );
    this.context = {
      project: stack.project,
      stack: stack.name,
      config: stack.config.decrypt(stack.configCrypter),
      preview: isPreview,
      parallel: options.parallel,
      registry: new ProviderRegistry(providerLoader(stack, options.env, () => this.runningServer(), emit)),
      snapshot,
      emit,
      slots: new Slots(options.parallel),
      now: () => new Date().toISOString(),
      olds: indexOlds(stack.checkpoint.resources),
    };
    this.registrations = new Registrations(this.context, options);
  }

  async run(): Promise<DeploymentResult> {
    this.server = await startEngineServer(this.context, this.registrations, (request) => this.log(request));
    const cancel = () => {
      this.registrations.stop(inputError("the run was cancelled"));
      void this.context.registry.cancelAll();
    };
    this.options.signal?.addEventListener("abort", cancel);
    let succeeded = false;
    try {
      succeeded = await this.runPhases();
    } finally {
      this.options.signal?.removeEventListener("abort", cancel);
      await this.registrations.settle();
      this.registrations.finishStackOutputs(!succeeded);
      await this.context.registry.cancelAll();
      await this.context.registry.closeAll();
      this.context.snapshot.flush();
      this.server.close();
    }
    const isCancelled = this.options.signal?.aborted === true;
    if (!succeeded) this.context.emit(message("error", "", this.describeFailure(isCancelled)));
    return this.conclude(succeeded && !isCancelled, isCancelled);
  }

  private async runPhases(): Promise<boolean> {
    const what = this.options.kind === "preview" ? (this.options.previewOf ?? "up") : this.options.kind;
    const refreshed = this.refreshFirst();
    const hasRun = what !== "up" || (await this.runProgram(refreshed));
    if (!(await refreshed) || !hasRun) return false;
    if (what === "refresh") return true;
    const registered = this.registrations.registeredUrns();
    return deleteUnregistered(this.context, registered, () => this.registrations.findStopReason() !== undefined);
  }

  private async refreshFirst(): Promise<boolean> {
    const { kind, previewOf, refresh: asked } = this.options;
    const isRefresh = kind === "refresh" || previewOf === "refresh";
    const all = isRefresh || (asked ?? this.context.project.refreshAlways);
    this.warnOfInterruption();
    if (!all && asked === false) return true;
    const succeeded = await refresh(this.context, all ? "all" : "asking");
    return succeeded && this.registrations.findStopReason() === undefined;
  }

  private warnOfInterruption(): void {
    if (this.interrupted.length === 0) return;
    const list = this.interrupted.map(({ type, resource }) => `\n  * ${resource.urn} (${type})`).join("");
    this.context.emit(message("warning", "", `an earlier run was interrupted while it worked on:${list}`));
  }

  /** The program takes a while to load, meanwhile the refresh goes on; what it registers waits for the refresh. */
  private async runProgram(refreshed: Promise<boolean>): Promise<boolean> {
    this.registrations.startAfter(refreshed);
    const printed: string[] = [];
    const program = startProgram(this.context, this.runningServer().address, this.options.env, (stream, line) => {
      if (stream === "stderr") printed.push(line);
      this.context.emit(message("info", this.stackUrn(), line));
    });
    this.registrations.whenStopped(() => void program.stop());
    const code = await program.ended;
    await this.registrations.settle();
    const stopped = this.registrations.findStopReason();
    if (stopped !== undefined) {
      this.reportStop(stopped);
      return false;
    }
    if (code === 0) return !this.registrations.hasFailed();
    if (code !== exitAfterLogging && !this.registrations.hasFailed()) {
      const said = briefProgramError(printed.join("\n")).split("\n").slice(0, 3).join("\n");
      this.context.emit(
        message("error", this.stackUrn(), `the program ended with ${code}${said === "" ? "" : `:\n${said}`}`),
      );
    }
    return false;
  }

  /** Registrations report what concerns a resource; what they only stopped for is reported here. */
  private reportStop(reason: Error): void {
    if (isRecoveryError(reason) && reason.code === "unsupported") {
      this.context.emit(message("error", this.stackUrn(), reason.message));
    }
  }

  private log(request: LogRequest): void {
    const severity = severityOf(request);
    // The SDK's debug messages spell out the values of secrets.
    if (severity === "debug") return;
    const text = request.getMessage();
    // The program reports again what the engine has told it; the resource's own message says more.
    if (severity === "error" && this.registrations.hasFailed() && /failed to register|resource .* failed/.test(text))
      return;
    this.context.emit({
      kind: "message",
      severity,
      urn: request.getUrn() === "" ? this.stackUrn() : request.getUrn(),
      text: severity === "error" ? briefProgramError(text) : text,
      ephemeral: request.getEphemeral(),
      streamId: request.getStreamid(),
    });
  }

  private stackUrn(): string {
    const { stack, project } = this.context;
    return `urn:pulumi:${stack}::${project.name}::${stackType}::${project.name}-${stack}`;
  }

  private runningServer(): EngineServer {
    if (this.server === undefined) throw inputError("the run has not begun");
    return this.server;
  }

  private describeFailure(isCancelled: boolean): string {
    const what =
      this.options.kind === "preview" ? "preview" : this.options.kind === "up" ? "update" : this.options.kind;
    return isCancelled ? `${what} cancelled` : `${what} failed`;
  }

  private conclude(succeeded: boolean, isCancelled: boolean): DeploymentResult {
    const { counts, failedCount } = this.tally;
    const changing = Object.entries(counts).filter(([op]) => op !== "same" && op !== "refresh");
    return {
      succeeded: succeeded && failedCount === 0,
      isCancelled,
      counts,
      failedCount,
      hasChanges: changing.some(([, number]) => number > 0),
      durationMs: Date.now() - this.startedAt,
    };
  }
}

/**
 * Runs a deployment and tells of its progress.
 *
 * @throws RecoveryError when it cannot begin: no such stack, wrong passphrase, locked, state of another kind.
 */
export async function runDeployment(options: DeploymentOptions, sink: EventSink): Promise<DeploymentResult> {
  if (options.kind === "preview") return new Deployment(options, await openStack(options), sink).run();
  const found = await openStack(options);
  const lock = takeLock(found.backend, found.project.name, found.name);
  try {
    for (const note of lock.notes) sink(message("info", "", note));
    // What was read before the lock was held may be out of date.
    return await new Deployment(options, await openStack(options), sink).run();
  } finally {
    lock.release();
  }
}
