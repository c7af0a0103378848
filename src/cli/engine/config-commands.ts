// config set | get: the stack's configuration file.

import type { Command } from "commander";
import { findSecretsProvider, openCheckpoint } from "../../engine/checkpoint";
import { readState } from "../../engine/file-backend";
import { createCrypter, findPassphrase, openCrypter } from "../../engine/passphrase";
import { type FoundStack, findStack, openStack } from "../../engine/stack";
import { StackConfig } from "../../engine/stack-config";
import { inputError } from "../../model/errors";
import { type EngineCommandContext, type LocationOptions, runCommand } from "./context";
import { locate } from "./stack-commands";

interface ConfigOptions extends LocationOptions {
  readonly secret?: boolean;
  readonly json?: boolean;
}

function checkKey(key: string): string {
  if (/^([\w.-]+:)?[\w.-]+$/.test(key)) return key;
  throw inputError(`${JSON.stringify(key)} is not a config key: <name> or <namespace>:<name>`, {
    hint: "a path into a structured value is set in the file itself, by hand",
  });
}

/** The salt of the config file, else that of the state, so that one passphrase opens both. */
function findSalt(found: FoundStack, config: StackConfig): string | undefined {
  const text = readState(found.backend, found.project.name, found.name);
  return config.findSalt() ?? (text === undefined ? undefined : findSecretsProvider(openCheckpoint(text))?.salt);
}

async function readValue(context: EngineCommandContext, value: string | undefined): Promise<string> {
  if (value !== undefined) return value;
  const chunks: string[] = [];
  for await (const chunk of context.stdin) chunks.push(String(chunk));
  return chunks.join("").replace(/\r?\n$/, "");
}

async function set(
  context: EngineCommandContext,
  key: string,
  given: string | undefined,
  options: ConfigOptions,
): Promise<number> {
  const found = findStack(locate(context, options));
  const config = StackConfig.read(found.project, found.name);
  checkKey(key);
  const value = await readValue(context, given);
  if (options.secret !== true) {
    config.set(key, value, undefined);
    config.write();
    return 0;
  }
  const passphrase = findPassphrase(context.env);
  const salt = findSalt(found, config);
  const crypter = salt === undefined ? await createCrypter(passphrase) : await openCrypter(passphrase, salt);
  if (config.findSalt() === undefined) config.setSalt(crypter.salt);
  config.set(key, value, crypter);
  config.write();
  return 0;
}

async function show(context: EngineCommandContext, key: string, options: ConfigOptions): Promise<number> {
  const location = locate(context, options);
  const found = findStack(location);
  const config = StackConfig.read(found.project, found.name);
  const needsKey = config.hasSecrets() ? await openStack(location) : undefined;
  const entry = config.find(checkKey(key), () => {
    if (needsKey === undefined) throw inputError(`${config.path} holds no secret`);
    return needsKey.configCrypter;
  });
  if (entry === undefined) {
    throw inputError(`${key} is not set in ${config.path}`, {
      hint: `set it with \`quorate config set ${key} <value>\``,
    });
  }
  const shown = options.json === true ? JSON.stringify({ name: key, ...entry }, undefined, 2) : entry.value;
  context.stdout.write(`${shown}\n`);
  return 0;
}

/** Adds `config set` and `config get`. */
export function addConfigCommands(program: Command, context: EngineCommandContext): void {
  const config = program.command("config").description("read and change the stack's configuration");
  const withLocation = (command: Command) =>
    command
      .option("-s, --stack <name>", "the stack; else PULUMI_STACK, else the selected one")
      .option("-C, --cwd <dir>", "run as if started in this folder");
  withLocation(
    config.command("set <key> [value]").description("set a value; without one it is read from standard input"),
  )
    .option("--secret", "encrypt it with the stack's passphrase")
    .addHelpText("after", "\nExample:\n  quorate config set --secret sudoPassword < password.txt")
    .action((key: string, value: string | undefined, options: ConfigOptions) =>
      runCommand(context, () => set(context, key, value, options)),
    );
  withLocation(config.command("get <key>").description("print a value, decrypted"))
    .option("-j, --json", "print JSON")
    .addHelpText("after", "\nExample:\n  quorate config get inventory")
    .action((key: string, options: ConfigOptions) => runCommand(context, () => show(context, key, options)));
}
