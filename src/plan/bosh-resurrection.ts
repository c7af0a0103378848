// Resurrection rules: what they mean for one instance group, how declared rules differ from stored ones, how they are
// written, and the narrow pause that a repair sets around surgery.
// Source: cloudfoundry/bosh hm lib/bosh/monitor/resurrection_manager.rb.
import { parse as parseYaml, stringify as stringifyYaml } from "yaml";
import { z } from "zod";
import type {
  PauseHolder,
  ResurrectionConfig,
  ResurrectionFilter,
  ResurrectionRule,
  ResurrectionState,
} from "../model/bosh-resurrection";
import { inputError } from "../model/errors";

/** One difference between the declared and the observed resurrector. */
export type ResurrectionDrift =
  | { readonly kind: "switch"; readonly isOn: boolean; readonly wantedOn: boolean }
  | { readonly kind: "config-missing"; readonly name: string; readonly rules: readonly ResurrectionRule[] }
  | {
      readonly kind: "config-differs";
      readonly name: string;
      /** Id to be replaced. */
      readonly latestId: string;
      readonly observed: readonly ResurrectionRule[];
      readonly rules: readonly ResurrectionRule[];
    }
  | {
      /** A pause that a repair of ours set and could not take back: undone before anything else. */
      readonly kind: "pause-left";
      readonly name: string;
    };

/** What is declared about the resurrector. Configs of other names are left alone. */
export interface ResurrectionDeclaration {
  readonly isOn: boolean;
  readonly configs: readonly { readonly name: string; readonly rules: readonly ResurrectionRule[] }[];
}

/** May the resurrector act on this group? Rules that match are ANDed; without one it may. The global switch is apart. */
export function isGroupResurrected(
  configs: readonly Pick<ResurrectionConfig, "rules">[],
  deployment: string,
  group: string,
): boolean {
  return configs
    .flatMap(({ rules }) => rules)
    .filter((rule) => doesRuleApply(rule, deployment, group))
    .every(({ enabled }) => enabled);
}

function doesRuleApply(rule: ResurrectionRule, deployment: string, group: string): boolean {
  const isIncluded = rule.include === undefined || doesFilterMatch(rule.include, deployment, group);
  const hasExclusion = rule.exclude?.deployments !== undefined || rule.exclude?.instanceGroups !== undefined;
  const isExcluded = hasExclusion && rule.exclude !== undefined && doesFilterMatch(rule.exclude, deployment, group);
  return isIncluded && !isExcluded;
}

function doesFilterMatch(filter: ResurrectionFilter, deployment: string, group: string): boolean {
  return (
    (filter.deployments === undefined || filter.deployments.includes(deployment)) &&
    (filter.instanceGroups === undefined || filter.instanceGroups.includes(group))
  );
}

/** The differences, pauses left behind first, then the switch, then configs by name. */
export function diffResurrection(
  declared: ResurrectionDeclaration,
  observed: ResurrectionState,
): readonly ResurrectionDrift[] {
  const drifts: ResurrectionDrift[] = leftPauses(observed).map((name) => ({ kind: "pause-left", name }));
  if (declared.isOn !== observed.isOn) drifts.push({ kind: "switch", isOn: observed.isOn, wantedOn: declared.isOn });
  for (const { name, rules } of [...declared.configs].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const stored = observed.configs.find((config) => config.name === name);
    if (stored === undefined) drifts.push({ kind: "config-missing", name, rules });
    else if (renderRules(stored.rules) !== renderRules(rules)) {
      drifts.push({ kind: "config-differs", name, latestId: stored.id, observed: stored.rules, rules });
    }
  }
  return drifts;
}

const pausePrefix = "quorate-pause-";

/** Name of the config that pauses resurrection for one deployment while it is repaired. */
export function pauseConfigName(deployment: string): string {
  return `${pausePrefix}${deployment}`;
}

/** The rules of that config. */
export function pauseRules(deployment: string): readonly ResurrectionRule[] {
  return [{ enabled: false, include: { deployments: [deployment], instanceGroups: undefined }, exclude: undefined }];
}

/** Names of pauses that nobody holds any more, sorted. */
export function leftPauses(observed: Pick<ResurrectionState, "configs">): readonly string[] {
  return observed.configs
    .filter(({ name, isHeld }) => name.startsWith(pausePrefix) && isHeld !== true)
    .map(({ name }) => name)
    .sort();
}

/** Does a repair that still runs hold the pause of this deployment? */
export function isPauseHeld(observed: Pick<ResurrectionState, "configs">, deployment: string): boolean {
  return observed.configs.some(({ name, isHeld }) => name === pauseConfigName(deployment) && isHeld === true);
}

/** A pause as the director stores it: its rules, and in a comment, which the monitor does not read, who holds it. */
export function renderPause(deployment: string, holder: PauseHolder | undefined): string {
  const rules = renderRules(pauseRules(deployment));
  if (holder === undefined) return rules;
  return `# quorate: pid ${holder.pid} since ${new Date(holder.sinceMs).toISOString()} on ${holder.host}\n${rules}`;
}

/** Who holds a stored pause; undefined when it does not say. */
export function parsePauseHolder(content: string): PauseHolder | undefined {
  const match = /^# quorate: pid (\d+) since (\S+) on (\S+)$/m.exec(content);
  const [pid, since, host] = [match?.[1], match?.[2], match?.[3]];
  const sinceMs = since === undefined ? Number.NaN : Date.parse(since);
  if (pid === undefined || host === undefined || Number.isNaN(sinceMs)) return undefined;
  return { host, pid: Number(pid), sinceMs };
}

/** Would the resurrector act on this group now, all things together? */
export function isResurrectionActive(observed: ResurrectionState, deployment: string, group: string): boolean {
  return observed.isOn && isGroupResurrected(observed.configs, deployment, group);
}

/** Rules as the YAML that the director stores: fixed order of keys, sorted lists, so that equal rules are equal text. */
export function renderRules(rules: readonly ResurrectionRule[]): string {
  const filter = (value: ResurrectionFilter): object => ({
    ...(value.deployments === undefined ? {} : { deployments: [...value.deployments].sort() }),
    ...(value.instanceGroups === undefined ? {} : { instance_groups: [...value.instanceGroups].sort() }),
  });
  return stringifyYaml({
    rules: rules.map((rule) => ({
      enabled: rule.enabled,
      ...(rule.include === undefined ? {} : { include: filter(rule.include) }),
      ...(rule.exclude === undefined ? {} : { exclude: filter(rule.exclude) }),
    })),
  });
}

const filterSchema = z
  .object({ deployments: z.array(z.string()).optional(), instance_groups: z.array(z.string()).optional() })
  .nullish();
const contentSchema = z
  .object({
    rules: z.array(z.object({ enabled: z.boolean(), include: filterSchema, exclude: filterSchema })).nullish(),
  })
  .nullish();

/**
 * Reads stored rules.
 * @throws RecoveryError `input` when the text is no resurrection config; the director stores any text, only the monitor
 * looks at it, and it ignores a bad one.
 */
export function parseRules(name: string, content: string): readonly ResurrectionRule[] {
  let value: unknown;
  try {
    value = parseYaml(content);
  } catch {
    throw badConfigError(name, "it is not YAML");
  }
  const parsed = contentSchema.safeParse(value);
  if (!parsed.success) throw badConfigError(name, parsed.error.issues[0]?.message ?? "it holds no rules");
  return (parsed.data?.rules ?? []).map((rule) => ({
    enabled: rule.enabled,
    include: toFilter(rule.include),
    exclude: toFilter(rule.exclude),
  }));
}

function toFilter(filter: z.infer<typeof filterSchema>): ResurrectionFilter | undefined {
  if (filter === undefined || filter === null) return undefined;
  return { deployments: filter.deployments, instanceGroups: filter.instance_groups };
}

function badConfigError(name: string, why: string): Error {
  return inputError(`the resurrection config '${name}' on the director cannot be read: ${why}`, {
    hint: `mend or remove it (bosh delete-config --type=resurrection --name=${name}); the health monitor ignores it as it is`,
  });
}
