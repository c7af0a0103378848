// Whether the run that set a pause of the resurrector still goes on. Only this machine's processes can be looked at: a pause
// of another machine counts as left behind, and the stack's lock keeps two runs of one stack apart.

import { hostname } from "node:os";
import type { PauseHolder } from "../model/bosh-resurrection";

// Process ids come round again: no repair takes so long that its pause could still be somebody's after this.
const heldMsMax = 6 * 3_600_000;

/** This process. */
export const thisHolder: Omit<PauseHolder, "sinceMs"> = {
  host: hostname().replace(/\s/g, "-") || "-",
  pid: process.pid,
};

/** Does the run that set the pause still go on? */
export function isHolderAlive({ host, pid, sinceMs }: PauseHolder, nowMs = Date.now()): boolean {
  if (host !== thisHolder.host || nowMs - sinceMs > heldMsMax) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
