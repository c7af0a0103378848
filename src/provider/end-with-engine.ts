// Ends the plugin when the engine that started it is gone. A Pulumi CLI that is killed takes no plugin along that it runs as a
// program, and one that went on alone would go on changing nodes, with nobody there to record it.

/** Well below the time in which a next run could have its first look at the nodes. */
const lookEveryMs = 200;

/** Ends this process at once when its parent has ended, however that was. */
export function endWithEngine(): void {
  const engine = process.ppid;
  setInterval(() => {
    if (process.ppid !== engine) process.kill(process.pid, "SIGKILL");
  }, lookEveryMs).unref();
}
