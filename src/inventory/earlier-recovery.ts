// What is left of earlier recoveries of a site: the folder that is written, and those that it was moved aside to.

import { existsSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Earlier recoveries beside and in a folder. */
export interface EarlierRecoveries {
  /** How many were started, the one in the folder included. */
  readonly attempt: number;
  /** The one in the folder was started and did not come to its end. */
  readonly isHalfDone: boolean;
  /** The one in the folder came to its end. */
  readonly isFinished: boolean;
  /** When one that came to its end did so, as its mark says; undefined: none did. */
  readonly finished: string | undefined;
  /** Tokens that they may have restored a cluster of one member with. */
  readonly restoreTokens: readonly string[];
}

/** kubespray's playbook restores with the token that every cluster of it has. */
const playbookToken = "k8s_etcd";

/** Looks at a folder that recoveries are written to. */
export function findEarlierRecoveries(folder: string): EarlierRecoveries {
  const has = (name: string): boolean => existsSync(join(folder, name));
  const started = [...(has("started") ? [folder] : []), ...setAsideFolders(folder)];
  const finished = started.map((path) => join(path, "finished")).find((path) => existsSync(path));
  return {
    attempt: started.length,
    isHalfDone: has("started") && !has("finished"),
    isFinished: has("finished"),
    finished: finished === undefined ? undefined : readFileSync(finished, "utf8").trim(),
    restoreTokens: started.length === 0 ? [] : [playbookToken, ...started.flatMap(tokenOf)],
  };
}

/** Moves a recovery that was started out of the way: the snapshot in it may be the last one. Does nothing for another folder. */
export function setAsideStarted(folder: string): string | undefined {
  if (!existsSync(join(folder, "started"))) return undefined;
  const target = `${folder}.earlier-${setAsideFolders(folder).length + 1}`;
  renameSync(folder, target);
  return target;
}

function setAsideFolders(folder: string): readonly string[] {
  const parent = dirname(folder);
  const prefix = `${basename(folder)}.earlier-`;
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .filter((name) => name.startsWith(prefix) && /^[1-9]\d*$/.test(name.slice(prefix.length)))
    .map((name) => join(parent, name));
}

/** The token of the restore that its prepare.yml may have made. */
function tokenOf(folder: string): readonly string[] {
  const path = join(folder, "prepare.yml");
  const id = existsSync(path)
    ? /quorate_kept: \/var\/lib\/quorate\/([0-9a-f]+)/.exec(readFileSync(path, "utf8"))?.[1]
    : undefined;
  return id === undefined ? [] : [`quorate-${id}`];
}
