// A script of a step with a lock file of a test's own: other runs on this machine use the real one at the same time.

/** The script with its lock elsewhere. @throws Error when it names no lock as it used to. */
export function withOwnLock(script: string, lock: string): string {
  const own = script.replace("lock=/run/lock/quorate.lock", `lock=${lock}`).replace(/^\[ -w .*\] \|\| lock=.*$/gm, "");
  // A script that only looks takes no lock.
  if (own === script && script.includes("flock -n 9"))
    throw new Error("the lock of a step's script is named otherwise now");
  return own;
}
