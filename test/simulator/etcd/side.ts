// One cluster of etcd, simulated or real, as the contract of etcd's behaviour handles it.

/** What can be said of one member on both sides in the same words. */
export interface MemberFacts {
  readonly runs: boolean;
  /** "first" for the cluster that was there at the beginning, "second" for another id; absent when nothing answers. */
  readonly cluster?: "first" | "second";
  readonly hasLeader?: boolean;
  readonly isLearner?: boolean;
  /** Names in its own list, sorted, learners with a mark; or why it gives none. */
  readonly list?: string;
  /** Does a linearizable read through it succeed? */
  readonly reads?: boolean;
  /** Does its own store hold keys? */
  readonly hasKeys?: boolean;
}

/** How a member is started. */
export interface StartOptions {
  readonly state: "new" | "existing";
  /** Members that it is told of; itself alone when only its own name is given. */
  readonly cluster: readonly string[];
}

/** One side of the contract. Requests answer "done" or the last words of what refused them. */
export interface EtcdSide {
  readonly names: readonly string[];
  start(name: string, options: StartOptions): void;
  stop(name: string): Promise<void>;
  /** Removes what lies in the data directory, whether a process holds it or not. */
  wipe(name: string): void;
  write(through: string): string;
  add(through: string, name: string, isLearner: boolean): string;
  remove(through: string, name: string): string;
  promote(through: string, name: string): string;
  moveLeader(to: string): string;
  leader(): string;
  facts(name: string): Promise<MemberFacts>;
  close(): Promise<void>;
}

/** The refusals that the contract tells apart, from whatever a side says. */
export function refusalOf(text: string): string {
  const known = [
    "unhealthy cluster",
    "Peer URLs already exists",
    "not enough started members",
    "too many learner",
    "in sync with leader",
    "only promote a learner",
    "ember not found",
    "request timed out",
    "deadline exceeded",
    "unknown flag",
    "database space exceeded",
    "rpc not supported for learner",
  ];
  const found = known.find((one) => text.includes(one)) ?? text.trim().split("\n").at(-1) ?? "";
  return found === "deadline exceeded" ? "request timed out" : found;
}
