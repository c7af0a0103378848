// The probe: one read-only script for one node. Its sections run side by side, each with a deadline of its own, and are
// told one after the other between lines that hold a random boundary, so that nothing on the node can forge the end of one.

import { type ControlPlaneDeclaration, manifestFileName } from "../model/declaration";
import { settleMember, writersOf } from "../model/etcd-settings";
import { isJsonList, isJsonObject, type JsonObject } from "../model/json";
import { type EtcdProbeSection, etcdProbeSections, etcdSectionName } from "../model/probe-sections";
import { etcdCommand, isEtcdPod } from "../plan/canonical-pod";
import { etcdClientVariables, etcdRunnerVariables } from "./etcd-variables";
import { stagedFilePrefix } from "./step-command";
import { renderTemplate } from "./template";

/** A manifest longer than this is not read, bytes. kubeadm's have 2 to 5 KB. */
const manifestBytesMax = 1_048_576;
/** A section that prints more than this is cut, bytes: `/pods` of a full worker has about 2 MB, a third more in base64. */
const sectionBytesMax = 16_000_000;
/** The container section begins no new question after this many seconds. */
const patienceSeconds = 12;

/** Seconds that each section may take. An answer takes less than one; the rest is for a node in trouble. */
const deadlines = { host: 10, manifests: 10, containers: 25, services: 20, "etcd-data": 10, leftovers: 10 } as const;

/** The same for the sections about a declared etcd. A call of etcdctl gives up after 6; the hash takes four. */
const etcdDeadlines = {
  tool: 10,
  status: 10,
  members: 10,
  alarms: 10,
  read: 10,
  keys: 10,
  hash: 25,
  data: 20,
  service: 10,
  definition: 10,
  certificates: 15,
  snapshots: 25,
  log: 10,
} as const satisfies Readonly<Record<EtcdProbeSection, number>>;

/** So many snapshots are looked at, the newest first: each is read whole. */
const snapshotsMax = 4;

/** Seconds after which every probe has ended, connecting apart. */
export const probeSecondsMax = Math.max(...Object.values(deadlines), ...Object.values(etcdDeadlines)) + 5;

/** The probe of one declared node. `boundary` is random for every run. */
export function renderProbe(plane: ControlPlaneDeclaration, node: string, boundary: string): string {
  const declared = plane.nodes[node];
  const services = Object.entries(declared?.services ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const pods = Object.values(declared?.staticPods ?? {});
  const namespaces = [...new Set(["kube-system", ...pods.map(namespaceOf)])].sort();
  const variables = {
    manifestDirectory: plane.manifestDirectory,
    archiveDirectory: plane.archiveDirectory,
    stagedFilePrefix,
    manifestBytesMax,
    patienceSeconds,
    namespaces,
    containerFilter: containerFilter(namespaces),
    units: services.filter(([, service]) => service.manager === "systemd").map(([name]) => name),
    hasMonit: services.some(([, service]) => service.manager === "monit"),
    directories: etcdDataDirectories(plane, node),
  };
  const sections = Object.entries(deadlines).map(([name, deadlineSeconds]) => ({
    name,
    deadlineSeconds,
    text: renderTemplate(`probe/${name}`, variables),
  }));
  return renderTemplate("probe/script", {
    sections: [...sections, ...etcdSections(plane, node)],
    boundary,
    sectionBytesMax,
  });
}

function etcdSections(plane: ControlPlaneDeclaration, node: string) {
  const settings = plane.etcd === undefined ? undefined : settleMember(plane.etcd, node);
  if (plane.etcd === undefined || settings === undefined) return [];
  const { runner, certificates } = settings;
  const ca = certificates.find((certificate) => certificate.role === "ca")?.path ?? "";
  const writers = writersOf(plane.etcd);
  const variables = {
    ...etcdClientVariables(settings),
    ...etcdRunnerVariables(settings),
    writerUnits: writers.flatMap((writer) =>
      writer.kind === "service" && writer.manager === "systemd" ? [writer.name] : [],
    ),
    archiveDirectory: settings.archiveDirectory,
    snapshotDirectory: settings.snapshotDirectory,
    snapshotsMax,
    parkedManifest:
      runner.kind === "static-pod" ? `${plane.archiveDirectory}/parked/${manifestFileName(runner.pod)}` : "",
    logFile: runner.kind === "monit" ? `/var/vcap/sys/log/${runner.process}/${runner.process}.stderr.log` : "",
    certificates: certificates.map((certificate) => ({ ...certificate, ca })),
  };
  return etcdProbeSections.map((section) => ({
    name: etcdSectionName(section),
    deadlineSeconds: etcdDeadlines[section],
    text: renderTemplate(`probe/etcd/${section}`, variables),
  }));
}

/** The etcd data directories that are declared for a node, on the host; empty when it declares no etcd. */
export function etcdDataDirectories(plane: ControlPlaneDeclaration, node: string): readonly string[] {
  const pods = Object.values(plane.nodes[node]?.staticPods ?? {}).filter(isEtcdPod);
  const fromPods = pods.map(dataDirectoryOf).filter((path) => path !== undefined);
  const declared = plane.etcd === undefined ? undefined : settleMember(plane.etcd, node)?.dataDirectory;
  return [...new Set(declared === undefined ? fromPods : [declared])];
}

// What etcd calls its directory is a path in the container; a hostPath volume says where that is on the host.
function dataDirectoryOf(pod: JsonObject): string | undefined {
  const words = etcdCommand(pod);
  const inline = words.find((word) => word.startsWith("--data-dir="))?.slice("--data-dir=".length);
  const apart = words.includes("--data-dir") ? words[words.indexOf("--data-dir") + 1] : undefined;
  const path = (inline ?? apart)?.replace(/\/+$/, "");
  if (path === undefined || !path.startsWith("/")) return undefined;
  const mounts = objectsAt(pod.spec, "containers").flatMap((container) => objectsAt(container, "volumeMounts"));
  const volumes = objectsAt(pod.spec, "volumes");
  for (const mount of mounts) {
    const mountPath = String(mount.mountPath).replace(/\/+$/, "");
    if (path !== mountPath && !path.startsWith(`${mountPath}/`)) continue;
    const hostPath = volumes.find((volume) => volume.name === mount.name)?.hostPath;
    if (isJsonObject(hostPath) && typeof hostPath.path === "string") {
      return hostPath.path.replace(/\/+$/, "") + path.slice(mountPath.length);
    }
  }
  return path;
}

function objectsAt(value: unknown, key: string): readonly JsonObject[] {
  const inner = isJsonObject(value) ? value[key] : undefined;
  return isJsonList(inner) ? inner.filter(isJsonObject) : [];
}

function namespaceOf(pod: JsonObject): string {
  const namespace = isJsonObject(pod.metadata) ? pod.metadata.namespace : undefined;
  return typeof namespace === "string" ? namespace : "default";
}

function containerFilter(namespaces: readonly string[]): string {
  const pattern = namespaces.map((name) => name.replaceAll(".", "[.]")).join("|");
  return `labels."io.cri-containerd.kind"==container,labels."io.kubernetes.pod.namespace"~="^(${pattern})$"`;
}
