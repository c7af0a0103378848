// What the rules are checked on: the written inventory, read back from its text, beside the original.

import type { Inventory, SourcePosition } from "../model/inventory";
import type { EvidenceLine, PreparationStep, Violation, ViolationCode } from "../model/inventory-recovery";
import type { RecoveryCommand } from "./command";
import type { EffectiveVariables } from "./effective-variables";
import type { ChosenProcedure } from "./procedure";
import type { Situation } from "./situation";

/** All that a rule may look at. */
export interface ProofContext {
  readonly situation: Situation;
  readonly chosen: ChosenProcedure;
  readonly written: Inventory;
  /** Variables of the written inventory with the group_vars and host_vars that are copied beside it. */
  readonly variables: EffectiveVariables;
  readonly command: RecoveryCommand;
  readonly preparation: readonly PreparationStep[];
  /** Lines of the written files, by file name. */
  readonly lines: ReadonlyMap<string, readonly string[]>;
}

/** What a rule found. */
export type RuleOutcome =
  | { readonly kind: "met"; readonly because: string; readonly evidence: readonly EvidenceLine[] }
  | { readonly kind: "not-needed"; readonly because: string }
  | { readonly kind: "violated"; readonly violation: Violation };

/** A rule of the recovery. */
export interface Rule {
  readonly rule: string;
  readonly title: string;
  check(context: ProofContext): RuleOutcome;
}

/** A rule that holds. */
export function met(because: string, evidence: readonly EvidenceLine[] = []): RuleOutcome {
  return { kind: "met", because, evidence };
}

/** A rule about something that this recovery does not do. */
export function notNeeded(because: string): RuleOutcome {
  return { kind: "not-needed", because };
}

/** A rule that does not hold. */
export function violated(message: string, smallestChange: string, code: ViolationCode = "proof-failed"): RuleOutcome {
  return { kind: "violated", violation: { code, message, smallestChange } };
}

/** Said of a written file that does not hold what was derived: an error of quorate's, but refused all the same. */
export const ownError = "report this: quorate wrote an inventory that it cannot prove; the original is untouched";

/** Shows at most this many lines for a rule: a large site has thousands alike. */
const evidenceMax = 12;

/** The lines at these places of the written inventory. */
export function evidence(
  context: ProofContext,
  positions: readonly (SourcePosition | undefined)[],
): readonly EvidenceLine[] {
  const shown = positions.flatMap((position) =>
    position === undefined ? [] : lineAt(context, position.file, position.line),
  );
  return shown.slice(0, evidenceMax);
}

/** The first line of a written file that contains a text. */
export function lineWith(context: ProofContext, file: string, text: string): readonly EvidenceLine[] {
  const index = context.lines.get(file)?.findIndex((line) => line.includes(text)) ?? -1;
  return index < 0 ? [] : lineAt(context, file, index + 1);
}

function lineAt(context: ProofContext, file: string, line: number): readonly EvidenceLine[] {
  const text = context.lines.get(file)?.[line - 1];
  return text === undefined ? [] : [{ file, line, text: text.trim() }];
}

/** Where a group lists a host, or starts when no host is given. */
export function placeInGroup(context: ProofContext, group: string, host?: string): SourcePosition | undefined {
  const found = context.variables.tree.group(group);
  return host === undefined ? found?.position : found?.hosts.find((entry) => entry.name === host)?.position;
}

/** The lines that list these hosts in a group; those of the group's head when there are none to list. */
export function evidenceInGroup(
  context: ProofContext,
  group: string,
  hosts: readonly string[],
): readonly EvidenceLine[] {
  const places = hosts.length === 0 ? [undefined] : hosts;
  return evidence(
    context,
    places.map((host) => placeInGroup(context, group, host)),
  );
}

/** The lines where these hosts' variable is written. */
export function evidenceOfVariable(
  context: ProofContext,
  hosts: readonly string[],
  name: string,
): readonly EvidenceLine[] {
  return evidence(
    context,
    hosts.map((host) => context.variables.of(host).get(name)?.position),
  );
}

/** The broken etcd hosts under the names they have in the written group etcd. */
export function brokenInNewOrder({ situation }: ProofContext): readonly string[] {
  const renamed = new Map(situation.request.replacements.map((r) => [r.oldHost, r.newHost]));
  return situation.brokenEtcd.map((host) => renamed.get(host) ?? host);
}

/** Hosts of the written group etcd whose member stays: with a kept quorum all that are not broken, else the first. */
export function stayingMembers(context: ProofContext): readonly string[] {
  const etcd = context.variables.tree.hostsOf("etcd");
  if (!context.situation.isQuorumKept) return etcd.slice(0, 1);
  const broken = new Set(brokenInNewOrder(context));
  return etcd.filter((host) => !broken.has(host));
}
