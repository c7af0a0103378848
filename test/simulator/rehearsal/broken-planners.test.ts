// Planners that are broken on purpose, one or more for each safety rule. Each is caught within the default search, by the
// checker that is meant for it.

import { expect } from "chai";
import type { EtcdPlan } from "../../../src/model/etcd-plan";
import { settleMember } from "../../../src/model/etcd-settings";
import type { EtcdStep } from "../../../src/model/etcd-step";
import type { EtcdNodeView } from "../../../src/model/etcd-verdict";
import { planEtcd } from "../../../src/plan/etcd/plan";
import type { EtcdPlanInput } from "../../../src/plan/etcd/planning";
import { actCheckers } from "../../../src/simulator/rehearsal/act-checkers";
import type { EtcdPlanner } from "../../../src/simulator/rehearsal/etcd-subject";
import { sceneOf } from "../../../src/simulator/rehearsal/scenario-subject";
import { rehearse } from "../../../src/simulator/rehearsal/search";
import { scenarioSchema } from "../../../src/simulator/scenario";

interface BrokenPlanner {
  /** Safety rule of design.md. */
  readonly rule: number;
  readonly title: string;
  readonly checker: string;
  readonly scene: object;
  readonly planner: EtcdPlanner;
}

type Change = (steps: readonly EtcdStep[], plan: EtcdPlan, input: EtcdPlanInput) => readonly EtcdStep[];

const change =
  (make: Change): EtcdPlanner =>
  (input) => {
    const plan = planEtcd(input);
    return { ...plan, steps: make(plan.steps, plan, input) };
  };
const without = (...kinds: readonly EtcdStep["kind"][]) =>
  change((steps) => steps.filter((step) => !kinds.includes(step.kind)));

const etcd = { kind: "etcd", runner: "static-pod", members: 3, version: "3.5.21" };
const fault = (kind: string, node: string) => ({ at: "0s", fault: { kind, node } });
const wiped = { topology: etcd, faults: [fault("disk-lost", "cp-2"), fault("etcd-stopped", "cp-2")] };
const corrupt = { topology: etcd, faults: [fault("etcd-data-corrupt", "cp-0")] };
const lost = {
  topology: etcd,
  faults: ["cp-1", "cp-2"].flatMap((node) => [fault("disk-lost", node), fault("etcd-stopped", node)]),
};
const restoring = {
  ...lost,
  declaration: { restore: { name: "night-one", source: { kind: "survivor", node: "cp-0" } } },
};

const broken: readonly BrokenPlanner[] = [
  {
    rule: 1,
    title: "removes a silent member although nobody can be counted",
    checker: "decided-by-votes",
    scene: lost,
    planner: (input) => {
      const plan = planEtcd(input);
      const step = archiveOf(input, "cp-1");
      return step === undefined || plan.blockers.length === 0 ? plan : { ...plan, blockers: [], steps: [step] };
    },
  },
  {
    rule: 1,
    title: "calls a condemned member sound because its hash is of another revision than its peers'",
    checker: "one-cluster",
    scene: {
      topology: { ...etcd, runner: "systemd" },
      faults: [fault("etcd-data-corrupt", "cp-0"), fault("disk-slow", "cp-0")],
    },
    planner: (input) => planEtcd({ ...input, views: input.views.map(withoutEvidence) }),
  },
  {
    rule: 2,
    title: "stops a healthy voter beside a broken one",
    checker: "quorum-kept",
    scene: wiped,
    planner: change((steps, _plan, input) => {
      const stop = stopOf(input, "cp-1");
      return steps.length === 0 || stop === undefined ? steps : [stop, ...steps];
    }),
  },
  {
    rule: 2,
    title: "stops a leader through which alone the others see each other",
    checker: "quorum-kept",
    scene: {
      topology: { ...etcd, runner: "systemd" },
      faults: [
        { at: "0s", fault: { kind: "links-cut", node: "cp-1", peers: ["cp-2"] } },
        fault("etcd-data-wiped", "cp-0"),
      ],
    },
    planner: without("etcdMoveLeader"),
  },
  {
    rule: 2,
    title: "lets a leader without its files come back with nothing once leadership is handed over",
    checker: "writes-kept",
    scene: {
      topology: { ...etcd, runner: "systemd" },
      faults: [
        { at: "0s", fault: { kind: "links-cut", node: "cp-1", peers: ["cp-2"] } },
        fault("etcd-data-wiped", "cp-0"),
      ],
    },
    planner: without("etcdParkDefinition"),
  },
  {
    rule: 3,
    title: "moves the data of a member before it is removed",
    checker: "member-order",
    scene: { topology: etcd, faults: [fault("etcd-data-corrupt", "cp-2")] },
    planner: change((steps) => {
      const archive = steps.find((step) => step.kind === "etcdArchiveData");
      const remove = steps.findIndex((step) => step.kind === "etcdRemoveMember");
      if (archive === undefined || remove < 0) return steps;
      const rest = steps.filter((step) => step !== archive);
      const at = rest.findIndex((step) => step.kind === "etcdRemoveMember");
      return [...rest.slice(0, at), archive, ...rest.slice(at)];
    }),
  },
  {
    rule: 3,
    title: "adds a voter where there are learners",
    checker: "member-order",
    scene: wiped,
    planner: change((steps) =>
      steps.map((step) => (step.kind === "etcdAddMember" ? { ...step, isLearner: false } : step)),
    ),
  },
  {
    rule: 3,
    title: "starts a member that nobody has announced",
    checker: "member-order",
    scene: wiped,
    planner: without("etcdAddMember"),
  },
  {
    rule: 3,
    title: "stops the leader without handing leadership over",
    checker: "leader-last",
    scene: corrupt,
    planner: without("etcdMoveLeader"),
  },
  {
    rule: 4,
    title: "takes no snapshot before surgery",
    checker: "preserve-first",
    scene: wiped,
    planner: without("etcdSaveSnapshot"),
  },
  {
    rule: 5,
    title: "restores a lost cluster without being asked to",
    checker: "decided-by-votes",
    scene: lost,
    planner: (input) =>
      planEtcd({
        ...input,
        etcd: { ...input.etcd, restore: { name: "nobody-asked", source: { kind: "survivor", node: "cp-0" } } },
      }),
  },
  {
    rule: 5,
    title: "restores while the API servers write",
    checker: "restore-asked-for",
    scene: restoring,
    planner: without("etcdStopWriters"),
  },
  {
    rule: 5,
    title: "restores from a survivor whose data was found bad",
    checker: "member-order",
    scene: {
      topology: { ...etcd, runner: "monit" },
      declaration: { restore: { name: "night-one", source: { kind: "survivor", node: "cp-2" } } },
      faults: [fault("etcd-data-corrupt", "cp-2")],
    },
    planner: (input) => {
      const plan = planEtcd(input);
      const isLost = plan.assessment.quorum === undefined;
      return isLost ? planEtcd({ ...input, views: input.views.map(withoutEvidence) }) : plan;
    },
  },
  {
    rule: 5,
    title: "restores under the old token",
    checker: "restore-asked-for",
    scene: restoring,
    planner: change((steps, _plan, input) =>
      steps.map((step) => (step.kind === "etcdRestoreSnapshot" ? { ...step, token: input.etcd.token } : step)),
    ),
  },
  {
    rule: 5,
    title: "restores without raising the revision",
    checker: "restore-asked-for",
    scene: restoring,
    planner: change((steps) =>
      steps.map((step) => (step.kind === "etcdRestoreSnapshot" ? { ...step, canBumpRevision: false } : step)),
    ),
  },
  {
    rule: 6,
    title: "never puts a paused service back",
    checker: "pauses-put-back",
    scene: {
      topology: { ...etcd, runner: "monit" },
      faults: [],
    },
    planner: (input) => {
      const plan = planEtcd(input);
      const view = input.views.find((one) => one.node === "cp-0");
      const isPaused = view?.kind === "observed" && view.etcd.service.isPaused;
      const park = parkOf(input, "cp-0");
      if (isPaused) return { ...plan, steps: [], drifts: [] };
      return park === undefined ? plan : { ...plan, steps: [park] };
    },
  },
  {
    rule: 7,
    title: "gives up when a member is announced and has not started",
    checker: "converges",
    scene: wiped,
    planner: (input) => {
      const plan = planEtcd(input);
      const isAnnounced = plan.assessment.quorum?.members.some((member) => member.name === "") ?? false;
      return isAnnounced ? { ...plan, steps: [] } : plan;
    },
  },
  {
    rule: 7,
    title: "lets a member that serves a cluster of its own answer whoever joins",
    checker: "converges",
    scene: {
      topology: { ...etcd, runner: "monit", members: 4, version: "3.6.5" },
      declaration: { repairSeveral: true },
      faults: [fault("etcd-data-corrupt", "cp-1")],
    },
    planner: change((steps, plan) => {
      const forked = plan.assessment.members.filter(({ condition }) => condition === "forked").map(({ node }) => node);
      return steps.filter((step) => step.kind !== "etcdStopMember" || !forked.includes(step.node));
    }),
  },
  {
    rule: 8,
    title: "repairs several members without being asked to",
    checker: "several-asked-for",
    scene: {
      topology: { ...etcd, members: 5 },
      faults: ["cp-3", "cp-4"].flatMap((node) => [fault("disk-lost", node), fault("etcd-stopped", node)]),
    },
    planner: (input) => planEtcd({ ...input, repairSeveral: true }),
  },
  {
    rule: 9,
    title: "lets a script wait for a member's end without a bound, which keeps the next operator out for ever",
    checker: "bounded-script",
    scene: corrupt,
    planner: change((steps) =>
      steps.map((step) =>
        step.kind === "etcdStopMember" ? { ...step, timeoutSeconds: Number.POSITIVE_INFINITY } : step,
      ),
    ),
  },
  {
    rule: 9,
    title: "lets a script wait longer than it may live, so that it is ended half way",
    checker: "bounded-script",
    scene: corrupt,
    planner: change((steps) =>
      steps.map((step) => (step.kind === "etcdStopMember" ? { ...step, timeoutSeconds: 3600 } : step)),
    ),
  },
];

/** The view without the mark of what was found bad, and without the hash that members out of step have in common. */
function withoutEvidence(view: EtcdNodeView): EtcdNodeView {
  if (view.kind !== "observed") return view;
  const { data, hash } = view.etcd;
  const newest = hash.kind === "seen" ? { ...hash, value: { ...hash.value, earlier: undefined } } : hash;
  return { ...view, etcd: { ...view.etcd, hash: newest, data: { ...data, isCondemned: false } } };
}

function archiveOf(input: EtcdPlanInput, node: string): EtcdStep | undefined {
  return settled(input, node, (at) => ({ kind: "etcdArchiveData", node, subject: "data", reason: "broken", at }));
}

function stopOf(input: EtcdPlanInput, node: string): EtcdStep | undefined {
  const place = { fileName: "etcd.yaml", manifestDirectory: "/etc/kubernetes/manifests", parkDirectory: "/parked" };
  return settled(input, node, (at) => ({
    kind: "etcdStopMember",
    node,
    subject: node,
    reason: "broken",
    at,
    place,
    timeoutSeconds: 60,
  }));
}

function parkOf(input: EtcdPlanInput, node: string): EtcdStep | undefined {
  return settled(input, node, (at) => ({
    kind: "etcdParkDefinition",
    node,
    subject: node,
    reason: "broken",
    at,
    place: undefined,
  }));
}

function settled(input: EtcdPlanInput, node: string, make: (at: EtcdStep["at"]) => EtcdStep): EtcdStep | undefined {
  const at = settleMember(input.etcd, node);
  return at === undefined ? undefined : make(at);
}

describe("a planner of etcd that is broken on purpose", function () {
  this.timeout(60_000);

  for (const { rule, title, checker, scene, planner } of broken)
    it(`rule ${rule}, caught by ${checker}: it ${title}`, () => {
      const { subject, world } = sceneOf(scenarioSchema.parse({ version: 1, name: "broken", title: "x", ...scene }));
      const found = rehearse({ ...subject, planner }, world);
      const checkers = found.failures.flatMap((failure) => failure.violations.map((one) => one.checker));
      expect(checkers).to.include(checker);
      expect(rehearse(subject, world).failures, "the real planner in the same scene").to.deep.equal([]);
    });

  it("is there for every safety rule", () => {
    expect([...new Set(broken.map(({ rule }) => rule))].sort((a, b) => a - b)).to.deep.equal([
      1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
  });

  it("is there for every checker of acts", () => {
    expect([...new Set(broken.map((one) => one.checker))]).to.include.members(actCheckers.map((one) => one.name));
  });
});
