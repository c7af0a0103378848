// Random trouble for a control plane, and a converge over it under the eyes of the checkers.

import * as fc from "fast-check";
import { type ConvergeResult, converge, observeAll, type Planner } from "../../src/converge/round";
import type { ControlPlaneDeclaration } from "../../src/model/declaration";
import { type Blocker, isSettled } from "../../src/model/plan";
import { planControlPlane } from "../../src/plan/control-plane";
import {
  advance,
  type Fault,
  injectFault,
  memoryWorld,
  OperatorKilled,
  simulatedClock,
  simulatedNodes,
  type World,
  type WorldHolder,
} from "../../src/simulator";
import { checkRun, type Violation } from "../../src/simulator/checkers";
import { kubeadmDeclaration, kubeadmWorld } from "../simulator/worlds";

/** Trouble of a control plane: its size, what goes wrong, and how long that has been so. */
export interface Trouble {
  readonly size: number;
  readonly faults: readonly Fault[];
  /** Between the faults, and between the last one and the converge. */
  readonly seconds: number;
}

const pods = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];
const fileName = fc.constantFrom(...pods.map((pod) => `${pod}.yaml`));
const content = fc.constantFrom(
  { kind: "empty" } as const,
  { kind: "not-yaml", reason: "bad indentation" } as const,
  { kind: "not-a-pod", reason: "it is a ConfigMap" } as const,
);
const service = fc.constantFrom("kubelet", "containerd");

/** Faults of files and services on one node that a converge can mend, all but those of etcd's own definition. */
export const mendable = (node: string): fc.Arbitrary<Fault> =>
  fc.oneof(
    fileName.map((file): Fault => ({ kind: "manifest-removed", node, fileName: file })),
    fileName.map(
      (file): Fault => ({
        kind: "manifest-edited",
        node,
        fileName: file,
        from: "/etc/kubernetes/pki",
        to: "/etc/kubernetes/WRONG",
      }),
    ),
    fileName.map(
      (file): Fault => ({
        kind: "manifest-set",
        node,
        fileName: file,
        path: ["spec", "containers", 0, "command", 0],
        value: "typo",
      }),
    ),
    fileName.map(
      (file): Fault => ({ kind: "manifest-set", node, fileName: file, path: ["spec", "hostPID"], value: true }),
    ),
    fc
      .tuple(fileName, content)
      .map(([file, value]): Fault => ({ kind: "manifest-content", node, fileName: file, content: value })),
    fileName.map((file): Fault => ({ kind: "manifest-owned", node, fileName: file, owner: "nobody:nogroup" })),
    fileName.map((file): Fault => ({ kind: "manifest-copied", node, fileName: file, to: `${file}.bak` })),
    service.map((name): Fault => ({ kind: "service-stopped", node, service: name })),
    service.map((name): Fault => ({ kind: "service-paused", node, service: name })),
    fc
      .constantFrom<"changes" | "starts">("changes", "starts")
      .map((what): Fault => ({ kind: "kubelet-ignores", node, what })),
    fc.integer({ min: 0, max: 7200 }).map((seconds): Fault => ({ kind: "clock-skewed", node, seconds })),
    fc.constant<Fault>({ kind: "staged-file-left", node, path: "/etc/kubernetes/.quorate-staged.kube-scheduler.yaml" }),
  );

/** Any fault of one node, those too that no step can mend. */
export const anyFault = (node: string): fc.Arbitrary<Fault> =>
  fc.oneof(
    { weight: 6, arbitrary: mendable(node) },
    { weight: 1, arbitrary: fc.constantFrom<Fault>({ kind: "power-lost", node }, { kind: "power-back", node }) },
    {
      weight: 1,
      arbitrary: fc.constant<Fault>({ kind: "unreachable", node, level: "timeout", message: "Connection timed out" }),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom<"empty" | "missing">("empty", "missing")
        .map((state): Fault => ({ kind: "etcd-data-lost", node, state })),
    },
    {
      weight: 1,
      arbitrary: service.map(
        (name): Fault => ({ kind: "service-broken", node, service: name, message: "status=203/EXEC" }),
      ),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(
          "host" as const,
          "manifests" as const,
          "containers" as const,
          "services" as const,
          "etcdData" as const,
        )
        .map((section): Fault => ({ kind: "section-unseen", node, section, reason: "no answer within 5 s" })),
    },
    {
      weight: 1,
      arbitrary: fc.constant<Fault>({ kind: "image-missing", node, image: "registry.k8s.io/kube-scheduler:v1.33.0" }),
    },
    {
      weight: 1,
      arbitrary: fc.constant<Fault>({ kind: "file-removed", node, path: "/etc/kubernetes/scheduler.conf" }),
    },
    {
      weight: 1,
      arbitrary: fc.constant<Fault>({ kind: "locked", node, holder: "kim", host: "jump-1", seconds: 3600 }),
    },
  );

/** Something that happens in the middle of one of the next steps on a node. */
export const anyInterruption = (node: string): fc.Arbitrary<Fault> =>
  fc
    .record({
      how: fc.constantFrom("kill-operator" as const, "cut-link" as const, "lose-power" as const),
      afterEffects: fc.integer({ min: 0, max: 3 }),
      script: fc.constantFrom("dies" as const, "goes-on" as const),
      skip: fc.integer({ min: 0, max: 4 }),
    })
    .map((fields): Fault => ({ kind: "interruption", node, ...fields }));

/** Trouble made of some faults a node. */
export function trouble(
  faultOf: (node: string) => fc.Arbitrary<Fault>,
  sizes: { readonly min: number; readonly max: number },
): fc.Arbitrary<Trouble> {
  return fc.integer(sizes).chain((size) => {
    const nodes = Array.from({ length: size }, (_, index) => `cp-${index}`);
    const faults = fc.constantFrom(...nodes).chain(faultOf);
    return fc.record({
      size: fc.constant(size),
      faults: fc.array(faults, { minLength: 1, maxLength: 6 }),
      seconds: fc.constantFrom(0, 3, 40, 400),
    });
  });
}

/** The world in that trouble. */
export function troubled({ size, faults, seconds }: Trouble): World {
  return faults.reduce((world, fault) => advance(injectFault(world, fault), seconds), kubeadmWorld(size));
}

/** Converges once; undefined when the operator was killed on the way. */
export async function convergeOnce(
  holder: WorldHolder,
  plane: ControlPlaneDeclaration,
  planner: Planner = planControlPlane,
): Promise<ConvergeResult | undefined> {
  try {
    const nodes = simulatedNodes(holder, { plane });
    return await converge({ plane, nodes, clock: simulatedClock(holder), planner });
  } catch (error) {
    if (error instanceof OperatorKilled) return undefined;
    throw error;
  }
}

/** Converges in that trouble and reports what a checker found, and where it ended. */
export async function runInTrouble(
  given: Trouble,
  planner: Planner = planControlPlane,
): Promise<{ readonly violations: readonly Violation[]; readonly result: ConvergeResult; readonly after: World }> {
  const plane = kubeadmDeclaration(given.size);
  const before = troubled(given);
  const holder = memoryWorld(before);
  const result = await convergeOnce(holder, plane, planner);
  const after = holder.read();
  const second = await convergeOnce(holder, plane, planner);
  if (result === undefined || second === undefined) throw new Error("nobody was to kill the operator");
  const control = advance(before, (holder.read().timeMs - before.timeMs) / 1000);
  return { violations: checkRun({ plane, before, after, control, result, second }), result, after };
}

/** The reasons why some nodes are not as declared ten quiet minutes after the last of at most three converges. */
export async function repairCompletely(
  holder: WorldHolder,
  size: number,
  excused: readonly string[] = [],
): Promise<readonly string[]> {
  const plane = kubeadmDeclaration(size);
  for (let round = 0; round < 3; round += 1) {
    await convergeOnce(holder, plane);
    await simulatedClock(holder).sleep(600_000);
  }
  const plan = planControlPlane(plane, await observeAll(plane, simulatedNodes(holder, { plane })));
  const isOurs = (item: { readonly node: string }) => !excused.includes(item.node);
  if (isSettled(plan)) return [];
  return [
    ...plan.drifts.filter(isOurs).map((drift) => `${drift.node}: ${JSON.stringify(drift)}`),
    ...plan.blockers.filter(isOurs).map((blocker: Blocker) => blocker.message),
    ...plan.problems.filter(isOurs).map((problem) => problem.message),
  ];
}
