// What etcd does in the situations that the simulator models: each row is played on the simulator and on real etcd, and what
// every member then shows has to be the same. Where they differ, the simulator is wrong.

import type { EtcdSide } from "./side";

/** One situation. */
export interface Behaviour {
  readonly name: string;
  /** Members that are there; those named in `begun` began the cluster together. */
  readonly members: readonly string[];
  readonly begun?: readonly string[];
  /** Versions that know it. Default: all. */
  readonly from?: "3.4" | "3.5";
  /** It tells of what happens under one leader: on a real side that has elected another meanwhile it is played anew. */
  readonly isUnderOneLeader?: true;
  /** Plays it; the answers of its requests are compared too. */
  readonly play: (side: EtcdSide) => Promise<readonly string[]>;
}

const three = ["cp-0", "cp-1", "cp-2"] as const;
const all = { state: "new", cluster: [...three] } as const;
const joining = { state: "existing", cluster: [...three] } as const;
const [first, second, third] = three;

export const behaviours: readonly Behaviour[] = [
  { name: "three healthy members", members: three, play: async () => [] },
  {
    name: "one of three ends: the others serve, and nobody is added before it is removed",
    members: [...three, "cp-3"],
    begun: three,
    play: async (side) => {
      await side.stop(third);
      return [
        side.write(first),
        side.add(first, "cp-3", false),
        side.remove(first, third),
        side.add(first, "cp-3", false),
      ];
    },
  },
  {
    name: "two of three end: the third sees no leader, and cannot be helped by requests",
    members: three,
    play: async (side) => {
      await side.stop(second);
      await side.stop(third);
      return [side.write(first), side.remove(first, third)];
    },
  },
  {
    name: "a member wiped under its process goes on until it ends",
    members: three,
    play: async (side) => {
      side.wipe(second);
      return [side.write(first)];
    },
  },
  {
    name: "wiped and started as existing without being removed, under the same leader: it panics",
    members: three,
    isUnderOneLeader: true,
    play: async (side) => {
      lead(side, first);
      await side.stop(second);
      side.wipe(second);
      side.start(second, joining);
      return [side.write(first)];
    },
  },
  {
    name: "wiped and started as existing without being removed, the leader restarted meanwhile: it comes back unnoticed",
    members: three,
    play: async (side) => {
      lead(side, second);
      await side.stop(second);
      side.wipe(second);
      await untilServing(side, first);
      side.start(second, joining);
      return [side.write(first)];
    },
  },
  {
    name: "wiped and started as new with the full list: it ends, and the others serve",
    members: three,
    play: async (side) => {
      lead(side, first);
      await side.stop(second);
      side.wipe(second);
      side.start(second, all);
      return [side.write(first)];
    },
  },
  {
    name: "wiped and started as new with itself alone: an empty cluster of its own",
    members: three,
    play: async (side) => {
      await side.stop(second);
      side.wipe(second);
      side.start(second, { state: "new", cluster: [second] });
      return [side.write(first)];
    },
  },
  {
    name: "removed and started over its old data: it ends",
    members: three,
    play: async (side) => {
      await side.stop(second);
      const removed = side.remove(first, second);
      side.start(second, joining);
      return [removed, side.write(first)];
    },
  },
  {
    name: "removed, wiped, announced as a learner, started, promoted",
    members: three,
    from: "3.4",
    play: async (side) => {
      await side.stop(second);
      side.wipe(second);
      const early = [side.remove(first, second), side.add(first, second, true), side.promote(first, second)];
      side.start(second, joining);
      return early;
    },
  },
  {
    name: "announced as a voter and started, told of the wrong members: it ends",
    members: three,
    play: async (side) => {
      await side.stop(second);
      side.wipe(second);
      const answers = [side.remove(first, second), side.add(first, second, false)];
      side.start(second, { state: "existing", cluster: [first, second] });
      return answers;
    },
  },
  {
    name: "a second voter is announced before the first has started",
    members: [...three, "cp-3", "cp-4"],
    begun: three,
    play: async (side) => [side.add(first, "cp-3", false), side.add(first, "cp-4", false)],
  },
  {
    name: "a second learner is refused",
    members: [...three, "cp-3", "cp-4"],
    begun: three,
    from: "3.4",
    play: async (side) => [side.add(first, "cp-3", true), side.add(first, "cp-4", true)],
  },
  {
    name: "growing one to two by a plain voter stops writes until it starts",
    members: ["cp-0", "cp-1"],
    begun: ["cp-0"],
    play: async (side) => {
      const answers = [side.add("cp-0", "cp-1", false), side.write("cp-0"), side.remove("cp-0", "cp-1")];
      side.start("cp-1", { state: "existing", cluster: ["cp-0", "cp-1"] });
      return answers;
    },
  },
  {
    name: "growing one to two by a learner keeps writes",
    members: ["cp-0", "cp-1"],
    begun: ["cp-0"],
    from: "3.4",
    play: async (side) => [side.add("cp-0", "cp-1", true), side.write("cp-0")],
  },
  {
    name: "of two members one ends: it cannot even be removed",
    members: ["cp-0", "cp-1"],
    play: async (side) => {
      await side.stop("cp-1");
      return [side.remove("cp-0", "cp-1"), side.write("cp-0")];
    },
  },
  {
    name: "all end and start again with their data",
    members: three,
    play: async (side) => {
      for (const name of three) await side.stop(name);
      for (const name of three) side.start(name, joining);
      return [];
    },
  },
  {
    name: "all are wiped and started as new with the full list: a new, empty cluster under the old id",
    members: three,
    play: async (side) => {
      for (const name of three) await side.stop(name);
      for (const name of three) side.wipe(name);
      for (const name of three) side.start(name, all);
      return [];
    },
  },
  {
    name: "a single member wiped and started as new: an empty store under its old ids",
    members: ["cp-0"],
    play: async (side) => {
      await side.stop("cp-0");
      side.wipe("cp-0");
      side.start("cp-0", { state: "new", cluster: ["cp-0"] });
      return [];
    },
  },
  {
    name: "the member that began alone, joined by another, wiped and started as new by itself",
    members: ["cp-0", "cp-1", "cp-2"],
    begun: ["cp-0"],
    play: async (side) => {
      const answers = [side.add(first, second, false)];
      side.start(second, { state: "existing", cluster: [first, second] });
      await untilServing(side, second);
      answers.push(side.add(first, third, false));
      side.start(third, joining);
      await untilServing(side, third);
      await side.stop(first);
      side.wipe(first);
      side.start(first, { state: "new", cluster: [first] });
      return answers;
    },
  },
  {
    name: "leadership is handed over",
    members: three,
    play: async (side) => {
      const to = side.leader() === third ? second : third;
      return [side.moveLeader(to), String(side.leader() === to)];
    },
  },
];

function lead(side: EtcdSide, name: string): void {
  if (side.leader() !== name) side.moveLeader(name);
}

async function untilServing(side: EtcdSide, name: string): Promise<void> {
  for (let look = 0; look < 200; look += 1) {
    if ((await side.facts(name)).reads === true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${name} does not serve`);
}
