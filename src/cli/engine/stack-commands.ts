// stack init | select | ls | export | import | output | rm, and cancel.

import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { checkIntegrity, openCheckpoint, parseCheckpoint, renderCheckpoint } from "../../engine/checkpoint";
import { listStacks, readState, removeState, writeState } from "../../engine/file-backend";
import { removeLocks, takeLock } from "../../engine/lock";
import { readSelectedStack, writeSelectedStack } from "../../engine/project";
import { type PropertyMap, withoutSecrets } from "../../engine/property-value";
import { createStack, findProject, findStack, openStack, type StackLocation } from "../../engine/stack";
import { stackType } from "../../engine/urn";
import { inputError } from "../../model/errors";
import { confirm, type EngineCommandContext, type LocationOptions, requireConsent, runCommand } from "./context";
import { maskMap } from "./display/json";
import { renderInline, renderValue } from "./display/values";

type Json = Readonly<Record<string, unknown>>;

interface StackOptions extends LocationOptions {
  readonly json?: boolean;
  readonly yes?: boolean;
  readonly force?: boolean;
  readonly file?: string;
  readonly showSecrets?: boolean;
  readonly create?: boolean;
}

/** Where a command's options say that the stack is. */
export function locate(context: EngineCommandContext, options: LocationOptions, stack?: string): StackLocation {
  return { cwd: resolve(context.cwd, options.cwd ?? "."), stack: stack ?? options.stack, env: context.env };
}

async function init(context: EngineCommandContext, name: string, options: StackOptions): Promise<number> {
  const created = await createStack({ ...locate(context, options), stack: name });
  writeSelectedStack(created.project, context.env, created.name);
  context.stdout.write(`Created stack '${created.name}'\n`);
  return 0;
}

async function select(context: EngineCommandContext, name: string, options: StackOptions): Promise<number> {
  const found = findStack(locate(context, options, name));
  if (readState(found.backend, found.project.name, found.name) === undefined) {
    if (options.create === true) return init(context, name, options);
    const known = listStacks(found.backend, found.project.name).join(", ");
    throw inputError(`there is no stack ${name} of project ${found.project.name} in ${found.backend.url}`, {
      hint: known === "" ? `make it with \`quorate stack init ${name}\`` : `there are: ${known}`,
    });
  }
  writeSelectedStack(found.project, context.env, found.name);
  return 0;
}

async function list(context: EngineCommandContext, options: StackOptions): Promise<number> {
  const { project, backend } = findProject(locate(context, options));
  const current = readSelectedStack(project, context.env);
  const stacks = listStacks(backend, project.name).map((name) => ({ name, current: name === current }));
  if (options.json === true) context.stdout.write(`${JSON.stringify(stacks, undefined, 2)}\n`);
  else for (const stack of stacks) context.stdout.write(`${stack.name}${stack.current ? "*" : ""}\n`);
  return 0;
}

async function exportState(context: EngineCommandContext, options: StackOptions): Promise<number> {
  const stack = await openStack(locate(context, options));
  const file = JSON.parse(renderCheckpoint(stack.checkpoint, stack.crypter, new Date())) as Json;
  const deployment = (file.checkpoint as Json).latest;
  const { version, features } = file;
  const exported = { version, ...(features === undefined ? {} : { features }), deployment };
  const text = `${JSON.stringify(exported, undefined, 4)}\n`;
  if (options.file === undefined) context.stdout.write(text);
  else writeFileSync(resolve(context.cwd, options.file), text, { mode: 0o600 });
  return 0;
}

async function readInput(context: EngineCommandContext, file: string | undefined): Promise<string> {
  if (file === undefined) {
    const chunks: string[] = [];
    for await (const chunk of context.stdin) chunks.push(String(chunk));
    return chunks.join("");
  }
  try {
    return readFileSync(resolve(context.cwd, file), "utf8");
  } catch (cause) {
    throw inputError(`${file} cannot be read`, { cause, hint: "name a file written by `quorate stack export`" });
  }
}

async function importState(context: EngineCommandContext, options: StackOptions): Promise<number> {
  const stack = await openStack(locate(context, options));
  const text = await readInput(context, options.file);
  let exported: Json;
  try {
    exported = JSON.parse(text) as Json;
  } catch (cause) {
    throw inputError("the state to import is not JSON", { cause });
  }
  if (exported.deployment === undefined) throw inputError("the state to import has no deployment; was it exported?");
  const { version, features, deployment } = exported;
  const envelope = { version, features, checkpoint: { stack: stack.checkpoint.stack, latest: deployment } };
  const checkpoint = parseCheckpoint(openCheckpoint(JSON.stringify(envelope)), stack.crypter);
  const foreign = checkpoint.resources.find(
    ({ urn }) => !urn.startsWith(`urn:pulumi:${stack.name}::${stack.project.name}::`),
  );
  if (foreign !== undefined) {
    throw inputError(`the state to import is of another stack or project: it holds ${foreign.urn}`);
  }
  checkIntegrity(checkpoint);
  const lock = takeLock(stack.backend, stack.project.name, stack.name);
  try {
    const rendered = renderCheckpoint(checkpoint, stack.crypter, new Date());
    writeState(stack.backend, stack.project.name, stack.name, rendered);
  } finally {
    lock.release();
  }
  context.stdout.write("Import complete.\n");
  return 0;
}

async function output(context: EngineCommandContext, name: string | undefined, options: StackOptions): Promise<number> {
  const stack = await openStack(locate(context, options));
  const root = stack.checkpoint.resources.find(({ type }) => type === stackType);
  const recorded = root?.outputs ?? {};
  const outputs = (options.showSecrets === true ? withoutSecrets(recorded) : recorded) as PropertyMap;
  if (name !== undefined && !Object.hasOwn(outputs, name)) {
    throw inputError(`stack ${stack.name} has no output ${name}`, {
      hint: `it has: ${Object.keys(outputs).join(", ") || "none"}`,
    });
  }
  if (options.json === true) {
    const masked = maskMap(outputs);
    context.stdout.write(`${JSON.stringify(name === undefined ? masked : masked[name], undefined, 2)}\n`);
    return 0;
  }
  if (name !== undefined) {
    const value = outputs[name] ?? null;
    const plain = typeof value === "string" ? value : (renderInline(value) ?? JSON.stringify(maskMap({ value }).value));
    context.stdout.write(`${plain}\n`);
    return 0;
  }
  const width = Math.max(0, ...Object.keys(outputs).map((key) => key.length));
  for (const key of Object.keys(outputs).sort()) {
    context.stdout.write(`${key.padEnd(width)}  ${renderValue(outputs[key], 0, " ").join("\n")}\n`);
  }
  return 0;
}

async function remove(context: EngineCommandContext, name: string | undefined, options: StackOptions): Promise<number> {
  const found = await openStack(locate(context, options, name));
  const count = found.checkpoint.resources.length;
  if (count > 0 && options.force !== true) {
    throw inputError(`stack ${found.name} still holds ${count} resources`, {
      hint: "run `quorate destroy` first, or forget them with --force",
    });
  }
  requireConsent(context, options.yes === true, "stack rm");
  if (options.yes !== true && !(await confirm(context, `Remove stack ${found.name}?`))) return 1;
  const lock = takeLock(found.backend, found.project.name, found.name);
  try {
    removeState(found.backend, found.project.name, found.name);
  } finally {
    lock.release();
  }
  if (readSelectedStack(found.project, context.env) === found.name) {
    writeSelectedStack(found.project, context.env, undefined);
  }
  context.stdout.write(`Stack '${found.name}' has been removed; its last state is kept as .bak\n`);
  return 0;
}

async function cancel(context: EngineCommandContext, name: string | undefined, options: StackOptions): Promise<number> {
  const found = findStack(locate(context, options, name));
  requireConsent(context, options.yes === true, "cancel");
  if (options.yes !== true && !(await confirm(context, `Remove the locks of stack ${found.name}?`))) return 1;
  const removed = removeLocks(found.backend, found.project.name, found.name);
  for (const holder of removed) context.stdout.write(`removed the lock of ${holder}\n`);
  if (removed.length === 0) context.stdout.write(`stack ${found.name} is not locked\n`);
  return 0;
}

function withLocation(command: Command): Command {
  return command
    .option("-s, --stack <name>", "the stack; else PULUMI_STACK, else the selected one")
    .option("-C, --cwd <dir>", "run as if started in this folder");
}

/** Adds `stack ...` and `cancel`. */
export function addStackCommands(program: Command, context: EngineCommandContext): void {
  const run = (work: () => Promise<number>) => runCommand(context, work);
  const stack = program.command("stack").description("make, choose, look at and remove stacks");
  withLocation(stack.command("init <name>").description("make a new, empty stack and select it"))
    .addHelpText("after", "\nExample:\n  PULUMI_CONFIG_PASSPHRASE=... quorate stack init prod")
    .action((name: string, options: StackOptions) => run(() => init(context, name, options)));
  withLocation(stack.command("select <name>").description("select the stack that commands are about"))
    .option("-c, --create", "make it if it does not exist")
    .action((name: string, options: StackOptions) => run(() => select(context, name, options)));
  withLocation(stack.command("ls").description("list the project's stacks"))
    .option("-j, --json", "print JSON")
    .action((options: StackOptions) => run(() => list(context, options)));
  withLocation(stack.command("export").description("print the stack's state, secrets encrypted"))
    .option("--file <path>", "write it to a file")
    .addHelpText("after", "\nExample:\n  quorate stack export --file prod.json")
    .action((options: StackOptions) => run(() => exportState(context, options)));
  withLocation(stack.command("import").description("replace the stack's state by an exported one"))
    .option("--file <path>", "read it from a file instead of standard input")
    .action((options: StackOptions) => run(() => importState(context, options)));
  withLocation(stack.command("output [name]").description("show the stack's outputs"))
    .option("-j, --json", "print JSON")
    .option("--show-secrets", "show secrets in the clear")
    .action((name: string | undefined, options: StackOptions) => run(() => output(context, name, options)));
  withLocation(stack.command("rm [name]").description("remove a stack; its config file stays"))
    .option("-y, --yes", "agree beforehand; needed without a terminal")
    .option("--force", "forget resources that it still holds")
    .action((name: string | undefined, options: StackOptions) => run(() => remove(context, name, options)));
  withLocation(program.command("cancel [stack]").description("remove the locks of a run that is gone"))
    .option("-y, --yes", "agree beforehand; needed without a terminal")
    .addHelpText("after", "\nExample:\n  quorate cancel prod --yes")
    .action((name: string | undefined, options: StackOptions) => run(() => cancel(context, name, options)));
}
