import { expect } from "chai";
import { type ConvergeEvent, converge, type Planner } from "../../src/converge/round";
import type { NodeObservation } from "../../src/model/node-observation";
import type { Plan } from "../../src/model/plan";
import type { ChangeStep, Step, StepOutcome } from "../../src/model/step";
import type { Clock } from "../../src/ports/clock";
import type { NodeAccess } from "../../src/ports/node-access";
import { observed, plane, pod, seen } from "../builders";

const scheduler = pod("kube-scheduler");

const write = (node: string): Step => ({
  kind: "writeManifest",
  node,
  pod: "kube-scheduler",
  fileName: "kube-scheduler.yaml",
  manifestDirectory: "/m",
  archiveDirectory: "/a",
  manifest: scheduler,
  owner: "root:root",
  mode: "0600",
  reason: "it differs",
});
const wait = (node: string, timeoutSeconds = 60): Step => ({
  kind: "waitForPod",
  node,
  pod: "kube-scheduler",
  fileName: "kube-scheduler.yaml",
  manifestDirectory: "/m",
  timeoutSeconds,
  reason: "it has to run",
});

const planOf = (steps: readonly Step[], problems: Plan["problems"] = []): Plan => ({
  drifts: [],
  steps,
  blockers: [],
  problems,
  notes: [],
});

/** Runs converge with plans that follow from what was applied so far and how often was observed. */
async function run(options: {
  readonly nodes?: readonly string[];
  readonly plan: (applied: readonly ChangeStep[], nowMs: number) => Plan;
  readonly outcome?: (step: ChangeStep, attempt: number) => StepOutcome;
  readonly isCancelled?: (applied: readonly ChangeStep[]) => boolean;
  readonly observe?: (node: string) => NodeObservation;
}) {
  const applied: ChangeStep[] = [];
  const attempts: ChangeStep[] = [];
  const events: ConvergeEvent[] = [];
  let nowMs = 0;
  const clock: Clock = {
    nowMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
    },
  };
  const nodes: NodeAccess = {
    observe: async (node) => options.observe?.(node) ?? observed(node, [scheduler]),
    apply: async (step) => {
      if (step.kind === "etcdSaveSnapshot") throw new Error("no plan of these tests saves one");
      attempts.push(step);
      const outcome = options.outcome?.(step, attempts.length) ?? { kind: "done" as const };
      if (outcome.kind === "done") applied.push(step);
      return outcome;
    },
    collect: async () => ({ kind: "interrupted", message: "nothing is carried here" }),
    deliver: async () => ({ kind: "interrupted", message: "nothing is carried here" }),
    close: async () => {},
  };
  const planner: Planner = () => options.plan(applied, nowMs);
  const result = await converge({
    plane: plane(options.nodes ?? ["cp-0", "cp-1"], [scheduler]),
    nodes,
    clock,
    planner,
    onEvent: (event) => events.push(event),
    isCancelled: () => options.isCancelled?.(applied) ?? false,
  });
  return { result, attempts: attempts.map((step) => `${step.kind} ${step.node}`), events };
}

const done = (applied: readonly ChangeStep[], node: string) => applied.some((step) => step.node === node);

describe("converge", () => {
  it("changes nothing when the plan is empty", async () => {
    const { result, attempts } = await run({ plan: () => planOf([]) });
    expect(attempts).to.deep.equal([]);
    expect(result.failures).to.deep.equal([]);
  });

  it("applies only the first step of each plan and plans anew after it", async () => {
    const { attempts, events } = await run({
      plan: (applied) => planOf(["cp-0", "cp-1"].filter((node) => !done(applied, node)).map(write)),
    });
    expect(attempts).to.deep.equal(["writeManifest cp-0", "writeManifest cp-1"]);
    expect(events.filter((event) => event.kind === "planned")).to.have.length(3);
  });

  it("polls while the plan waits, by the clock alone, and goes on when it no longer does", async () => {
    const { result, events } = await run({ plan: (_applied, nowMs) => planOf(nowMs < 20_000 ? [wait("cp-0")] : []) });
    expect(result.failures).to.deep.equal([]);
    expect(events.filter((event) => event.kind === "waiting")).to.have.length(10);
  });

  it("gives a node up whose wait outlasts its timeout and goes on with the others", async () => {
    const { result, attempts } = await run({
      plan: (applied) => planOf([wait("cp-0", 10), ...(done(applied, "cp-1") ? [] : [write("cp-1")])]),
    });
    expect(attempts).to.deep.equal(["writeManifest cp-1"]);
    expect(result.failures).to.have.length(1);
    expect(result.failures[0]).to.match(/^node cp-0: waited \d+ s in vain/);
  });

  it("gives up a process of monit that does not come to run, and not its node, which other things stand on", async () => {
    const process = { kind: "waitForService", node: "cp-0", service: "fluentd", manager: "monit" } as const;
    const { result, attempts } = await run({
      plan: (applied) =>
        planOf([
          { ...process, timeoutSeconds: 10, reason: "fluentd has to run" },
          ...(done(applied, "cp-0") ? [] : [write("cp-0")]),
        ]),
    });
    expect(attempts).to.deep.equal(["writeManifest cp-0"]);
    expect(result.failures).to.have.length(1);
    expect(result.failures[0]).to.match(/^node cp-0: waited \d+ s in vain: fluentd has to run/);
  });

  it("gives a node up whose step is failed and repairs the others", async () => {
    const { result, attempts } = await run({
      plan: (applied) => planOf(["cp-0", "cp-1"].filter((node) => !done(applied, node)).map(write)),
      outcome: (step) =>
        step.node === "cp-0" ? { kind: "failed", message: "no space left on device" } : { kind: "done" },
    });
    expect(attempts).to.deep.equal(["writeManifest cp-0", "writeManifest cp-1"]);
    expect(result.failures).to.deep.equal(["node cp-0: no space left on device"]);
  });

  it("repairs the others while a node is locked, waits for the lock, and gives the node up after a minute", async () => {
    const { result, attempts } = await run({
      plan: (applied) => planOf(["cp-0", "cp-1"].filter((node) => !done(applied, node)).map(write)),
      outcome: (step) => (step.node === "cp-0" ? { kind: "locked", message: "kim is at work" } : { kind: "done" }),
    });
    expect(attempts.slice(0, 3)).to.deep.equal(["writeManifest cp-0", "writeManifest cp-1", "writeManifest cp-0"]);
    expect(attempts).to.have.length.greaterThan(20).and.lessThan(40);
    expect(result.failures).to.deep.equal(["node cp-0: kim is at work"]);
  });

  it("waits for a lock before it waits for a pod, which may hang on what is done there", async () => {
    const locked = { reason: "node-locked", node: "cp-0", message: "kim is at work", nextStep: "wait" } as const;
    let [isLocked, lastMs] = [true, 0];
    const { result, attempts } = await run({
      observe: (node) => {
        if (node === "cp-0") isLocked = lastMs < 10_000;
        return observed(node, [scheduler]);
      },
      // The pod on cp-1 comes to run only when cp-0 is mended.
      plan: (applied, nowMs) => {
        lastMs = nowMs;
        if (done(applied, "cp-0")) return planOf([]);
        if (isLocked) return { ...planOf([wait("cp-1")]), blockers: [locked] };
        return planOf([write("cp-0"), wait("cp-1")]);
      },
    });
    expect(attempts).to.deep.equal(["writeManifest cp-0"]);
    expect(result.failures).to.deep.equal([]);
  });

  it("tries a node that was locked before it waits for a pod elsewhere", async () => {
    const { result, attempts } = await run({
      plan: (applied) => planOf(done(applied, "cp-0") ? [] : [write("cp-0"), wait("cp-1")]),
      outcome: (_step, attempt) => (attempt < 3 ? { kind: "locked", message: "kim is at work" } : { kind: "done" }),
    });
    expect(attempts).to.have.length(3);
    expect(result.failures).to.deep.equal([]);
  });

  it("goes on with a node whose lock is let go in time, planned anew", async () => {
    const lockedFor = (nowMs: number, ms: number): Plan =>
      nowMs >= ms
        ? planOf([])
        : {
            ...planOf([]),
            blockers: [{ reason: "node-locked", node: "cp-0", message: "kim is at work", nextStep: "wait" }],
          };
    const free = await run({
      plan: (applied, nowMs) =>
        nowMs >= 30_000 && !done(applied, "cp-0") ? planOf([write("cp-0")]) : lockedFor(nowMs, 30_000),
    });
    expect(free.attempts).to.deep.equal(["writeManifest cp-0"]);
    expect(free.events.filter((event) => event.kind === "waiting-for-lock")).to.have.length(15);
    const held = await run({ plan: (_applied, nowMs) => lockedFor(nowMs, 600_000) });
    expect(held.result.plan.blockers.map(({ reason }) => reason)).to.deep.equal(["node-locked"]);
    expect(held.events.filter((event) => event.kind === "waiting-for-lock").length).to.be.lessThan(40);
  });

  it("tries once more after a lost connection, from a new observation", async () => {
    const { result, attempts } = await run({
      nodes: ["cp-0"],
      plan: (applied) => planOf(done(applied, "cp-0") ? [] : [write("cp-0")]),
      outcome: (_step, attempt) =>
        attempt === 1 ? { kind: "interrupted", message: "connection lost" } : { kind: "done" },
    });
    expect(attempts).to.have.length(2);
    expect(result.failures).to.deep.equal([]);
  });

  it("gives a node up after its connection was lost twice", async () => {
    const { result, attempts } = await run({
      nodes: ["cp-0"],
      plan: () => planOf([write("cp-0")]),
      outcome: () => ({ kind: "interrupted", message: "connection lost" }),
    });
    expect(attempts).to.have.length(2);
    expect(result.failures).to.deep.equal(["node cp-0: connection lost"]);
  });

  it("never applies the same step twice: something else changes it back", async () => {
    const { result, attempts } = await run({ nodes: ["cp-0"], plan: () => planOf([write("cp-0")]) });
    expect(attempts).to.have.length(1);
    expect(result.failures[0]).to.contain("something else on the node changes it back");
  });

  it("gives up after a bounded number of steps when the plan never ends", async () => {
    const { result, attempts } = await run({
      nodes: ["cp-0"],
      plan: (applied) => planOf([{ ...write("cp-0"), fileName: `${applied.length}.yaml` } as Step]),
    });
    expect(attempts).to.have.length(40);
    expect(result.failures).to.deep.equal(["gave up after 40 steps, with the control plane still not as declared"]);
  });

  describe("when a pod does not run although it has had its time", () => {
    const unready = [{ node: "cp-0", subject: "kube-scheduler", message: "it runs but is not ready" }];
    const promote = { ...write("cp-1"), kind: "etcdDefragment", subject: "cp-1" } as unknown as Step;
    const readyAt = (readyMs: number) => (applied: readonly ChangeStep[], nowMs: number) =>
      applied.length === 0 ? planOf([promote], unready) : planOf([], nowMs < readyMs ? unready : []);

    it("gives it that time again after a change of etcd, without which it could not be ready", async () => {
      const { result, events } = await run({ plan: readyAt(30_000) });
      expect(events.filter((event) => event.kind === "waiting")).to.have.length(15);
      expect([result.failures, result.plan.problems]).to.deep.equal([[], []]);
    });

    it("ends after that time, with the problem as it was", async () => {
      const { result, events } = await run({ plan: readyAt(3_600_000) });
      expect(events.filter((event) => event.kind === "waiting").length).to.be.within(10, 100);
      expect(result.plan.problems).to.deep.equal(unready);
    });

    it("ends at once when etcd was not changed", async () => {
      const { result, events } = await run({ plan: () => planOf([], unready) });
      expect(events.filter((event) => event.kind === "waiting")).to.deep.equal([]);
      expect(result.plan.problems).to.deep.equal(unready);
    });
  });

  it("starts no other step once the operator asked to stop", async () => {
    const { result, attempts } = await run({
      plan: (applied) => planOf(["cp-0", "cp-1"].filter((node) => !done(applied, node)).map(write)),
      isCancelled: (applied) => applied.length > 0,
    });
    expect(attempts).to.deep.equal(["writeManifest cp-0"]);
    expect(result.isCancelled).to.equal(true);
    expect(result.plan.steps).to.have.length(1);
  });

  describe("when a written pod does not come up on one node", () => {
    const failing = [{ node: "cp-0", subject: "kube-scheduler", message: "it does not run" }];
    const plan = (applied: readonly ChangeStep[]) =>
      done(applied, "cp-0")
        ? planOf(done(applied, "cp-1") ? [] : [write("cp-1")], failing)
        : planOf([write("cp-0"), write("cp-1")]);

    it("leaves the same pod alone where it runs", async () => {
      const { result, attempts } = await run({ plan });
      expect(attempts).to.deep.equal(["writeManifest cp-0"]);
      expect(result.failures[0]).to.contain("did not come up on cp-0");
    });

    it("still writes it where it does not run: nothing is lost there", async () => {
      const broken = (node: string) =>
        observed(node, [scheduler], { containers: seen({ source: "simulator", skipped: [], containers: [] }) });
      const { attempts } = await run({ plan, observe: broken });
      expect(attempts).to.deep.equal(["writeManifest cp-0", "writeManifest cp-1"]);
    });
  });
});
