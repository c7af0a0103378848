// Faults that real etcd can be given on loopback, each with the verdict that it has to bring and how it has to end.

import { cpSync, mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  change,
  fill,
  fillWithLiveData,
  idOf,
  leaderOf,
  memberFile,
  type RealFault,
  remove,
  shrinkToOne,
  stopAll,
  wipeStopped,
} from "./real-fault";

const small = "--quota-backend-bytes=4000000";

/** Members that are there and broken. */
const members: readonly RealFault[] = [
  { name: "a member is stopped", make: (nodes) => nodes.stop("cp-1"), verdict: "minority-lost", outcome: "repaired" },
  {
    name: "a member is killed and nobody watches it",
    make: (nodes) => {
      nodes.monit("cp-2", "unmonitor");
      nodes.kill("cp-2");
    },
    verdict: "minority-lost",
    outcome: "repaired",
  },
  {
    name: "the data of a stopped follower is gone",
    make: (nodes) => wipeStopped(nodes, leaderOf(nodes) === "cp-2" ? "cp-1" : "cp-2"),
    verdict: "minority-lost",
    outcome: "repaired",
  },
  {
    name: "the data of the stopped bootstrap instance is gone",
    make: (nodes) => wipeStopped(nodes, "cp-0"),
    verdict: "minority-lost",
    outcome: "repaired",
  },
  {
    name: "the data of the leader is gone under its process",
    make: (nodes) => nodes.wipe(leaderOf(nodes)),
    verdict: "minority-lost",
    outcome: "repaired",
  },
  {
    name: "the bootstrap instance was started without its data: a fork (state new)",
    make: async (nodes) => {
      await wipeStopped(nodes, "cp-0");
      nodes.monit("cp-0", "start");
      await nodes.cluster.untilServing(["cp-0"]);
    },
    verdict: "forked",
    outcome: "repaired",
  },
  {
    name: "another instance was started without its data, still listed",
    make: async (nodes) => {
      await wipeStopped(nodes, "cp-2");
      nodes.monit("cp-2", "start");
      await nodes.cluster.until("it gave up", () => nodes.pidOf("cp-2") === undefined);
    },
    verdict: "minority-lost",
    outcome: "repaired",
  },
  {
    name: "the database of a stopped member is cut short",
    make: async (nodes) => {
      await nodes.stop("cp-2");
      truncateSync(memberFile(nodes, "cp-2", "snap", "db"), 4096);
      nodes.monit("cp-2", "start");
      await nodes.cluster.until("it gave up", () => nodes.pidOf("cp-2") === undefined);
    },
    verdict: "minority-lost",
    outcome: "repaired",
  },
  {
    name: "the database of a stopped member is gone, its log is there",
    make: async (nodes) => {
      await nodes.stop("cp-1");
      rmSync(memberFile(nodes, "cp-1", "snap", "db"));
    },
    verdict: "minority-lost",
    outcome: "repaired",
  },
  {
    name: "the log of a stopped member is gone, its database is there",
    make: async (nodes) => {
      await nodes.stop("cp-1");
      rmSync(memberFile(nodes, "cp-1", "wal"), { recursive: true });
    },
    verdict: "minority-lost",
    outcome: "repaired",
  },
  {
    name: "the peers file names a member twice and the data is gone",
    make: async (nodes) => {
      await wipeStopped(nodes, "cp-2");
      const { peerUrl } = nodes.cluster.member("cp-2");
      const file = join(nodes.folder("cp-2"), "utils.sh");
      const twice = `cp-1=${nodes.cluster.member("cp-1").peerUrl},cp-1=${peerUrl}`;
      writeFileSync(file, `etcd_peer_address="${peerUrl}"\netcd_peers="${twice}"\n`);
    },
    verdict: "minority-lost",
    outcome: "repaired",
  },
];

/** Memberships that somebody changed. */
const memberships: readonly RealFault[] = [
  {
    name: "a member was removed, its data is still there",
    make: async (nodes) => {
      await remove(nodes, "cp-2");
      await nodes.cluster.until("it left", () => nodes.pidOf("cp-2") === undefined);
    },
    verdict: "minority-lost",
    outcome: "repaired",
  },
  {
    name: "a member was removed and added again over its old data",
    make: async (nodes) => {
      await remove(nodes, "cp-2");
      await nodes.cluster.until("it left", () => nodes.pidOf("cp-2") === undefined);
      await change(nodes, "cp-1", "add", "cp-2", `--peer-urls=${nodes.cluster.member("cp-2").peerUrl}`);
    },
    verdict: "minority-lost",
    outcome: "repaired",
  },
  {
    name: "a member was removed and its data is gone",
    make: async (nodes) => {
      await remove(nodes, "cp-0");
      await wipeStopped(nodes, "cp-0");
    },
    verdict: "minority-lost",
    outcome: "repaired",
  },
  {
    name: "a member was removed and announced, and never started",
    make: async (nodes) => {
      await remove(nodes, "cp-2");
      await wipeStopped(nodes, "cp-2");
      await change(nodes, "cp-1", "add", "cp-2", `--peer-urls=${nodes.cluster.member("cp-2").peerUrl}`);
    },
    verdict: "minority-lost",
    outcome: "repaired",
  },
  {
    name: "a learner was left behind by somebody's replacement",
    make: async (nodes) => {
      await remove(nodes, "cp-2");
      await wipeStopped(nodes, "cp-2");
      const flags = ["--learner", `--peer-urls=${nodes.cluster.member("cp-2").peerUrl}`];
      await change(nodes, "cp-1", "add", "cp-2", ...flags);
      mkdirSync(memberFile(nodes, "cp-2"), { mode: 0o700 });
      nodes.monit("cp-2", "start");
      await nodes.cluster.until("it follows", () => {
        const status = nodes.cluster.etcdctl(["cp-2"], "endpoint", "status", "-w", "json").stdout;
        return status.includes('"isLearner":true') && /"leader":[1-9]/.test(status);
      });
    },
    verdict: "minority-lost",
    outcome: "repaired",
  },
  {
    name: "the peers look for a member at a wrong address",
    make: (nodes) => change(nodes, "cp-1", "update", idOf(nodes, "cp-2", "cp-1"), "--peer-urls=http://127.0.0.1:1"),
    verdict: "healthy",
    outcome: "repaired",
  },
  {
    name: "a member that nobody declared was added and never started",
    make: (nodes) => change(nodes, "cp-1", "add", "ghost", "--peer-urls=http://127.0.0.1:1"),
    verdict: "minority-lost",
    outcome: "repaired",
  },
  {
    name: "a learner that nobody declared was added and never started",
    make: (nodes) => change(nodes, "cp-1", "add", "ghost", "--learner", "--peer-urls=http://127.0.0.1:1"),
    verdict: "minority-lost",
    outcome: "repaired",
  },
  {
    name: "a member that nobody declared runs in the cluster",
    make: async (nodes) => {
      await change(nodes, "cp-1", "add", "guest", `--peer-urls=${nodes.cluster.member("guest").peerUrl}`);
      nodes.cluster.start("guest", { state: "existing" });
      await nodes.cluster.untilServing(["guest"]);
    },
    verdict: "minority-lost",
    outcome: "etcd-member-undeclared",
  },
  {
    name: "two of three were removed and wiped, and the revision was recorded: it grows back",
    make: shrinkToOne,
    verdict: "minority-lost",
    outcome: "repaired",
    repairSeveral: true,
    lastRevision: 2,
  },
  {
    name: "two of three were removed and wiped, and nobody allowed to repair several",
    make: shrinkToOne,
    verdict: "minority-lost",
    outcome: "several-nodes-down",
    lastRevision: 2,
  },
  {
    name: "two of three were removed and wiped, and nothing was recorded",
    make: shrinkToOne,
    verdict: "forked",
    outcome: "etcd-forked",
  },
  {
    name: "a member holds the data of another cluster",
    make: async (nodes) => {
      await nodes.stop("cp-2");
      await wipeStopped(nodes, "cp-0");
      nodes.monit("cp-0", "start");
      await nodes.cluster.until("a cluster of its own", () => nodes.pidOf("cp-0") !== undefined);
      await nodes.cluster.untilServing(["cp-0"]);
      await nodes.stop("cp-0");
      rmSync(memberFile(nodes, "cp-2"), { recursive: true });
      cpSync(memberFile(nodes, "cp-0"), memberFile(nodes, "cp-2"), { recursive: true });
      nodes.wipe("cp-0");
    },
    verdict: "quorum-lost",
    outcome: "etcd-quorum-lost",
  },
];

/** Several at once, and databases that are full. */
const others: readonly RealFault[] = [
  {
    name: "two of three are wiped",
    make: (nodes) => wipeStopped(nodes, "cp-0", "cp-2"),
    verdict: "quorum-lost",
    outcome: "etcd-quorum-lost",
  },
  {
    name: "all three are wiped",
    make: (nodes) => wipeStopped(nodes, "cp-0", "cp-1", "cp-2"),
    verdict: "quorum-lost",
    outcome: "etcd-quorum-lost",
  },
  {
    name: "two of three are stopped, their data is whole",
    make: async (nodes) => {
      for (const name of ["cp-0", "cp-1"]) await nodes.stop(name);
    },
    verdict: "quorum-lost",
    outcome: "repaired",
  },
  {
    name: "all three are stopped, their data is whole",
    make: stopAll,
    verdict: "quorum-lost",
    outcome: "repaired",
  },
  {
    name: "a survivor was forced to be a cluster of its own while the others stood still",
    make: async (nodes) => {
      await stopAll(nodes);
      nodes.cluster.start("cp-1", { state: "existing", extra: ["--force-new-cluster"] });
      await nodes.cluster.untilServing(["cp-1"]);
    },
    verdict: "forked",
    outcome: "etcd-forked",
  },
  {
    name: "the database is full of history",
    make: (nodes) => fill(nodes, () => "big"),
    verdict: "full",
    outcome: "repaired",
    extraFlags: small,
  },
  {
    name: "the database is full of live data",
    make: fillWithLiveData,
    verdict: "full",
    outcome: "etcd-still-full",
    tries: ["Compact", "Defragment"],
    extraFlags: small,
  },
];

/** The table. */
export const realFaults: readonly RealFault[] = [...members, ...memberships, ...others];
