import { expect } from "chai";
import { controlPlaneSchema } from "../../src/model/declaration";
import type { JsonObject } from "../../src/model/json";
import type { ManifestFile, NodeObservation } from "../../src/model/node-observation";
import { isSettled, type Plan } from "../../src/model/plan";
import { planControlPlane } from "../../src/plan/control-plane";
import {
  container,
  etcdData,
  etcdPod,
  file,
  nowSeconds,
  observed,
  plane,
  pod,
  seen,
  service,
  unknown,
  unreachableNode,
} from "../builders";

const scheduler = pod("kube-scheduler", ["kube-scheduler", "--leader-elect=true"]);
const misspelled = pod("kube-scheduler", ["kube-schedulerrrr", "--leader-elect=true"]);

const kinds = (plan: Plan) => plan.steps.map((step) => `${step.kind} ${step.node}`);
const driftKinds = (plan: Plan) => plan.drifts.map((drift) => drift.kind);
const withFiles = (...files: readonly ManifestFile[]) => ({ manifests: seen([...files]) });

describe("planControlPlane", () => {
  it("plans nothing when every node is as declared", () => {
    const plan = planControlPlane(plane(["cp-0", "cp-1"], [scheduler]), [
      observed("cp-0", [scheduler]),
      observed("cp-1", [scheduler]),
    ]);
    expect(isSettled(plan)).to.equal(true);
    expect(plan.notes).to.deep.equal([]);
  });

  it("names the exact field and plans one write and one wait when a command is misspelled", () => {
    const plan = planControlPlane(plane(["cp-0"], [scheduler]), [
      observed("cp-0", [scheduler], withFiles(file("kube-scheduler.yaml", misspelled))),
    ]);
    expect(plan.drifts).to.have.length(1);
    expect(plan.drifts[0]).to.deep.include({
      kind: "manifest-differs",
      changes: [{ path: "spec.containers[0].command[0]", observed: "kube-schedulerrrr", desired: "kube-scheduler" }],
    });
    expect(kinds(plan)).to.deep.equal(["writeManifest cp-0", "waitForPod cp-0"]);
  });

  it("shows the container's own words beside the drift when it does not run", () => {
    const message = 'exec: "kube-schedulerrrr": executable file not found in $PATH: unknown';
    const broken = container("cp-0", "kube-scheduler", { state: "waiting", reason: "CrashLoopBackOff", message });
    const plan = planControlPlane(plane(["cp-0"], [scheduler]), [
      observed("cp-0", [scheduler], {
        ...withFiles(file("kube-scheduler.yaml", misspelled)),
        containers: seen({ source: "containerd", skipped: [], containers: [broken] }),
      }),
    ]);
    expect(plan.drifts[0]).to.have.property("evidence").that.contains(message).and.contains("CrashLoopBackOff");
  });

  const unreadable: readonly { name: string; files: readonly ManifestFile[]; drift: string }[] = [
    { name: "missing", files: [], drift: "manifest-missing" },
    { name: "empty", files: [file("kube-scheduler.yaml", { kind: "empty" })], drift: "manifest-unreadable" },
    {
      name: "not YAML",
      files: [file("kube-scheduler.yaml", { kind: "not-yaml", reason: "line 3" })],
      drift: "manifest-unreadable",
    },
    {
      name: "no Pod",
      files: [file("kube-scheduler.yaml", { kind: "not-a-pod", reason: "kind is Service" })],
      drift: "manifest-unreadable",
    },
  ];
  for (const { name, files, drift } of unreadable) {
    it(`writes the manifest when it is ${name}`, () => {
      const plan = planControlPlane(plane(["cp-0"], [scheduler]), [observed("cp-0", [scheduler], withFiles(...files))]);
      expect(driftKinds(plan)).to.deep.equal([drift]);
      expect(kinds(plan)).to.deep.equal(["writeManifest cp-0", "waitForPod cp-0"]);
    });
  }

  it("gives the manifest back to its declared owner without writing it", () => {
    const plan = planControlPlane(plane(["cp-0"], [scheduler]), [
      observed("cp-0", [scheduler], withFiles(file("kube-scheduler.yaml", scheduler, { owner: "nobody:nogroup" }))),
    ]);
    expect(kinds(plan)).to.deep.equal(["setManifestOwner cp-0"]);
  });

  it("keeps the mode of the file that it replaces", () => {
    const plan = planControlPlane(plane(["cp-0"], [scheduler]), [
      observed("cp-0", [scheduler], withFiles(file("kube-scheduler.yaml", misspelled, { mode: "0640" }))),
    ]);
    expect(plan.steps[0]).to.include({ kind: "writeManifest", mode: "0640", owner: "root:root" });
  });

  const strays: readonly { name: string; stray: ManifestFile; isStray: boolean }[] = [
    { name: "archives a .bak beside the manifests", stray: file("kube-scheduler.yaml.bak", scheduler), isStray: true },
    { name: "archives a second file with a declared Pod's name", stray: file("copy.yaml", scheduler), isStray: true },
    {
      name: "archives an editor's leftover that is no Pod",
      stray: file("kube-scheduler.yaml~", { kind: "not-yaml", reason: "?" }),
      isStray: true,
    },
    {
      name: "leaves an undeclared manifest alone, with a note",
      stray: file("kube-vip.yaml", pod("kube-vip")),
      isStray: false,
    },
  ];
  for (const { name, stray, isStray } of strays) {
    it(name, () => {
      const plan = planControlPlane(plane(["cp-0"], [scheduler]), [
        observed("cp-0", [scheduler], withFiles(file("kube-scheduler.yaml", scheduler), stray)),
      ]);
      expect(kinds(plan)).to.deep.equal(isStray ? ["archiveStrayManifest cp-0"] : []);
      expect(plan.notes.map((note) => note.text)).to.deep.equal(
        isStray ? [] : ["manifest kube-vip.yaml is not declared and is left alone"],
      );
    });
  }

  it("takes a key that is on disk and not declared for drift", () => {
    const spec = { ...(scheduler.spec as JsonObject), hostNetwork: true };
    const plan = planControlPlane(plane(["cp-0"], [scheduler]), [
      observed("cp-0", [scheduler], withFiles(file("kube-scheduler.yaml", { ...scheduler, spec }))),
    ]);
    expect(plan.drifts[0]).to.deep.include({
      changes: [{ path: "spec.hostNetwork", observed: true, desired: undefined }],
    });
  });

  it("notes an empty directory left by a wrong hostPath with the command that removes it, and plans nothing", () => {
    const leftovers = seen([{ kind: "empty-directory" as const, path: "/etc/kubernetes/WRONG-PKI-DIRECTORY" }]);
    const plan = planControlPlane(plane(["cp-0"], [scheduler]), [observed("cp-0", [scheduler], { leftovers })]);
    expect(isSettled(plan)).to.equal(true);
    expect(plan.notes).to.have.length(1);
    expect(plan.notes[0]).to.include({ command: "rmdir /etc/kubernetes/WRONG-PKI-DIRECTORY" });
  });

  it("starts the runtime before the kubelet and waits for both", () => {
    const services = seen([
      service("containerd", { state: "stopped" }),
      service("kubelet", { state: "failed", detail: "failed" }),
    ]);
    const plan = planControlPlane(plane(["cp-0"], [scheduler]), [observed("cp-0", [scheduler], { services })]);
    const changes = plan.steps.flatMap((step) => ("service" in step ? [`${step.kind} ${step.service}`] : []));
    expect(changes).to.deep.equal([
      "startService containerd",
      "waitForService containerd",
      "startService kubelet",
      "waitForService kubelet",
    ]);
  });

  it("repairs the other nodes in full when one of three does not answer", () => {
    const broken = withFiles(file("kube-scheduler.yaml", misspelled));
    const plan = planControlPlane(plane(["cp-0", "cp-1", "cp-2"], [scheduler]), [
      observed("cp-0", [scheduler], broken),
      observed("cp-1", [scheduler], broken),
      unreachableNode("cp-2"),
    ]);
    expect(kinds(plan)).to.deep.equal([
      "writeManifest cp-0",
      "waitForPod cp-0",
      "writeManifest cp-1",
      "waitForPod cp-1",
    ]);
    expect(plan.blockers.map(({ reason, node }) => [reason, node])).to.deep.equal([["node-unreachable", "cp-2"]]);
  });

  it("changes no manifest when the directory could not be read, and says so", () => {
    const plan = planControlPlane(plane(["cp-0"], [scheduler]), [
      observed("cp-0", [scheduler], { manifests: unknown("deadline of 5 s passed") }),
    ]);
    expect(plan.steps).to.deep.equal([]);
    expect(plan.blockers.map((blocker) => blocker.reason)).to.deep.equal(["observation-unknown"]);
  });

  it("plans no step on a node where another operator's step runs, and names the holder", () => {
    const lock = { holder: "kim", host: "jump-1", since: "2026-11-21T09:00:00Z", step: "writeManifest" };
    const host = seen({ hostName: "cp-0", kubeletNodeName: "cp-0", timeSeconds: nowSeconds, lock });
    const plan = planControlPlane(plane(["cp-0"], [scheduler]), [
      observed("cp-0", [scheduler], { host, ...withFiles(file("kube-scheduler.yaml", misspelled)) }),
    ]);
    expect(plan.steps).to.deep.equal([]);
    expect(plan.blockers[0]?.message).to.contain("kim on jump-1");
  });

  describe("when a pod does not run what its manifest says", () => {
    const at = (secondsAgo: number) => nowSeconds - secondsAgo;
    const cases: readonly {
      name: string;
      manifestAge: number;
      containerAge?: number;
      state?: "running" | "exited";
      command?: readonly string[];
      kubeletAge: number;
      want: readonly string[];
      problems: number;
    }[] = [
      {
        name: "waits while the kubelet still has time",
        manifestAge: 10,
        containerAge: 500,
        state: "exited",
        kubeletAge: 9000,
        want: ["waitForPod cp-0"],
        problems: 0,
      },
      {
        name: "restarts the kubelet when no new container appeared in time",
        manifestAge: 200,
        containerAge: 500,
        state: "exited",
        kubeletAge: 9000,
        want: ["restartService cp-0", "waitForPod cp-0"],
        problems: 0,
      },
      {
        name: "restarts the kubelet when there is no container at all",
        manifestAge: 200,
        kubeletAge: 9000,
        want: ["restartService cp-0", "waitForPod cp-0"],
        problems: 0,
      },
      {
        name: "restarts the kubelet when the old container still runs the old command",
        manifestAge: 200,
        containerAge: 500,
        state: "running",
        command: ["kube-scheduler", "--old"],
        kubeletAge: 9000,
        want: ["restartService cp-0", "waitForPod cp-0"],
        problems: 0,
      },
      {
        name: "waits again after the kubelet was restarted",
        manifestAge: 200,
        containerAge: 500,
        state: "exited",
        kubeletAge: 20,
        want: ["waitForPod cp-0"],
        problems: 0,
      },
      {
        name: "names the pod and restarts nothing twice when the restart did not help",
        manifestAge: 400,
        containerAge: 500,
        state: "exited",
        kubeletAge: 150,
        want: [],
        problems: 1,
      },
      {
        name: "names the pod and restarts nothing when its new container crashes by itself",
        manifestAge: 400,
        containerAge: 100,
        state: "exited",
        kubeletAge: 9000,
        want: [],
        problems: 1,
      },
      {
        name: "is content with a container older than a manifest that says the same",
        manifestAge: 200,
        containerAge: 500,
        state: "running",
        command: ["kube-scheduler", "--leader-elect=true"],
        kubeletAge: 9000,
        want: [],
        problems: 0,
      },
    ];
    for (const { name, manifestAge, containerAge, state, command, kubeletAge, want, problems } of cases) {
      it(name, () => {
        const containers =
          containerAge === undefined
            ? []
            : [
                container("cp-0", "kube-scheduler", {
                  state: state ?? "running",
                  createdAtSeconds: at(containerAge),
                  startedAtSeconds: at(containerAge),
                  ...(command === undefined ? {} : { command: [...command] }),
                }),
              ];
        const plan = planControlPlane(plane(["cp-0"], [scheduler]), [
          observed("cp-0", [scheduler], {
            ...withFiles(file("kube-scheduler.yaml", scheduler, { modifiedAtSeconds: at(manifestAge) })),
            containers: seen({ source: "containerd", skipped: [], containers }),
            services: seen([service("containerd"), service("kubelet", { startedAtSeconds: at(kubeletAge) })]),
          }),
        ]);
        expect(kinds(plan)).to.deep.equal(want);
        expect(plan.problems).to.have.length(problems);
      });
    }
  });

  describe("the park rule", () => {
    const etcd = etcdPod();
    const stopped = { services: seen([service("containerd"), service("kubelet", { state: "stopped" })]) };
    const plan = (fields: Partial<NodeObservation>) =>
      planControlPlane(plane(["cp-0"], [etcd, scheduler]), [observed("cp-0", [etcd, scheduler], fields as never)]);

    it("allows the kubelet to start beside etcd data that is present", () => {
      expect(kinds(plan({ ...stopped, etcdData: etcdData("present") } as never))).to.include("startService cp-0");
    });

    for (const state of ["empty", "missing", "unknown"] as const) {
      it(`refuses to start the kubelet when the etcd data directory is ${state}, and repairs the other manifests`, () => {
        const made = plan({
          ...stopped,
          etcdData: etcdData(state),
          ...withFiles(file("etcd.yaml", etcd), file("kube-scheduler.yaml", misspelled)),
        } as never);
        expect(made.steps.filter((step) => step.kind === "startService")).to.deep.equal([]);
        expect(made.blockers.map((blocker) => blocker.reason)).to.deep.equal([
          state === "unknown" ? "etcd-data-unknown" : "etcd-data-empty",
        ]);
        expect(kinds(made)).to.include("writeManifest cp-0");
      });
    }

    it("refuses to start the kubelet when the probe did not look at the data directory", () => {
      const made = plan({ ...stopped, etcdData: undefined } as never);
      expect(made.steps).to.deep.equal([]);
      expect(made.blockers.map((blocker) => blocker.reason)).to.deep.equal(["etcd-data-unknown"]);
    });

    it("refuses to write a missing etcd manifest over an empty data directory although the kubelet runs", () => {
      const made = plan({ etcdData: etcdData("empty"), ...withFiles(file("kube-scheduler.yaml", scheduler)) } as never);
      expect(made.steps.filter((step) => step.kind === "writeManifest")).to.deep.equal([]);
      expect(made.blockers.map((blocker) => blocker.reason)).to.deep.equal(["etcd-data-empty"]);
    });

    it("refuses to change an etcd manifest over an empty data directory although the kubelet runs", () => {
      const changed = etcdPod("--snapshot-count=1");
      const made = plan({
        etcdData: etcdData("empty"),
        ...withFiles(file("etcd.yaml", changed), file("kube-scheduler.yaml", scheduler)),
      } as never);
      expect(made.steps).to.deep.equal([]);
      expect(made.blockers.map((blocker) => blocker.reason)).to.deep.equal(["etcd-data-empty"]);
    });

    for (const state of ["empty", "unknown"] as const) {
      it(`refuses to start the runtime under a running kubelet when the etcd data directory is ${state}`, () => {
        const services = seen([service("containerd", { state: "stopped" }), service("kubelet")]);
        const made = plan({ services, etcdData: etcdData(state) } as never);
        expect(made.steps.filter((step) => step.kind === "startService")).to.deep.equal([]);
        expect(made.blockers).to.have.length(1);
      });
    }

    it("refuses to start the kubelet where neither the manifests nor the data could be seen", () => {
      const services = seen([service("containerd"), service("kubelet", { state: "stopped" })]);
      const made = planControlPlane(plane(["cp-0"], [scheduler]), [
        observed("cp-0", [scheduler], { services, manifests: unknown("deadline"), etcdData: unknown("deadline") }),
      ]);
      expect(made.steps).to.deep.equal([]);
      expect(made.blockers.map((blocker) => blocker.reason)).to.include("etcd-data-unknown");
    });

    it("refuses to start etcd's own unit over data that was not seen", () => {
      const declared = controlPlaneSchema.parse({
        nodes: { "cp-0": { access: { kind: "ssh", host: "a" }, services: { etcd: {} } } },
      });
      const made = planControlPlane(declared, [
        observed("cp-0", [], {
          services: seen([service("etcd", { state: "stopped" })]),
          etcdData: unknown("deadline"),
        }),
      ]);
      expect(made.steps).to.deep.equal([]);
      expect(made.blockers.map((blocker) => blocker.reason)).to.deep.equal(["etcd-data-unknown"]);
    });

    it("writes an etcd manifest with the membership flags that are on the node", () => {
      const flags = [
        "--initial-cluster=cp-0=https://10.0.0.1:2380,cp-1=https://10.0.0.2:2380",
        "--initial-cluster-state=existing",
      ];
      const changed = etcdPod("--snapshot-count=1", ...flags);
      const made = plan(withFiles(file("etcd.yaml", changed), file("kube-scheduler.yaml", scheduler)) as never);
      const write = made.steps.find((step) => step.kind === "writeManifest");
      const command = JSON.stringify(write?.kind === "writeManifest" ? write.manifest : {});
      for (const flag of flags) expect(command).to.contain(flag);
      expect(command).not.to.contain("snapshot-count");
    });

    it("does not compare the membership flags", () => {
      expect(
        isSettled(
          plan(
            withFiles(
              file("etcd.yaml", etcdPod("--initial-cluster-state=existing")),
              file("kube-scheduler.yaml", scheduler),
            ) as never,
          ),
        ),
      ).to.equal(true);
    });

    it("writes a lost etcd manifest so that it can never start a new cluster", () => {
      const made = plan(withFiles(file("kube-scheduler.yaml", scheduler)) as never);
      const write = made.steps.find((step) => step.kind === "writeManifest");
      expect(JSON.stringify(write?.kind === "writeManifest" ? write.manifest : {})).to.contain(
        "--initial-cluster-state=existing",
      );
    });
  });
});
