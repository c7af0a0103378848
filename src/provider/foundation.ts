// The resource quorate:index:Foundation: availability rules as findings. It changes nothing. A mandatory rule that the
// declaration alone breaks fails the check; one that the director's listing breaks shows as a difference and blocks.

import { z } from "zod";
import { observeFoundation } from "../converge/bosh-foundation";
import {
  type FoundationDeclaration,
  type FoundationFinding,
  type FoundationObservation,
  foundationRules,
} from "../model/bosh-foundation";
import { directorSchema } from "../model/director-declaration";
import { blockedError } from "../model/errors";
import type { JsonObject } from "../model/json";
import { checkFoundation } from "../plan/foundation";
import { diffProperties } from "../plan/property-diff";
import { checkInputs } from "./check-inputs";
import { directorReasons, type OpenDirector } from "./open-director";
import type { ResourceContext, ResourceType } from "./resource-type";

const name = z.string().min(1, "must be a name");
const megabytes = z.number().int().min(0, "must be megabytes, 0 or more");
const blobstore = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("external") }),
  z.strictObject({ kind: z.literal("internal-with-restore-plan"), plan: name }),
  z.strictObject({ kind: z.literal("internal") }),
]);
const cells = z.strictObject({
  cells: z
    .array(z.strictObject({ zone: name, totalMb: megabytes, allocatedMb: megabytes }))
    .min(1, "must name at least one cell"),
  largestInstanceMb: megabytes,
});

const foundationSchema = z
  .strictObject({
    director: directorSchema.default({}),
    deployment: name,
    zones: z.array(name).min(1, "must name at least one zone"),
    hasExternalLoadBalancer: z.boolean().default(false),
    blobstore: blobstore.default({ kind: "internal" }),
    hasExternalDatabase: z.boolean().default(false),
    release: z
      .string()
      .regex(/^\d+\.\d+/, "must be a release such as 2.4")
      .optional(),
    cells: cells.optional(),
    mandatory: z.array(z.enum(foundationRules)).default([]),
    // Only a read fills it, so that a mandatory rule that the listing breaks shows as a difference.
    violations: z
      .record(z.string(), z.array(z.string()))
      .refine((found) => Object.keys(found).length === 0, "is filled by a read only")
      .default({}),
  })
  .superRefine(({ zones }, context) => {
    const twice = zones.find((zone, index) => zones.indexOf(zone) !== index);
    if (twice !== undefined)
      context.addIssue({
        code: "custom",
        path: ["zones"],
        message: `must name each zone once, '${twice}' is there twice`,
      });
  });
const lookSchema = z.object(foundationSchema.shape).omit({ violations: true });
type Declared = z.infer<typeof lookSchema>;

// What is judged by the declaration alone: nobody has looked, so nothing observed can be wrong.
const nothingObserved: FoundationObservation = { instances: [], isResurrectionOn: true, groupsNotResurrected: [] };

/** The resource, over the given way to directors. */
export function foundationResource(openDirector: OpenDirector): ResourceType {
  const judge = async (declared: Declared): Promise<readonly FoundationFinding[]> => {
    const observation = await observeFoundation(openDirector(declared.director), declared.deployment);
    return checkFoundation(declarationOf(declared), observation);
  };
  return {
    name: "Foundation",
    check(inputs) {
      const checked = checkInputs(foundationSchema, inputs);
      if (checked.kind === "invalid") return checked;
      const declared = foundationSchema.parse(inputs);
      const broken = mandatoryOf(checkFoundation(declarationOf(declared), nothingObserved)).map(renderFinding);
      return broken.length === 0 ? checked : { kind: "invalid", problems: broken };
    },
    diff: (recorded, news) => diffProperties(recorded, news),

    async preview(inputs, isNew, context) {
      const declared = lookSchema.parse(inputs);
      const findings = await judge(declared).catch(async (error: unknown) => {
        for (const reason of directorReasons(error)) await context.log("error", reason);
        return undefined;
      });
      if (findings === undefined) return inputs;
      if (isNew) await tell(findings, context);
      refuseViolations(declared, findings);
      return outputsOf(inputs, findings);
    },

    async converge(id, inputs) {
      const declared = lookSchema.parse(inputs);
      const findings = await judge(declared);
      refuseViolations(declared, findings);
      return { id, inputs, outputs: outputsOf(inputs, findings), reasons: [] };
    },

    async read(id, recorded, context) {
      try {
        const findings = await judge(lookSchema.parse(recorded.inputs));
        await tell(findings, context);
        const inputs = { ...recorded.inputs, violations: violationsOf(findings) };
        return { id, inputs, outputs: outputsOf(inputs, findings), reasons: [] };
      } catch (error) {
        return { id, ...recorded, reasons: directorReasons(error) };
      }
    },
  };
}

function declarationOf({
  director: _director,
  cells: capacity,
  release,
  ...declared
}: Declared): FoundationDeclaration {
  return { ...declared, release, cells: capacity };
}

function mandatoryOf(findings: readonly FoundationFinding[]): readonly FoundationFinding[] {
  return findings.filter(({ severity }) => severity === "mandatory");
}

/** @throws RecoveryError `blocked` with every mandatory rule that does not hold. */
function refuseViolations({ deployment }: Declared, findings: readonly FoundationFinding[]): void {
  const broken = mandatoryOf(findings).map(renderFinding);
  if (broken.length === 0) return;
  const count = broken.length === 1 ? "a mandatory rule does" : `${broken.length} mandatory rules do`;
  throw blockedError(`the foundation '${deployment}' is refused: ${count} not hold`, broken, {
    hint: "mend it, or take the rule out of `mandatory` to be warned only",
  });
}

async function tell(findings: readonly FoundationFinding[], context: ResourceContext): Promise<void> {
  for (const finding of findings) {
    if (finding.severity === "mandatory") continue;
    await context.log(finding.severity === "notice" ? "info" : "warning", renderFinding(finding));
  }
}

function renderFinding({ rule, message, advice }: FoundationFinding): string {
  return `${rule}: ${message}; ${advice}`;
}

function violationsOf(findings: readonly FoundationFinding[]): JsonObject {
  const broken = mandatoryOf(findings);
  const rules = [...new Set(broken.map(({ rule }) => rule))].sort();
  return Object.fromEntries(
    rules.map((rule) => [rule, broken.filter((finding) => finding.rule === rule).map(({ message }) => message)]),
  );
}

function outputsOf(inputs: JsonObject, findings: readonly FoundationFinding[]): JsonObject {
  return { ...inputs, findings: findings.map((finding) => `${finding.severity}: ${renderFinding(finding)}`) };
}
