import { expect } from "chai";
import type { JsonObject } from "../../src/model/json";
import {
  alignPod,
  canonicalPod,
  isEtcdPod,
  observedMembershipFlags,
  withMembershipFlags,
} from "../../src/plan/canonical-pod";
import { diffProperties } from "../../src/plan/property-diff";
import { etcdPod, pod } from "../builders";

const differs = (observed: JsonObject, desired: JsonObject) =>
  diffProperties(alignPod(observed, desired), canonicalPod(desired)).map((change) => change.path);

const withSpec = (fields: JsonObject): JsonObject => ({
  ...pod("a"),
  spec: { ...(pod("a").spec as JsonObject), ...fields },
});
const withResources = (cpu: string | number): JsonObject =>
  withSpec({ containers: [{ name: "a", image: "a:1", resources: { requests: { cpu } } }] });

describe("alignPod", () => {
  const equal: readonly { name: string; observed: JsonObject; desired: JsonObject }[] = [
    {
      name: "an empty status and a null creation time, as kubeadm writes them",
      observed: { ...pod("a"), status: {}, metadata: { name: "a", namespace: "kube-system", creationTimestamp: null } },
      desired: pod("a"),
    },
    {
      name: "volumes in another order",
      observed: withSpec({ volumes: [{ name: "b" }, { name: "a" }] }),
      desired: withSpec({ volumes: [{ name: "a" }, { name: "b" }] }),
    },
    { name: "a quantity in another spelling", observed: withResources("0.1"), desired: withResources("100m") },
    { name: "a quantity as a number", observed: withResources(1), desired: withResources("1000m") },
    {
      name: "an empty resources object",
      observed: withSpec({ containers: [{ name: "a", image: "a:1", resources: {} }] }),
      desired: withSpec({ containers: [{ name: "a", image: "a:1" }] }),
    },
    {
      name: "etcd's membership flags",
      observed: etcdPod("--initial-cluster=a=https://x", "--force-new-cluster"),
      desired: etcdPod(),
    },
  ];
  for (const { name, observed, desired } of equal) {
    it(`finds no difference in ${name}`, () => expect(differs(observed, desired)).to.deep.equal([]));
  }

  const different: readonly { name: string; observed: JsonObject; desired: JsonObject; want: readonly string[] }[] = [
    {
      name: "another quantity",
      observed: withResources("200m"),
      desired: withResources("100m"),
      want: ["spec.containers[0].resources.requests.cpu"],
    },
    {
      name: "another order of the command",
      observed: pod("a", ["a", "-y", "-x"]),
      desired: pod("a", ["a", "-x", "-y"]),
      want: ["spec.containers[0].command[1]", "spec.containers[0].command[2]"],
    },
    {
      name: "a renamed volume, at its own key",
      observed: withSpec({ volumes: [{ name: "b" }] }),
      desired: withSpec({ volumes: [{ name: "a" }] }),
      want: ["spec.volumes[0].name"],
    },
    {
      name: "a wrong hostPath among reordered volumes",
      observed: withSpec({ volumes: [{ name: "b" }, { name: "a", hostPath: { path: "/wrong" } }] }),
      desired: withSpec({ volumes: [{ name: "a", hostPath: { path: "/right" } }, { name: "b" }] }),
      want: ["spec.volumes[0].hostPath.path"],
    },
    {
      name: "membership flags of a Pod that is no etcd",
      observed: pod("a", ["a", "--initial-cluster=x"]),
      desired: pod("a", ["a"]),
      want: ["spec.containers[0].command[1]"],
    },
    {
      name: "a default that is written out: nothing completes the declared Pod",
      observed: withSpec({ restartPolicy: "Always" }),
      desired: pod("a"),
      want: ["spec.restartPolicy"],
    },
  ];
  for (const key of ["constructor", "toString", "hasOwnProperty"]) {
    it(`compares a key named ${key} like any other`, () => {
      expect(differs(withSpec({ [key]: "x" }), pod("a"))).to.deep.equal([`spec.${key}`]);
      expect(differs(withSpec({ [key]: "x" }), withSpec({ [key]: "x" }))).to.deep.equal([]);
    });
  }

  for (const { name, observed, desired, want } of different) {
    it(`names ${name}`, () => expect(differs(observed, desired)).to.deep.equal(want));
  }
});

describe("withMembershipFlags", () => {
  it("takes a flag whose value is the next word whole", () => {
    const observed = etcdPod("--initial-cluster", "a=https://1:2380", "--force-new-cluster", "--snapshot-count=1");
    const flags = observedMembershipFlags(observed);
    expect(flags).to.deep.equal(["--initial-cluster", "a=https://1:2380", "--force-new-cluster"]);
    expect(differs(observed, etcdPod("--snapshot-count=1"))).to.deep.equal([]);
    expect(differs(withMembershipFlags(observed, []), etcdPod("--snapshot-count=1"))).to.deep.equal([]);
  });

  it("puts flags behind the etcd command and replaces those that are there", () => {
    const made = withMembershipFlags(etcdPod("--initial-cluster-state=new"), ["--initial-cluster-state=existing"]);
    expect(observedMembershipFlags(made)).to.deep.equal(["--initial-cluster-state=existing"]);
  });
});

describe("isEtcdPod", () => {
  it("knows etcd by its program, wherever that is", () => {
    expect(isEtcdPod(pod("store", ["/usr/local/bin/etcd", "--name=a"]))).to.equal(true);
  });
  it("does not take etcdctl or a mention of etcd for it", () => {
    expect(isEtcdPod(pod("backup", ["etcdctl", "etcd"]))).to.equal(false);
  });
});
