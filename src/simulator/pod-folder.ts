// Pods for simulated nodes, from a folder of manifests with {{name}} and other placeholders, as stacks keep them. Read here
// apart from the program that declares them, so that a world does not depend on the code that it is to test.

import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { inputError } from "../model/errors";
import { isJsonList, isJsonObject, type JsonObject, type JsonValue } from "../model/json";

/**
 * The Pods of every <pod>.yaml in a folder, sorted by file name, with the placeholders of one node filled in.
 * @throws RecoveryError "input" for a file that holds no object and a placeholder without a value.
 */
export function readPodFolder(folder: string, values: Readonly<Record<string, string>>): readonly JsonObject[] {
  const names = fs.readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  return names.sort().map((name) => {
    const file = path.join(folder, name);
    const pod = fill(parse(fs.readFileSync(file, "utf8")) as JsonValue, values, file);
    if (!isJsonObject(pod)) throw inputError(`${file} holds no Pod`);
    return pod;
  });
}

function fill(value: JsonValue, values: Readonly<Record<string, string>>, file: string): JsonValue {
  if (typeof value === "string") {
    return value.replace(/\{\{(\w+)\}\}/g, (_text, key: string) => {
      const filled = values[key];
      if (filled === undefined) throw inputError(`${file}: there is no value for {{${key}}}`);
      return filled;
    });
  }
  if (isJsonList(value)) return value.map((inner) => fill(inner, values, file));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner, values, file)]));
}
