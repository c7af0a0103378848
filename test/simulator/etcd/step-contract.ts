// The contract of the etcd plan's steps: the same fault is made on the simulator and on real etcd, the real planner repairs both,
// and after every step the two have to show the same. Where they differ, the simulator is wrong.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EtcdPlan } from "../../../src/model/etcd-plan";
import type { EtcdStep } from "../../../src/model/etcd-step";
import type { EtcdBackup } from "../../../src/model/etcd-verdict";
import { settle } from "../../../src/simulator/etcd/boot";
import { createEtcdWorld } from "../../../src/simulator/etcd/create-etcd-world";
import { applyEtcdEffect, effectsOfStep } from "../../../src/simulator/etcd/etcd-effects";
import type { EtcdFault } from "../../../src/simulator/etcd/etcd-fault";
import { changeNode, type EtcdWorld } from "../../../src/simulator/etcd/etcd-world";
import { injectEtcdFault } from "../../../src/simulator/etcd/inject-fault";
import { contentSum } from "../../../src/simulator/etcd/new-ids";
import { writeOnce } from "../../../src/simulator/etcd/raft";
import { etcdSubject, isChange, planWorld } from "../../../src/simulator/rehearsal/etcd-subject";
import { writerName } from "../../etcd/loopback-job";
import type { LoopbackNodes } from "../../etcd/loopback-nodes";
import { change, fill, idOf, wipeStopped } from "../../etcd/real-fault";

/** One row: what goes wrong on both sides, and the kinds of steps that it is there for. */
export interface StepRow {
  readonly name: string;
  readonly kinds: readonly EtcdStep["kind"][];
  simulate(world: EtcdWorld, backup: EtcdBackup): EtcdWorld;
  make(nodes: LoopbackNodes): Promise<void> | void;
  /** Added to the declaration once the fault is there, on the simulator's side and on the real one. */
  restoreFrom?(backup: EtcdBackup): object;
  readonly extraFlags?: string;
}

const after =
  (...faults: readonly EtcdFault[]) =>
  (world: EtcdWorld): EtcdWorld =>
    faults.reduce((next, fault) => writeOnce(injectEtcdFault(next, fault)), world);
const wiped = (node: string): readonly EtcdFault[] => [
  { kind: "etcd-stopped", node },
  { kind: "etcd-data-wiped", node },
];

/** All but the first have no writer on either side: on loopback the processes of all nodes are one machine's. */
const withOneWriter = (world: EtcdWorld): EtcdWorld =>
  ["cp-1", "cp-2"].reduce((next, name) => changeNode(next, name, { isWriterRunning: false }), world);
const writers = [{ kind: "service", manager: "monit", name: writerName }];

/** The table. */
export const stepRows: readonly StepRow[] = [
  {
    name: "a member that was stopped",
    kinds: ["etcdStartMember", "etcdWaitForMember"],
    simulate: after({ kind: "etcd-stopped", node: "cp-2" }),
    make: (nodes) => nodes.stop("cp-2"),
  },
  {
    name: "a member that runs and that nothing would start again",
    kinds: ["etcdResumeService"],
    simulate: (world) => changeNode(world, "cp-2", { isPaused: true }),
    make: (nodes) => nodes.monit("cp-2", "unmonitor"),
  },
  {
    name: "a stopped follower whose data is gone",
    kinds: [
      "etcdSaveSnapshot",
      "etcdRemoveMember",
      "etcdMakeMemberDirectory",
      "etcdAddMember",
      "etcdStartMember",
      "etcdPromoteMember",
    ],
    simulate: after(...wiped("cp-2")),
    make: (nodes) => wipeStopped(nodes, "cp-2"),
  },
  {
    name: "a leader whose data is gone under its process",
    kinds: ["etcdParkDefinition", "etcdMoveLeader", "etcdStopMember"],
    simulate: after({ kind: "etcd-data-wiped", node: "cp-0" }),
    make: (nodes) => nodes.wipe("cp-0"),
  },
  {
    name: "a follower whose content differs from its peers'",
    kinds: ["etcdCondemnData", "etcdArchiveData"],
    simulate: after({ kind: "etcd-data-corrupt", node: "cp-2" }),
    make: (nodes) => changeContent(nodes, "cp-2"),
  },
  {
    name: "a member that its peers look for at a wrong address",
    kinds: ["etcdUpdatePeerUrl"],
    simulate: after({ kind: "peer-url-wrong", node: "cp-2", url: "http://127.0.0.1:1" }),
    make: (nodes) => change(nodes, "cp-0", "update", idOf(nodes, "cp-2", "cp-0"), "--peer-urls=http://127.0.0.1:1"),
  },
  {
    name: "a database that is full of history",
    kinds: ["etcdCompact", "etcdDefragment", "etcdDisarmAlarms"],
    simulate: after({ kind: "etcd-full", node: "cp-0" }),
    make: (nodes) => fill(nodes, () => "big"),
    extraFlags: "--quota-backend-bytes=4000000",
  },
  {
    name: "a lost quorum that is rebuilt from a survivor",
    kinds: ["etcdStopWriters", "etcdCollectSnapshot", "etcdRestoreSnapshot"],
    simulate: (world) => after(...wiped("cp-0"), ...wiped("cp-2"))(withOneWriter(world)),
    make: async (nodes) => {
      nodes.monit("cp-0", "start", writerName);
      await wipeStopped(nodes, "cp-0", "cp-2");
    },
    restoreFrom: () => ({ writers, restore: { name: "night-one", source: { kind: "survivor", node: "cp-1" } } }),
  },
  {
    name: "members that are all wiped, and rebuilt from a kept snapshot",
    kinds: ["etcdDeliverSnapshot", "etcdRestoreSnapshot"],
    simulate: (world, backup) =>
      after(...wiped("cp-0"), ...wiped("cp-1"), ...wiped("cp-2"))({ ...withOneWriter(world), backups: [backup] }),
    make: async (nodes) => {
      nodes.monit("cp-0", "start", writerName);
      await wipeStopped(nodes, "cp-0", "cp-1", "cp-2");
    },
    restoreFrom: ({ file, sha256, revision }) => ({
      writers,
      restore: { name: "night-two", source: { kind: "snapshot", file, sha256, revision, node: "cp-0" } },
    }),
  },
];

/** Changes a value in the database of a stopped member, and starts it: no page of it has a checksum. */
async function changeContent(nodes: LoopbackNodes, name: string): Promise<void> {
  await nodes.stop(name);
  const file = join(nodes.data(name), "member", "snap", "db");
  const content = readFileSync(file);
  for (let at = content.indexOf("value-49"); at >= 0; at = content.indexOf("value-49", at + 1))
    content.write("VALUE", at);
  writeFileSync(file, content);
  nodes.monit(name, "start");
  await nodes.cluster.untilServing([name]);
}

/** What can be said of a cluster on both sides in the same words. */
export interface ClusterFacts {
  readonly verdict: string;
  /** Node -> its condition, and whether the cluster lists it as a voter or a learner. */
  readonly members: Readonly<Record<string, string>>;
  readonly alarms: readonly string[];
}

/** A step that changed something, and what was seen after it. */
export interface StepTaken {
  readonly step: string;
  readonly facts: ClusterFacts;
}

/** How the simulator tells a repair. */
export interface SimulatedRepair {
  /** Before the first step. */
  readonly first: ClusterFacts;
  readonly taken: readonly StepTaken[];
  readonly planned: ReadonlySet<EtcdStep["kind"]>;
}

/** The facts of a plan's observation. */
export function factsOf({ assessment }: EtcdPlan): ClusterFacts {
  const quorum = assessment.quorum;
  const listedAs = (isLearner: boolean | undefined) =>
    isLearner === undefined ? "not listed" : isLearner ? "learner" : "voter";
  return {
    verdict: assessment.verdict.kind,
    members: Object.fromEntries(
      assessment.members.map(({ node, condition, entry }) => [node, `${condition}, ${listedAs(entry?.isLearner)}`]),
    ),
    alarms: [...new Set((quorum?.alarms ?? []).map(({ alarm }) => alarm))].sort(),
  };
}

/** A step in words that both sides share. */
export const wordsOf = (step: EtcdStep) => `${step.kind} ${step.node}`;

const roundsMax = 60;

/** Repairs the row's fault in the simulator: what was done and seen, and every kind of step that was planned. */
export function playSimulated(row: StepRow, nodes: LoopbackNodes, version: string): SimulatedRepair {
  const healthy = createEtcdWorld({ etcd: nodes.declaration(), version });
  const backup = keptBackup(healthy);
  const subject = etcdSubject(nodes.declaration(row.restoreFrom?.(backup)));
  let world = row.simulate(healthy, backup);
  const first = factsOf(planWorld(subject, world));
  const taken: StepTaken[] = [];
  const planned = new Set<EtcdStep["kind"]>();
  for (let round = 0; round < roundsMax; round += 1) {
    const { steps } = planWorld(subject, world);
    for (const { kind } of steps) planned.add(kind);
    const [step] = steps;
    if (step === undefined) return { first, taken, planned };
    if (!isChange(step)) {
      world = writeOnce(settle(world));
      continue;
    }
    for (const effect of effectsOfStep(step)) {
      const result = applyEtcdEffect(world, step, effect);
      if (result.refusal !== undefined) throw new Error(`${wordsOf(step)}: ${result.refusal}`);
      world = result.world;
    }
    world = settle(world);
    taken.push({ step: wordsOf(step), facts: factsOf(planWorld(subject, world)) });
  }
  throw new Error(`the simulator has no end: ${taken.map(({ step }) => step).join(", ")}`);
}

/** A snapshot of everything, kept off the nodes. */
function keptBackup(world: EtcdWorld): EtcdBackup {
  const [key = "", group] = Object.entries(world.groups)[0] ?? [];
  const revision = group?.revision ?? 0;
  const sha256 = contentSum(`${key} ${revision} false`);
  return { file: "backup.db", sha256, revision, takenAtSeconds: world.timeSeconds };
}
