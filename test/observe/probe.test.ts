import { expect } from "chai";
import { containersOf } from "../../src/model/node-observation";
import { expectHolds } from "../property/parameters";
import {
  boundary,
  invented,
  noticesHole,
  parse,
  parts,
  sample,
  seesNothingInGarbage,
  survivesChangedBytes,
  survivesCut,
  truth,
  whole,
} from "./probe-properties";

const faults = {
  "scheduler-command": {
    pod: "kube-scheduler",
    words: 'exec: "kube-schedulerrrr": executable file not found in $PATH',
    exitCode: 128,
  },
  "controller-kubeconfig": {
    pod: "kube-controller-manager",
    words: "stat /etc/kubernetes/controller-manager-XXXX.conf: no such file or directory",
    exitCode: 1,
  },
  "controller-pki": {
    pod: "kube-controller-manager",
    words: "unable to load client CA provider: open /etc/kubernetes/pki/ca.crt: no such file or directory",
    exitCode: 1,
  },
} as const;

describe("parseProbe on a real node", () => {
  for (const [fault, want] of Object.entries(faults)) {
    for (const [api, source, state] of [
      ["up", "kubelet-api", "waiting"],
      ["down", "containerd", "exited"],
    ] as const) {
      it(`shows seed 002's error text of ${fault} with the API server ${api}`, () => {
        const seen = parse(sample(`${fault}-api-${api}`));
        const [container] = containersOf(seen, want.pod);
        expect(container).to.include({ state, exitCode: want.exitCode });
        expect(container?.message).to.contain(want.words);
        expect(container?.command?.[0]).to.equal(fault === "scheduler-command" ? "kube-schedulerrrr" : want.pod);
        expect(container?.createdAtSeconds).to.be.greaterThan(1_795_000_000);
        expect(seen.containers).to.have.nested.property("value.source", source);
      });
    }
  }

  it("sees everything of a healthy node", () => {
    const seen = parse(sample("healthy-api-up"));
    expect(parts.map((part) => seen[part].kind)).to.deep.equal(parts.map(() => "seen"));
    expect(seen.host).to.have.nested.property("value.kubeletNodeName", "cp-0");
    expect(seen.manifests).to.have.property("value").with.length(4);
    expect(seen.etcdData).to.have.nested.property("value.state", "present");
    expect(seen.leftovers).to.have.property("value").with.length(0);
    const [scheduler] = containersOf(seen, "kube-scheduler");
    expect(scheduler).to.deep.include({ state: "running", hostPaths: ["/etc/kubernetes/scheduler.conf"] });
  });

  it("names the wrong hostPath that the running container has", () => {
    const [container] = containersOf(parse(sample("controller-pki-api-up")), "kube-controller-manager");
    expect(container?.hostPaths).to.include("/etc/kubernetes/WRONG-PKI-DIRECTORY");
  });

  it("sees containers and says why the kubelet was passed over when it is stopped", () => {
    const seen = parse(sample("kubelet-stopped"));
    if (seen.containers.kind !== "seen" || seen.services.kind !== "seen") throw new Error("not seen");
    expect(seen.containers.value.skipped[1]).to.match(/^the kubelet's API: curl: \(7\)/);
    expect(seen.containers.value.containers.map((container) => container.state)).to.deep.equal(
      Array(4).fill("running"),
    );
    expect(seen.services.value.map(({ name, state }) => [name, state])).to.deep.equal([
      ["containerd", "running"],
      ["kubelet", "stopped"],
    ]);
  });
});

describe("parseProbe on a real node in other trouble", () => {
  it("sees containers that go on while containerd is stopped", () => {
    const seen = parse(sample("containerd-stopped"));
    if (seen.containers.kind !== "seen") throw new Error("not seen");
    expect(seen.containers.value.source).to.equal("containerd");
    expect(seen.containers.value.skipped[2]).to.equal("containerd: there is no /run/containerd/containerd.sock");
    expect(seen.containers.value.containers.map(({ state }) => state)).to.deep.equal(Array(4).fill("running"));
  });

  for (const [api, reason] of [
    ["up", "ContainerCreating"],
    ["down", "FailedMount"],
  ] as const) {
    it(`says why a pod has no container when a volume cannot be mounted, with the API server ${api}`, () => {
      const [container] = containersOf(parse(sample(`mount-failure-api-${api}`)), "kube-controller-manager");
      expect(container).to.include({
        state: "waiting",
        reason,
        message:
          'MountVolume.SetUp failed for volume "k8s-certs": hostPath type check failed: /etc/kubernetes/missing-pki is not a directory',
      });
    });
  }

  it("tells of stray, empty and broken files beside the manifests, and passes over what the kubelet passes over", () => {
    const seen = parse(sample("mount-failure-api-up"));
    if (seen.manifests.kind !== "seen") throw new Error("not seen");
    expect(seen.manifests.value.map(({ fileName, content }) => [fileName, content.kind])).to.deep.equal([
      ["broken.yaml", "not-yaml"],
      ["empty.yaml", "empty"],
      ["etcd.yaml", "pod"],
      ["kube-apiserver.yaml", "pod"],
      ["kube-controller-manager.yaml", "pod"],
      ["kube-scheduler.yaml", "pod"],
      ["kube-scheduler.yaml.bak", "pod"],
    ]);
  });

  it("tells of a unit that is masked at run time, a wiped member, an owner without a name and a leftover directory", () => {
    const seen = parse(sample("masked-and-wiped"));
    if (seen.services.kind !== "seen" || seen.manifests.kind !== "seen") throw new Error("not seen");
    expect(seen.services.value[1]).to.include({ name: "kubelet", state: "running", paused: true });
    expect(seen.etcdData).to.have.nested.property("value.state", "empty");
    expect(seen.manifests.value[0]).to.include({ fileName: "etcd.yaml", owner: "4242:4242" });
    expect(seen.leftovers).to.deep.equal({
      kind: "seen",
      value: [{ kind: "empty-directory", path: "/etc/kubernetes/WRONG-PKI-DIRECTORY" }],
    });
  });
});

describe("parseProbe on damaged output", () => {
  it("invents nothing from an output that was cut off anywhere", () => {
    expectHolds(survivesCut, { numRuns: 150 });
  });

  it("loses the section that is cut off and no other before it", () => {
    const at = whole.indexOf(`@${boundary} stderr containers`);
    const seen = parse(whole.subarray(0, at + 5));
    expect(parts.map((part) => seen[part].kind)).to.deep.equal(["seen", "seen", "unknown", "unknown", "unknown"]);
    expect(seen.containers)
      .to.have.property("reason")
      .that.matches(/^the containers part of the probe: .*breaks off/);
  });

  it("reads an output whose line ends became CRLF", () => {
    expect(parse(Buffer.from(whole.toString("latin1").replaceAll("\n", "\r\n"), "latin1"))).to.deep.equal(truth);
  });

  it("notices a hole in a section", () => {
    expectHolds(noticesHole, { numRuns: 150 });
  });

  it("never throws, whatever the bytes, and sees nothing in garbage", () => {
    expectHolds(seesNothingInGarbage);
  });

  it("never throws when bytes of a real output are changed", () => {
    expectHolds(survivesChangedBytes, { numRuns: 100 });
  });

  it("keeps a container whose namespace is damaged, and takes no part along with it", () => {
    const changed = Buffer.from(whole);
    // In the base64 of what ctr says of one container: its label io.kubernetes.pod.namespace gets another name.
    changed[39_693] = 47;
    const seen = parse(changed);
    expect(parts.map((part) => seen[part].kind)).to.deep.equal(parts.map(() => "seen"));
    const namespaces = seen.containers.kind === "seen" && seen.containers.value.containers.map((one) => one.namespace);
    expect(namespaces).to.include.members(["", "kube-system"]);
  });

  it("is not fooled by a file on the node that holds another run's boundary", () => {
    const forged = `@${"1".repeat(32)} end manifests 0 0\n@${"1".repeat(32)} done\n`;
    const text = whole.toString("latin1").replace("\ndirectory declared", `\n${forged}directory declared`);
    expect(invented(parse(Buffer.from(text, "latin1")))).to.deep.equal([]);
  });

  it("tells that a section was ended at its deadline, and what a failed one said", () => {
    const frame = (name: string, code: number, stderr: string) =>
      `\n@${boundary} begin ${name}\n\n@${boundary} stderr ${name}\n${stderr}\n@${boundary} end ${name} ${code} 0\n`;
    const seen = parse(Buffer.from(frame("host", 137, "") + frame("manifests", 77, "no right to read\n")));
    expect(seen.host).to.have.property("reason", "the host part of the probe: it did not end before its deadline");
    expect(seen.manifests).to.have.property("reason", "the manifests part of the probe: no right to read");
  });
});
