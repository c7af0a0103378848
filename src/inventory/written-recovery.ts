// A recovery on disk, compared with what quorate would write now: what is missing, edited or no longer proven.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { RecoveryResult } from "../model/inventory-recovery";
import type { ReadOrder } from "./read-order";
import { checkWrittenRecovery } from "./recovery";
import { siblingFolders } from "./write-recovery";

/** Why a recovery on disk does not prove any more: file or violation code -> what is wrong. Empty: it proves. */
export type Unproven = Readonly<Record<string, string>>;

/**
 * Compares the folder of an order with what comes of the order now. An inventory that was edited by hand may, as long as
 * every rule holds; all other files are as quorate writes them.
 */
export function diffWrittenRecovery(order: ReadOrder, result: RecoveryResult): Unproven {
  if (result.kind === "refused") {
    return Object.fromEntries(result.violations.map((violation) => [violation.code, violation.message]));
  }
  const unproven: Record<string, string> = {};
  for (const { path, text } of result.files) {
    const full = join(order.folder, path);
    if (!existsSync(full)) unproven[path] = "is missing";
    else if (readFileSync(full, "utf8") !== text) {
      const found = isInventory(path) ? ruleViolations(order, result, path, full) : "is not what quorate writes";
      if (found !== undefined) unproven[path] = found;
    }
  }
  return { ...unproven, ...diffSiblings(order) };
}

function isInventory(path: string): boolean {
  return path === "hosts.ini" || path === "hosts.yml";
}

function ruleViolations(
  order: ReadOrder,
  result: RecoveryResult & { readonly kind: "proven" },
  path: string,
  full: string,
): string | undefined {
  const texts = new Map(result.files.map((file) => [file.path, file.text]));
  const written = texts.set(path, readFileSync(full, "utf8"));
  const violations = checkWrittenRecovery(order.site, order.request, order.facts, written);
  return violations.length === 0 ? undefined : violations.map((violation) => violation.message).join("; ");
}

/** The variables that were copied from beside the original. kubespray adds credentials of its own while it runs. */
function diffSiblings({ folder, originalFolder }: ReadOrder): Unproven {
  const unproven: Record<string, string> = {};
  for (const sibling of siblingFolders) {
    const original = listFiles(join(originalFolder, sibling));
    for (const name of original) {
      const path = `${sibling}/${name}`;
      const copy = join(folder, path);
      if (!existsSync(copy)) unproven[path] = "is missing";
      else if (!readFileSync(copy).equals(readFileSync(join(originalFolder, path))))
        unproven[path] = "differs from the file beside the original inventory";
    }
    if (sibling === "credentials") continue;
    for (const name of listFiles(join(folder, sibling)).filter((entry) => !original.includes(entry)))
      unproven[`${sibling}/${name}`] = "is not beside the original inventory";
  }
  return unproven;
}

function listFiles(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();
}
