// A declared recovery made into a derived one: the schema of its inputs, and everything that has to be read, looked at and
// compared for it.

import { resolve } from "node:path";
import { z } from "zod";
import { ansibleRequirement } from "../inventory/ansible-bound";
import { type EarlierRecoveries, findEarlierRecoveries } from "../inventory/earlier-recovery";
import { parseKubesprayVersion } from "../inventory/kubespray-version";
import { type ReadOrder, readOrder } from "../inventory/read-order";
import { deriveRecovery } from "../inventory/recovery";
import type { RecoveryResult, Violation } from "../model/inventory-recovery";
import type { JsonObject } from "../model/json";
import { findAnsibleFault } from "./ansible-version";
import type { ObserveSite } from "./observe-site";

const filePath = z.string().min(1, "must be a path");
const hostNames = z.array(z.string().min(1, "must be a host's name")).min(1, "must name a host, or be left out");

/** The inputs of the resource. */
export const orderSchema = z
  .strictObject({
    programFolder: filePath,
    inventory: filePath,
    output: filePath,
    flavor: z.enum(["kubespray", "taco"]).default("kubespray"),
    brokenEtcd: hostNames.optional(),
    brokenControlPlane: hostNames.optional(),
    replacements: z
      .array(z.strictObject({ oldHost: z.string().min(1), newHost: z.string().min(1), address: z.string().min(1) }))
      .default([]),
    snapshot: filePath.optional(),
    sourceSurvivor: z.string().min(1, "must be a host's name").optional(),
    extraVars: z.array(filePath).default([]),
    kubesprayDirectory: filePath.optional(),
    kubesprayVersion: z
      .string()
      .refine((tag) => parseKubesprayVersion(tag) !== undefined, "must be a tag of kubespray, for example v2.28.1")
      .optional(),
    pkiBackup: filePath.optional(),
    facts: filePath.optional(),
    observe: z.boolean().default(false),
    sshConfig: filePath.optional(),
    ansible: filePath.optional(),
    followUp: z.boolean().default(false),
    // Only read fills it: a recovery that proves has nothing in it, so what does not shows as a difference.
    unproven: z.strictObject({}).default({}),
  })
  .superRefine((order, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    if (order.snapshot !== undefined && order.sourceSurvivor !== undefined)
      refuse("sourceSurvivor", "must not be given together with snapshot: the data comes from one of them");
    if (order.kubesprayDirectory === undefined && order.kubesprayVersion === undefined && order.flavor === "kubespray")
      refuse("kubesprayVersion", "must be given, or kubesprayDirectory: what the playbook does depends on it");
    if (order.observe && order.facts !== undefined)
      refuse("facts", "must not be given together with observe: the hosts are looked at, or what was seen is given");
    if (order.sshConfig !== undefined && !order.observe)
      refuse("sshConfig", "is used with observe only: Ansible connects as its inventory says");
    const isNamed = order.brokenEtcd !== undefined || order.brokenControlPlane !== undefined;
    if (!isNamed && order.facts === undefined && !order.observe && order.replacements.length === 0)
      refuse("brokenEtcd", "must name the broken hosts, unless brokenControlPlane, replacements, facts or observe do");
  });

/** What came of an order. */
export interface DerivedOrder {
  readonly order: ReadOrder;
  readonly result: RecoveryResult;
  readonly earlier: EarlierRecoveries;
  /** What was seen, in sentences; empty when nothing was looked at. */
  readonly seen: readonly string[];
  /** The hosts were looked at, and nothing is broken. */
  readonly isWhole: boolean;
  /** What pip has to be asked for to get an Ansible that fits. */
  readonly ansibleRequirement: string;
}

/**
 * Reads what an order names, looks at the hosts when it says so, and derives the recovery.
 * @throws RecoveryError "input" naming file and line.
 */
export async function deriveOrder(inputs: JsonObject, observe: ObserveSite): Promise<DerivedOrder> {
  // A read gives back what it found in `unproven`; nothing is ordered by it.
  const {
    programFolder,
    unproven: _found,
    ansible,
    sshConfig,
    ...rest
  } = orderSchema.parse({ ...inputs, unproven: {} });
  const asked = { ...rest, baseFolder: programFolder };
  const first = readOrder(asked);
  const earlier = findEarlierRecoveries(first.folder);
  // Without an observation it is the operator who says that the site is as it was.
  const order = rest.observe ? readOrder({ ...asked, attempt: earlier.attempt }) : first;
  const { site, request } = order;
  const { tree } = request;
  const { restoreTokens } = earlier;
  const looked =
    rest.observe && tree !== undefined
      ? await observe(site, tree, {
          sshConfig: absolute(programFolder, sshConfig),
          baseFolder: programFolder,
          restoreTokens,
        })
      : undefined;
  const derived = deriveRecovery(site, request, looked?.facts ?? order.facts);
  const more: Violation[] = [];
  const unfit = findAnsibleFault(tree, absolute(programFolder, ansible));
  if (unfit !== undefined) more.push(unfit);
  if (derived.kind === "proven" && earlier.finished !== undefined && isRestore(derived) && rest.observe)
    more.push(usedSource(earlier.finished));
  const isWhole =
    looked !== undefined &&
    derived.kind === "refused" &&
    derived.violations.every((violation) => violation.code === "nothing-broken");
  const violations = [...(derived.kind === "refused" && !isWhole ? derived.violations : []), ...more];
  return {
    order: { ...order, facts: looked?.facts ?? order.facts },
    result: violations.length > 0 ? { kind: "refused", violations } : derived,
    earlier,
    seen:
      looked === undefined
        ? []
        : [`observed: ${looked.summary}`, ...looked.evidence.map((text) => `  ${text}`), ...looked.notes],
    isWhole: isWhole && more.length === 0,
    ansibleRequirement: tree === undefined ? "ansible-core" : ansibleRequirement(tree),
  };
}

function absolute(folder: string, path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(folder, path);
}

function isRestore({ proof }: RecoveryResult & { readonly kind: "proven" }): boolean {
  return proof.procedure.kind === "restore-by-playbook" || proof.procedure.kind === "restore-by-quorate";
}

/** An opt-in to throw newer writes away counts for one loss of the quorum, not for all that come. */
function usedSource(finished: string): Violation {
  return {
    code: "data-source-used",
    message: `the quorum is lost again, and the source that is named was used by the recovery of ${finished}`,
    smallestChange: "name another output folder, and with it the source that is meant now",
  };
}
