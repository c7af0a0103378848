// Brings the resurrector to what is declared: pauses left behind are taken back (those that
// a running repair holds are not), the switch is set, configs are written.
// Configs of other names are left alone.
import { inputError, lockedError } from "../model/errors";
import {
  diffResurrection,
  type ResurrectionDeclaration,
  type ResurrectionDrift,
  renderRules,
} from "../plan/bosh-resurrection";
import type { DirectorAccess } from "../ports/director-access";
import { type IsHolderAlive, observeResurrection } from "./bosh-observe";

const configType = "resurrection";

/**
 * Mends every drift and reads back what is left, which is empty unless somebody else writes at the same time.
 * @throws RecoveryError `locked` when somebody else wrote one of the configs meanwhile, `input` for two of one name.
 */
export async function convergeResurrection(
  declared: ResurrectionDeclaration,
  director: DirectorAccess,
  isHolderAlive?: IsHolderAlive,
): Promise<readonly ResurrectionDrift[]> {
  const names = declared.configs.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw inputError(`the resurrection config '${twice}' is declared twice`);
  for (const drift of diffResurrection(declared, await observeResurrection(director, isHolderAlive)))
    await mend(drift, director);
  return diffResurrection(declared, await observeResurrection(director, isHolderAlive));
}

async function mend(drift: ResurrectionDrift, director: DirectorAccess): Promise<void> {
  switch (drift.kind) {
    case "pause-left":
      await director.removeConfig(configType, drift.name);
      return;
    case "switch":
      await director.setResurrection(drift.wantedOn);
      return;
    case "config-missing":
      return write(director, drift.name, renderRules(drift.rules), "0");
    case "config-differs":
      return write(director, drift.name, renderRules(drift.rules), drift.latestId);
  }
}

async function write(director: DirectorAccess, name: string, content: string, expectedId: string): Promise<void> {
  const written = await director.writeConfig({ type: configType, name, content }, expectedId);
  if (written.kind === "written") return;
  // An unreadable config of this name counts as missing and still has a version; it is replaced by its real id once.
  const stored = (await director.observeConfigs(configType)).find((config) => config.name === name);
  const isUnreadable = expectedId === "0" && stored !== undefined;
  const again = isUnreadable ? await director.writeConfig({ type: configType, name, content }, stored.id) : written;
  if (again.kind === "written") return;
  throw lockedError(`somebody else wrote the resurrection config '${name}' just now`, {
    hint: "look at `bosh configs --type=resurrection` and run up again",
  });
}
