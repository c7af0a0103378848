// Over one to nine members in any mix of states: no plan breaks a safety rule. And each rule has a planner that is wrong on
// purpose and that its rule catches.

import { expect } from "chai";
import fc from "fast-check";
import { settleMembers } from "../../src/model/etcd-settings";
import type { EtcdStep } from "../../src/model/etcd-step";
import { declaredCluster } from "../../src/plan/etcd/membership";
import { planEtcd } from "../../src/plan/etcd/plan";
import { keepsRules, type ScenePlanner as Planner, right, sameInAnyOrder } from "./etcd-plan-properties";
import { rules } from "./etcd-rules";
import { type Scene, sceneOf, specs } from "./etcd-scene";
import { expectHolds, propertyTimeoutMs, searchParameters } from "./parameters";

const numRuns = 3000;
/** So many that a wrong planner is met whatever the seed. */
const searchedMax = 20_000;

const steps =
  (change: (scene: Scene, steps: readonly EtcdStep[]) => readonly EtcdStep[]): Planner =>
  (scene) => {
    const plan = right(scene);
    return { ...plan, steps: change(scene, plan.steps) };
  };
const without = (...kinds: readonly EtcdStep["kind"][]) =>
  steps((_scene, all) => all.filter((step) => !kinds.includes(step.kind)));
const first = (kind: EtcdStep["kind"]) =>
  steps((_scene, all) => [...all.filter((step) => step.kind === kind), ...all.filter((step) => step.kind !== kind)]);
const stopOf = (scene: Scene, node: string): EtcdStep | undefined => {
  const at = settleMembers(scene.input.etcd).find((member) => member.node === node);
  return at === undefined
    ? undefined
    : { kind: "etcdStopMember", node, subject: node, reason: "wrong", at, place: undefined, timeoutSeconds: 1 };
};

/** Rule -> a planner that breaks it. */
const wrongPlanners: Readonly<Record<keyof typeof rules, Planner>> = {
  "quorum-kept": steps((scene, all) => [...[...scene.voting].flatMap((node) => stopOf(scene, node) ?? []), ...all]),
  "remove-before-add": first("etcdAddMember"),
  "archive-last": first("etcdArchiveData"),
  "join-as-learner": steps((_scene, all) =>
    all.map((step) => (step.kind === "etcdAddMember" ? { ...step, isLearner: !step.isLearner } : step)),
  ),
  "exact-membership": steps((scene, all) =>
    all.map((step) =>
      step.kind === "etcdStartMember"
        ? { ...step, initialCluster: declaredCluster(settleMembers(scene.input.etcd)).slice(1) }
        : step,
    ),
  ),
  "preserve-first": without("etcdSaveSnapshot"),
  "leader-last": without("etcdMoveLeader"),
  "one-at-a-time": without("etcdWaitForMember", "etcdPromoteMember"),
  "several-need-a-word": (scene) => planEtcd({ ...scene.input, repairSeveral: true }),
  "unknown-changes-nothing": steps((scene, all) => [
    ...all,
    ...(stopOf(scene, "cp-0") === undefined ? [] : [stopOf(scene, "cp-0") as EtcdStep]),
  ]),
  "leave-the-unclear": steps((scene, all) => [
    ...all,
    ...[...scene.stateOf].flatMap(([node, state]) => (state === "isolated" ? (stopOf(scene, node) ?? []) : [])),
  ]),
  "restore-by-opt-in": (scene) =>
    planEtcd({
      ...scene.input,
      etcd: {
        ...scene.input.etcd,
        restore: { name: "drawn", source: { kind: "snapshot", file: "f", sha256: "b".repeat(64), revision: 1 } },
      },
    }),
  "space-then-disarm": first("etcdDisarmAlarms"),
  "park-before-start": (scene) => ({ ...right(scene), parks: {} }),
  "say-why": (scene) => ({ ...right(scene), blockers: [], steps: [] }),
};

describe("planEtcd over any mix of members", function () {
  this.timeout(propertyTimeoutMs);

  it("breaks no safety rule", () => expectHolds(keepsRules(right), { numRuns }));

  it("gives the same plan for the same observation, in whatever order the views come", () => {
    expectHolds(sameInAnyOrder, { numRuns: 300 });
  });

  it("reaches plans of every kind, so that the rules are tried", () => {
    const kinds = new Set<string>();
    const verdicts = new Set<string>();
    for (const spec of fc.sample(specs, searchParameters("planEtcd: every kind of plan", { numRuns }))) {
      const plan = right(sceneOf(spec));
      verdicts.add(plan.assessment.verdict.kind);
      for (const step of plan.steps) kinds.add(step.kind);
    }
    expect([...verdicts].sort()).to.deep.equal(
      [
        "certificates",
        "corrupt",
        "forked",
        "full",
        "healthy",
        "minority-lost",
        "quorum-lost",
        "tool-failure",
        "unknown",
      ].sort(),
    );
    for (const kind of [
      "etcdRemoveMember",
      "etcdAddMember",
      "etcdPromoteMember",
      "etcdMoveLeader",
      "etcdDefragment",
      "etcdRestoreSnapshot",
      "etcdCondemnData",
    ])
      expect([...kinds]).to.include(kind);
  });

  for (const [rule, planner] of Object.entries(wrongPlanners))
    it(`catches a planner that breaks ${rule}`, () => {
      const { inputs, check } = keepsRules(planner, rule);
      const result = fc.check(
        fc.property(inputs, check),
        searchParameters(`planEtcd: wrong in ${rule}`, { numRuns: searchedMax }),
      );
      expect(result.failed, rule).to.equal(true);
    });

  it("has a wrong planner for every rule", () => {
    expect(Object.keys(wrongPlanners).sort()).to.deep.equal(Object.keys(rules).sort());
  });
});
