// What a script did on a node and what that means, the same whether it went there by ssh or through a local shell.

import { randomBytes } from "node:crypto";
import { hostname, userInfo } from "node:os";
import type { ControlPlaneDeclaration } from "../model/declaration";
import { type NodeObservation, nodeObservationVersion, type UnreachableNode } from "../model/node-observation";
import { type AppliedStep, type StepOutcome, stepSecondsMax } from "../model/step";
import { parseLock } from "../observe/host";
import { parseProbe } from "../observe/probe";
import { probeSecondsMax, renderProbe } from "../render/probe-script";
import { type Operator, renderStepScript } from "../render/step-script";

/** How a script ended, as far as the caller could see. */
export interface ScriptRun {
  readonly stdout: Uint8Array;
  readonly stderr: string;
  /** Undefined: killed, or never started. */
  readonly exitCode: number | undefined;
  /** It ran past the deadline that the caller set. */
  readonly isTimedOut: boolean;
}

/** Runs a script on one node, or says why the node could not be reached. */
export type RunScript = (script: string, secondsMax: number) => Promise<ScriptRun | UnreachableNode>;

/** Probes one node through `run`. Never throws for a node in trouble. */
export async function observeThrough(
  run: RunScript,
  plane: ControlPlaneDeclaration,
  node: string,
): Promise<NodeObservation> {
  const boundary = newBoundary();
  const result = await run(renderProbe(plane, node, boundary), probeSecondsMax);
  if ("kind" in result) return result;
  const isBegun = Buffer.from(result.stdout).toString("latin1").includes(`@${boundary} begin `);
  if (!isBegun && isSudoRefused(result)) return unreachableNode(node, "sudo", sudoMessage(node, result));
  if (!isBegun && result.exitCode !== 0) {
    const words = oneLine(result.stderr || Buffer.from(result.stdout).toString("utf8"));
    const why = words || `exit code ${result.exitCode ?? "unknown"}`;
    return unreachableNode(node, "connect", `${node} was reached but does not run the probe: ${why}`);
  }
  return parseProbe(plane, node, boundary, result.stdout);
}

/** Applies one step through `run`. Never throws for a node in trouble. */
export async function applyThrough(run: RunScript, step: AppliedStep): Promise<StepOutcome> {
  const boundary = newBoundary();
  const result = await run(renderStepScript(step, thisOperator(), boundary), stepSecondsMax);
  if ("kind" in result) return { kind: "interrupted", message: result.message };
  return outcomeOf(step, result, Buffer.from(result.stdout).toString("utf8"), boundary, stepSecondsMax);
}

/** What came of a step whose script ended like this. `text` is where its result line is looked for. */
export function outcomeOf(
  step: { readonly kind: string; readonly node: string },
  run: ScriptRun,
  text: string,
  boundary: string,
  secondsMax: number,
): StepOutcome {
  const match = new RegExp(`^@${boundary} result (\\w+) (\\d+)$`, "m").exec(text);
  if (match === null) return withoutResult(step.node, run, secondsMax);
  const output = text.slice(0, match.index).trim();
  switch (match[1]) {
    case "done":
      return { kind: "done" };
    case "locked":
      return { kind: "locked", message: describeLock(step.node, output) };
    default:
      return { kind: "failed", message: `${step.kind} failed: ${oneLine(output) || `exit code ${match[2]}`}` };
  }
}

/** Who a busy lock belongs to, as a sentence. */
export function describeLock(node: string, text: string): string {
  const lock = parseLock(text);
  if (lock === undefined) return `${node} is locked by another operator whose step is just beginning`;
  return `${node} is locked by ${lock.holder} on ${lock.host} since ${lock.since} (${lock.step})`;
}

/** A node that could not be reached. */
export function unreachableNode(node: string, level: UnreachableNode["level"], message: string): UnreachableNode {
  return { schemaVersion: nodeObservationVersion, kind: "unreachable", node, level, message };
}

/**
 * The command that reads a script from its input and ends it after a while. It asks for root by sudo unless it has it
 * already; with `isSudo` false it never asks.
 */
export function shellCommand(secondsMax: number, isSudo: boolean): string {
  return asRoot(`timeout -k 10 ${secondsMax} sh -s`, isSudo);
}

/**
 * The same, for a script that has `scriptBytes` and reads what comes behind it from the same input: a shell that is told to
 * read its commands from there may swallow more than them.
 */
export function streamCommand(scriptBytes: number, secondsMax: number, isSudo: boolean): string {
  return asRoot(`timeout -k 10 ${secondsMax} sh -c 'eval "$(head -c ${scriptBytes})"'`, isSudo);
}

function asRoot(shell: string, isSudo: boolean): string {
  if (!isSudo) return `exec ${shell}`;
  return `if [ "$(id -u)" -eq 0 ]; then exec ${shell}; else exec sudo -n -- ${shell}; fi`;
}

/** A word that nothing else prints. */
export function newBoundary(): string {
  return randomBytes(16).toString("hex");
}

/** Who quorate runs as, and where. */
export function thisOperator(): Operator {
  let user: string;
  try {
    user = userInfo().username;
  } catch {
    // A user id without an entry in the password file, as in many containers.
    user = `uid ${process.getuid?.() ?? "unknown"}`;
  }
  return { user, host: hostname() };
}

function withoutResult(node: string, run: ScriptRun, secondsMax: number): StepOutcome {
  const words = oneLine(run.stderr);
  if (isSudoRefused(run)) return { kind: "failed", message: sudoMessage(node, run) };
  // timeout(1) ends what runs too long with 124, or with 137 when it had to kill it.
  if (run.exitCode === 124 || run.exitCode === 137) {
    return { kind: "interrupted", message: `the step on ${node} was ended there after ${secondsMax} s` };
  }
  if (run.exitCode === 127 || run.exitCode === 126) {
    return { kind: "failed", message: `${node} cannot run the step: ${words || `exit code ${run.exitCode}`}` };
  }
  const why = run.isTimedOut ? "it did not answer in time" : words || `it ended with ${run.exitCode ?? "a signal"}`;
  return { kind: "interrupted", message: `the connection to ${node} was lost while a step ran: ${why}` };
}

// The last words of a tool as part of one sentence.
function oneLine(text: string): string {
  return text
    .trim()
    .slice(-600)
    .split(/\s*\n\s*/)
    .join("; ");
}

// Source: sudo plugins/sudoers/{auth,logging,sudoers}.c and src/sudo.c; the words of a missing sudo are the shell's.
function isSudoRefused(run: ScriptRun): boolean {
  if (run.exitCode === 0) return false;
  return /^sudo: |is not (in the sudoers file|allowed to (run sudo|execute))|sudo: (command )?not found/m.test(
    run.stderr,
  );
}

function sudoMessage(node: string, run: ScriptRun): string {
  const words = run.stderr.split("\n").find((line) => /sudo/.test(line)) ?? "";
  return `sudo on ${node} refuses to run commands without a password: ${words.trim().slice(0, 300)}`;
}
