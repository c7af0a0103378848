// One or three control-plane nodes made by the real kubeadm: containerd, kubelet, stacked etcd, API server.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Built, buildComponent, buildImages } from "./binaries";
import type { LabHost } from "./host";
import { type LabSkipped, prepareMachine } from "./requirements";
import { openSite, type Site } from "./site";
import { waitUntil } from "./wait-until";

/** A healthy kubeadm control plane. */
export interface KubeadmLab extends Site {
  readonly kind: "kubeadm";
  /** Runs kubectl on a host (the first by default) with admin.conf; throws when it fails. */
  kubectl(command: string, host?: LabHost): Promise<string>;
  /** Runs etcdctl on a host against that host's own member; throws when it fails. */
  etcdctl(command: string, host: LabHost, input?: string): Promise<string>;
  /** Waits until every host that is on calls all of them Ready, and their control-plane pods too. */
  waitHealthy(): Promise<void>;
  /** Back to the state after opening, in about the time that the control plane needs to start. */
  reset(): Promise<void>;
}

const etcdPki = "/etc/kubernetes/pki/etcd";
const etcdClient =
  `ETCDCTL_API=3 etcdctl --endpoints=https://127.0.0.1:2379 --cacert=${etcdPki}/ca.crt` +
  ` --cert=${etcdPki}/healthcheck-client.crt --key=${etcdPki}/healthcheck-client.key`;
const staticPods = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;

/** The first host's name is `cp-0`. Image `registry.local/app:1` is there for deployments. */
export async function openKubeadmLab(options: { readonly nodes: 1 | 3 }): Promise<KubeadmLab | LabSkipped> {
  const unfit = await prepareMachine();
  if (unfit !== undefined) return unfit;
  const built = await programsAndImages();
  if (built.kind === "skipped") return built;
  const site = await openSite({
    hostNames: Array.from({ length: options.nodes }, (_, index) => `cp-${index}`),
    trees: ["kubeadm"],
    programs: [
      ...["kubeadm", "kubelet", "kubectl"].map((name) => ({
        from: join(built.kubernetes.directory, name),
        to: `usr/bin/${name}`,
      })),
      { from: join(built.etcd.directory, "etcdctl"), to: "usr/bin/etcdctl" },
      { from: join(built.etcd.directory, "etcdutl"), to: "usr/bin/etcdutl" },
    ],
    images: built.images.directory,
  });
  try {
    await formCluster(site);
    const lab = kubeadmLab(site);
    await lab.waitHealthy();
    await site.snapshot();
    return lab;
  } catch (error) {
    await site.close();
    throw error;
  }
}

interface Programs {
  readonly kind: "built";
  readonly kubernetes: Built;
  readonly etcd: Built;
  readonly images: Built;
}

async function programsAndImages(): Promise<Programs | LabSkipped> {
  const kubernetes = await buildComponent("kubernetes");
  if (kubernetes.kind === "skipped") return kubernetes;
  const etcd = await buildComponent("etcd-3.5");
  if (etcd.kind === "skipped") return etcd;
  const pause = await buildComponent("pause");
  if (pause.kind === "skipped") return pause;
  const images = await buildImages(kubernetes, etcd, pause);
  if (images.kind === "skipped") return images;
  return { kind: "built", kubernetes, etcd, images };
}

function kubeadmLab(site: Site): KubeadmLab {
  const [first] = site.hosts;
  if (first === undefined) throw new Error("a lab has at least one host");
  const kubectl = (command: string, host: LabHost = first): Promise<string> =>
    host.run(`KUBECONFIG=/etc/kubernetes/admin.conf kubectl --request-timeout=10s ${command}`);
  const etcdctl = (command: string, host: LabHost, input = ""): Promise<string> =>
    host.run(`${etcdClient} ${command}`, { input });
  const waitHealthy = async (): Promise<void> => {
    const running = site.hosts.filter((host) => host.isOn);
    for (const host of running) {
      await waitUntil(`${host.name}: the control plane is healthy`, () => isHealthy(running, host, kubectl), {
        deadlineMs: 180_000,
      });
    }
  };
  const reset = async (): Promise<void> => {
    await site.restore();
    await waitHealthy();
  };
  return { ...site, kind: "kubeadm", kubectl, etcdctl, waitHealthy, reset };
}

async function isHealthy(hosts: readonly LabHost[], host: LabHost, kubectl: KubeadmLab["kubectl"]): Promise<boolean> {
  await kubectl("get --raw /readyz", host);
  const ready = `-o jsonpath='{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status} {end}'`;
  const nodes = await kubectl(`get nodes ${ready}`, host);
  const pods = await kubectl(`get pods -n kube-system ${ready}`, host);
  const wanted = hosts.map((each) => `${each.name}=True`);
  const wantedPods = hosts.flatMap((each) => staticPods.map((pod) => `${pod}-${each.name}=True`));
  const missing = [
    ...wanted.filter((word) => !nodes.split(" ").includes(word)),
    ...wantedPods.filter((word) => !pods.split(" ").includes(word)),
  ];
  if (missing.length > 0) throw new Error(`not yet: ${missing.join(", ")}`);
  return true;
}

/** kubeadm init on the first host, kubeadm join on the others. */
async function formCluster(site: Site): Promise<void> {
  const certificateKey = "0f".repeat(32);
  const template = (name: string, host: LabHost): string =>
    readFileSync(join(__dirname, "files", `${name}.yaml`), "utf8")
      .replaceAll("HOST_NAME", host.name)
      .replaceAll("HOST_ADDRESS", host.address)
      .replaceAll("CERTIFICATE_KEY", certificateKey)
      .replaceAll("ENDPOINT", site.hosts.length === 1 ? `${host.address}:6443` : "api.lab:6443");
  const network = readFileSync(join(__dirname, "files", "pod-network.json"), "utf8");
  const kubeadm = async (host: LabHost, verb: "init" | "join", flags: string): Promise<void> => {
    await host.run("cat > /etc/kubernetes-kubeadm.yaml", { input: template(`kubeadm-${verb}`, host) });
    await host.run(`kubeadm ${verb} --config /etc/kubernetes-kubeadm.yaml --ignore-preflight-errors=all ${flags}`, {
      timeoutMs: 300_000,
    });
  };
  for (const [index, host] of site.hosts.entries()) {
    await host.run("cat > /etc/cni/net.d/10-lab.conflist", { input: network.replace("NODE_INDEX", String(index)) });
    await host.run(`echo ${site.subnet}.2 api.lab >> /etc/hosts`);
    if (index === 0) {
      await kubeadm(host, "init", "--upload-certs --skip-phases=addon/coredns,addon/kube-proxy,show-join-command");
    } else {
      await kubeadm(host, "join", "");
    }
  }
  if (site.hosts.length === 1) return;
  // As a local load balancer would: each node's clients use its own API server, so that any node may be lost.
  for (const host of site.hosts) {
    await host.run(`sed -i 's/.* api.lab$/${host.address} api.lab/' /etc/hosts && systemctl restart kubelet`);
  }
}
