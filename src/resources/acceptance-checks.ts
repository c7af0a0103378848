// What has to hold once a control plane is up again, asked from outside by commands of the operator's own.

import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

/** One command that has to pass. */
export interface AcceptanceCheck {
  /** Names it in the stack. */
  readonly name: string;
  /** Run by `sh` on the operator's machine, with the operator's environment. It has to end with exit code 0. */
  readonly command: pulumi.Input<string>;
  /** Extended regular expressions; what the command prints has to have a line that matches each. Default: none. */
  readonly expect?: readonly string[];
  /** It is tried again for so long, every five seconds: pods take a while. Default: 0, one try. */
  readonly timeoutSeconds?: number;
}

/** Checks and when they are run. */
export interface AcceptanceChecksArgs {
  /** Run one after the other; the first that fails stops the rest. */
  readonly checks: readonly AcceptanceCheck[];
  /**
   * Values that a repair changes: the checks run again when one of them does. Default: none. A check that failed is run by
   * every up until it passes.
   */
  readonly triggers?: readonly pulumi.Input<unknown>[];
  /** Run the checks in every up; every preview then shows them as changes. Default: false. */
  readonly always?: boolean;
}

/** Commands that have to pass afterwards: a service that answers, an app that can be pushed. */
export class AcceptanceChecks extends pulumi.ComponentResource {
  /** Check -> what its command printed. */
  readonly outputs: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: AcceptanceChecksArgs, options?: pulumi.ComponentResourceOptions) {
    super("quorate:index:AcceptanceChecks", name, {}, options);
    const triggers = [...(args.triggers ?? []), ...(args.always === true ? [new Date().toISOString()] : [])];
    const outputs: Record<string, pulumi.Output<string>> = {};
    let before: pulumi.Resource | undefined;
    for (const check of args.checks) {
      const script = pulumi.output(check.command).apply((command) => checkScript({ ...check, command }));
      const dependsOn = before === undefined ? [] : [before];
      const run = new local.Command(`${name}-${check.name}`, { create: script, triggers }, { parent: this, dependsOn });
      outputs[check.name] = run.stdout;
      before = run;
    }
    this.outputs = outputs;
    this.registerOutputs({});
  }
}

/** The script of one check. What the command printed is shown when it passes and when it does not. */
export function checkScript(check: Omit<AcceptanceCheck, "command"> & { readonly command: string }): string {
  const { name, command, expect = [], timeoutSeconds = 0 } = check;
  const tests = expect.map((pattern) => {
    const missing = quote(`check ${name}: its output has no line that matches ${pattern}`);
    return `printf '%s\\n' "$out" | grep -qE -e ${quote(pattern)} || { why=${missing}; return 1; }`;
  });
  return [
    "ask() {",
    `out=$(sh -c ${quote(command)} 2>&1); code=$?`,
    `[ "$code" -eq 0 ] || { why=${quote(`check ${name}: its command ended with exit code`)}" $code"; return 1; }`,
    ...tests,
    "}",
    `end=$(( $(date +%s) + ${Math.ceil(timeoutSeconds)} ))`,
    'until ask; do if [ "$(date +%s)" -ge "$end" ]; then printf \'%s\\n\' "$out" "$why" >&2; exit 1; fi; sleep 5; done',
    "printf '%s\\n' \"$out\"",
  ].join("\n");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
