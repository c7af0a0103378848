// A run as JSON, in the shape of `pulumi preview --json`.

import { renderResource } from "../../../engine/checkpoint-resource";
import type { DeploymentResult } from "../../../engine/deployment";
import type { Step } from "../../../engine/events";
import {
  isPropertyList,
  isPropertyMap,
  type PropertyMap,
  type PropertyValue,
  SecretValue,
  UnknownValue,
  unknownSentinel,
} from "../../../engine/property-value";
import type { ResourceState } from "../../../engine/resource-state";
import type { PlainConfig } from "../../../engine/stack-config";
import type { Report } from "./report";

/** No secret is left in a masked value, so nothing is ever encrypted or decrypted. */
const noCrypter = { salt: "", encrypt: () => "[secret]", decrypt: () => "[secret]" };

/** Plain JSON of a value; a secret becomes "[secret]". */
export function maskValue(value: PropertyValue): unknown {
  if (value instanceof SecretValue) return "[secret]";
  if (value instanceof UnknownValue) return unknownSentinel;
  if (isPropertyList(value)) return value.map(maskValue);
  if (isPropertyMap(value)) return maskMap(value);
  return value;
}

/** Plain JSON of properties. */
export function maskMap(properties: PropertyMap): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, maskValue(value)]));
}

function renderState(state: ResourceState | undefined): Record<string, unknown> | undefined {
  if (state === undefined) return undefined;
  const masked = { ...state, inputs: maskMap(state.inputs), outputs: maskMap(state.outputs) };
  return renderResource(masked as ResourceState, noCrypter);
}

function renderStep(step: Step): Record<string, unknown> {
  const provider = (step.new ?? step.old)?.provider ?? "";
  const detailed = step.diff.detailedDiff;
  return {
    op: step.op,
    urn: step.urn,
    ...(provider === "" ? {} : { provider }),
    ...(step.old === undefined ? {} : { oldState: renderState(step.old) }),
    ...(step.new === undefined ? {} : { newState: renderState(step.new) }),
    ...(step.diff.changedKeys.length === 0 ? {} : { diffReasons: step.diff.changedKeys }),
    ...(step.diff.replaceKeys.length === 0 ? {} : { replaceReasons: step.diff.replaceKeys }),
    detailedDiff: detailed === undefined || detailed.size === 0 ? null : Object.fromEntries(detailed),
  };
}

function maskConfig(config: PlainConfig): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config.values).map(([key, value]) => [key, config.secretKeys.includes(key) ? "[secret]" : value]),
  );
}

/** Writes a run as JSON. */
export function renderJson(report: Report, result: DeploymentResult, config: PlainConfig): string {
  const { refresh: _refreshed, ...changeSummary } = result.counts;
  const digest = {
    config: maskConfig(config),
    steps: report.steps.map(renderStep),
    ...(report.diagnostics.length === 0
      ? {}
      : { diagnostics: report.diagnostics.map(({ urn, severity, text }) => ({ urn, message: text, severity })) }),
    // Nanoseconds, as the Pulumi CLI gives them.
    duration: result.durationMs * 1_000_000,
    changeSummary,
  };
  return `${JSON.stringify(digest, undefined, 4)}\n`;
}
