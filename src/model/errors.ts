// The one error type of the project and its closed set of kinds. Expected outcomes (drift, blockers, an unhealthy
// verdict) are values elsewhere in this folder, not errors.

/** How far an attempt to reach a host got before it failed. */
export type UnreachableLevel = "dns" | "connect" | "host-key" | "auth" | "timeout" | "sudo";

/** Stable name of what went wrong. Scripts and tests match on it; it never changes its meaning. */
export type ErrorCode =
  | "input"
  | "host-unreachable"
  | "command-failed"
  | "parse"
  | "blocked"
  | "convergence"
  | "template"
  | "locked"
  | "state"
  | "unsupported"
  | "invariant";

/** What every error of this project carries. */
export interface RecoveryErrorFields {
  /** Stable name of what went wrong. */
  readonly code: ErrorCode;
  /** One sentence: what is wrong and where. Never holds a secret or a whole file. */
  readonly message: string;
  /** The node it happened on; undefined when it concerns no single node. */
  readonly nodeName?: string | undefined;
  /** True when the same attempt may succeed later without anything being changed. */
  readonly retriable: boolean;
  /** What the operator can do about it; undefined when the message says it all. */
  readonly hint?: string | undefined;
  /** Every problem found when there are several, one sentence each; empty otherwise. */
  readonly problems: readonly string[];
  /** For "host-unreachable": how far the attempt got. */
  readonly level?: UnreachableLevel | undefined;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

const recoveryErrorMark = "quorate.RecoveryError";

/**
 * The base and only error class. Identity is tested with {@link isRecoveryError}, not `instanceof`, because the Pulumi
 * SDK may load two copies of this module (one for the program, one for the plugin).
 */
export class RecoveryError extends Error implements RecoveryErrorFields {
  readonly mark = recoveryErrorMark;
  readonly code: ErrorCode;
  readonly nodeName: string | undefined;
  readonly retriable: boolean;
  readonly hint: string | undefined;
  readonly problems: readonly string[];
  readonly level: UnreachableLevel | undefined;

  constructor(fields: Omit<RecoveryErrorFields, "problems"> & { readonly problems?: readonly string[] }) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = "RecoveryError";
    this.code = fields.code;
    this.nodeName = fields.nodeName;
    this.retriable = fields.retriable;
    this.hint = fields.hint;
    this.problems = fields.problems ?? [];
    this.level = fields.level;
  }
}

/** Is it an error of this project, whichever copy of the module made it? */
export function isRecoveryError(error: unknown): error is RecoveryError {
  return typeof error === "object" && error !== null && (error as { mark?: unknown }).mark === recoveryErrorMark;
}

interface ErrorOptions {
  readonly hint?: string;
  readonly nodeName?: string;
  readonly cause?: unknown;
}

/** A declaration, option or file that the user wrote is wrong. `problems` lists all of them, each with its path. */
export function inputError(
  message: string,
  options: ErrorOptions & { problems?: readonly string[] } = {},
): RecoveryError {
  return new RecoveryError({ code: "input", message, retriable: false, ...options });
}

/** A host could not be reached, or its identity or our right to be there could not be established. */
export function hostUnreachableError(
  level: UnreachableLevel,
  message: string,
  options: ErrorOptions & { readonly nodeName: string },
): RecoveryError {
  const retriable = level === "connect" || level === "timeout" || level === "dns";
  return new RecoveryError({ code: "host-unreachable", message, level, retriable, ...options });
}

/** A command ran and failed. */
export function commandFailedError(
  message: string,
  options: ErrorOptions & {
    readonly exitCode: number | undefined;
    readonly stderrTail: string;
    readonly timedOut: boolean;
  },
): RecoveryError {
  const { exitCode, stderrTail, timedOut, ...rest } = options;
  const how = timedOut ? "it ran past its deadline" : `exit code ${exitCode ?? "unknown"}`;
  const tail = stderrTail.trim() === "" ? "" : `: ${stderrTail.trim()}`;
  return new RecoveryError({
    code: "command-failed",
    message: `${message} (${how})${tail}`,
    retriable: timedOut,
    ...rest,
  });
}

/** Text from a tool or a file is not what it has to be. `excerpt` is cut to 200 characters. */
export function parseError(
  source: string,
  expected: string,
  excerpt: string,
  options: ErrorOptions = {},
): RecoveryError {
  const shown = excerpt.length > 200 ? `${excerpt.slice(0, 200)}...` : excerpt;
  const message = `${source}: expected ${expected}, found ${JSON.stringify(shown)}`;
  return new RecoveryError({ code: "parse", message, retriable: false, ...options });
}

/** The plan is refused. `problems` holds one sentence for each blocker. */
export function blockedError(message: string, problems: readonly string[], options: ErrorOptions = {}): RecoveryError {
  return new RecoveryError({ code: "blocked", message, problems, retriable: false, ...options });
}

/** The rounds were used up, or a step failed, before the declared state was reached. */
export function convergenceError(
  message: string,
  problems: readonly string[],
  options: ErrorOptions = {},
): RecoveryError {
  return new RecoveryError({ code: "convergence", message, problems, retriable: true, ...options });
}

/** A template names a variable that was not given, or cannot be rendered. */
export function templateError(template: string, message: string, options: ErrorOptions = {}): RecoveryError {
  return new RecoveryError({
    code: "template",
    message: `template ${template}: ${message}`,
    retriable: false,
    ...options,
  });
}

/** Another operator holds a lock. `message` says who, where and since when. */
export function lockedError(message: string, options: ErrorOptions = {}): RecoveryError {
  return new RecoveryError({ code: "locked", message, retriable: true, ...options });
}

/** A state file cannot be used as it is. */
export function stateError(message: string, options: ErrorOptions = {}): RecoveryError {
  return new RecoveryError({ code: "state", message, retriable: false, ...options });
}

/** Something that only the Pulumi CLI, another version or another tool can do. */
export function unsupportedError(message: string, options: ErrorOptions = {}): RecoveryError {
  return new RecoveryError({ code: "unsupported", message, retriable: false, ...options });
}

/** Our own bug. Never caught: it ends the process. */
export function invariantError(message: string): RecoveryError {
  return new RecoveryError({ code: "invariant", message, retriable: false });
}

/** Ends every `switch` over a tagged union: the compiler refuses a forgotten case, the error names one at run time. */
export function unreachable(value: never): never {
  throw invariantError(`unexpected case ${JSON.stringify(value)}`);
}
