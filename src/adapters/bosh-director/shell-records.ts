// Remembers, outside the process, which users were asked for on which instance, so that those left behind by a kill are
// found and removed by the next run. A record is written before the director is asked and removed after the user is.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const recordSchema = z.object({
  user: z.string().regex(/^bosh_[0-9a-f]{15}$/),
  directorUuid: z.string(),
  deployment: z.string(),
  group: z.string(),
  id: z.string(),
  pid: z.number(),
});

/** A user that was asked for and may exist. `directorUuid` keeps records of several directors apart. */
export type ShellRecord = z.infer<typeof recordSchema>;

/** Records kept as one file for each user in a private directory. */
export class ShellRecords {
  constructor(private readonly directory: string) {}

  /** Writes a record durably enough to survive a kill of this process. */
  add(record: ShellRecord): void {
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    const path = this.pathOf(record.user);
    writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  /** Forgets a user that is gone. */
  remove(user: string): void {
    rmSync(this.pathOf(user), { force: true });
  }

  /** Records of processes that no longer run, sorted by user; those of a running one are in use. */
  leftBehind(): readonly ShellRecord[] {
    let names: string[];
    try {
      names = readdirSync(this.directory);
    } catch {
      return [];
    }
    return names
      .filter((name) => name.endsWith(".json"))
      .sort()
      .flatMap((name) => this.read(name) ?? [])
      .filter((record) => !isRunning(record.pid));
  }

  private read(name: string): ShellRecord | undefined {
    try {
      const parsed = recordSchema.safeParse(JSON.parse(readFileSync(join(this.directory, name), "utf8")));
      return parsed.success ? parsed.data : undefined;
    } catch {
      return undefined;
    }
  }

  private pathOf(user: string): string {
    return join(this.directory, `${user}.json`);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
