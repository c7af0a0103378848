// The difference of two JSON values as Pulumi property paths.

import type { PropertyChange } from "../model/drift";
import { isEqualJson, isJsonList, isJsonObject, type JsonObject, type JsonValue, ownValue } from "../model/json";

/**
 * Every place where two values differ, as deep as both have the same shape, sorted by path; empty when they are equal.
 * Paths are Pulumi's: `nodes["cp-0"].spec.containers[0].command[0]`.
 */
export function diffProperties(
  observed: JsonValue | undefined,
  desired: JsonValue | undefined,
  path = "",
): readonly PropertyChange[] {
  if (isEqualJson(observed, desired)) return [];
  if (isJsonObject(observed) && isJsonObject(desired)) return diffObjects(observed, desired, path);
  if (isJsonList(observed) && isJsonList(desired)) return diffLists(observed, desired, path);
  return [{ path, observed, desired }];
}

/** A property path one key deeper. Keys that are no plain name are quoted, as Pulumi does. */
export function childPath(path: string, key: string): string {
  if (!/^[A-Za-z_$][A-Za-z0-9_$]*$/.test(key)) return `${path}["${key.replace(/["\\]/g, "\\$&")}"]`;
  return path === "" ? key : `${path}.${key}`;
}

function diffObjects(observed: JsonObject, desired: JsonObject, path: string): readonly PropertyChange[] {
  const keys = [...new Set([...Object.keys(observed), ...Object.keys(desired)])].sort();
  return keys.flatMap((key) => diffProperties(ownValue(observed, key), ownValue(desired, key), childPath(path, key)));
}

function diffLists(
  observed: readonly JsonValue[],
  desired: readonly JsonValue[],
  path: string,
): readonly PropertyChange[] {
  const length = Math.max(observed.length, desired.length);
  return Array.from({ length }, (_, index) => index).flatMap((index) =>
    diffProperties(observed[index], desired[index], `${path}[${index}]`),
  );
}
