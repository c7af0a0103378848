// The whole way from a site in trouble to a proven recovery inventory, or to every reason why there is none. Pure: files
// come in and go out as text.

import { isRecoveryError } from "../model/errors";
import type { Inventory, Site } from "../model/inventory";
import type {
  EtcdFacts,
  PreparationStep,
  Proof,
  ProvenRule,
  RecoveryRequest,
  RecoveryResult,
  VariableChange,
  Violation,
} from "../model/inventory-recovery";
import { renderInventory } from "../render/inventory";
import { type RecoveryCommand, recoveryCommand } from "./command";
import { type DerivedInventory, deriveInventory } from "./derive";
import { EffectiveVariables } from "./effective-variables";
import { followUpWork, recoveryNotes } from "./notes";
import { parseIniInventory } from "./parse-ini";
import { parseYamlInventory } from "./parse-yaml";
import { prepareRecovery } from "./preparation";
import { type ChosenProcedure, chooseProcedure } from "./procedure";
import type { ProofContext } from "./proof-context";
import { renderPrepare, renderProof, renderRecover, renderRecoveryVars, renderVerify } from "./recovery-files";
import { etcdRules } from "./rules-etcd";
import { siteRules } from "./rules-site";
import { unchangedRules, variableChanges } from "./rules-unchanged";
import { judgeSituation, type Situation } from "./situation";

/** Derives the recovery inventory of a site and proves it, rule by rule, on the text that would be written. */
export function deriveRecovery(site: Site, request: RecoveryRequest, facts: EtcdFacts | undefined): RecoveryResult {
  const derivation = derive(site, request, facts);
  if (derivation.kind === "refused") return derivation;
  const { situation, chosen, derived, command, preparation, texts } = derivation;
  const outcome = checkRules(derivation, texts);
  if (outcome.violations.length > 0) return { kind: "refused", violations: outcome.violations };
  const proof: Proof = {
    procedure: chosen.procedure,
    rules: outcome.rules,
    preparation,
    changes: outcome.changes,
    notes: recoveryNotes(situation, chosen, derived),
    followUp: followUpWork(situation, derived),
  };
  const all = new Map(texts).set("PROOF.md", renderProof(situation, proof, command));
  const files = [...all].map(([path, text]) => ({ path, text, isExecutable: path === "recover.sh" }));
  return { kind: "proven", files, proof, command: command.playbook };
}

/**
 * Do files that were written earlier still prove, for what is asked and seen now? An inventory that was edited by hand
 * may, as long as every rule holds; the scripts must be as quorate wrote them. Returns what no longer holds.
 */
export function checkWrittenRecovery(
  site: Site,
  request: RecoveryRequest,
  facts: EtcdFacts | undefined,
  written: ReadonlyMap<string, string>,
): readonly Violation[] {
  const derivation = derive(site, request, facts);
  if (derivation.kind === "refused") return derivation.violations;
  const violations: Violation[] = [];
  for (const [path, text] of derivation.texts) {
    const found = written.get(path);
    if (found === undefined) violations.push(staleFile(path, "is missing"));
    else if (path !== derivation.inventoryPath && found !== text)
      violations.push(staleFile(path, "is not what quorate would write now"));
  }
  if (!written.has(derivation.inventoryPath)) return violations;
  try {
    return [...violations, ...checkRules(derivation, new Map([...derivation.texts, ...written])).violations];
  } catch (error) {
    if (!isRecoveryError(error)) throw error;
    return [...violations, staleFile(derivation.inventoryPath, `cannot be read (${error.message})`)];
  }
}

function staleFile(path: string, what: string): Violation {
  return { code: "proof-failed", message: `${path} ${what}`, smallestChange: "write the recovery inventory anew" };
}

/** Everything but the proof. */
interface Derivation {
  readonly kind: "derived";
  readonly situation: Situation;
  readonly chosen: ChosenProcedure;
  readonly derived: DerivedInventory;
  readonly command: RecoveryCommand;
  readonly preparation: readonly PreparationStep[];
  readonly inventoryPath: string;
  readonly texts: ReadonlyMap<string, string>;
}

function derive(
  site: Site,
  request: RecoveryRequest,
  facts: EtcdFacts | undefined,
): Derivation | { readonly kind: "refused"; readonly violations: readonly Violation[] } {
  const judged = judgeSituation(site, request, facts);
  if (judged.kind === "refused") return judged;
  const { situation, isDecided } = judged;
  const violations: Violation[] = [...judged.violations];
  const procedure = isDecided ? chooseProcedure(situation) : undefined;
  if (procedure?.kind === "refused") violations.push(...procedure.violations);
  if (procedure?.kind !== "chosen") return { kind: "refused", violations };
  const { chosen } = procedure;
  const derived = deriveInventory(situation, chosen);
  violations.push(...derived.violations);
  if (violations.length > 0) return { kind: "refused", violations };
  const command = recoveryCommand(situation, chosen);
  const preparation = prepareRecovery(situation, chosen, derived);
  const inventoryPath = site.inventory.format === "ini" ? "hosts.ini" : "hosts.yml";
  const texts = new Map([
    [inventoryPath, renderInventory(derived.inventory)],
    ["prepare.yml", renderPrepare(situation, derived, preparation)],
    ["verify.yml", renderVerify(derived)],
    ["recover.sh", renderRecover(situation, chosen, command, preparation)],
  ]);
  if (command.variables.length > 0) texts.set("recovery-vars.yml", renderRecoveryVars(command));
  return { kind: "derived", situation, chosen, derived, command, preparation, inventoryPath, texts };
}

interface RulesOutcome {
  readonly rules: readonly ProvenRule[];
  readonly violations: readonly Violation[];
  readonly changes: readonly VariableChange[];
}

function checkRules(derivation: Derivation, texts: ReadonlyMap<string, string>): RulesOutcome {
  const { situation, chosen, command, preparation, inventoryPath } = derivation;
  const written = readBack(inventoryPath, texts.get(inventoryPath) ?? "", situation.site.inventory.format === "ini");
  const context: ProofContext = {
    situation,
    chosen,
    written,
    variables: new EffectiveVariables({ ...situation.site, inventory: written }),
    command,
    preparation,
    lines: new Map([...texts].map(([path, text]) => [path, text.split("\n")])),
  };
  const rules: ProvenRule[] = [];
  const violations: Violation[] = [];
  for (const rule of [...etcdRules, ...siteRules, ...unchangedRules]) {
    const outcome = rule.check(context);
    if (outcome.kind === "violated") {
      violations.push({ ...outcome.violation, message: `rule ${rule.rule}: ${outcome.violation.message}` });
    } else {
      const evidence = outcome.kind === "met" ? outcome.evidence : [];
      rules.push({ rule: rule.rule, title: rule.title, status: outcome.kind, because: outcome.because, evidence });
    }
  }
  return { rules, violations, changes: variableChanges(context) };
}

function readBack(path: string, text: string, isIni: boolean): Inventory {
  return isIni ? parseIniInventory(path, text) : parseYamlInventory(path, text);
}
