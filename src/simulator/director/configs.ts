// Stored configs of the simulated director, every version kept, ids growing.
// Source: cloudfoundry/bosh director lib/bosh/director/api/controllers/configs_controller.rb.

/** One version of a config. */
export interface StoredConfig {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly content: string;
  readonly team: null;
  readonly created_at: string;
  readonly current: boolean;
}

/** What came of storing one. */
export type StoreOutcome =
  | { readonly kind: "stored"; readonly config: StoredConfig }
  | { readonly kind: "conflict"; readonly latestId: string; readonly expectedLatestId: string };

/** The configs. */
export class ConfigBook {
  private readonly versions: StoredConfig[] = [];
  private nextId = 1;

  /** The newest version of each config that matches, sorted by type and name. */
  latest(filter: { readonly type?: string | undefined; readonly name?: string | undefined }): readonly StoredConfig[] {
    const newest = new Map<string, StoredConfig>();
    for (const version of this.versions) {
      if (filter.type !== undefined && version.type !== filter.type) continue;
      if (filter.name !== undefined && version.name !== filter.name) continue;
      newest.set(`${version.type}\0${version.name}`, version);
    }
    return [...newest.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, config]) => config);
  }

  /** Stores a version unless the newest one is not the expected one ("0": none). The same content again is no new version. */
  store(asked: {
    readonly type: string;
    readonly name: string;
    readonly content: string;
    readonly expectedLatestId: string | undefined;
    readonly nowMs: number;
  }): StoreOutcome {
    const { type, name, content, expectedLatestId } = asked;
    const [before] = this.latest({ type, name });
    const latestId = before?.id ?? "0";
    if (expectedLatestId !== undefined && expectedLatestId !== latestId) {
      return { kind: "conflict", latestId, expectedLatestId };
    }
    if (before !== undefined && before.content === content) return { kind: "stored", config: before };
    const created = new Date(asked.nowMs).toISOString().slice(0, 19).replace("T", " ");
    const config = {
      id: String(this.nextId),
      type,
      name,
      content,
      team: null,
      created_at: `${created} UTC`,
      current: true,
    };
    this.nextId += 1;
    this.versions.push(config);
    return { kind: "stored", config };
  }

  /** Removes all versions. False when there was none. */
  remove(type: string, name: string): boolean {
    const kept = this.versions.filter((version) => version.type !== type || version.name !== name);
    const isFound = kept.length < this.versions.length;
    this.versions.splice(0, this.versions.length, ...kept);
    return isFound;
  }
}

/** Line by line, what a new content adds and removes; enough for the bosh CLI, which only prints it. */
export function diffLines(before: string, after: string): readonly (readonly [string, "added" | "removed" | null])[] {
  const old = before.split("\n").filter((line) => line !== "");
  const fresh = after.split("\n").filter((line) => line !== "");
  if (before === after) return [];
  return [
    ...old.filter((line) => !fresh.includes(line)).map((line) => [line, "removed"] as const),
    ...fresh.map((line) => [line, old.includes(line) ? null : "added"] as const),
  ];
}
