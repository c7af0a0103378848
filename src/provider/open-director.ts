// The way to the director of a declaration: what is declared wins, BOSH_* variables and ~/.bosh/config fill the rest.

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { connectDirector, type DirectorClientOptions } from "../adapters/bosh-director/director-client";
import { readDirectorSettings, type SettingsSources } from "../adapters/bosh-director/director-settings";
import { systemClock } from "../adapters/system-clock";
import type { DirectorInput } from "../model/director-declaration";
import { isRecoveryError } from "../model/errors";
import type { Clock } from "../ports/clock";
import type { DirectorAccess } from "../ports/director-access";

/** Opens the director of a declaration. @throws RecoveryError `input` when none is named or a file is missing. */
export type OpenDirector = (input: DirectorInput) => DirectorAccess;

/** Opens directors with what `sources` say and `clock` to wait by. */
export function openDirectorFrom(
  sources: SettingsSources,
  clock: Clock,
  options: Omit<DirectorClientOptions, "clock"> = {},
): OpenDirector {
  return (input) => connectDirector(readDirectorSettings(input, sources), { clock, ...options });
}

/** What the operator's own environment says. */
export const operatorSources: SettingsSources = { variables: process.env, homeDirectory: homedir(), readFile };

/** Opens directors as the operator's own environment names them. */
export const openDirector: OpenDirector = (input) => openDirectorFrom(operatorSources, systemClock())(input);

/** What a failure that the operator can act on says, one sentence each. @throws any other failure as it is. */
export function directorReasons(error: unknown): readonly string[] {
  if (!isRecoveryError(error) || error.code === "invariant") throw error;
  const hint = error.hint === undefined ? "" : `; ${error.hint}`;
  return error.problems.length > 0 ? error.problems : [`${error.message}${hint}`];
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
