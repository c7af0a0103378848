// The etcd sections of a probe, as the parsers in ./etcd take them. How etcd is run decides what its service and its
// definition are read from: monit's words, systemd's properties, or the manifests and containers that the probe saw anyway.

import type { ControlPlaneDeclaration } from "../model/declaration";
import { manifestFileName } from "../model/declaration";
import type { EtcdObservation } from "../model/etcd-observation";
import { type EtcdMemberSettings, settleMember, writersOf } from "../model/etcd-settings";
import type { ServiceObservation } from "../model/node-observation";
import { containersOf } from "../model/node-observation";
import { type EtcdProbeSection, etcdProbeSections, etcdSectionName } from "../model/probe-sections";
import { parseEtcdObservation, type ToolOutput } from "./etcd";
import { describeDefinition, linesOutput, type NodeWithoutEtcd } from "./etcd-definition";
import { judgeMonitStatus, monitStatusOf, parseMonitSummary } from "./monit";
import { cutEnded, decodeText, lateReason, type ProbeRecord, recordsOf } from "./sections";
import { parseUnit } from "./services";

/** A container that was made longer ago than this says nothing of a crash loop: the kubelet's longest back-off is 300 s. */
const crashLoopSecondsMax = 600;

/** A declared member as its node's probe saw it; undefined when none is declared for the node. */
export function parseEtcdMember(
  plane: ControlPlaneDeclaration,
  node: NodeWithoutEtcd,
  boundary: string,
  output: string,
): EtcdObservation | undefined {
  const settings = plane.etcd === undefined ? undefined : settleMember(plane.etcd, node.node);
  if (plane.etcd === undefined || settings === undefined) return undefined;
  const sections = Object.fromEntries(
    etcdProbeSections.map((section) => [section, toolOutput(output, boundary, section)]),
  ) as Readonly<Record<EtcdProbeSection, ToolOutput | undefined>>;
  const definition = describeDefinition(settings, node, sections.definition);
  const isInPlace = definition?.stdout.includes("state=in-place") === true;
  return parseEtcdObservation({
    "etcd-tool": sections.tool,
    "etcd-status": sections.status,
    "etcd-members": sections.members,
    "etcd-alarms": sections.alarms,
    "etcd-read": sections.read,
    "etcd-keys": sections.keys,
    "etcd-hash": sections.hash,
    "etcd-data": sections.data,
    "etcd-service": describeService(settings, node, sections.service, isInPlace),
    "etcd-definition": definition,
    "etcd-certificates": sections.certificates,
    "etcd-snapshots": sections.snapshots,
    "etcd-writers": describeWriters(plane.etcd, node, sections.service),
    "etcd-log": sections.log,
  });
}

function toolOutput(output: string, boundary: string, section: EtcdProbeSection): ToolOutput | undefined {
  const cut = cutEnded(output, boundary, etcdSectionName(section));
  if (cut.kind === "lost") {
    return cut.reason === lateReason ? { stdout: "", stderr: "", exitCode: undefined, timedOut: true } : undefined;
  }
  const text = (bytes: string) => Buffer.from(bytes, "latin1").toString("utf8");
  return { stdout: text(cut.stdout), stderr: text(cut.stderr), exitCode: cut.exitCode, timedOut: false };
}

function describeService(
  settings: EtcdMemberSettings,
  node: NodeWithoutEtcd,
  output: ToolOutput | undefined,
  isInPlace: boolean,
): ToolOutput | undefined {
  if (output === undefined || output.exitCode !== 0) return output;
  const records = recordsOf(output.stdout);
  const pid = wordOf(records, "pid");
  const service = serviceOf(settings, node, records, pid !== undefined, isInPlace);
  return linesOutput({
    manager: settings.runner.kind,
    state: service.state,
    paused: service.isPaused ? "yes" : "no",
    restarts: service.restarts,
    pid,
    detail: service.detail.replaceAll("\n", " "),
    quota_bytes: wordOf(records, "quota"),
  });
}

interface RunnerState {
  readonly state: ServiceObservation["state"];
  readonly isPaused: boolean;
  readonly detail: string;
  readonly restarts?: number | undefined;
}

function serviceOf(
  settings: EtcdMemberSettings,
  node: NodeWithoutEtcd,
  records: readonly ProbeRecord[],
  hasProcess: boolean,
  isInPlace: boolean,
): RunnerState {
  const { runner } = settings;
  switch (runner.kind) {
    case "systemd": {
      const record = records.find(([key]) => key === "unit");
      const text = decodeText(record?.[2] ?? "");
      const unit = parseUnit(runner.unit, Number(record?.[1] ?? 1), text);
      const restarts = Number(/^NRestarts=([0-9]+)$/m.exec(text)?.[1] ?? 0);
      const isPaused = unit.paused || records.some(([key]) => key === "paused");
      return { state: unit.state, isPaused, detail: unit.detail, restarts };
    }
    case "monit": {
      const status = monitWords(records, runner.process);
      if (status === undefined) return { state: "unknown", isPaused: false, detail: "monit did not answer" };
      if (status === "") return { state: "missing", isPaused: false, detail: "monit does not know it" };
      const { state, paused } = judgeMonitStatus(status);
      // monit says so between a process's end and its next start; that alone is no failure to start.
      const isAbsent = state === "failed" && /^does not exist/i.test(status);
      return { state: isAbsent ? "stopped" : state, isPaused: paused, detail: status };
    }
    case "static-pod":
      return podState(runner.pod, node, records, hasProcess, isInPlace);
  }
}

function podState(
  pod: string,
  node: NodeWithoutEtcd,
  records: readonly ProbeRecord[],
  hasProcess: boolean,
  isInPlace: boolean,
): RunnerState {
  if (hasProcess) return { state: "running", isPaused: false, detail: "its process runs" };
  if (!isInPlace) return { state: "stopped", isPaused: true, detail: "its manifest is not in the manifest directory" };
  if (!records.some(([key, value]) => key === "kubelet" && value === "running"))
    return { state: "stopped", isPaused: false, detail: "the kubelet does not run" };
  const [newest] = containersOf(node, pod);
  const nowSeconds = node.host.kind === "seen" ? node.host.value.timeSeconds : 0;
  const isRecent = newest?.createdAtSeconds !== undefined && nowSeconds - newest.createdAtSeconds < crashLoopSecondsMax;
  const words = [newest?.reason, newest?.message].filter((word) => word !== undefined && word !== "").join(": ");
  const detail = words === "" ? "the kubelet has not started it" : words.slice(0, 300);
  return { state: "starting", isPaused: false, detail, restarts: isRecent ? newest?.restartCount : undefined };
}

// undefined: monit did not answer; "": it does not know the process.
function monitWords(records: readonly ProbeRecord[], process: string): string | undefined {
  const record = records.find(([key]) => key === "monit");
  const summary = record?.[1] === "0" ? parseMonitSummary(decodeText(record[2])) : undefined;
  return summary === undefined ? undefined : (monitStatusOf(summary, process) ?? "");
}

/** What cannot be told to stand still counts as running. */
function describeWriters(
  etcd: NonNullable<ControlPlaneDeclaration["etcd"]>,
  node: NodeWithoutEtcd,
  output: ToolOutput | undefined,
): ToolOutput {
  const records = recordsOf(output?.stdout ?? "");
  const lines = writersOf(etcd).flatMap((writer) => {
    if (writer.kind === "static-pod") {
      const containers = containersOf(node, writer.pod);
      const isThere = node.containers.kind === "unknown" || containers.some(({ state }) => state === "running");
      const isDeclared = node.manifests.kind === "unknown" || hasManifest(node, writer.pod) || containers.length > 0;
      return isDeclared ? [`writer ${writer.pod} ${isThere ? "running" : "stopped"}`] : [];
    }
    if (writer.manager === "monit") {
      const words = monitWords(records, writer.name);
      if (words === "") return [];
      const isDown = words !== undefined && /^(not monitored|does not exist)/i.test(words);
      return [`writer ${writer.name} ${isDown ? "stopped" : "running"}`];
    }
    const record = records.find(([key, name]) => key === "writer" && decodeText(name) === writer.name);
    return [`writer ${writer.name} ${record?.[2] === "stopped" ? "stopped" : "running"}`];
  });
  return { stdout: lines.join("\n"), stderr: "", exitCode: 0, timedOut: false };
}

function hasManifest(node: NodeWithoutEtcd, pod: string): boolean {
  return node.manifests.kind === "seen" && node.manifests.value.some((file) => file.fileName === manifestFileName(pod));
}

function wordOf(records: readonly ProbeRecord[], key: string): string | undefined {
  return records.find(([name]) => name === key)?.[1];
}
