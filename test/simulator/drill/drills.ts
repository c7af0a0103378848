// Plays drills for tests.

import type { DrillFigure, DrillResult } from "../../../src/model/drill";
import { type DrillOptions, findDrills, openDrills, playDrill } from "../../../src/simulator/drill";

/** Plays the drill of that name; all variants when a comparison is asked for. */
export async function playAll(
  name: string,
  options: Partial<DrillOptions> = {},
  comparison?: string,
): Promise<readonly DrillResult[]> {
  const played = { isScripted: true, parameters: {}, seed: undefined, ...options };
  const results: DrillResult[] = [];
  for (const file of findDrills(name)) {
    for (const session of openDrills(file, played, comparison)) results.push(await playDrill(session));
  }
  return results;
}

/** Plays one drill. */
export async function play(name: string, options: Partial<DrillOptions> = {}): Promise<DrillResult> {
  const [result] = await playAll(name, options);
  if (result === undefined) throw new Error(`no drill ${name}`);
  return result;
}

/** A figure by its name. */
export function figureOf(result: DrillResult, name: string): DrillFigure {
  const figure = result.figures.find((candidate) => candidate.name === name);
  if (figure === undefined) throw new Error(`no figure ${name} in ${result.name}`);
  return figure;
}
