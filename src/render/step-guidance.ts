// What a person who follows a step by hand has to know beside its commands: what they print, how to tell that it worked, and
// when to stop.

import { unreachable } from "../model/errors";
import type { EtcdStep } from "../model/etcd-step";
import type { Step } from "../model/step";
import { etcdClientWords } from "./etcd-step-command";
import { quoteWord } from "./quote";

/** How a step is followed by hand. */
export interface StepGuidance {
  /** One line: what is done. */
  readonly title: string;
  /** What the commands print when all goes well, a sentence. */
  readonly expected: string;
  /** A command that shows whether it worked, and what it has to show. */
  readonly verification: { readonly command: string; readonly shows: string };
  /** When not to go on, a sentence. */
  readonly stop: string;
}

const silent = "Nothing.";
const errorStops =
  "Stop if a command ends with an error: nothing after it was done. Make the plan anew (quorate runbook).";

/** How a step is followed by hand. */
export function guideStep(step: Step | EtcdStep): StepGuidance {
  switch (step.kind) {
    case "writeManifest":
      return {
        title: `Write the manifest of ${step.pod}`,
        expected: silent,
        verification: {
          command: `${containersCommand(step.pod)} # without crictl: ctr -n k8s.io containers ls`,
          shows: "within two minutes a container that is younger than the manifest and stays Running",
        },
        stop: "Stop if the container has not come within two minutes or restarts: the old manifest is in the archive directory.",
      };
    case "archiveStrayManifest":
      return {
        title: `Move the stray file ${JSON.stringify(step.fileName)} out of the manifest directory`,
        expected: silent,
        verification: { command: `ls -la ${word(step.manifestDirectory)}`, shows: "the file is gone from the listing" },
        stop: errorStops,
      };
    case "setManifestOwner":
      return {
        title: `Give the manifest of ${step.pod} to ${step.owner}`,
        expected: silent,
        verification: {
          command: `stat -c '%U:%G' ${word(`${step.manifestDirectory}/${step.fileName}`)}`,
          shows: step.owner,
        },
        stop: errorStops,
      };
    case "startService":
    case "restartService":
    case "waitForService": {
      const verbs = { startService: "Start", restartService: "Restart", waitForService: "Wait for" } as const;
      const command =
        step.manager === "systemd" ? `systemctl is-active ${word(step.service)}` : "/var/vcap/bosh/bin/monit summary";
      return {
        title: `${verbs[step.kind]} ${step.service}`,
        expected: silent,
        verification: { command, shows: step.manager === "systemd" ? "active" : `${step.service} running` },
        stop: "Stop if it does not run within its time: read its log before anything else is changed.",
      };
    }
    case "waitForPod":
      return {
        title: `Wait for the pod ${step.pod}`,
        expected: silent,
        verification: { command: containersCommand(step.pod), shows: "its containers Running" },
        stop: "Stop if it does not run within its time: read its log in /var/log/pods before anything else is changed.",
      };
    default:
      return guideEtcdStep(step);
  }
}

function guideEtcdStep(step: EtcdStep): StepGuidance {
  const client = `ETCDCTL_API=3 ${etcdClientWords(step.at.client).map(word).join(" ")}`;
  const members = { command: `${client} member list -w table`, shows: "" };
  const status = { command: `${client} endpoint status --cluster -w table`, shows: "" };
  const health = "one leader, and the same raft index, or nearly so, on every member";
  switch (step.kind) {
    case "etcdSaveSnapshot":
      return {
        title: "Save a snapshot and verify it",
        expected: "`Snapshot saved at` and the path with `.part` at its end (etcd 3.3 prints it too).",
        verification: { command: `ls -l ${word(step.path)}`, shows: "the file, not empty, of this minute" },
        stop: "Stop if there is no snapshot: take nothing away from the cluster without one.",
      };
    case "etcdCollectSnapshot":
      return {
        title: "Bring the snapshot to your machine",
        expected:
          "The bytes of the snapshot: send them into a file on your machine (ssh NODE 'sudo sh -s' < SCRIPT > FILE).",
        verification: { command: "sha256sum FILE", shows: step.sha256 },
        stop: "Stop if the sum differs.",
      };
    case "etcdDeliverSnapshot":
      return {
        title: "Bring the snapshot to the node",
        expected: silent,
        verification: { command: `sha256sum ${word(step.path)}`, shows: step.sha256 },
        stop: "Stop if the sum differs.",
      };
    case "etcdCondemnData":
      return {
        title: "Mark the data as bad",
        expected: silent,
        verification: { command: `ls ${word(step.at.archiveDirectory)}`, shows: `condemned-${step.memberId}` },
        stop: errorStops,
      };
    case "etcdStopMember":
      return {
        title: `Stop the member ${step.at.name}`,
        expected: silent,
        verification: { command: "pidof etcd", shows: "nothing" },
        stop: "Stop if it still runs: data of a running member must not be moved.",
      };
    case "etcdRemoveMember":
      return {
        title: `Remove the member ${step.memberName}`,
        expected: `\`Member ${step.memberId} removed from cluster\`.`,
        verification: { ...members, shows: `no member with the id ${step.memberId}` },
        stop: "Stop if it is refused: the cluster may be about to lose its quorum.",
      };
    case "etcdArchiveData":
      return {
        title: "Move the old data aside",
        expected: silent,
        verification: { command: `ls -A ${word(step.at.dataDirectory)}`, shows: "nothing" },
        stop: "Stop if files are left there. Nothing is deleted: the archive is whole.",
      };
    case "etcdMakeMemberDirectory":
      return {
        title: "Make the empty member directory",
        expected: silent,
        verification: { command: `ls -ld ${word(`${step.at.dataDirectory}/member`)}`, shows: step.at.owner },
        stop: "Stop if it is not there: without it the job on index 0 starts a new, empty cluster.",
      };
    case "etcdAddMember":
      return {
        title: `Announce the member ${step.memberName}`,
        expected: "`Member <id> added to cluster`; write the id down.",
        verification: { ...members, shows: `${step.peerUrl} as unstarted` },
        stop: "Stop if another member is unstarted: one at a time.",
      };
    case "etcdStartMember":
      return {
        title: `Start the member ${step.at.name} in the existing cluster`,
        expected: silent,
        verification: { ...members, shows: `${step.at.name} as started, and no member more than before` },
        stop: "Stop if it serves a cluster of its own (another cluster id): stop it at once.",
      };
    case "etcdPromoteMember":
      return {
        title: "Make the learner a voter and compare what it holds",
        expected: "`Member <id> promoted in cluster`, unless it votes already; then two equal hashes.",
        verification: { ...status, shows: health },
        stop: "Stop if the hashes differ: its data is not the cluster's.",
      };
    case "etcdMoveLeader":
      return {
        title: "Hand leadership over",
        expected: "`Leadership transferred from <id> to <id>`.",
        verification: { ...status, shows: `the member ${step.toMemberId} as leader` },
        stop: errorStops,
      };
    case "etcdUpdatePeerUrl":
      return {
        title: "Correct a peer address",
        expected: `\`Member ${step.memberId} updated in cluster\`.`,
        verification: { ...members, shows: step.peerUrl },
        stop: errorStops,
      };
    case "etcdCompact":
      return {
        title: `Drop history up to revision ${step.revision}`,
        expected: `\`compacted revision ${step.revision}\`.`,
        verification: { ...status, shows: health },
        stop: errorStops,
      };
    case "etcdDefragment":
      return {
        title: `Give free pages of ${step.at.name} back`,
        expected: "`Finished defragmenting etcd member`. It does not answer meanwhile.",
        verification: { ...status, shows: "a smaller database of this member" },
        stop: "Stop if it does not answer again: defragment no other.",
      };
    case "etcdDisarmAlarms":
      return {
        title: "Clear the alarms",
        expected: "The alarms that were cleared.",
        verification: { command: `${client} alarm list`, shows: "nothing" },
        stop: "Stop if an alarm comes back: the database is still at its quota.",
      };
    case "etcdRestoreSnapshot":
      return {
        title: "Make a new cluster's data from the snapshot",
        expected: "The restored members by etcd's account.",
        verification: { command: `ls ${word(`${step.at.dataDirectory}/member`)}`, shows: "snap and wal" },
        stop: "Stop if there is any data already, or another member still runs.",
      };
    case "etcdParkDefinition":
      return {
        title: "Put the definition of etcd out of reach",
        expected: silent,
        verification: { command: "pidof etcd", shows: "nothing, whatever the kubelet or the manager does" },
        stop: "Stop if etcd runs.",
      };
    case "etcdResumeService":
      return {
        title: "Let the manager watch the member again",
        expected: silent,
        verification: { ...status, shows: health },
        stop: errorStops,
      };
    case "etcdStopWriters":
      return {
        title: "Stop what writes to etcd",
        expected: silent,
        verification: { command: "pidof kube-apiserver", shows: "nothing" },
        stop: "Stop if an API server still runs: what it writes now is lost.",
      };
    case "etcdWaitForMember":
      return {
        title: `Wait for the member ${step.at.name}`,
        expected: silent,
        verification: { ...status, shows: health },
        stop: `Stop if it is not there after ${step.timeoutSeconds} s: read its log.`,
      };
    default:
      return unreachable(step);
  }
}

// By the pod: its containers have names of their own.
function containersCommand(pod: string): string {
  const pattern = word(`^${pod.replaceAll(".", "[.]")}-`);
  return `for id in $(crictl pods -q --name ${pattern}); do crictl ps -a --pod "$id"; done`;
}

function word(text: string): string {
  return quoteWord(text);
}
