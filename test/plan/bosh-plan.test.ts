import { expect } from "chai";
import { type InstanceRef, instanceName } from "../../src/model/bosh";
import type { BoshAttempt, BoshObservation } from "../../src/model/bosh-plan";
import type { BoshStep } from "../../src/model/bosh-step";
import { describeCondition } from "../../src/plan/bosh-diagnosis";
import { planBoshDeployment } from "../../src/plan/bosh-plan";
import { pauseConfigName, pauseRules } from "../../src/plan/bosh-resurrection";
import { declaration, deployment, masters, observe, problem, quorum, ref, type Trouble, worker } from "./bosh-builders";

const [m1, m2, m3] = masters;

function kinds(steps: readonly BoshStep[]): readonly string[] {
  return steps.map((step) =>
    "instance" in step ? `${step.kind} ${step.instance.group}/${step.instance.id.slice(-1)}` : step.kind,
  );
}

function plan(
  troubles: readonly (readonly [InstanceRef, Trouble])[],
  overrides: Partial<BoshObservation> = {},
  declared = declaration,
) {
  return planBoshDeployment(declared, observe(new Map(troubles), overrides));
}

function attempt(step: BoshStep, isDone = true, message?: string): BoshAttempt {
  return { step, isDone, message };
}

const pausedByUs = {
  isOn: true,
  configs: [{ name: pauseConfigName(deployment), id: "1", rules: pauseRules(deployment) }],
};

describe("planBoshDeployment", () => {
  it("does nothing to a healthy deployment", () => {
    expect(plan([])).to.deep.include({ steps: [], blockers: [], notes: [] });
  });

  it("restarts a failing process first, and neither pauses nor snapshots for that", () => {
    expect(kinds(plan([[m3, { kind: "fails" }]]).steps)).to.deep.equal([
      "restartProcess master/3",
      "waitForInstance master/3",
    ]);
  });

  it("tries the restart although nobody could look at monit", () => {
    expect(kinds(plan([[m3, { kind: "fails", isLooked: false }]]).steps)[0]).to.equal("restartProcess master/3");
  });

  it("goes to delete-vm at once when the job's directory is gone, a snapshot and a pause first (seed 000)", () => {
    const { steps, diagnoses } = plan([[m3, { kind: "fails", hasJobDirectory: false }]]);
    expect(kinds(steps)).to.deep.equal([
      "takeEtcdSnapshot master/3",
      "pauseResurrection",
      "waitForMonitor",
      "deleteVm master/3",
      "recreateInstance master/3",
      "waitForInstance master/3",
      "resumeResurrection",
    ]);
    const deletion = steps.find((step) => step.kind === "deleteVm");
    expect(deletion?.kind === "deleteVm" && deletion.vmCid).to.equal("vm-master-03");
    expect(deletion?.reason).to.contain("would fail at its stop, because /var/vcap/jobs/fluentd/bin/ctl is missing");
    const diagnosed = diagnoses.find(({ instance }) => instance === m3);
    expect(diagnosed && describeCondition(diagnosed.condition)).to.equal(
      "failing: fluentd not monitored - restart pending, /var/vcap/jobs/fluentd/bin/ctl is missing",
    );
  });

  it("recreates this one instance without converging when the restart did not help", () => {
    const restart = attempt({ kind: "restartProcess", deployment, instance: worker, process: "fluentd", reason: "" });
    const { steps } = plan([[worker, { kind: "fails" }]], { attempts: [restart] });
    const recreate = steps.find((step) => step.kind === "recreateInstance");
    expect(recreate?.kind === "recreateInstance" && recreate.scope).to.equal("one-instance");
    expect(kinds(steps)).not.to.include("takeEtcdSnapshot worker/4");
  });

  it("goes on to delete-vm when that recreate failed at its stop, and gives up when it failed otherwise", () => {
    const restart = attempt({ kind: "restartProcess", deployment, instance: worker, process: "fluentd", reason: "" });
    const recreate = {
      kind: "recreateInstance",
      deployment,
      instance: worker,
      scope: "one-instance",
      reason: "",
    } as const;
    const message =
      "Action Failed get_task: Task 1 result: Stopping Monitored Services: Stopping services '[fluentd]' errored";
    const stopFailed = plan([[worker, { kind: "fails" }]], { attempts: [restart, attempt(recreate, false, message)] });
    expect(kinds(stopFailed.steps)).to.include("deleteVm worker/4");
    const otherwise = plan([[worker, { kind: "fails" }]], {
      attempts: [restart, attempt(recreate, false, "no stemcell")],
    });
    expect(otherwise.steps).to.deep.equal([]);
    expect(
      otherwise.blockers.map(({ reason, message: said }) => [reason, said.endsWith(": no stemcell")]),
    ).to.deep.equal([["remedies-exhausted", true]]);
  });

  it("creates a deleted VM by a converging recreate when nobody else is in trouble (seed 000)", () => {
    const { steps } = plan([[m3, { kind: "no-vm" }]], {
      resurrection: { isOn: false, configs: [] },
      quorums: new Map([["master", quorum([m3])]]),
    });
    expect(kinds(steps)).to.deep.equal(["recreateInstance master/3", "waitForInstance master/3"]);
    expect(steps[0]?.kind === "recreateInstance" && steps[0].scope).to.equal("converge");
  });

  for (const kind of ["fails", "silent", "starting", "unseen"] as const)
    it(`creates it through cloud check instead when another instance is as it should not be: ${kind}`, () => {
      const troubles: readonly (readonly [typeof m3, Trouble])[] = [
        [m3, { kind: "no-vm" }],
        ...(kind === "unseen" ? [] : ([[worker, { kind }]] as const)),
      ];
      const listed = observe(new Map(troubles)).instances ?? [];
      const { steps } = plan(troubles, {
        quorums: new Map([["master", quorum([m3])]]),
        instances: listed.filter(({ instance }) => kind !== "unseen" || instance !== worker),
      });
      expect(steps.filter((step) => step.kind === "recreateInstance")).to.deep.equal([]);
      const answered = steps.flatMap((step) => (step.kind === "resolveProblems" ? step.targets : []));
      expect(answered.map(({ instance }) => instance)).to.deep.include(m3);
    });

  it("reboots a silent VM first and recreates it when that did not help", () => {
    const silent = plan([[worker, { kind: "silent" }]]);
    const first = silent.steps.find((step) => step.kind === "resolveProblems");
    expect(first?.kind === "resolveProblems" && first.targets[0]?.preferences[0]).to.deep.equal({
      type: "unresponsive_agent",
      names: ["reboot_vm"],
    });
    if (first === undefined) return expect.fail("no such step");
    const second = plan([[worker, { kind: "silent" }]], { attempts: [attempt(first)] }).steps.find(
      (step) => step.kind === "resolveProblems",
    );
    expect(second?.kind === "resolveProblems" && second.targets[0]?.preferences[0]?.names[0]).to.equal("recreate_vm");
    if (second === undefined) return expect.fail("no such step");
    const third = plan([[worker, { kind: "silent" }]], { attempts: [attempt(first), attempt(second)] });
    expect(third.blockers.map(({ reason }) => reason)).to.deep.equal(["remedies-exhausted"]);
  });

  it("answers many silent VMs in one scan, but only one of a quorum group", () => {
    const silent = { kind: "silent" } as const;
    const { steps, notes } = plan(
      [
        [m2, silent],
        [m3, silent],
        [worker, silent],
        [ref("cell", 7), silent],
      ],
      {
        quorums: new Map([
          [
            "master",
            quorum([], { voters: [1, 2, 3, 4, 5].map((n) => ({ instance: ref("master", n), isHealthy: true })) }),
          ],
        ]),
      },
    );
    const answers = steps.filter((step) => step.kind === "resolveProblems");
    expect(answers).to.have.length(1);
    expect(answers[0]?.targets.map(({ instance }) => instanceName(instance))).to.deep.equal(
      [ref("cell", 7), m2, worker].map(instanceName),
    );
    expect(notes).to.deep.equal([`${instanceName(m3)} comes later: one instance of 'master' at a time`]);
  });

  it("takes the leader last", () => {
    const quorums = new Map([["master", quorum([], { leader: m1, hasVerifiedSnapshot: true })]]);
    const { steps } = plan(
      [
        [m1, { kind: "fails", hasJobDirectory: false }],
        [m2, { kind: "fails", hasJobDirectory: false }],
      ],
      { quorums },
    );
    expect(kinds(steps).filter((kind) => kind.startsWith("deleteVm"))).to.deep.equal(["deleteVm master/2"]);
  });

  const untouched: readonly (readonly [name: string, trouble: Trouble, note: RegExp | undefined])[] = [
    ["an errand without a VM", { kind: "errand" }, undefined],
    ["an instance stopped on purpose", { kind: "stopped" }, /stopped on purpose and left so/],
    ["an instance stopped hard on purpose", { kind: "detached" }, /stopped on purpose and left so/],
    ["an ignored instance", { kind: "ignored" }, /is ignored \(bosh ignore\) and left alone/],
  ];
  for (const [name, trouble, note] of untouched) {
    it(`leaves ${name} alone`, () => {
      const { steps, blockers, notes } = plan([[ref("other", 9), trouble]]);
      expect([steps, blockers]).to.deep.equal([[], []]);
      if (note === undefined) expect(notes).to.deep.equal([]);
      else expect(notes[0]).to.match(note);
    });
  }

  it("starts a stopped instance that is declared to run: an interrupted recreate leaves one so", () => {
    const { steps } = plan([[worker, { kind: "detached" }]], {}, { ...declaration, mustRun: [worker] });
    expect(kinds(steps)).to.deep.equal(["startInstance worker/4", "waitForInstance worker/4"]);
  });

  it("does not believe an old scan against an agent that answers now", () => {
    const old = [problem(1, "missing_vm", worker), problem(2, "unresponsive_agent", m1)];
    expect(plan([], { problems: old }).steps).to.deep.equal([]);
  });

  it("puts a disk back where it belongs, and never gives one up", () => {
    const mounted = plan([[worker, { kind: "disk", type: "mount_info_mismatch" }]]);
    expect(mounted.steps.some((step) => step.kind === "resolveProblems")).to.equal(true);
    for (const type of ["missing_disk", "inactive_disk"] as const) {
      const { steps, blockers } = plan([[worker, { kind: "disk", type }]]);
      expect([steps, blockers.map(({ reason }) => reason)]).to.deep.equal([[], ["disk-needs-a-decision"]]);
    }
  });

  const refusals: readonly (readonly [name: string, quorums: BoshObservation["quorums"], reason: string])[] = [
    ["the votes are not known", new Map(), "quorum-unknown"],
    ["another member is down", new Map([["master", quorum([m2])]]), "quorum-would-be-lost"],
    [
      "two of five others are up and one is down",
      new Map([
        [
          "master",
          quorum([], { voters: [1, 2, 3, 4, 5].map((n) => ({ instance: ref("master", n), isHealthy: n !== 5 })) }),
        ],
      ]),
      "several-nodes-down",
    ],
  ];
  for (const [name, quorums, reason] of refusals) {
    it(`refuses surgery on a master when ${name}, and still restarts a process`, () => {
      const surgery = plan(
        [
          [m2, { kind: "ignored" }],
          [m3, { kind: "fails", hasJobDirectory: false }],
        ],
        { quorums },
      );
      expect(surgery.steps).to.deep.equal([]);
      expect(surgery.blockers.find(({ instance }) => instance?.id === m3.id)?.reason).to.equal(reason);
      expect(kinds(plan([[m3, { kind: "fails" }]], { quorums }).steps)[0]).to.equal("restartProcess master/3");
    });

    if (reason === "quorum-unknown") continue;
    it(`puts surgery on a master off when ${name} and all its peers answer, so that their etcd can be mended first`, () => {
      const { steps, blockers, putOff } = plan([[m3, { kind: "fails", hasJobDirectory: false }]], { quorums });
      expect([steps, blockers, putOff.map((one) => one.reason)]).to.deep.equal([[], [], [reason]]);
    });
  }

  it("leaves a failing etcd to the control plane's plan, whatever the votes: monit would start it over any directory", () => {
    for (const quorums of [new Map(), new Map([["master", quorum([m3])]]), new Map([["master", quorum([])]])]) {
      const { steps, blockers, notes } = plan([[m3, { kind: "fails", process: "etcd" }]], { quorums });
      expect([steps, blockers]).to.deep.equal([[], []]);
      expect(notes).to.deep.equal([
        `etcd of ${instanceName(m3)} does not run: that is left to the plan of its ControlPlane, which counts votes before it starts it`,
      ]);
    }
  });

  it("repairs several one after the other when the declaration asks, as long as a quorum is left", () => {
    const voters = [1, 2, 3, 4, 5].map((n) => ({ instance: ref("master", n), isHealthy: n !== 5 }));
    const quorums = new Map([["master", quorum([], { voters, hasVerifiedSnapshot: true })]]);
    const { steps } = plan(
      [[m3, { kind: "fails", hasJobDirectory: false }]],
      { quorums },
      { ...declaration, repairSeveral: true },
    );
    expect(kinds(steps)).to.include("deleteVm master/3");
  });

  it("waits for a task that works on the deployment before all else", () => {
    const task = {
      id: 7,
      state: "processing",
      description: "create deployment",
      deployment,
      user: "ops",
      result: "",
      contextId: "",
      startedAtSecs: 1,
      finishedAtSecs: undefined,
    } as const;
    const [first] = plan([[worker, { kind: "fails" }]], { tasks: [task] }).steps;
    expect(first).to.include({
      kind: "waitForTask",
      taskId: 7,
      reason: "task 7 (create deployment, by ops) works on the deployment",
    });
  });

  it("undoes a pause that an interrupted run left, first of all", () => {
    const { steps } = plan([[worker, { kind: "silent" }]], { resurrection: pausedByUs });
    expect(kinds(steps)).to.deep.equal([
      "undoPause",
      "pauseResurrection",
      "waitForMonitor",
      "resolveProblems",
      "resumeResurrection",
    ]);
    expect(kinds(plan([], { resurrection: pausedByUs }).steps)).to.deep.equal(["undoPause"]);
  });

  it("keeps its own pause while surgery is left and takes it back afterwards", () => {
    const during = plan([[worker, { kind: "silent" }]], { resurrection: pausedByUs, isPauseOurs: true });
    expect(kinds(during.steps)).to.deep.equal(["waitForMonitor", "resolveProblems", "resumeResurrection"]);
    expect(kinds(plan([], { resurrection: pausedByUs, isPauseOurs: true }).steps)).to.deep.equal([
      "resumeResurrection",
    ]);
  });

  it("does not pause a resurrector that is off or kept off the group already", () => {
    const off = plan([[worker, { kind: "silent" }]], { resurrection: { isOn: false, configs: [] } });
    expect(kinds(off.steps)).to.deep.equal(["resolveProblems"]);
    const rules = [
      { enabled: false, include: { deployments: undefined, instanceGroups: ["worker"] }, exclude: undefined },
    ];
    const kept = plan([[worker, { kind: "silent" }]], {
      resurrection: { isOn: true, configs: [{ name: "own", id: "1", rules }] },
    });
    expect(kinds(kept.steps)).to.deep.equal(["resolveProblems"]);
  });

  it("sweeps a deployment that was not listed with one scan, once, without masters whose votes are unknown", () => {
    const observation = { instances: undefined, quorums: new Map() };
    const declared = { ...declaration, isMassRecovery: true };
    const { steps, blockers } = plan([], observation, declared);
    const sweep = steps.find((step) => step.kind === "resolveProblems");
    expect(sweep?.kind === "resolveProblems" && sweep.targets.map(({ instance }) => instance.group)).to.deep.equal([
      "worker",
    ]);
    expect(blockers).to.deep.equal([]);
    if (sweep === undefined) return expect.fail("no such step");
    expect(plan([], { ...observation, attempts: [attempt(sweep)] }, declared).steps).to.deep.equal([]);
    // A director that is merely busy is no outage: nothing is swept, and it is not taken for "all is well" either.
    const busy = plan([], { ...observation, notListed: "3 tasks are waiting on the director" });
    expect(busy.steps).to.deep.equal([]);
    expect(busy.blockers.map(({ reason, message }) => [reason, message])).to.deep.equal([
      ["not-observed", `the agents of '${deployment}' were not asked, because 3 tasks are waiting on the director`],
    ]);
  });
});
