// preview, up, refresh, destroy: the commands that run a deployment, and how each shows what happens.

import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type DeploymentOptions, type DeploymentResult, runDeployment } from "../../engine/deployment";
import type { DeploymentKind } from "../../engine/events";
import { findStack, openStack } from "../../engine/stack";
import { stackType } from "../../engine/urn";
import { inputError } from "../../model/errors";
import { confirm, type EngineCommandContext, type LocationOptions, requireConsent, runCommand } from "./context";
import { renderJson } from "./display/json";
import { renderDuration, renderLine } from "./display/lines";
import { Report } from "./display/report";
import { Tree } from "./display/tree";
import { UpReport } from "./up-report";

/** Exit code of `--expect-no-changes` when there are some. Source: the Pulumi CLI, 3.260. */
const exitChangesFound = 7;
const defaultParallel = 8;

/** Options of the four commands. */
interface DeployOptions extends LocationOptions {
  readonly json?: boolean;
  readonly diff?: boolean;
  readonly yes?: boolean;
  readonly skipPreview?: boolean;
  readonly previewOnly?: boolean;
  readonly parallel: number;
  readonly expectNoChanges?: boolean;
  readonly refresh?: boolean | string;
  readonly continueOnError: boolean;
  readonly report?: string;
}

type Action = "preview" | "up" | "refresh" | "destroy";

const headings: Readonly<Record<DeploymentKind, string>> = {
  preview: "Previewing update",
  up: "Updating",
  refresh: "Refreshing",
  destroy: "Destroying",
};

function parseParallel(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 1024) return count;
  throw new InvalidArgumentError("it has to be a whole number from 1 to 1024");
}

function parseRefresh(value: boolean | string | undefined): boolean | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  if (value === "true" || value === "false") return value === "true";
  throw inputError(`--refresh takes true or false, not ${JSON.stringify(value)}`);
}

/** A run that ^C ends: the first one gently, the second one at once. */
function listenForInterrupts(context: EngineCommandContext): {
  readonly signal: AbortSignal;
  readonly stop: () => void;
} {
  const controller = new AbortController();
  const stop = context.onInterrupt(() => {
    if (controller.signal.aborted) process.exit(1);
    context.stderr.write("\ncancelling: what runs is finished, nothing new is started; ^C again ends at once\n");
    controller.abort();
  });
  return { signal: controller.signal, stop };
}

interface Shown {
  readonly result: DeploymentResult;
  readonly report: Report;
}

async function runShown(
  context: EngineCommandContext,
  options: DeployOptions,
  run: Omit<DeploymentOptions, "cwd" | "stack" | "env" | "parallel" | "refresh" | "continueOnError" | "signal">,
  signal: AbortSignal,
  page?: UpReport,
): Promise<Shown> {
  const cwd = resolve(context.cwd, options.cwd ?? ".");
  const location = { cwd, stack: options.stack, env: { ...context.env, ...page?.environment } };
  const { project, name } = findStack(location);
  const isPreview = run.kind === "preview";
  const print = (lines: readonly string[]) => {
    if (options.json !== true && lines.length > 0) context.stdout.write(`${lines.join("\n")}\n`);
  };
  print([`${headings[run.kind]} (${name}):`, ""]);
  const report = new Report();
  const isLive = options.json !== true && context.stdout.isTTY === true;
  const useColour = isLive && (context.env.NO_COLOR ?? "") === "";
  const tree = isLive ? new Tree(context.stdout, isPreview, useColour) : undefined;
  let result: DeploymentResult;
  try {
    result = await runDeployment(
      {
        ...run,
        ...location,
        parallel: options.parallel,
        refresh: parseRefresh(options.refresh),
        continueOnError: options.continueOnError,
        signal,
      },
      (event) => {
        report.take(event);
        page?.take(event);
        tree?.take(event);
        const line = tree === undefined ? renderLine(event, isPreview) : undefined;
        if (line !== undefined) print([line]);
      },
    );
  } catch (error) {
    page?.writeFailure(error);
    throw error;
  } finally {
    tree?.finish();
  }
  const changes = isPreview || options.skipPreview === true ? report.renderChanges(options.diff === true) : [];
  print(["", ...(changes.length > 0 ? ["Changes:", ...changes, ""] : [])]);
  print(report.renderDiagnostics(`urn:pulumi:${name}::${project.name}::${stackType}::${project.name}-${name}`));
  print(report.renderOutputs());
  print(report.renderCounts(result, run.kind));
  if (!isPreview) print([`Duration: ${renderDuration(result.durationMs)}`, ""]);
  if (options.json === true) {
    const { config, configCrypter } = await openStack(location);
    context.stdout.write(renderJson(report, result, config.decrypt(configCrypter)));
  }
  return { result, report };
}

function exitCode(
  context: EngineCommandContext,
  options: DeployOptions,
  result: DeploymentResult,
  what: string,
): number {
  if (!result.succeeded) return 1;
  if (options.expectNoChanges === true && result.hasChanges) {
    const verb = what === "preview" ? "proposed" : "made";
    context.stderr.write(`error: no changes were expected for ${what} but changes were ${verb}\n`);
    return exitChangesFound;
  }
  return 0;
}

function openReport(context: EngineCommandContext, options: DeployOptions, file: string): UpReport {
  const cwd = resolve(context.cwd, options.cwd ?? ".");
  const { project, name } = findStack({ cwd, stack: options.stack, env: context.env });
  return new UpReport(resolve(context.cwd, file), `${name} of ${project.name}`);
}

/** Shows what would be done, asks, does it. */
async function deploy(context: EngineCommandContext, action: Action, options: DeployOptions): Promise<number> {
  const isPreviewOnly = action === "preview" || options.previewOnly === true;
  if (!isPreviewOnly) requireConsent(context, options.yes === true, action);
  if (isPreviewOnly && options.report !== undefined)
    throw inputError("--report tells of what was done, and a preview does nothing", {
      hint: "leave --preview-only out, or --report",
    });
  // Whether it can be written is known before anything is changed.
  const page = options.report === undefined ? undefined : openReport(context, options, options.report);
  const interrupts = listenForInterrupts(context);
  try {
    const previewOf = action === "preview" ? "up" : action;
    // JSON is one document, and it is the one of what was done.
    const needsPreview = isPreviewOnly || (options.skipPreview !== true && options.json !== true);
    if (needsPreview) {
      const { result } = await runShown(context, options, { kind: "preview", previewOf }, interrupts.signal);
      if (isPreviewOnly || !result.succeeded) return exitCode(context, options, result, "preview");
      if (options.yes !== true && !(await confirm(context, `Do you want to perform this ${action}?`))) {
        context.stderr.write(`${action} was not performed\n`);
        return 1;
      }
    }
    const { result } = await runShown(context, options, { kind: previewOf }, interrupts.signal, page);
    page?.write(result);
    if (page !== undefined && options.json !== true) context.stdout.write(`wrote ${options.report}\n`);
    return exitCode(context, options, result, action);
  } finally {
    interrupts.stop();
    page?.close();
  }
}

const descriptions: Readonly<Record<Action, string>> = {
  preview: "show what differs on the live nodes and what up would do; changes nothing",
  up: "bring everything to what the program declares",
  refresh: "read the live state and record it; changes no node",
  destroy: "forget or delete everything of the stack",
};

const examples: Readonly<Record<Action, string>> = {
  preview: "quorate preview --stack prod --expect-no-changes",
  up: "quorate up --stack prod --yes",
  refresh: "quorate refresh --stack prod --yes",
  destroy: "quorate destroy --stack prod",
};

function addDeployCommand(program: Command, context: EngineCommandContext, action: Action): void {
  const command = program
    .command(action)
    .description(descriptions[action])
    .option("-s, --stack <name>", "the stack; else PULUMI_STACK, else the selected one")
    .option("-C, --cwd <dir>", "run as if started in this folder")
    .option("-j, --json", "print one JSON document instead of progress")
    .option("--diff", "list every property of new resources, not only what differs")
    .option("-p, --parallel <count>", "how many resources are worked on at once", parseParallel, defaultParallel)
    .option("--expect-no-changes", `exit with ${exitChangesFound} when anything is, or would be, changed`)
    .option("--no-continue-on-error", "start nothing new once something has failed")
    .addHelpText("after", `\nExample:\n  ${examples[action]}`);
  if (action !== "refresh") {
    command.addOption(new Option("-r, --refresh [bool]", "read all live state first, or (false) none of it"));
  }
  if (action !== "preview") {
    command
      .option("-y, --yes", "agree beforehand; needed without a terminal")
      .option("-f, --skip-preview", "do not show first what would be done")
      .option("--preview-only", "only show what would be done");
  }
  if (action === "up")
    command.option(
      "--report <file>",
      "write what was done as one HTML file too, mode 0600: topology, time line, steps",
    );
  command.action((options: DeployOptions) => runCommand(context, () => deploy(context, action, options)));
}

/** Adds preview, up, refresh and destroy. */
export function addDeployCommands(program: Command, context: EngineCommandContext): void {
  for (const action of ["preview", "up", "refresh", "destroy"] as const) addDeployCommand(program, context, action);
}
