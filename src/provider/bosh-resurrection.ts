// The resource quorate:index:BoshResurrection: the resurrector's switch and its named rules. Read from the director and
// compared to the field; configs of other names are left alone.

import { z } from "zod";
import { isHolderAlive } from "../adapters/pause-holder";
import { observeResurrection } from "../converge/bosh-observe";
import { convergeResurrection } from "../converge/bosh-resurrection";
import type { ResurrectionFilter, ResurrectionRule, ResurrectionState } from "../model/bosh-resurrection";
import { directorSchema } from "../model/director-declaration";
import { unreachable } from "../model/errors";
import { isJsonList, isJsonObject, type JsonObject, type JsonValue } from "../model/json";
import { explainMeltdown } from "../plan/bosh-meltdown";
import { diffResurrection, leftPauses, pauseConfigName, type ResurrectionDrift } from "../plan/bosh-resurrection";
import { diffProperties } from "../plan/property-diff";
import type { DirectorAccess } from "../ports/director-access";
import { checkInputs } from "./check-inputs";
import { directorReasons, type OpenDirector } from "./open-director";
import type { ResourceContext, ResourceType } from "./resource-type";

const names = z.array(z.string().min(1, "must be a name")).min(1, "must name one, or be left out");
const filterSchema = z
  .strictObject({ deployments: names.optional(), instanceGroups: names.optional() })
  .refine((filter) => Object.keys(filter).length > 0, "must hold deployments, instanceGroups or both");
const ruleSchema = z.strictObject({
  enabled: z.boolean(),
  include: filterSchema.optional(),
  exclude: filterSchema.optional(),
});
const configName = z
  .string()
  .min(1, "must be a name")
  .refine(
    (name) => !name.startsWith(pauseConfigName("")),
    `must not begin with ${pauseConfigName("")}: those are pauses`,
  );

const resurrectionSchema = z.strictObject({
  director: directorSchema.default({}),
  enabled: z.boolean().default(true),
  configs: z.record(configName, z.strictObject({ rules: z.array(ruleSchema) })).default({}),
  /** Deployments for which the brake of the resurrector is explained. */
  deployments: z.array(z.string().min(1, "must be a deployment's name")).default([]),
  // Only read fills it, so that a pause that was left behind shows as a difference.
  leftPauses: z.array(z.string()).max(0, "is filled by a read only").default([]),
});
const lookSchema = z.object(resurrectionSchema.shape).pick({ director: true, deployments: true });
type Declared = z.infer<typeof resurrectionSchema>;

/** The resource, over the given way to directors. */
export function boshResurrectionResource(openDirector: OpenDirector): ResourceType {
  return {
    name: "BoshResurrection",
    check: (inputs) => checkInputs(resurrectionSchema, inputs),
    diff: (recorded, news) => diffProperties(sortFilters(recorded), sortFilters(news)),

    async preview(inputs, isNew, context) {
      const declared = resurrectionSchema.parse(inputs);
      try {
        const director = openDirector(declared.director);
        const drifts = diffResurrection(declarationOf(declared), await observeResurrection(director, isHolderAlive));
        for (const drift of drifts) await context.log("info", describeDrift(drift));
        if (isNew) await explainBrakes(declared.deployments, director, context);
      } catch (error) {
        for (const reason of directorReasons(error)) await context.log("error", reason);
      }
      return outputsOf(inputs, namesOf(inputs));
    },

    async converge(name, inputs) {
      const declared = resurrectionSchema.parse(inputs);
      const director = openDirector(declared.director);
      const configNames = namesOf(inputs);
      // It fails here only, where nothing has been changed yet.
      const before = await observeResurrection(director, isHolderAlive);
      try {
        const left = await convergeResurrection(declarationOf(declared), director, isHolderAlive);
        if (left.length === 0) return { id: name, inputs, outputs: outputsOf(inputs, configNames), reasons: [] };
        const live = liveInputs(inputs, configNames, await observeResurrection(director, isHolderAlive));
        const reasons = left.map((drift) => `somebody else changes it at the same time: ${describeDrift(drift)}`);
        return { id: name, inputs: live, outputs: outputsOf(live, configNames), reasons };
      } catch (error) {
        const reasons = directorReasons(error);
        const state = await observeResurrection(director, isHolderAlive).catch((again: unknown) => {
          directorReasons(again);
          return before;
        });
        const live = liveInputs(inputs, configNames, state);
        return { id: name, inputs: live, outputs: outputsOf(live, configNames), reasons };
      }
    },

    async read(id, recorded, context) {
      try {
        // The rest of what is recorded may be what a read before has found, which is no declaration.
        const { director: access, deployments } = lookSchema.parse(recorded.inputs);
        const director = openDirector(access);
        const configNames = [...new Set([...namesOf(recorded.inputs), ...recordedNames(recorded.outputs)])].sort();
        const live = liveInputs(recorded.inputs, configNames, await observeResurrection(director, isHolderAlive));
        await explainBrakes(deployments, director, context);
        return { id, inputs: live, outputs: outputsOf(live, configNames), reasons: [] };
      } catch (error) {
        return { id, ...recorded, reasons: directorReasons(error) };
      }
    },
  };
}

function declarationOf({ enabled, configs }: Declared) {
  const filter = (given: z.infer<typeof filterSchema> | undefined): ResurrectionFilter | undefined =>
    given === undefined ? undefined : { deployments: given.deployments, instanceGroups: given.instanceGroups };
  return {
    isOn: enabled,
    configs: Object.entries(configs).map(([name, { rules }]) => ({
      name,
      rules: rules.map((rule) => ({ ...rule, include: filter(rule.include), exclude: filter(rule.exclude) })),
    })),
  };
}

function liveInputs(inputs: JsonObject, configNames: readonly string[], state: ResurrectionState): JsonObject {
  const configs = state.configs
    .filter(({ name }) => configNames.includes(name))
    .map(({ name, rules }) => [name, { rules: rules.map(ruleJson) }] as const);
  return { ...inputs, enabled: state.isOn, configs: Object.fromEntries(configs), leftPauses: leftPauses(state) };
}

function ruleJson({ enabled, include, exclude }: ResurrectionRule): JsonObject {
  const filter = ({ deployments, instanceGroups }: ResurrectionFilter): JsonObject => ({
    ...(deployments === undefined ? {} : { deployments }),
    ...(instanceGroups === undefined ? {} : { instanceGroups }),
  });
  return {
    enabled,
    ...(include === undefined ? {} : { include: filter(include) }),
    ...(exclude === undefined ? {} : { exclude: filter(exclude) }),
  };
}

// The order of names in a filter means nothing, that of rules is kept.
function sortFilters(value: JsonObject): JsonObject {
  const sorted = (inner: JsonValue): JsonValue => {
    if (isJsonList(inner)) {
      const isNames = inner.every((item) => typeof item === "string");
      return isNames ? [...inner].sort() : inner.map(sorted);
    }
    return isJsonObject(inner) ? mapValues(inner, sorted) : inner;
  };
  return value.configs === undefined ? value : { ...value, configs: sorted(value.configs) };
}

function mapValues(value: JsonObject, map: (inner: JsonValue) => JsonValue): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, map(inner)]));
}

// A config that was removed by hand is missing from what a read recorded; its name is remembered among the outputs.
function outputsOf(inputs: JsonObject, configNames: readonly string[]): JsonObject {
  return { ...inputs, configNames };
}

function namesOf({ configs }: JsonObject): readonly string[] {
  return isJsonObject(configs) ? Object.keys(configs).sort() : [];
}

function recordedNames({ configNames }: JsonObject): readonly string[] {
  return isJsonList(configNames) ? configNames.filter((name) => typeof name === "string") : [];
}

function describeDrift(drift: ResurrectionDrift): string {
  switch (drift.kind) {
    case "switch":
      return `the resurrector is ${drift.isOn ? "on" : "off"} for the whole director; it is to be turned ${drift.wantedOn ? "on" : "off"}`;
    case "config-missing":
      return `the resurrection config '${drift.name}' is missing or cannot be read; it is to be written`;
    case "config-differs":
      return `the rules of the resurrection config '${drift.name}' differ; they are to be replaced`;
    case "pause-left":
      return `the pause '${drift.name}' was left behind by an interrupted repair; it is to be taken back`;
    default:
      return unreachable(drift);
  }
}

async function explainBrakes(
  deployments: readonly string[],
  director: DirectorAccess,
  context: ResourceContext,
): Promise<void> {
  for (const deployment of deployments) {
    try {
      const placements = await director.observePlacements(deployment);
      const vms = placements.filter(({ expectsVm }) => expectsVm).length;
      await context.log("info", explainMeltdown(deployment, vms).text);
    } catch (error) {
      // The resurrector was read all the same: an explanation less is no reason to call it unwell.
      for (const reason of directorReasons(error)) await context.log("warning", reason);
    }
  }
}
