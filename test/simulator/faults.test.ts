import { expect } from "chai";
import type { NodeObservation } from "../../src/model/node-observation";
import { nodeObservationSchema } from "../../src/model/node-observation";
import { advance, type Fault, injectFault, observeNode, type World } from "../../src/simulator";
import { commandIn, containersNamed, look, manifestNamed, newestContainer, serviceNamed } from "./sight";
import { kubeadmWorld } from "./worlds";

const node = "cp-0";
const scheduler = { node, fileName: "kube-scheduler.yaml" } as const;
const manager = { node, fileName: "kube-controller-manager.yaml" } as const;

interface Row {
  readonly name: string;
  readonly faults: readonly [Fault, ...Fault[]];
  /** How long the node has had before it is looked at. */
  readonly seconds: number;
  readonly check: (after: World, observation: NodeObservation, before: World) => void;
}

const typoInPath: Fault = {
  ...manager,
  kind: "manifest-edited",
  from: "--kubeconfig=/etc/kubernetes/controller-manager.conf",
  to: "--kubeconfig=/etc/kubernetes/controller-manager-XXXX.conf",
};

const rows: readonly Row[] = [
  {
    name: "power-lost makes a node unreachable",
    faults: [{ kind: "power-lost", node }],
    seconds: 1,
    check: (_after, observation) => expect(observation).to.include({ kind: "unreachable", level: "connect" }),
  },
  {
    name: "power-back boots it under a new boot id and starts every pod again",
    faults: [
      { kind: "power-lost", node },
      { kind: "power-back", node },
    ],
    seconds: 60,
    check: (after, _observation, before) => {
      const [host, earlier] = [look(after).host, look(before).host];
      if (host.kind !== "seen" || earlier.kind !== "seen") throw new Error("no host section");
      expect(host.value.bootId).to.not.equal(earlier.value.bootId);
      for (const pod of ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]) {
        expect(newestContainer(after, pod), pod).to.include({ state: "running", ready: true });
      }
    },
  },
  {
    name: "unreachable tells its level and OpenSSH's words",
    faults: [{ kind: "unreachable", node, level: "host-key", message: "Host key verification failed." }],
    seconds: 1,
    check: (_after, observation) =>
      expect(observation).to.include({
        kind: "unreachable",
        level: "host-key",
        message: "Host key verification failed.",
      }),
  },
  {
    name: "reachable ends it",
    faults: [
      { kind: "unreachable", node, level: "timeout", message: "" },
      { kind: "reachable", node },
    ],
    seconds: 1,
    check: (_after, observation) => expect(observation.kind).to.equal("observed"),
  },
  {
    name: "manifest-edited: a kubeconfig that is not there ends the controller manager with seed 002's text",
    faults: [typoInPath],
    seconds: 60,
    check: (after) => {
      const container = newestContainer(after, "kube-controller-manager");
      expect(container).to.include({ state: "waiting", reason: "CrashLoopBackOff", exitCode: 1 });
      expect(container?.message).to.contain(
        "stat /etc/kubernetes/controller-manager-XXXX.conf: no such file or directory",
      );
    },
  },
  {
    name: "manifest-edited: a wrong hostPath hides the certificates and leaves an empty directory behind",
    faults: [
      {
        ...manager,
        kind: "manifest-set",
        path: ["spec", "volumes", 3, "hostPath", "path"],
        value: "/etc/kubernetes/WRONG-PKI-DIRECTORY",
      },
    ],
    seconds: 60,
    check: (after) => {
      expect(newestContainer(after, "kube-controller-manager")?.message).to.contain(
        "unable to load client CA provider: open /etc/kubernetes/pki/ca.crt: no such file or directory",
      );
      const wrong = "/etc/kubernetes/WRONG-PKI-DIRECTORY";
      expect(look(after).leftovers, "a manifest still names it").to.deep.equal({ kind: "seen", value: [] });
      const mended = injectFault(after, {
        ...manager,
        kind: "manifest-edited",
        from: wrong,
        to: "/etc/kubernetes/pki",
      });
      expect(look(mended).leftovers).to.deep.equal({ kind: "seen", value: [{ kind: "empty-directory", path: wrong }] });
    },
  },
  {
    name: "manifest-set of a hostPath type that does not fit keeps the container from being made",
    faults: [
      {
        ...scheduler,
        kind: "manifest-set",
        path: ["spec", "volumes", 0, "hostPath"],
        value: { path: "/nowhere", type: "Directory" },
      },
    ],
    seconds: 60,
    check: (after) => {
      const container = newestContainer(after, "kube-scheduler");
      expect(container).to.include({ state: "waiting", reason: "ContainerCreating" });
      expect(container?.message).to.contain("hostPath type check failed: /nowhere is not a directory");
    },
  },
  {
    name: "manifest-removed takes the file and the pod",
    faults: [{ ...scheduler, kind: "manifest-removed" }],
    seconds: 5,
    check: (after) => {
      expect(manifestNamed(after, "kube-scheduler.yaml")).to.equal(undefined);
      expect(containersNamed(after, "kube-scheduler")).to.deep.equal([]);
    },
  },
  ...(["empty", "not-yaml", "not-a-pod", "unread"] as const).map((kind): Row => {
    const content = kind === "empty" ? { kind } : { kind, reason: "because" };
    return {
      name: `manifest-content: a file that is ${kind} is told as such and its pod ends`,
      faults: [{ ...scheduler, kind: "manifest-content", content }],
      seconds: 30,
      check: (after) => {
        expect(manifestNamed(after, "kube-scheduler.yaml")?.content).to.deep.equal(content);
        expect(containersNamed(after, "kube-scheduler")).to.deep.equal([]);
      },
    };
  }),
  {
    name: "manifest-owned changes the owner and restarts nothing",
    faults: [{ ...scheduler, kind: "manifest-owned", owner: "nobody:nogroup" }],
    seconds: 60,
    check: (after, _observation, before) => {
      expect(manifestNamed(after, "kube-scheduler.yaml")?.owner).to.equal("nobody:nogroup");
      expect(newestContainer(after, "kube-scheduler")).to.deep.equal(newestContainer(before, "kube-scheduler"));
    },
  },
  {
    name: "manifest-copied leaves a second file that takes the pod over",
    faults: [{ ...scheduler, kind: "manifest-copied", to: "kube-scheduler.yaml.bak" }],
    seconds: 60,
    check: (after, _observation, before) => {
      expect(commandIn(after, "kube-scheduler.yaml.bak")[0]).to.equal("kube-scheduler");
      const [now, then] = [newestContainer(after, "kube-scheduler"), newestContainer(before, "kube-scheduler")];
      expect(now?.createdAtSeconds).to.be.above(then?.createdAtSeconds ?? 0);
    },
  },
  {
    name: "service-stopped stops the kubelet and leaves the containers alone",
    faults: [{ kind: "service-stopped", node, service: "kubelet" }],
    seconds: 60,
    check: (after) => {
      expect(serviceNamed(after, "kubelet")).to.include({ state: "stopped", detail: "inactive (dead)", paused: false });
      expect(newestContainer(after, "kube-scheduler")?.state).to.equal("running");
      expect(newestContainer(after, "kube-scheduler")?.ready, "nobody knows without a kubelet").to.equal(undefined);
    },
  },
  {
    name: "service-paused is told as paused",
    faults: [{ kind: "service-paused", node, service: "kubelet" }],
    seconds: 60,
    check: (after) => expect(serviceNamed(after, "kubelet")).to.include({ state: "stopped", paused: true }),
  },
  {
    name: "service-broken fails; without a runtime the containers section is unknown, not empty",
    faults: [{ kind: "service-broken", node, service: "containerd", message: "status=203/EXEC" }],
    seconds: 30,
    check: (after) => {
      expect(serviceNamed(after, "containerd")?.state).to.equal("failed");
      expect(look(after).containers.kind).to.equal("unknown");
    },
  },
  {
    name: "kubelet-ignores changes keeps the old container",
    faults: [{ kind: "kubelet-ignores", node, what: "changes" }, typoInPath],
    seconds: 300,
    check: (after) => expect(newestContainer(after, "kube-controller-manager")?.state).to.equal("running"),
  },
  {
    name: "file-removed ends whoever reads the file at its next start",
    faults: [
      { kind: "file-removed", node, path: "/etc/kubernetes/pki/ca.key" },
      { ...manager, kind: "manifest-edited", from: "--leader-elect=true", to: "--leader-elect=false" },
    ],
    seconds: 60,
    check: (after) =>
      expect(newestContainer(after, "kube-controller-manager")?.message).to.contain("open /etc/kubernetes/pki/ca.key"),
  },
  {
    name: "file-emptied leaves a kubeconfig without configuration",
    faults: [
      { kind: "file-emptied", node, path: "/etc/kubernetes/scheduler.conf" },
      { ...scheduler, kind: "manifest-edited", from: "--leader-elect=true", to: "--leader-elect=false" },
    ],
    seconds: 60,
    check: (after) =>
      expect(newestContainer(after, "kube-scheduler")?.message).to.contain("no configuration has been provided"),
  },
  {
    name: "image-missing keeps a new pod waiting for its image",
    faults: [
      { kind: "image-missing", node, image: "registry.k8s.io/kube-scheduler:v1.33.0" },
      { ...scheduler, kind: "manifest-edited", from: "--leader-elect=true", to: "--leader-elect=false" },
    ],
    seconds: 60,
    check: (after) =>
      expect(newestContainer(after, "kube-scheduler")).to.include({ state: "waiting", reason: "ImagePullBackOff" }),
  },
  {
    name: "etcd-data-lost empties the directory under an etcd that goes on",
    faults: [{ kind: "etcd-data-lost", node, state: "empty" }],
    seconds: 60,
    check: (after) => {
      expect(look(after).etcdData).to.deep.include({ kind: "seen" });
      expect(look(after).etcdData).to.have.nested.property("value.state", "empty");
      expect(newestContainer(after, "etcd")?.state).to.equal("running");
    },
  },
  {
    name: "section-unseen makes one section unknown and no other",
    faults: [{ kind: "section-unseen", node, section: "services", reason: "no answer within 5 s" }],
    seconds: 1,
    check: (after) => {
      expect(look(after).services).to.deep.equal({ kind: "unknown", reason: "no answer within 5 s" });
      expect(look(after).containers.kind).to.equal("seen");
    },
  },
  {
    name: "clock-skewed moves every time that the node tells",
    faults: [
      { kind: "clock-skewed", node, seconds: -7200 },
      { ...scheduler, kind: "manifest-edited", from: "x", to: "x" },
    ],
    seconds: 0,
    check: (after, _observation, before) => {
      const [host, earlier] = [look(after).host, look(before).host];
      if (host.kind !== "seen" || earlier.kind !== "seen") throw new Error("no host section");
      expect(host.value.timeSeconds).to.equal(earlier.value.timeSeconds - 7200);
      expect(manifestNamed(after, "kube-scheduler.yaml")?.modifiedAtSeconds).to.equal(host.value.timeSeconds);
    },
  },
  {
    name: "staged-file-left is told as a leftover",
    faults: [{ kind: "staged-file-left", node, path: "/etc/kubernetes/.quorate-staged.x.yaml" }],
    seconds: 1,
    check: (after) =>
      expect(look(after).leftovers).to.deep.equal({
        kind: "seen",
        value: [{ kind: "staged-file", path: "/etc/kubernetes/.quorate-staged.x.yaml" }],
      }),
  },
  {
    name: "locked tells who holds the node, until that script ends",
    faults: [{ kind: "locked", node, holder: "kim", host: "jump-1", seconds: 30 }],
    seconds: 10,
    check: (after) => {
      expect(look(after).host).to.have.nested.property("value.lock.holder", "kim");
      expect(look(advance(after, 30)).host).to.not.have.nested.property("value.lock");
    },
  },
];

describe("injectFault", () => {
  for (const row of rows) {
    it(row.name, () => {
      const before = kubeadmWorld(1);
      const after = advance(row.faults.reduce(injectFault, before), row.seconds);
      row.check(after, nodeObservationSchema.parse(observeNode(after, node)), before);
    });
  }

  it("has a row for every kind of fault", () => {
    const covered = new Set(rows.flatMap((row) => row.faults.map((fault) => fault.kind)));
    const elsewhere = ["interruption", "service-mended"];
    const all: Readonly<Record<Fault["kind"], true>> = {
      "power-lost": true,
      "power-back": true,
      unreachable: true,
      reachable: true,
      "manifest-edited": true,
      "manifest-set": true,
      "manifest-removed": true,
      "manifest-content": true,
      "manifest-owned": true,
      "manifest-copied": true,
      "service-stopped": true,
      "service-paused": true,
      "service-broken": true,
      "service-mended": true,
      "kubelet-ignores": true,
      "file-removed": true,
      "file-emptied": true,
      "image-missing": true,
      "etcd-data-lost": true,
      "section-unseen": true,
      "clock-skewed": true,
      "staged-file-left": true,
      locked: true,
      interruption: true,
    };
    expect(
      Object.keys(all).filter((kind) => !covered.has(kind as Fault["kind"]) && !elsewhere.includes(kind)),
    ).to.deep.equal([]);
  });

  it("refuses a node that the world does not have, and names those it has", () => {
    expect(() => injectFault(kubeadmWorld(1), { kind: "power-lost", node: "cp-7" })).to.throw('no node "cp-7"');
  });

  it("lets a component that depends on another end for want of it, and come back when it does", () => {
    const broken = advance(
      injectFault(kubeadmWorld(1), { kind: "manifest-removed", node, fileName: "kube-apiserver.yaml" }),
      120,
    );
    expect(newestContainer(broken, "kube-scheduler")?.message).to.contain("leaderelection lost");
    const file = kubeadmWorld(1).nodes[node]?.manifests["kube-apiserver.yaml"];
    if (file === undefined) throw new Error("no API server manifest");
    const { content } = file;
    const mended = injectFault(broken, { kind: "manifest-content", node, fileName: "kube-apiserver.yaml", content });
    expect(newestContainer(advance(mended, 400), "kube-scheduler")).to.include({ state: "running", ready: true });
  });
});

describe("a simulated world", () => {
  const story: readonly Fault[] = [
    typoInPath,
    { ...scheduler, kind: "manifest-removed" },
    { kind: "power-lost", node: "cp-1" },
  ];
  const digestOf = (seed: string) =>
    story.reduce((world, fault) => advance(injectFault(world, fault), 200), kubeadmWorld(3, seed)).trace.digest;

  it("leaves the same trace for the same seed and other times for others", () => {
    expect(digestOf("one")).to.equal(digestOf("one"));
    expect(new Set(["a", "b", "c", "d", "e", "f"].map(digestOf)).size).to.be.above(2);
  });

  it("comes to the same whether time passes in one step or in many", () => {
    const once = advance(injectFault(kubeadmWorld(1), typoInPath), 90);
    let often = injectFault(kubeadmWorld(1), typoInPath);
    for (let index = 0; index < 360; index += 1) often = advance(often, 0.25);
    expect(often).to.deep.equal(once);
  });

  it("is plain JSON: a copy by text is the same world", () => {
    const world = advance(injectFault(kubeadmWorld(3), typoInPath), 33);
    const copy = JSON.parse(JSON.stringify(world)) as World;
    expect(advance(copy, 100)).to.deep.equal(advance(world, 100));
  });
});
