// What must hold of every converge in a simulated world, whatever was wrong before it. One checker a property; each is
// named in what it reports, and each has a planner broken on purpose that trips it.

import type { ConvergeResult } from "../converge/round";
import { type ControlPlaneDeclaration, manifestFileName } from "../model/declaration";
import { isEqualJson, type JsonValue } from "../model/json";
import { isSettled } from "../model/plan";
import { nodeNames, nodeOf, type World } from "./world";

/** A property that a converge broke. */
export interface Violation {
  readonly checker:
    | "no-harm"
    | "clean-directory"
    | "nothing-lost"
    | "named-reason"
    | "others-repaired"
    | "second-is-idle";
  readonly message: string;
}

/** One converge and what surrounds it. */
export interface CheckedRun {
  readonly plane: ControlPlaneDeclaration;
  /** Right before it. */
  readonly before: World;
  /** Right after it. */
  readonly after: World;
  /** `before` after the same time without any converge: the faults alone. */
  readonly control: World;
  readonly result: ConvergeResult;
  /** The converge that was run right after it. */
  readonly second: ConvergeResult;
}

/** Everything that the converge broke; empty when all is well. */
export function checkRun(run: CheckedRun): readonly Violation[] {
  return [
    ...checkHarm(run),
    ...checkDirectories(run),
    ...checkArchive(run),
    ...checkReason(run),
    ...checkOthers(run),
    ...checkSecond(run),
  ];
}

// No harm that the faults alone would not have done.
function checkHarm({ after, control }: CheckedRun): readonly Violation[] {
  const alone = new Set(control.incidents.map((incident) => incident.node));
  return after.incidents
    .filter((incident) => !alone.has(incident.node))
    .map((incident) => ({ checker: "no-harm", message: `node ${incident.node}: ${incident.text}` }));
}

// Nothing is in a manifest directory afterwards that was neither there before nor declared.
function checkDirectories({ plane, before, after }: CheckedRun): readonly Violation[] {
  return nodeNames(after).flatMap((node) => {
    const declared = Object.keys(plane.nodes[node]?.staticPods ?? {}).map(manifestFileName);
    const known = new Set([...Object.keys(nodeOf(before, node).manifests), ...declared]);
    return Object.keys(nodeOf(after, node).manifests)
      .filter((file) => !known.has(file))
      .map(
        (file): Violation => ({
          checker: "clean-directory",
          message: `node ${node}: ${file} is new in the manifest directory`,
        }),
      );
  });
}

// Whatever was in a manifest directory is still there or in the archive.
function checkArchive({ before, after }: CheckedRun): readonly Violation[] {
  return nodeNames(after).flatMap((node) => {
    const { manifests, archive } = nodeOf(after, node);
    const kept = [...Object.values(manifests), ...Object.values(archive)].map((file) => file.content as JsonValue);
    return Object.entries(nodeOf(before, node).manifests)
      .filter(([, file]) => !kept.some((content) => isEqualJson(content, file.content as JsonValue)))
      .map(
        ([file]): Violation => ({
          checker: "nothing-lost",
          message: `node ${node}: what ${file} held is nowhere any more`,
        }),
      );
  });
}

// It ends with nothing left to do, or it says why not.
function checkReason({ result }: CheckedRun): readonly Violation[] {
  const { plan, failures } = result;
  const isNamed = plan.blockers.length > 0 || plan.problems.length > 0 || failures.length > 0 || result.isCancelled;
  if (isSettled(plan) || isNamed) return [];
  const left = plan.drifts.map((drift) => `${drift.node}: ${drift.kind}`).join(", ");
  return [{ checker: "named-reason", message: `it ended without a reason although this is left: ${left}` }];
}

// A node with drift that is left has a reason of its own: another node's trouble is none.
function checkOthers({ result }: CheckedRun): readonly Violation[] {
  const { plan, failures } = result;
  const excused = new Set([
    ...[...plan.blockers, ...plan.problems].map((reason) => reason.node),
    ...plan.drifts.map((drift) => drift.node).filter((node) => failures.some((text) => text.includes(`node ${node}:`))),
  ]);
  const left = [...new Set(plan.drifts.map((drift) => drift.node))].filter((node) => !excused.has(node));
  return left.map((node) => ({
    checker: "others-repaired",
    message: `node ${node} was left with drift and without a reason`,
  }));
}

// After a converge that left nothing to do the next one does nothing.
function checkSecond({ result, second }: CheckedRun): readonly Violation[] {
  if (!isSettled(result.plan)) return [];
  return second.applied.map((step) => ({
    checker: "second-is-idle",
    message: `the next converge did ${step.kind} on ${step.node} although nothing was left to do`,
  }));
}
