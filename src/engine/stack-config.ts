// Pulumi.<stack>.yaml: the stack's configuration, its secrets encrypted. Comments survive a change.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Document, parseDocument } from "yaml";
import { inputError, unsupportedError } from "../model/errors";
import { replaceFile } from "./durable-file";
import type { Crypter } from "./passphrase";
import type { Project } from "./project";

/** Configuration as the program gets it. Keys are <namespace>:<name>. */
export interface PlainConfig {
  /** Objects and lists are JSON text, as the Pulumi CLI hands them over. */
  readonly values: Readonly<Record<string, string>>;
  readonly secretKeys: readonly string[];
}

/** One configuration value to show. */
export interface ConfigEntry {
  readonly value: string;
  readonly secret: boolean;
}

/** A stack's config file. */
export class StackConfig {
  private constructor(
    readonly path: string,
    private readonly document: Document,
    private readonly projectName: string,
  ) {}

  /** @throws RecoveryError "input" when the file is not YAML, "unsupported" for secrets providers and environments. */
  static read(project: Project, stack: string): StackConfig {
    const path = join(project.stackConfigDirectory, `Pulumi.${stack}.yaml`);
    const document = parseDocument(existsSync(path) ? readFileSync(path, "utf8") : "");
    const [problem] = document.errors;
    if (problem !== undefined) throw inputError(`${path} is not YAML: ${problem.message.split("\n")[0] ?? ""}`);
    const config = new StackConfig(path, document, project.name);
    for (const key of ["secretsprovider", "encryptedkey", "environment"]) {
      const value = config.field(key);
      if (value === undefined || (key === "secretsprovider" && value === "passphrase")) continue;
      throw unsupportedError(`${path} sets ${key}; use the pulumi CLI for this stack`);
    }
    return config;
  }

  /** The salt of the stack's passphrase; undefined before the first secret. */
  findSalt(): string | undefined {
    const salt = this.field("encryptionsalt");
    return typeof salt === "string" ? salt : undefined;
  }

  /** Records the salt; `write` saves it. */
  setSalt(salt: string): void {
    this.document.set("encryptionsalt", salt);
  }

  /** Is any value encrypted? */
  hasSecrets(): boolean {
    return JSON.stringify(this.stored()).includes('{"secure":');
  }

  /** Everything decrypted, for the program. */
  decrypt(crypter: Crypter | undefined): PlainConfig {
    const values: Record<string, string> = {};
    const secretKeys: string[] = [];
    for (const [key, stored] of Object.entries(this.stored())) {
      const secrets = { found: false };
      const plain = this.open(stored, crypter, secrets);
      const full = this.fullKey(key);
      values[full] = typeof plain === "object" ? JSON.stringify(plain) : String(plain);
      if (secrets.found) secretKeys.push(full);
    }
    return { values: sortKeys(values), secretKeys: secretKeys.sort() };
  }

  /** One value; undefined when it is not set. */
  find(key: string, crypter: () => Crypter): ConfigEntry | undefined {
    const stored = this.stored();
    const name = Object.keys(stored).find((candidate) => this.fullKey(candidate) === this.fullKey(key));
    if (name === undefined) return undefined;
    const secret = JSON.stringify(stored[name]).includes('{"secure":');
    const plain = this.open(stored[name], secret ? crypter() : undefined, { found: false });
    return { value: typeof plain === "object" ? JSON.stringify(plain) : String(plain), secret };
  }

  /** Sets one value, encrypted when there is a crypter for it; `write` saves it. */
  set(key: string, value: string, crypter: Crypter | undefined): void {
    const path = ["config", this.fullKey(key)];
    // setIn puts maps in where the file has none; an empty file has no map at all.
    if (this.document.contents === null) this.document.contents = this.document.createNode({});
    if (!this.document.hasIn(["config"]) || this.document.getIn(["config"]) === null) {
      this.document.setIn(["config"], this.document.createNode({}));
    }
    const node = crypter === undefined ? parseScalar(value) : { secure: crypter.encrypt(value) };
    this.document.setIn(path, this.document.createNode(node));
  }

  /** Saves the file. */
  write(): void {
    mkdirSync(join(this.path, ".."), { recursive: true });
    replaceFile(this.path, this.document.toString({ lineWidth: 0 }), { backup: false });
  }

  private field(name: string): unknown {
    return (this.document.toJS() as Record<string, unknown> | null)?.[name];
  }

  private stored(): Readonly<Record<string, unknown>> {
    const config = this.field("config");
    if (config === undefined || config === null) return {};
    if (typeof config === "object" && !Array.isArray(config)) return config as Record<string, unknown>;
    throw inputError(`${this.path}: config has to be a map of keys to values`);
  }

  private fullKey(key: string): string {
    return key.includes(":") ? key : `${this.projectName}:${key}`;
  }

  private open(stored: unknown, crypter: Crypter | undefined, secrets: { found: boolean }): unknown {
    if (Array.isArray(stored)) return stored.map((item) => this.open(item, crypter, secrets));
    if (typeof stored !== "object" || stored === null) return stored;
    const fields = stored as Readonly<Record<string, unknown>>;
    if (Object.keys(fields).length === 1 && typeof fields.secure === "string") {
      if (crypter === undefined) {
        throw inputError(`${this.path} holds secrets and no encryptionsalt`, {
          hint: "restore the file's encryptionsalt line, or set the secrets anew with `quorate config set --secret`",
        });
      }
      secrets.found = true;
      return crypter.decrypt(fields.secure);
    }
    return Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, this.open(value, crypter, secrets)]),
    );
  }
}

/** `true` and numbers stay what they are, so that the file reads as one written by hand. */
function parseScalar(value: string): string | number | boolean {
  if (value === "true" || value === "false") return value === "true";
  return /^(0|[1-9]\d{0,14})$/.test(value) ? Number(value) : value;
}

function sortKeys(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).sort(([left], [right]) => (left < right ? -1 : 1)));
}
