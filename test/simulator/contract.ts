// The contract of a node: for every kind of step what has to be different in the observation after it. The table is run on
// the simulator and on the real lab; a subject is a NodeAccess and a way to prepare faults. Where the two differ, the
// simulator is wrong.

import { expect } from "chai";
import type { JsonObject } from "../../src/model/json";
import { type ContainerObservation, containersOf, type ObservedNode } from "../../src/model/node-observation";
import { isWait, type NodeChangeStep, type NodeStep } from "../../src/model/step";
import { judgePod } from "../../src/plan/pod-health";
import type { Clock } from "../../src/ports/clock";
import type { NodeAccess } from "../../src/ports/node-access";
import type { Fault } from "../../src/simulator";
import { command0, kubeletIn, manifestIn, otherFiles, podIn, stagedIn } from "./node-parts";

/** A node that the contract is tried on. It is healthy at the start of every case. */
export interface ContractSubject {
  readonly nodes: NodeAccess;
  readonly clock: Clock;
  /** Name of the node. */
  readonly node: string;
  /** The Pod of kube-scheduler as it is on the healthy node. */
  readonly pod: JsonObject;
  readonly manifestDirectory: string;
  readonly archiveDirectory: string;
  /** Makes these faults true on the node. */
  prepare(faults: readonly Fault[]): Promise<void>;
  /** Kills the process of a service whose manager starts it again a while later. */
  killService(service: string): Promise<void>;
}

/** One row: what is wrong first, the step, and what it changes. */
export interface ContractCase<K extends NodeStep["kind"] = NodeStep["kind"]> {
  readonly title: string;
  readonly faults: (subject: ContractSubject) => readonly Fault[];
  /** What has to be seen before the step is taken; the node is looked at until it is. */
  readonly isReady: (before: ObservedNode) => boolean;
  /** What a wait waits for: brought about after `before` was seen, so that it is not yet so when the wait begins. */
  readonly begin?: (subject: ContractSubject) => Promise<void>;
  readonly step: (subject: ContractSubject) => Extract<NodeStep, { kind: K }>;
  /** The difference. `before` was seen right before the step, `after` right after it. */
  readonly check: (after: ObservedNode, before: ObservedNode, subject: ContractSubject) => void;
}

const pod = "kube-scheduler";
const fileName = "kube-scheduler.yaml";
const stray = `${fileName}.bak`;
const command = ["spec", "containers", 0, "command", 0];
const typo = ({ node }: ContractSubject): Fault => ({
  kind: "manifest-set",
  node,
  fileName,
  path: command,
  value: "kube-schedulerrrr",
});
const place = ({ node, manifestDirectory, archiveDirectory }: ContractSubject) => ({
  node,
  manifestDirectory,
  archiveDirectory,
  fileName,
});
const write = (subject: ContractSubject) =>
  ({
    kind: "writeManifest",
    ...place(subject),
    reason: "contract",
    pod,
    manifest: subject.pod,
    owner: "root:root",
    mode: "0600",
  }) as const;
const kubelet = { service: "kubelet", manager: "systemd", reason: "contract" } as const;
const putManifest = ({ node, prepare }: ContractSubject, manifest: JsonObject) =>
  prepare([{ kind: "manifest-content", node, fileName, content: { kind: "pod", pod: manifest } }]);
const waitForPod = ({ node, manifestDirectory }: ContractSubject) =>
  ({
    kind: "waitForPod",
    node,
    pod,
    fileName,
    manifestDirectory,
    timeoutSeconds: 90,
    reason: "contract",
  }) as const;

/** The rows of every kind of step. A kind without a row does not compile. */
export const contract: { readonly [K in NodeStep["kind"]]: readonly [ContractCase<K>, ...ContractCase<K>[]] } = {
  writeManifest: [
    {
      title: "a broken manifest becomes the declared one, whole, with its owner and mode; nothing stays staged",
      faults: (subject) => [typo(subject)],
      isReady: (before) => podIn(before, fileName)?.includes("kube-schedulerrrr") === true,
      step: write,
      check: (after, before, subject) => {
        expect(manifestIn(after, fileName)).to.deep.include({ owner: "root:root", mode: "0600" });
        expect(podIn(after, fileName)).to.equal(JSON.stringify(command0(subject.pod)));
        expect(manifestIn(after, fileName)?.modifiedAtSeconds).to.be.at.least(
          manifestIn(before, fileName)?.modifiedAtSeconds ?? 0,
        );
        expect(otherFiles(after, fileName)).to.deep.equal(otherFiles(before, fileName));
        expect(stagedIn(after)).to.deep.equal([]);
      },
    },
    {
      title: "a missing manifest is there again",
      faults: ({ node }) => [{ kind: "manifest-removed", node, fileName }],
      isReady: (before) => manifestIn(before, fileName) === undefined,
      step: write,
      check: (after) => expect(manifestIn(after, fileName)).to.include({ owner: "root:root", mode: "0600" }),
    },
    {
      title: "a staged file that a dead step left is replaced and not kept",
      faults: (subject) => [
        typo(subject),
        { kind: "staged-file-left", node: subject.node, path: stagedBeside(subject) },
      ],
      isReady: (before) => stagedIn(before).length === 1,
      step: write,
      check: (after) => expect(stagedIn(after)).to.deep.equal([]),
    },
  ],
  archiveStrayManifest: [
    {
      title: "a second file with the same pod is gone from the directory and the first stays as it is",
      faults: ({ node }) => [{ kind: "manifest-copied", node, fileName, to: stray }],
      isReady: (before) => manifestIn(before, stray) !== undefined,
      step: (subject) => ({ kind: "archiveStrayManifest", ...place(subject), reason: "contract", fileName: stray }),
      check: (after, before) => {
        expect(manifestIn(after, stray)).to.equal(undefined);
        expect(otherFiles(after, stray)).to.deep.equal(otherFiles(before, stray));
      },
    },
    {
      title: "a file that is gone already is no failure",
      faults: () => [],
      isReady: () => true,
      step: (subject) => ({ kind: "archiveStrayManifest", ...place(subject), reason: "contract", fileName: stray }),
      check: (after, before) => expect(otherFiles(after, "")).to.deep.equal(otherFiles(before, "")),
    },
  ],
  setManifestOwner: [
    {
      title: "the owner is the declared one and neither content nor time of change moves",
      faults: ({ node }) => [{ kind: "manifest-owned", node, fileName, owner: "nobody:nogroup" }],
      isReady: (before) => manifestIn(before, fileName)?.owner === "nobody:nogroup",
      step: ({ node, manifestDirectory }) => ({
        kind: "setManifestOwner",
        node,
        manifestDirectory,
        pod,
        fileName,
        owner: "root:root",
        reason: "contract",
      }),
      check: (after, before) => {
        expect(manifestIn(after, fileName)).to.deep.equal({ ...manifestIn(before, fileName), owner: "root:root" });
      },
    },
  ],
  startService: [
    {
      title: "a stopped kubelet runs",
      faults: ({ node }) => [{ kind: "service-stopped", node, service: "kubelet" }],
      isReady: (before) => kubeletIn(before)?.state === "stopped",
      step: ({ node }) => ({ kind: "startService", node, ...kubelet }),
      check: (after) => expect(kubeletIn(after)).to.include({ state: "running", paused: false }),
    },
    {
      title: "a kubelet that was masked at run time is unmasked and runs",
      faults: ({ node }) => [{ kind: "service-paused", node, service: "kubelet" }],
      isReady: (before) => kubeletIn(before)?.paused === true,
      step: ({ node }) => ({ kind: "startService", node, ...kubelet }),
      check: (after) => expect(kubeletIn(after)).to.include({ state: "running", paused: false }),
    },
  ],
  restartService: [
    {
      title: "the kubelet runs since later than before and the containers went on",
      faults: () => [],
      isReady: () => true,
      step: ({ node }) => ({ kind: "restartService", node, ...kubelet }),
      check: (after, before) => {
        expect(kubeletIn(after)?.state).to.equal("running");
        expect(kubeletIn(after)?.startedAtSeconds).to.be.above(
          kubeletIn(before)?.startedAtSeconds ?? Number.POSITIVE_INFINITY,
        );
        expect(containersOf(after, "etcd")[0]?.createdAtSeconds).to.equal(
          containersOf(before, "etcd")[0]?.createdAtSeconds,
        );
      },
    },
  ],
  waitForService: [
    {
      title: "a kubelet whose process was killed comes to run again",
      faults: () => [],
      isReady: (before) => kubeletIn(before)?.state === "running",
      begin: (subject) => subject.killService("kubelet"),
      step: ({ node }) => ({ kind: "waitForService", node, ...kubelet, timeoutSeconds: 60 }),
      check: (after, before) => {
        expect(kubeletIn(after)?.state).to.equal("running");
        expect(kubeletIn(after)?.startedAtSeconds).to.be.above(
          kubeletIn(before)?.startedAtSeconds ?? Number.POSITIVE_INFINITY,
        );
      },
    },
  ],
  waitForPod: [
    {
      title: "a pod that does not run comes to run once its manifest is there again",
      faults: ({ node }) => [{ kind: "manifest-removed", node, fileName }],
      isReady: (before) => before.containers.kind === "seen" && runningIn(before) === undefined,
      begin: (subject) => putManifest(subject, subject.pod),
      step: waitForPod,
      check: (after) => expect(runningIn(after)?.command?.[0]).to.equal(pod),
    },
    {
      title: "a pod that runs an older command comes to run the one that its manifest now has",
      faults: () => [],
      isReady: (before) => runningIn(before) !== undefined,
      begin: (subject) => putManifest(subject, withWord(subject.pod, "--v=1")),
      step: waitForPod,
      check: (after, before) => {
        expect(runningIn(after)?.command).to.deep.equal([...(runningIn(before)?.command ?? []), "--v=1"]);
      },
    },
  ],
};

/** Runs one row on a subject. */
export async function runContractCase(row: ContractCase, subject: ContractSubject): Promise<void> {
  await subject.prepare(row.faults(subject));
  const before = await lookUntil(subject, 60, row.isReady);
  await row.begin?.(subject);
  const step = row.step(subject);
  if (isWait(step)) {
    row.check(await lookUntil(subject, step.timeoutSeconds, (node) => holds(step, node, subject)), before, subject);
    return;
  }
  expect(await subject.nodes.apply(step as NodeChangeStep)).to.deep.equal({ kind: "done" });
  row.check(await lookUntil(subject, 0, () => true), before, subject);
}

function holds(
  step: Extract<NodeStep, { kind: "waitForService" | "waitForPod" }>,
  node: ObservedNode,
  subject: ContractSubject,
): boolean {
  if (step.kind === "waitForService") return kubeletIn(node)?.state === "running";
  const file = manifestIn(node, step.fileName);
  return file !== undefined && judgePod(node, subject.pod, file, step.timeoutSeconds).kind === "running";
}

async function lookUntil(
  subject: ContractSubject,
  seconds: number,
  isSeen: (node: ObservedNode) => boolean,
): Promise<ObservedNode> {
  const endMs = subject.clock.nowMs() + seconds * 1000;
  for (;;) {
    const observation = await subject.nodes.observe(subject.node);
    if (observation.kind === "observed" && isSeen(observation)) return observation;
    if (subject.clock.nowMs() >= endMs)
      throw new Error(`not seen within ${seconds} s: ${JSON.stringify(observation).slice(0, 4000)}`);
    await subject.clock.sleep(1000);
  }
}

/** The container of the pod, where the newest of them runs. */
function runningIn(node: ObservedNode): ContainerObservation | undefined {
  const [newest] = containersOf(node, pod);
  return newest?.state === "running" ? newest : undefined;
}

/** The Pod with one more word in its command. */
function withWord(value: JsonObject, word: string): JsonObject {
  const copy = JSON.parse(JSON.stringify(value));
  copy.spec.containers[0].command.push(word);
  return copy;
}

function stagedBeside({ manifestDirectory }: ContractSubject): string {
  return `${manifestDirectory.slice(0, manifestDirectory.lastIndexOf("/"))}/.quorate-staged.${fileName}`;
}
