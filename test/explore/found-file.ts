// The file of a failing seed, in one of two forms: a scenario of an etcd cluster, as those in test/scenarios/rehearse are, or
// the input of a property; where that is no plain data, the seed and the path by which fast-check draws it again.

import { parse, stringify } from "yaml";
import { z } from "zod";
import { inputError } from "../../src/model/errors";
import { parseScenario, type Scenario } from "../../src/simulator/scenario";

const seedSchema = z.strictObject({
  version: z.literal(1),
  exploration: z.string().describe("Its kind, as --only names it."),
  property: z.string().optional().describe("What does not hold."),
  seed: z.number().int(),
  path: z.string().optional().describe("Of fast-check: how the seed was made smaller."),
  input: z.unknown().optional().describe("With it seed and path are not needed; it may be changed by hand."),
  error: z.string().describe("What was wrong when it was found."),
});

/** A failing seed that is no scenario. */
export type FoundSeed = Readonly<z.infer<typeof seedSchema>>;

/** A failing seed, as read from its file. */
export type FoundFile =
  | { readonly kind: "scenario"; readonly scenario: Scenario }
  | { readonly kind: "seed"; readonly found: FoundSeed };

/** Reads the file of a failing seed. @throws RecoveryError "input" for what is none. */
export function parseFound(text: string, source: string): FoundFile {
  const data = readYaml(text, source);
  if (typeof data === "object" && data !== null && "topology" in data)
    return { kind: "scenario", scenario: parseScenario(text, source) };
  const parsed = seedSchema.safeParse(data);
  if (parsed.success) return { kind: "seed", found: parsed.data };
  throw inputError(`${source} holds no failing seed`, {
    problems: parsed.error.issues.map((issue) => `${issue.path.join(".") || "the file"}: ${issue.message}`),
  });
}

/** The kind of exploration that it is of. */
export function explorationOf(file: FoundFile): string {
  return file.kind === "scenario" ? "etcd-rehearsals" : file.found.exploration;
}

/** The text of such a file. */
export function renderFound(found: Omit<FoundSeed, "version">): string {
  return stringify({ version: 1, ...found }, { aliasDuplicateObjects: false, lineWidth: 0 });
}

/** The text of a scenario's file; what is wrong stands above it. */
export function renderScenario(scenario: Scenario, words: string): string {
  const comment = words.split("\n").map((line) => `# ${line}`.trimEnd());
  return `${comment.join("\n")}\n${stringify(scenario)}`;
}

/** Words as a part of a file's name. */
export function slugOf(words: string): string {
  return words
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

function readYaml(text: string, source: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw inputError(`${source} is not YAML`, { hint: "mend it and run again", cause });
  }
}
