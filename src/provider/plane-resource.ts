// The resources that are a part of a control plane, all made the same way: their inputs are seen as a declaration, which
// is observed, planned and converged like any other.

import { converge, observeAll } from "../converge/round";
import { type ControlPlaneDeclaration, controlPlaneSchema } from "../model/declaration";
import type { PropertyChange } from "../model/drift";
import { isEtcdStep } from "../model/etcd-step";
import type { EtcdHistory } from "../model/etcd-verdict";
import type { JsonObject } from "../model/json";
import type { NodeObservation } from "../model/node-observation";
import type { Plan } from "../model/plan";
import type { DeclaredPodNames } from "../plan/live-inputs";
import type { Clock } from "../ports/clock";
import type { NodeAccess } from "../ports/node-access";
import { renderEndpoints } from "../render/etcd-text";
import { renderBlocker, renderNote, renderPlan, renderStepLine } from "../render/plan-text";
import { historyOf, type RecordedFloor, RevisionFloor, recordedFloor } from "./etcd-history";
import { RunRecorder } from "./keep-record";
import { keepRunbook } from "./keep-runbook";
import { maskPlan } from "./mask-plan";
import { planeOutputs, podNamesOf, reasonsOf } from "./plane-outputs";
import { planeRecording, recordEnd, recordPlane } from "./record-plane";
import { PlaneRehearsal, rehearsalFolderVariable } from "./rehearse-plane";
import type { CheckedInputs, ResourceContext, ResourceState, ResourceType } from "./resource-type";

/** Opens the way to the nodes of a declaration, and the clock that goes with it. `tell` hears what is worth a line. */
export type OpenNodes = (
  plane: ControlPlaneDeclaration,
  tell: (note: string) => void,
) => Promise<{ readonly nodes: NodeAccess; readonly clock: Clock }>;

/** How one kind of resource is a part of a control plane. */
export interface PlaneLens {
  readonly name: string;
  check(inputs: JsonObject): CheckedInputs;
  diff(recorded: JsonObject, news: JsonObject): readonly PropertyChange[];
  /** The declaration that checked inputs stand for, as the schema takes it. */
  planeOf(inputs: JsonObject): JsonObject;
  /** Recorded inputs may hold what was live: a stopped service, a file that is no Pod. Takes such values out. */
  declaredPart(inputs: JsonObject): JsonObject;
  /** The inputs as the nodes have them. */
  liveInputs(
    recorded: JsonObject,
    plane: ControlPlaneDeclaration,
    podNames: DeclaredPodNames,
    observations: readonly NodeObservation[],
    plan: Plan,
  ): JsonObject;
  planner(plane: ControlPlaneDeclaration, observations: readonly NodeObservation[], history: EtcdHistory): Plan;
  /** Where a change below a node's pod is in the inputs, to know whether it is secret. */
  podPath(node: string, pod: string): string;
}

/** A wait tells that it goes on this often: often enough to see that nothing hangs, seldom enough for a log. */
const progressEverySeconds = 10;

/** A resource seen through a lens. */
export function planeResource(lens: PlaneLens, openNodes: OpenNodes): ResourceType {
  const parsePlane = (inputs: JsonObject) => controlPlaneSchema.parse(lens.planeOf(inputs));
  const settle = (
    inputs: JsonObject,
    id: string,
    plane: ControlPlaneDeclaration,
    podNames: DeclaredPodNames,
    observations: readonly NodeObservation[],
    plan: Plan,
    floor: RecordedFloor,
  ): ResourceState => ({
    id,
    inputs,
    outputs: planeOutputs(inputs, plane, podNames, observations, etcdOf(plan, floor)),
    reasons: reasonsOf(plan),
  });
  return {
    name: lens.name,
    check: lens.check,
    diff: lens.diff,

    async preview(inputs, isNew, context) {
      const plane = parsePlane(inputs);
      const { nodes } = await openNodes(plane, (note) => void context.log("info", note));
      try {
        const observations = await observeAll(plane, nodes);
        const floor = recordedFloor(context.recorded);
        const history = historyOf(plane, floor);
        const made = lens.planner(plane, observations, history);
        const { plan, words } = new PlaneRehearsal(process.env[rehearsalFolderVariable] || undefined).guard(
          plane,
          observations,
          history,
          made,
        );
        if (words !== undefined) await context.log("info", words);
        keepRunbook(plan, lens, context, Object.keys(plane.nodes));
        await logPlan(maskPlan(isNew ? plan : { ...plan, notes: [] }, lens, context), context);
        return planeOutputs(inputs, plane, podNamesOf(plane, {}), observations, etcdOf(plan, floor));
      } finally {
        await nodes.close();
      }
    },

    async converge(name, inputs, context) {
      const plane = parsePlane(inputs);
      const { nodes, clock } = await openNodes(plane, (note) => void context.log("info", note));
      try {
        // What was to be noted before is told by now; what the repair left behind is not.
        let told: ReadonlySet<string> | undefined;
        const floor = new RevisionFloor(recordedFloor(context.recorded));
        const rehearsal = new PlaneRehearsal();
        const recorder = new RunRecorder({ type: lens.name, name, phase: "converge" }, () => clock.nowMs(), context);
        const recording = planeRecording(recorder, plane, lens, context);
        const result = await converge({
          plane,
          nodes,
          clock,
          planner: (declared, observations) =>
            floor.plan(observations, (known) => {
              const history = historyOf(declared, known);
              const made = lens.planner(declared, observations, history);
              const { plan, words } = rehearsal.guard(declared, observations, history, made);
              if (words !== undefined) {
                void context.log("info", words);
                recorder.add({ kind: "said", text: words });
              }
              return plan;
            }),
          isCancelled: context.isCancelled,
          onEvent: (event) => {
            recording(event);
            if (event.kind === "planned") told ??= new Set(event.plan.notes.map(renderNote));
            if (event.kind === "step-started") void context.log("info", renderStepLine(event.step));
            if (event.kind === "waiting" && event.waitedSeconds % progressEverySeconds === 0) {
              void context.status(`${renderStepLine(event.step)}, ${event.waitedSeconds} s so far`);
            }
            if (event.kind === "waiting-for-lock")
              void context.status(`${event.message}: waiting for its end, ${event.waitedSeconds} s so far`);
          },
        });
        const left = result.plan.notes.map(renderNote).filter((note) => told?.has(note) !== true);
        for (const note of left) await context.log("info", note);
        if (result.plan.etcd !== undefined && result.applied.some(isEtcdStep))
          await context.log("info", renderEndpoints(result.plan.etcd.assessment, result.observations));
        const settled = floor.settle(plane, result.plan);
        const podNames = podNamesOf(plane, {});
        const state = settle(inputs, name, plane, podNames, result.observations, result.plan, settled);
        const cancelled =
          result.isCancelled && result.plan.steps.length > 0
            ? ["stopped by the operator before the plan was done"]
            : [];
        const reasons = [...new Set([...cancelled, ...result.failures, ...state.reasons])];
        recordEnd(recorder, result.plan, result.failures, reasons);
        return { ...state, reasons };
      } finally {
        await nodes.close();
      }
    },

    async read(id, recorded, context) {
      const plane = parsePlane(lens.declaredPart(recorded.inputs));
      const { nodes, clock } = await openNodes(plane, (note) => void context.log("info", note));
      try {
        const recorder = new RunRecorder({ type: lens.name, name: id, phase: "read" }, () => clock.nowMs(), context);
        const observations = await observeAll(plane, nodes);
        const podNames = podNamesOf(plane, recorded.outputs);
        const floor = recordedFloor(recorded.outputs);
        const plan = lens.planner(plane, observations, historyOf(plane, floor));
        const inputs = lens.liveInputs(recorded.inputs, plane, podNames, observations, plan);
        for (const note of plan.notes) await context.log("info", renderNote(note));
        recordPlane(recorder, plane, observations, plan);
        recordEnd(recorder, plan, [], reasonsOf(plan));
        return settle(inputs, id, plane, podNames, observations, plan, floor);
      } finally {
        await nodes.close();
      }
    },
  };
}

function etcdOf({ etcd }: Plan, floor: RecordedFloor) {
  return etcd === undefined ? undefined : { assessment: etcd.assessment, floor };
}

async function logPlan(plan: Plan, context: ResourceContext): Promise<void> {
  const text = renderPlan(plan);
  if (text !== "") await context.log("info", text);
  for (const blocker of plan.blockers) {
    // An unreachable node is the node's trouble, not a refusal of ours: the rest of the plan stands.
    await context.log(blocker.reason === "node-unreachable" ? "warning" : "error", renderBlocker(blocker));
  }
}
