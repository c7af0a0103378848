// The one quoting helper of the inventory templates: `{{q "KIND" value}}`. Each kind is the syntax of the place where the
// value lands. A test checks that no template prints a value without it.

import { invariantError } from "../model/errors";
import type { InventoryValue, InventoryVariable } from "../model/inventory";

/** Where a value lands. */
export type QuoteKind = "ini-word" | "ini-assignment" | "ini-line" | "yaml" | "shell" | "markdown" | "plain";

/** A word of an INI host line: in single quotes when Python's shlex would see more in it than its text. */
export function quoteIniWord(text: string): string {
  if (/^[A-Za-z0-9_@%+=:,./{}()\u00c0-\u1fff-]+$/.test(text)) return text;
  return text === "" ? "''" : `'${text.replaceAll("'", `'"'"'`)}'`;
}

/** `name=value` on a host line. */
export function quoteIniAssignment(variable: InventoryVariable): string {
  const text = iniText(variable);
  const { name } = variable;
  if (quoteIniWord(name) !== name) return quoteIniWord(`${name}=${text}`);
  return text === "" ? `${name}=` : `${name}=${quoteIniWord(text)}`;
}

/** `name=value` in a `:vars` section, where nothing is quoted. */
export function quoteIniLine(variable: InventoryVariable): string {
  return `${variable.name}=${iniText(variable)}`;
}

/** The text that Ansible's literal evaluation turns into the value. */
function iniText({ text, value }: InventoryVariable): string {
  if (text !== undefined) return text;
  if (typeof value === "string" && isBareInPython(value)) return value;
  return pythonLiteral(value);
}

function isBareInPython(text: string): boolean {
  if (/^(?:True|False|None)$/.test(text)) return false;
  return /^[A-Za-z_/][\w./:-]*$/.test(text) || /^\d+(?:\.\d+){3}$/.test(text) || /^[0-9a-f]*:[0-9a-f:]*$/i.test(text);
}

function pythonLiteral(value: InventoryValue): string {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "string") return pythonString(value);
  if (typeof value !== "object") return String(value);
  if (isList(value)) return `[${value.map(pythonLiteral).join(", ")}]`;
  const entries = Object.entries(value).map(([key, inner]) => `${pythonString(key)}: ${pythonLiteral(inner)}`);
  return `{${entries.join(", ")}}`;
}

function pythonString(text: string): string {
  const escaped = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll("'", "\\'")
    // Python ends a line at these too, and an inventory line must stay one.
    .replace(/[\u0085\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `'${escaped}'`;
}

function isList(value: InventoryValue): value is readonly InventoryValue[] {
  return Array.isArray(value);
}

/** A value in YAML, on one line. Vaulted values keep their tag. */
export function quoteYaml(value: InventoryValue): string {
  if (value === null) return "null";
  if (typeof value === "string") return isPlainInYaml(value) ? value : JSON.stringify(value);
  if (typeof value === "number") return yamlNumber(value);
  if (typeof value !== "object") return String(value);
  if (isList(value)) return `[${value.map(quoteYaml).join(", ")}]`;
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only !== undefined && typeof only[1] === "string") {
    if (only[0] === "__ansible_vault") return `!vault ${JSON.stringify(only[1])}`;
    if (only[0] === "__ansible_unsafe") return `!unsafe ${JSON.stringify(only[1])}`;
  }
  return `{${entries.map(([key, inner]) => `${quoteYaml(key)}: ${quoteYaml(inner)}`).join(", ")}}`;
}

function isPlainInYaml(text: string): boolean {
  return /^[A-Za-z_][\w./-]*$/.test(text) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(text);
}

function yamlNumber(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  const text = String(value);
  // YAML 1.1 takes 1e+21 for a string: its floats need a point.
  return text.includes("e") && !text.includes(".") ? text.replace("e", ".0e") : text;
}

/** A word of a shell command: unquoted when that changes nothing. */
export function quoteShell(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Text of a Markdown list or table cell: on one line, with nothing outside backquotes that would start markup by accident. */
export function quoteMarkdown(text: string): string {
  const parts = text.replace(/\s*\n\s*/g, " ").split("`");
  return parts
    .map((part, index) => (index % 2 === 1 ? part : part.replace(/[\\|<>*]/g, (sign) => `\\${sign}`)))
    .join("`");
}

/** Quotes a value for its place. */
export function quote(kind: QuoteKind, value: unknown): string {
  switch (kind) {
    case "ini-word":
      return quoteIniWord(String(value));
    case "ini-assignment":
      return quoteIniAssignment(value as InventoryVariable);
    case "ini-line":
      return quoteIniLine(value as InventoryVariable);
    case "yaml":
      return quoteYaml(value as InventoryValue);
    case "shell":
      return quoteShell(String(value));
    case "markdown":
      return quoteMarkdown(String(value));
    case "plain":
      return oneLine(String(value));
    default:
      throw invariantError(`a template names the unknown quoting '${String(kind)}'`);
  }
}

/** Comments, headings and commands that were quoted word by word: one line, printed as they are. */
function oneLine(text: string): string {
  if (/[\r\n]/.test(text)) throw invariantError("a value for one line holds a line break");
  return text;
}
