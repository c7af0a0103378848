// Renders the Handlebars templates under templates/. Strict: a variable that is not given is an error, never an empty word.
// Nothing is escaped for HTML; shell values pass through the quoting helpers of quote.ts.

import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import Handlebars from "handlebars";
import { templateError } from "../model/errors";
import { packageFolder } from "../model/package-folder";
import { quoteComment, quoteDocument, quoteWord } from "./quote";

/** Where the templates are. */
export const templateDirectory = join(packageFolder, "templates");

/** Shell text that came out of a template and may go into another one as it is. */
export interface ShellText {
  readonly kind: "shell-text";
  readonly text: string;
}

/** Marks text that a template made as shell text. */
export function shellText(text: string): ShellText {
  return { kind: "shell-text", text };
}

/** Helpers that a shell template may interpolate with; everything else in it is fixed text or control flow. */
export const quotingHelpers = ["sh", "heredoc", "comment", "script"] as const;

const handlebars = Handlebars.create();
handlebars.registerHelper("sh", (value: unknown) => quoteWord(textOf(value)));
handlebars.registerHelper("heredoc", (value: unknown) => quoteDocument(textOf(value)));
handlebars.registerHelper("comment", (value: unknown) => quoteComment(textOf(value)));
handlebars.registerHelper("script", (value: unknown) => {
  if (isShellText(value)) return value.text.replace(/\n$/, "");
  throw new Error("only text that a template rendered may be put into a script unquoted");
});

const options: CompileOptions = { strict: true, noEscape: true, preventIndent: true, knownHelpersOnly: true };
const compiled = new Map<string, Handlebars.TemplateDelegate>();
let hasPartials = false;

/**
 * Renders `templates/<name>.hbs`.
 * @throws RecoveryError code "template" naming the template and the variable that is missing.
 */
export function renderTemplate(name: string, variables: object): string {
  try {
    registerPartials();
    const known = compiled.get(name) ?? handlebars.compile(readTemplate(name), options);
    compiled.set(name, known);
    return known(guarded(variables), { allowProtoPropertiesByDefault: false, allowProtoMethodsByDefault: false });
  } catch (error) {
    throw templateError(name, error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** The names of all templates below a folder of templates/, sorted, without `.hbs`. */
export function templateNames(folder: string): readonly string[] {
  return readdirSync(join(templateDirectory, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".hbs"))
    .map((path) =>
      join(folder, path)
        .split(sep)
        .join("/")
        .replace(/\.hbs$/, ""),
    )
    .sort();
}

/** The text of a template. */
export function readTemplate(name: string): string {
  return readFileSync(join(templateDirectory, `${name}.hbs`), "utf8");
}

type CompileOptions = Parameters<typeof handlebars.compile>[1] & { knownHelpers?: Record<string, boolean> };
options.knownHelpers = Object.fromEntries(quotingHelpers.map((helper) => [helper, true]));

// A partial is a file in a folder named `parts`; it is named by its path below templates/.
function registerPartials(): void {
  if (hasPartials) return;
  for (const folder of ["steps", "probe"]) {
    for (const name of templateNames(folder)) {
      if (relative(folder, name).includes("parts/")) {
        handlebars.registerPartial(name, handlebars.compile(readTemplate(name), options));
      }
    }
  }
  hasPartials = true;
}

// Handlebars' own strict mode does not cover the arguments of helpers, and every value of ours is one.
function guarded(variables: object): object {
  return new Proxy(variables, {
    get: (target, key) => {
      if (typeof key === "string" && !Object.hasOwn(target, key)) throw new Error(`"${key}" is not given`);
      return Reflect.get(target, key);
    },
  });
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  throw new Error(`a shell value has to be text or a whole number, not ${value === null ? "null" : typeof value}`);
}

function isShellText(value: unknown): value is ShellText {
  return typeof value === "object" && value !== null && (value as { kind?: unknown }).kind === "shell-text";
}
