import { expect } from "chai";
import type { ContainerObservation, ObservedNode } from "../../src/model/node-observation";
import { judgePod, type PodHealth } from "../../src/plan/pod-health";
import { container, file, nowSeconds, observed, pod, seen, service } from "../builders";

const timeoutSeconds = 90;
const declared = {
  ...pod("kube-scheduler", ["kube-scheduler", "--v=2"]),
  spec: {
    containers: [
      {
        name: "kube-scheduler",
        image: "registry.k8s.io/kube-scheduler:v1.33.0",
        command: ["kube-scheduler", "--v=2"],
        volumeMounts: [{ name: "kubeconfig", mountPath: "/etc/kubernetes/scheduler.conf" }],
      },
    ],
    volumes: [{ name: "kubeconfig", hostPath: { path: "/etc/kubernetes/scheduler.conf", type: "FileOrCreate" } }],
  },
};
// Written ten minutes ago: the kubelet has had its time, and was not restarted since.
const written = file("kube-scheduler.yaml", declared, { modifiedAtSeconds: nowSeconds - 600 });

function nodeWith(fields: Partial<ContainerObservation>): ObservedNode {
  const own = container("cp-0", "kube-scheduler", { createdAtSeconds: nowSeconds - 60, ...fields });
  return observed("cp-0", [declared], { containers: seen({ source: "crictl", skipped: [], containers: [own] }) });
}

const looping = { state: "waiting", reason: "CrashLoopBackOff", createdAtSeconds: nowSeconds - 60 } as const;
const rows: readonly { name: string; fields: Partial<ContainerObservation>; want: PodHealth["kind"] }[] = [
  {
    name: "fails when a container made from its manifest crash-loops",
    fields: { ...looping, command: ["kube-scheduler", "--v=2"] },
    want: "failing",
  },
  {
    name: "is ignored when the container that crash-loops was made since from an older command",
    fields: { ...looping, command: ["kube-schedulerrrr"] },
    want: "ignored",
  },
  {
    name: "is ignored when the container that crash-loops was made since from an older image",
    fields: { ...looping, image: "registry.k8s.io/kube-scheduler:v1.32.0" },
    want: "ignored",
  },
  {
    name: "is ignored when the container that crash-loops was made since with another hostPath",
    fields: { ...looping, hostPaths: ["/etc/kubernetes/other.conf"] },
    want: "ignored",
  },
  {
    name: "fails when the container that crash-loops mounts what is declared among others",
    fields: { ...looping, hostPaths: ["/etc/kubernetes/scheduler.conf", "/var/lib/kubelet/pods/x/etc-hosts"] },
    want: "failing",
  },
  {
    name: "is ignored when a container made since runs an older command",
    fields: { ready: true, command: ["kube-scheduler", "--v=9"] },
    want: "ignored",
  },
  { name: "runs when nothing is known of the command and it is ready", fields: { ready: true }, want: "running" },
];

describe("judgePod", () => {
  for (const { name, fields, want } of rows) {
    it(`says that the pod ${name}`, () => {
      expect(judgePod(nodeWith(fields), declared, written, timeoutSeconds).kind).to.equal(want);
    });
  }

  describe("of a container that is older than its kubelet", () => {
    const probed = {
      ...declared,
      spec: {
        ...declared.spec,
        containers: declared.spec.containers.map((one) => ({ ...one, startupProbe: { periodSeconds: 10 } })),
      },
    };
    const judge = (manifest: typeof declared, kubeletAgeSeconds: number, ready: boolean | undefined) => {
      const kubelet = service("kubelet", { startedAtSeconds: nowSeconds - kubeletAgeSeconds });
      const older = nodeWith({ createdAtSeconds: nowSeconds - 300, startedAtSeconds: nowSeconds - 300, ready });
      const node = { ...older, services: seen([kubelet]) };
      return judgePod(node, manifest, { ...written, content: { kind: "pod", pod: manifest } }, timeoutSeconds);
    };

    it("waits for the probes of a kubelet that has just started, whatever it says of readiness", () => {
      const reason = "the kubelet has just started and has yet to probe container kube-scheduler";
      for (const ready of [true, undefined])
        expect(judge(probed, 19, ready)).to.deep.equal({ kind: "pending", remainingSeconds: 71, reason });
      expect(judge(probed, 19, false)).to.have.property("kind", "pending");
    });

    it("believes a kubelet that was there before its clock was set back, and waits no longer than a pod may take", () => {
      expect(judge(probed, -3600, true).kind).to.equal("running");
      const [first] = probed.spec.containers;
      const slow = {
        ...probed,
        spec: { ...probed.spec, containers: [{ ...first, startupProbe: { periodSeconds: 300 } }] },
      };
      expect(judge(slow as typeof probed, timeoutSeconds - 1, true).kind).to.equal("pending");
      expect(judge(slow as typeof probed, timeoutSeconds, true).kind).to.equal("running");
    });

    it("believes the kubelet once its probes have had a period, and at once where the pod has none", () => {
      expect(judge(probed, 20, true).kind).to.equal("running");
      expect(judge(declared, 1, true).kind).to.equal("running");
    });
  });

  it("does not compare a command that reads otherwise for good reasons: an entry point of the image, a variable", () => {
    const withContainer = (change: object) => {
      const [first] = declared.spec.containers;
      return { ...declared, spec: { ...declared.spec, containers: [{ ...first, ...change }] } };
    };
    const entryPoint = withContainer({ command: null, args: ["--v=2"] });
    const variable = withContainer({ command: ["kube-scheduler", "--bind-address=$(HOST_IP)"] });
    const node = nodeWith({ ready: true, command: ["/usr/local/bin/kube-scheduler", "--v=2"] });
    for (const pod of [entryPoint, variable]) {
      const manifest = { ...written, content: { kind: "pod" as const, pod } };
      expect(judgePod(node, pod, manifest, timeoutSeconds).kind).to.equal("running");
    }
  });
});
