// What people notice of a simulated kubeadm control plane, judged from its world alone: whoever repairs it is not asked.

import type { DrillHealth, DrillPlace } from "../../model/drill";
import { containersIn, podIdentity } from "../manifest-files";
import { nodeNames, nodeOf, type SimulatedNode, type World } from "../world";
import type { ServiceNow } from "./drill-scene";
import type { kubeadmServices } from "./kubeadm-drill-scenario";

// A container that cannot read its configuration ends within two seconds; before this nobody calls it well.
const settledMs = 5000;

const pods = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;
const starting = "starting";
type PodName = (typeof pods)[number];

/** Each service with its health. */
export function judgeControlPlane(world: World): readonly ServiceNow[] {
  const names = nodeNames(world);
  const apis = names.filter((name) => servesApi(world, name));
  // kubeadm points both to the API server of their own node.
  const withApi = (pod: PodName) => apis.filter((name) => runs(world, name, pod));
  const line = etcdLine(world);
  const judge = (name: (typeof kubeadmServices)[number], isUp: boolean, why: string): ServiceNow => ({
    name,
    health: isUp ? "up" : "down",
    why: isUp ? "" : why,
    parameters: ["reaction", "containerStart", "poll"],
  });
  const missing = names.flatMap((name) =>
    pods.filter((pod) => !runs(world, name, pod)).map((pod) => `${pod} on ${name}`),
  );
  const isWhole = missing.length === 0;
  return [
    judge("api", apis.length > 0, `no API server answers; ${line}`),
    judge(
      "scheduling",
      withApi("kube-scheduler").length > 0,
      `no scheduler runs, so new pods stay Pending${sayWhy(world, "kube-scheduler")}`,
    ),
    judge(
      "controllers",
      withApi("kube-controller-manager").length > 0,
      `no controller manager runs, so replicas that are asked for are not made${sayWhy(world, "kube-controller-manager")}`,
    ),
    {
      name: "redundancy",
      health: isWhole ? "up" : "partial",
      why: isWhole ? "" : `${missing.join(", ")} not running`,
      parameters: ["reaction", "containerStart", "poll"],
    },
  ];
}

/** Members that vote, or (of "data") whose data is what it was. */
export function etcdVotes(
  world: World,
  of: "votes" | "data" = "votes",
): { readonly voters: number; readonly members: number } {
  const own = nodeNames(world).filter((name) => nodeOf(world, name).etcdData !== undefined);
  const ids = own.map((name) => nodeOf(world, name).etcdData?.clusterId ?? "");
  const cluster = mostFrequent(ids);
  const voters = own.filter((name) => {
    const data = nodeOf(world, name).etcdData;
    const hasData = data?.state === "present" && data.clusterId === cluster;
    return hasData && (of === "data" || runs(world, name, "etcd", 0));
  });
  return { voters: voters.length, members: own.length };
}

/** Votes that are there, needed, and counted in all. */
export function etcdLine(world: World): string {
  const { voters, members } = etcdVotes(world);
  const needed = Math.floor(members / 2) + 1;
  const left = voters - needed;
  const rest = left < 0 ? "quorum lost" : left === 0 ? "the next loss stops it" : `it survives ${left} more`;
  return `etcd: ${voters} of ${members} votes, ${needed} needed; ${rest}`;
}

/** The nodes with the health of their pods and services. */
export function placesOf(world: World): readonly DrillPlace[] {
  return nodeNames(world).map((name) => {
    const node = nodeOf(world, name);
    const health = (isUp: boolean): DrillHealth => (isUp ? "up" : "down");
    const items = pods.map((pod) => {
      const isUp = runs(world, name, pod);
      return { name: pod, health: health(isUp), detail: isUp ? "runs" : whyNot(node, pod) };
    });
    const services = Object.entries(node.services).map(([service, { state }]) => ({
      name: service,
      health: health(node.power === "on" && state === "running"),
      detail: node.power === "on" ? state : "no power",
    }));
    return { name, items: [...items, ...services] };
  });
}

function servesApi(world: World, name: string): boolean {
  const { voters, members } = etcdVotes(world);
  return runs(world, name, "kube-apiserver") && runs(world, name, "etcd", 0) && voters > members / 2;
}

function runs(world: World, name: string, pod: PodName, forMs = settledMs): boolean {
  const node = nodeOf(world, name);
  if (node.power === "off") return false;
  return node.containers.some(
    (container) =>
      container.podName === `${pod}-${name}` &&
      container.state === "running" &&
      world.timeMs - container.startedAtMs >= forMs &&
      container.exit?.isForWant !== false,
  );
}

function sayWhy(world: World, pod: PodName): string {
  const [first] = nodeNames(world).filter((name) => !runs(world, name, pod));
  const why = first === undefined ? starting : whyNot(nodeOf(world, first), pod);
  return why === starting ? "" : `; on ${first}: ${why}`;
}

function whyNot(node: SimulatedNode, pod: PodName): string {
  if (node.power === "off") return "no power";
  const isDeclared = Object.values(node.manifests).some(
    ({ content }) =>
      content.kind === "pod" && podIdentity(content.pod).name === pod && containersIn(content.pod).length > 0,
  );
  if (!isDeclared) return "no manifest";
  const stuck = Object.values(node.kubelet.workers).find(
    (worker) => worker.key.endsWith(`/${pod}`) && worker.stuck !== undefined,
  )?.stuck;
  if (stuck !== undefined) return `${stuck.reason}: ${stuck.message}`;
  const ended = node.containers
    .filter(({ podName, state }) => podName.startsWith(`${pod}-`) && state === "exited")
    .reduce<SimulatedNode["containers"][number] | undefined>(
      (a, b) => (a === undefined || b.id > a.id ? b : a),
      undefined,
    );
  return ended?.exit?.message ?? starting;
}

function mostFrequent(ids: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const id of ids) if (id !== "") counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? "";
}
