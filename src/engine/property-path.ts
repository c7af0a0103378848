// Paths into properties, such as spec.nodes["cp-0"].command[0] and containers[*].image.
// Source: pulumi/pulumi sdk/go/common/resource/property_path.go.

import { inputError } from "../model/errors";
import { isPropertyList, isPropertyMap, type PropertyMap, type PropertyValue, SecretValue } from "./property-value";

/** A name, an index, or "*" for all. */
export type PathPart = string | number;

const token = /\.?([A-Za-z_$*][^.[\]]*|[^.[\]"]+)|\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]/y;

/**
 * Reads a path.
 *
 * @throws RecoveryError "input" when it is none.
 */
export function parsePath(path: string): readonly PathPart[] {
  const parts: PathPart[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < path.length) {
    const match = token.exec(path);
    if (match === null) throw inputError(`${JSON.stringify(path)} is not a property path such as spec.command[0]`);
    const [, name, quoted, index] = match;
    if (name !== undefined) parts.push(name);
    else if (quoted !== undefined) parts.push(quoted.replace(/\\(.)/g, "$1"));
    else parts.push(index === "*" ? "*" : Number(index));
  }
  return parts;
}

/** The value at a path; undefined when there is none. Secrets on the way are looked into. */
export function findAtPath(value: PropertyValue | undefined, path: readonly PathPart[]): PropertyValue | undefined {
  const [first, ...rest] = path;
  if (first === undefined || value === undefined) return value;
  if (value instanceof SecretValue) return findAtPath(value.value, path);
  if (isPropertyList(value)) return typeof first === "number" ? findAtPath(value[first], rest) : undefined;
  if (isPropertyMap(value)) return findAtPath(value[String(first)], rest);
  return undefined;
}

/** `inputs` with everything at the paths as it is in `oldInputs`: what the user wants changes ignored in. */
export function resetPaths(inputs: PropertyMap, oldInputs: PropertyMap, paths: readonly string[]): PropertyMap {
  return paths.reduce<PropertyMap>((current, path) => {
    const reset = resetPath(current, oldInputs, parsePath(path));
    return isPropertyMap(reset) ? reset : current;
  }, inputs);
}

function resetPath(
  value: PropertyValue | undefined,
  old: PropertyValue | undefined,
  path: readonly PathPart[],
): PropertyValue | undefined {
  const [first, ...rest] = path;
  if (first === undefined) return old;
  if (value instanceof SecretValue || old instanceof SecretValue) {
    const inner = resetPath(unwrap(value), unwrap(old), path);
    return inner === undefined ? undefined : new SecretValue(inner);
  }
  if (isPropertyList(value) && isPropertyList(old)) {
    return value.map((item, index) =>
      first === "*" || first === index ? (resetPath(item, old[index], rest) ?? item) : item,
    );
  }
  if (isPropertyMap(value) && isPropertyMap(old)) {
    const names = first === "*" ? new Set([...Object.keys(value), ...Object.keys(old)]) : [String(first)];
    const result: Record<string, PropertyValue> = { ...value };
    for (const name of names) {
      const reset = resetPath(value[name], old[name], rest);
      if (reset === undefined) delete result[name];
      else result[name] = reset;
    }
    return result;
  }
  return value;
}

function unwrap(value: PropertyValue | undefined): PropertyValue | undefined {
  return value instanceof SecretValue ? value.value : value;
}
