// A kubeadm v1.33 control plane with stacked etcd as a topology: what `kubeadm init` and `kubeadm join` leave on the nodes.
// Source: kubernetes cmd/kubeadm/app/phases (controlplane/manifests.go, etcd/local.go, kubeconfig, certs).

import { inputError } from "../model/errors";
import type { JsonObject } from "../model/json";
import { isEtcdPod, withMembershipFlags } from "../plan/canonical-pod";
import type { NodeTopology, Topology } from "./create-world";
import { containersIn, podIdentity } from "./manifest-files";

/** One node of a kubeadm control plane. */
export interface KubeadmNode {
  readonly name: string;
  readonly address: string;
  /** Its Pods as they are declared: etcd without its membership flags. */
  readonly pods: readonly JsonObject[];
}

const manifestDirectory = "/etc/kubernetes/manifests";
const kubeconfigs = ["admin", "super-admin", "controller-manager", "scheduler", "kubelet"];
const certificates = [
  ...["ca", "apiserver", "apiserver-kubelet-client", "apiserver-etcd-client", "front-proxy-ca", "front-proxy-client"],
  ...["etcd/ca", "etcd/server", "etcd/peer", "etcd/healthcheck-client"],
].flatMap((name) => [`${name}.crt`, `${name}.key`]);
const files = [
  ...kubeconfigs.map((name) => `/etc/kubernetes/${name}.conf`),
  ...[...certificates, "sa.key", "sa.pub"].map((name) => `/etc/kubernetes/pki/${name}`),
  ...["/etc/ssl/certs/ca-certificates.crt", "/var/lib/etcd/member/snap/db"],
];
const directories = ["/etc/ca-certificates", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates"];

/** The topology of these nodes; they joined in the order given. @throws RecoveryError "input" without nodes. */
export function kubeadmTopology(nodes: readonly KubeadmNode[]): Topology {
  if (nodes.length === 0) throw inputError("a control plane needs at least one node");
  return { manifestDirectory, nodes: nodes.map((_, index) => nodeTopology(nodes, index)) };
}

function nodeTopology(nodes: readonly KubeadmNode[], index: number): NodeTopology {
  const [first] = nodes;
  const node = nodes[index] ?? first;
  if (node === undefined) throw inputError("a control plane needs at least one node");
  // The first node is told of itself alone and no state; each that joins is told of all before it.
  const members = nodes.slice(0, index + 1).map((peer) => `${peer.name}=https://${peer.address}:2380`);
  const flags = [`--initial-cluster=${members.join(",")}`, ...(index > 0 ? ["--initial-cluster-state=existing"] : [])];
  const pods = node.pods.map((pod) => asWritten(isEtcdPod(pod) ? withMembershipFlags(pod, flags) : pod));
  return {
    name: node.name,
    address: node.address,
    pods,
    files,
    directories,
    images: Object.fromEntries(pods.flatMap(containersIn).map((container) => imageOf(container))),
    services: {
      containerd: { manager: "systemd", needs: [] },
      kubelet: { manager: "systemd", needs: ["containerd"] },
    },
  };
}

function imageOf(container: JsonObject): readonly [string, readonly string[]] {
  return [String(container.image), [`/usr/local/bin/${String(container.name)}`]];
}

// kubeadm writes Go's zero values too: a creation time of null and an empty status.
function asWritten(pod: JsonObject): JsonObject {
  const metadata = { ...(pod.metadata as JsonObject), creationTimestamp: null };
  return { ...pod, metadata: { ...metadata, name: podIdentity(pod).name }, status: {} };
}
