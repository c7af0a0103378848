// A step of the etcd plan as the exact commands that carry it out, by version and by how etcd is run. The runbook prints
// the same text.

import { basename, dirname } from "node:path";
import { invariantError, unreachable } from "../model/errors";
import type { EtcdClient, EtcdMemberSettings } from "../model/etcd-settings";
import type { EtcdManifestPlace, EtcdRestoreSnapshotStep, EtcdStep, EtcdStopWritersStep } from "../model/etcd-step";
import { initialClusterText } from "../plan/etcd/membership";
import { pauseFileOf } from "./etcd-variables";
import { renderManifest } from "./manifest";
import { renderTemplate } from "./template";

/** What a restored revision is raised by, so that no watcher ever saw a higher one. Source: etcd docs, disaster recovery. */
const revisionBump = 1_000_000_000;

/** The commands of an etcd step, to be run as root on its node: one subshell that stops at the first that fails. */
export function renderEtcdStep(step: EtcdStep): string {
  return renderTemplate(`steps/${step.kind}`, {
    node: step.node,
    reason: step.reason,
    ...clientVariables(step.at),
    ...pathVariables(step.at),
    ...runnerVariables(step.at, "place" in step ? step.place : undefined),
    ...variablesOf(step),
  });
}

/** The words that run etcdctl against one endpoint. */
export function etcdClientWords(client: EtcdClient, endpoint = client.endpoint): readonly string[] {
  return [
    ...client.command,
    `--endpoints=${endpoint}`,
    "--dial-timeout=3s",
    ...(client.ca === undefined ? [] : [`--cacert=${client.ca}`]),
    ...(client.certificate === undefined ? [] : [`--cert=${client.certificate}`]),
    ...(client.key === undefined ? [] : [`--key=${client.key}`]),
  ];
}

function variablesOf(step: EtcdStep): object {
  switch (step.kind) {
    case "etcdSaveSnapshot":
      return { ...snapshotVariables(step.path), fileWords: fileWords(step.at, step.fileTool) };
    case "etcdCollectSnapshot":
      return { path: step.path, sha256: step.sha256 };
    case "etcdDeliverSnapshot":
      return { ...snapshotVariables(step.path), localFile: step.localFile, sha256: step.sha256 };
    case "etcdCondemnData":
      return { memberId: step.memberId, mark: `${step.at.archiveDirectory}/condemned-${step.memberId}` };
    case "etcdStopMember":
      return { timeoutSeconds: step.timeoutSeconds, ...monitPatterns(step.at) };
    case "etcdRemoveMember":
      return { memberId: step.memberId };
    case "etcdAddMember":
      return { memberName: step.memberName, ...peerUrlVariables(step.peerUrl), isLearner: step.isLearner };
    case "etcdStartMember":
      return startVariables(step);
    case "etcdPromoteMember":
      return {
        // A forecast is printed, not run: the id is the one that adding the member prints.
        memberId: step.memberId ?? "ID_THAT_ADDING_IT_PRINTED",
        promotedWords: etcdClientWords(step.at.client, step.promotedClientUrl),
      };
    case "etcdMoveLeader":
      return { toMemberId: step.toMemberId };
    case "etcdUpdatePeerUrl":
      return { memberId: step.memberId, ...peerUrlVariables(step.peerUrl) };
    case "etcdCompact":
      return { revision: step.revision };
    case "etcdDefragment":
      return { sizeMaxBytes: step.sizeMaxBytes === undefined ? "" : String(step.sizeMaxBytes) };
    case "etcdRestoreSnapshot":
      return restoreVariables(step);
    case "etcdStopWriters":
      return writerVariables(step);
    case "etcdWaitForMember":
      return {
        timeoutSeconds: step.timeoutSeconds,
        timeoutText: `${step.timeoutSeconds} s`,
        // A learner answers its status only; a read proves that the voter stands in a quorum.
        questionWords: step.isVoter ? ["get", "quorate-probe", "--keys-only"] : ["endpoint", "status"],
      };
    case "etcdArchiveData":
    case "etcdMakeMemberDirectory":
    case "etcdDisarmAlarms":
    case "etcdParkDefinition":
    case "etcdResumeService":
      return {};
    default:
      return unreachable(step);
  }
}

// monit 5.2.5 says `Process 'etcd'  not monitored`, 5.33 `etcd  Not monitored  Process`; behind " - " is what is pending.
function monitPatterns({ runner }: EtcdMemberSettings): object {
  const name = runner.kind === "monit" ? runner.process.toLowerCase().replaceAll(".", "[.]") : "";
  return {
    stoppedPattern: `(^| )'?${name}'? .*not monitored( *$| +[^- ])`,
    pendingPattern: `(^| )'?${name}'? .* - stop`,
  };
}

function clientVariables(at: EtcdMemberSettings): object {
  return { clientWords: etcdClientWords(at.client) };
}

function fileWords(at: EtcdMemberSettings, tool: "etcdctl" | "etcdutl"): readonly string[] {
  return tool === "etcdutl" ? at.client.fileCommand : at.client.command;
}

function pathVariables(at: EtcdMemberSettings): object {
  return {
    dataDirectory: at.dataDirectory,
    dataDirectoryFlag: `--data-dir=${at.dataDirectory}`,
    dataDirectoryVariable: `ETCD_DATA_DIR=${at.dataDirectory}`,
    memberDirectory: `${at.dataDirectory}/member`,
    walDirectory: `${at.dataDirectory}/member/wal`,
    archiveDirectory: at.archiveDirectory,
    owner: at.owner,
  };
}

function runnerVariables(at: EtcdMemberSettings, place: EtcdManifestPlace | undefined): object {
  const { runner } = at;
  const kinds = {
    isMonit: runner.kind === "monit",
    isSystemd: runner.kind === "systemd",
    isStaticPod: runner.kind === "static-pod",
  };
  switch (runner.kind) {
    case "monit":
      return { ...kinds, monit: runner.monit, process: runner.process, peersFile: runner.peersFile };
    case "systemd": {
      const unit = runner.unit.includes(".") ? runner.unit : `${runner.unit}.service`;
      const { directory: pauseDirectory, path: pauseFile } = pauseFileOf(unit);
      return { ...kinds, unit, pauseDirectory, pauseFile, environmentFile: runner.environmentFile };
    }
    case "static-pod":
      return {
        ...kinds,
        ...(place === undefined
          ? {}
          : {
              parkDirectory: place.parkDirectory,
              parked: `${place.parkDirectory}/${place.fileName}`,
              manifestDirectory: place.manifestDirectory,
              manifest: `${place.manifestDirectory}/${place.fileName}`,
              stagedManifest: `${place.manifestDirectory}/.quorate-staged.${place.fileName}`,
            }),
      };
    default:
      return unreachable(runner);
  }
}

function startVariables(step: Extract<EtcdStep, { kind: "etcdStartMember" }>): object {
  const cluster = initialClusterText(step.initialCluster);
  const { kind } = step.at.runner;
  if (kind === "static-pod" && step.manifest === undefined)
    throw invariantError(`etcd on ${step.node} is a static pod and the step that starts it has no manifest`);
  return {
    initialCluster: cluster,
    environment: [
      `ETCD_INITIAL_CLUSTER=${cluster}`,
      "ETCD_INITIAL_CLUSTER_STATE=existing",
      `ETCD_INITIAL_CLUSTER_TOKEN=${step.token}`,
    ].join("\n"),
    peers: `etcd_peers="${cluster}"`,
    ...(step.manifest === undefined ? {} : { manifestText: renderManifest(step.manifest) }),
  };
}

function restoreVariables(step: EtcdRestoreSnapshotStep): object {
  const freshDirectory = `${step.at.dataDirectory}/.quorate-restore`;
  return {
    path: step.path,
    sha256: step.sha256,
    freshDirectory,
    freshMember: `${freshDirectory}/member`,
    fileWords: fileWords(step.at, step.fileTool),
    restoreFlags: [
      `--name=${step.at.name}`,
      `--initial-cluster=${initialClusterText(step.initialCluster)}`,
      `--initial-cluster-token=${step.token}`,
      `--initial-advertise-peer-urls=${step.at.peerUrl}`,
      `--data-dir=${freshDirectory}`,
      ...(step.canBumpRevision ? [`--bump-revision=${revisionBump}`, "--mark-compacted"] : []),
    ],
  };
}

function writerVariables(step: EtcdStopWritersStep): object {
  const monit = step.at.runner.kind === "monit" ? step.at.runner.monit : "monit";
  const pods = step.writers.flatMap((writer) => (writer.kind === "static-pod" ? [writer.pod] : []));
  const services = step.writers.flatMap((writer) => (writer.kind === "service" ? [writer] : []));
  const ofManager = (manager: "systemd" | "monit") => services.filter((writer) => writer.manager === manager);
  return {
    parkDirectory: step.parkDirectory,
    podWriters: pods.map((pod) => ({
      manifest: `${step.manifestDirectory}/${pod}.yaml`,
      parked: `${step.parkDirectory}/${pod}.yaml`,
    })),
    systemdWriters: ofManager("systemd").map((writer) => writer.name),
    monitWriters: ofManager("monit").map((writer) => ({ monit, name: writer.name })),
    // The kernel keeps 15 characters of a process's name.
    processNames: [...pods, ...services.map((writer) => writer.name)].map((name) =>
      basename(name, ".service").slice(0, 15),
    ),
  };
}

function snapshotVariables(path: string): object {
  return { path, partPath: `${path}.part`, snapshotDirectory: dirname(path) };
}

function peerUrlVariables(peerUrl: string): object {
  return { peerUrl, peerUrlFlag: `--peer-urls=${peerUrl}` };
}
