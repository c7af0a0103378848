// command:local:Command of @pulumi/command, built in: runs a command of the shell when the resource is made, changed or
// deleted. Source: pulumi/pulumi-command provider/pkg/provider/local.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { unsupportedError } from "../model/errors";
import { type EventSink, message } from "./events";
import {
  isPropertyList,
  isPropertyMap,
  type PropertyMap,
  type PropertyValue,
  valuesEqual,
  withoutSecrets,
} from "./property-value";
import {
  type CheckAnswer,
  type CheckCall,
  type CreateCall,
  type DeleteCall,
  type DiffAnswer,
  type DiffCall,
  noDiff,
  type PropertyDiff,
  type Provider,
  type ProviderOutcome,
  type ReadCall,
  type UpdateCall,
} from "./provider";
import { parseUrn } from "./urn";

const commandType = "command:local:Command";
const stringInputs = ["create", "update", "delete", "dir", "stdin"];
const listInputs = ["interpreter", "assetPaths", "archivePaths"];
const loggings = ["none", "stdout", "stderr", "stdoutAndStderr"];
const inputNames = [...stringInputs, "environment", "triggers", "interpreter", "logging", "addPreviousOutputInEnv"];
const useTheCli = "use the pulumi CLI for this stack";

function asText(value: PropertyValue | undefined): string | undefined {
  const plain = value === undefined ? null : withoutSecrets(value);
  return typeof plain === "string" ? plain : undefined;
}

function isStringList(value: PropertyValue): boolean {
  return isPropertyList(value) && value.every((item) => typeof item === "string");
}

function checkProblem(name: string, plain: PropertyValue): string | undefined {
  if (stringInputs.includes(name) && typeof plain !== "string") return "has to be text";
  if (listInputs.includes(name) && !isStringList(plain)) return "has to be a list of texts";
  if (
    name === "environment" &&
    !(isPropertyMap(plain) && Object.values(plain).every((item) => typeof item === "string"))
  ) {
    return "has to be a map of names to texts";
  }
  if (name === "logging" && !loggings.includes(String(plain))) return `has to be one of ${loggings.join(", ")}`;
  return undefined;
}

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}

/** The commands of a run. */
export class CommandProvider implements Provider {
  private readonly running = new Set<AbortController>();

  constructor(private readonly emit: EventSink) {}

  async checkConfig(call: CheckCall): Promise<CheckAnswer> {
    return { inputs: call.newInputs, failures: [] };
  }

  async diffConfig(): Promise<DiffAnswer> {
    return noDiff;
  }

  async configure(): Promise<void> {
    // The provider has no configuration.
  }

  async check(call: CheckCall): Promise<CheckAnswer> {
    const { type } = parseUrn(call.urn);
    if (type !== commandType) throw unsupportedError(`the embedded engine does not run ${type}; ${useTheCli}`);
    const failures = Object.entries(call.newInputs).flatMap(([name, value]) => {
      const plain = withoutSecrets(value);
      if (name === "assetPaths" || name === "archivePaths") {
        return [{ property: "", reason: `${name} is not done by the embedded engine; ${useTheCli}` }];
      }
      if (!inputNames.includes(name) || plain === null || isUnknown(plain)) return [];
      const problem = checkProblem(name, plain);
      return problem === undefined ? [] : [{ property: "", reason: `${name} ${problem}` }];
    });
    return { inputs: call.newInputs, failures };
  }

  async diff(call: DiffCall): Promise<DiffAnswer> {
    const detailedDiff = new Map<string, PropertyDiff>();
    const names = [...new Set([...Object.keys(call.oldInputs), ...Object.keys(call.newInputs)])].sort();
    for (const name of names.filter((candidate) => !call.ignoreChanges.includes(candidate))) {
      const [old, wanted] = [call.oldInputs[name], call.newInputs[name]];
      if (valuesEqual(withoutSecrets(old ?? null), withoutSecrets(wanted ?? null))) continue;
      const verb = old === undefined ? "add" : wanted === undefined ? "delete" : "update";
      detailedDiff.set(name, { kind: name === "triggers" ? `${verb}-replace` : verb, inputDiff: true });
    }
    const changedKeys = [...detailedDiff.keys()];
    return {
      changes: changedKeys.length > 0 ? "some" : "none",
      changedKeys,
      replaceKeys: changedKeys.filter((name) => name === "triggers"),
      deleteBeforeReplace: false,
      detailedDiff,
    };
  }

  async create(call: CreateCall): Promise<ProviderOutcome> {
    if (call.preview) return outcome("", call.inputs);
    const id = `${parseUrn(call.urn).name}${randomUUID().replaceAll("-", "").slice(0, 16)}`;
    const ran = await this.run(call.urn, call.inputs, asText(call.inputs.create) ?? "", {}, call.timeoutSeconds);
    return outcome(id, { ...call.inputs, ...ran });
  }

  async read(call: ReadCall): Promise<ProviderOutcome> {
    // What a command has done cannot be looked at.
    return { ...outcome(call.id, call.outputs), inputs: call.inputs };
  }

  async update(call: UpdateCall): Promise<ProviderOutcome> {
    if (call.preview) return outcome(call.id, call.newInputs);
    const command = asText(call.newInputs.update) ?? asText(call.newInputs.create) ?? "";
    const ran = await this.run(call.urn, call.newInputs, command, call.oldOutputs, call.timeoutSeconds);
    return outcome(call.id, { ...call.newInputs, ...ran });
  }

  async delete(call: DeleteCall): Promise<void> {
    const command = asText(call.inputs.delete);
    if (command !== undefined) await this.run(call.urn, call.inputs, command, call.outputs, call.timeoutSeconds);
  }

  async cancel(): Promise<void> {
    for (const controller of this.running) controller.abort();
  }

  async close(): Promise<void> {
    await this.cancel();
  }

  /** Runs one command to its end; earlier output is in its environment, as the provider does it. */
  private async run(
    urn: string,
    inputs: PropertyMap,
    command: string,
    previous: PropertyMap,
    timeoutSeconds: number,
  ): Promise<Ran> {
    if (command === "") return { stdout: "", stderr: "" };
    const interpreter = withoutSecrets(inputs.interpreter ?? null);
    const [program, ...args] = isPropertyList(interpreter) ? interpreter.map(String) : ["/bin/sh", "-c"];
    const controller = new AbortController();
    this.running.add(controller);
    const timer = timeoutSeconds > 0 ? setTimeout(() => controller.abort(), timeoutSeconds * 1000) : undefined;
    try {
      return await this.spawn(urn, program ?? "/bin/sh", [...args, command], inputs, previous, controller.signal);
    } finally {
      clearTimeout(timer);
      this.running.delete(controller);
    }
  }

  private spawn(
    urn: string,
    program: string,
    args: readonly string[],
    inputs: PropertyMap,
    previous: PropertyMap,
    signal: AbortSignal,
  ): Promise<Ran> {
    return new Promise((resolve, reject) => {
      const cwd = asText(inputs.dir);
      const child = spawn(program, args, {
        ...(cwd === undefined ? {} : { cwd }),
        env: environment(inputs, previous),
        // A group of its own, so that what the command has started can be ended with it.
        detached: true,
      });
      const stop = (): void => void stopGroup(child.pid, isEnded);
      let hasEnded = false;
      const isEnded = (): boolean => hasEnded;
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
      const output = { stdout: "", stderr: "" };
      const logging = asText(inputs.logging) ?? "stdoutAndStderr";
      for (const stream of ["stdout", "stderr"] as const) {
        child[stream].setEncoding("utf8").on("data", (chunk: string) => {
          output[stream] += chunk;
          if (logging === stream || logging === "stdoutAndStderr") {
            this.emit({
              ...message("info", urn, chunk),
              streamId: stream === "stdout" ? 1 : 2,
            } as Parameters<EventSink>[0]);
          }
        });
      }
      child.once("error", (error) => reject(new Error(`${program}: ${error.message}`)));
      child.once("close", (code, killed) => {
        hasEnded = true;
        signal.removeEventListener("abort", stop);
        const result = { stdout: output.stdout.replace(/\r?\n$/, ""), stderr: output.stderr.replace(/\r?\n$/, "") };
        if (signal.aborted) reject(new Error("it was stopped, with all that it had started"));
        else if (code === 0) resolve(result);
        else
          reject(
            new Error(
              `${code === null ? `ended by ${killed}` : `exit status ${code}`}: ${result.stderr || result.stdout}`,
            ),
          );
      });
      child.stdin.on("error", () => undefined);
      child.stdin.end(asText(inputs.stdin) ?? "");
    });
  }
}

/** How long a group has to end after each signal, milliseconds: Ansible ends its workers first. */
const stopGraceMs = 8_000;

/**
 * Ends a command with everything that it has started: asks as ^C does, which Ansible and most tools know how to end on,
 * then firmly, then without asking.
 */
async function stopGroup(pid: number | undefined, isEnded: () => boolean): Promise<void> {
  if (pid === undefined) return;
  for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
    if (!signalGroup(pid, signal)) return;
    for (let waitedMs = 0; waitedMs < stopGraceMs; waitedMs += 100) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (isEnded() && !signalGroup(pid, 0)) return;
    }
  }
}

/** False when no process of the group is left. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

function isUnknown(plain: PropertyValue): boolean {
  return typeof plain === "object" && plain !== null && "unknown" in plain;
}

function environment(inputs: PropertyMap, previous: PropertyMap): NodeJS.ProcessEnv {
  const wanted = withoutSecrets(inputs.environment ?? null);
  const own = isPropertyMap(wanted) ? Object.fromEntries(Object.entries(wanted).map(([k, v]) => [k, String(v)])) : {};
  const before = withoutSecrets(inputs.addPreviousOutputInEnv ?? null) !== false;
  const earlier = before
    ? {
        PULUMI_COMMAND_STDOUT: asText(previous.stdout) ?? "",
        PULUMI_COMMAND_STDERR: asText(previous.stderr) ?? "",
      }
    : {};
  return { ...process.env, ...earlier, ...own };
}

function outcome(id: string, outputs: PropertyMap): ProviderOutcome {
  return { id, outputs, inputs: undefined, refreshBeforeUpdate: false, unhealthy: undefined };
}
