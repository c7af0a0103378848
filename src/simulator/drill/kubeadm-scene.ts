// Where a drill of a kubeadm control plane is played: simulated nodes second by second, and the real converge on them.

import { type ConvergeEvent, converge, observeAll } from "../../converge/round";
import type { ControlPlaneDeclaration } from "../../model/declaration";
import { unreachable } from "../../model/errors";
import type { Plan } from "../../model/plan";
import { type ChangeStep, subjectOf } from "../../model/step";
import { planControlPlane } from "../../plan/control-plane";
import type { Clock } from "../../ports/clock";
import type { NodeAccess } from "../../ports/node-access";
import { advance } from "../advance";
import { createWorld } from "../create-world";
import { injectFault } from "../faults";
import { kubeadmTopology } from "../kubeadm-topology";
import { restartService } from "../services";
import { simulatedNodes } from "../simulated-nodes";
import { nodeNames, nodeOf, type World } from "../world";
import type { WorldHolder } from "../world-holder";
import type { DrillRecord, DrillScene, ServiceNow } from "./drill-scene";
import { checkNodes, declarationOf, declareNodes } from "./kubeadm-declared";
import type { KubeadmAction, KubeadmDrillScenario, KubeadmFault } from "./kubeadm-drill-scenario";
import { etcdLine, etcdVotes, judgeControlPlane, placesOf } from "./kubeadm-services";
import type { DrillChoice } from "./session";

const nothingPlanned: Plan = { drifts: [], steps: [], blockers: [], problems: [], notes: [] };

/** What can be done on it: a person may take the plan's next step alone. */
export type KubeadmSceneAction = KubeadmAction | { readonly kind: "one-step" };

/** See the head of this file. */
export class KubeadmScene implements DrillScene<KubeadmFault, KubeadmSceneAction> {
  private world: World;
  /** Whoever changes it, all hear of each second that has passed. */
  private readonly holder: WorldHolder = {
    read: () => this.world,
    change: async (make) => {
      const { world, result } = make(this.world);
      this.world = world;
      this.hearSeconds();
      return result;
    },
  };
  private readonly plane: ControlPlaneDeclaration;
  private readonly nodes: NodeAccess;
  private readonly clock: Clock;
  private readonly beganMs: number;
  private heardMs: number;
  private hear: () => void = () => {};
  private lastPlan: Plan = nothingPlanned;
  private acknowledged = 0;

  constructor(
    scenario: KubeadmDrillScenario,
    private readonly parameters: Readonly<Record<"containerStart" | "poll", number>>,
    seed: string,
    private readonly renderStep: ((step: ChangeStep) => string) | undefined,
  ) {
    const declared = declareNodes(scenario.topology.nodes);
    checkNodes(
      scenario,
      declared.map(({ name }) => name),
    );
    this.world = createWorld(kubeadmTopology(declared), seed);
    this.plane = declarationOf(declared, parameters.containerStart);
    this.beganMs = this.world.timeMs;
    this.heardMs = this.world.timeMs;
    this.nodes = simulatedNodes(this.holder, { plane: this.plane });
    this.clock = { nowMs: () => this.world.timeMs, sleep: (ms) => this.wait(ms / 1000) };
  }

  nowSeconds(): number {
    return Math.round((this.world.timeMs - this.beganMs) / 1000);
  }

  async wait(seconds: number): Promise<void> {
    for (let left = seconds; left > 0; left -= 1) {
      await this.holder.change((world) => ({ world: advance(world, Math.min(1, left)), result: undefined }));
    }
  }

  everySecond(run: () => void): void {
    this.hear = run;
  }

  strike(fault: KubeadmFault): { readonly id: string; readonly text: string } {
    this.world = injectFault(this.world, fault);
    const { kind, node, ...details } = fault;
    const more = Object.entries(details).map(([name, value]) => `${name} ${wordsOf(value)}`);
    return {
      id: kind,
      text: `${kind.replaceAll("-", " ")} on ${node}${more.length > 0 ? `: ${more.join(", ")}` : ""}`,
    };
  }

  async act(action: KubeadmSceneAction, record: DrillRecord): Promise<void> {
    switch (action.kind) {
      case "quorate-up":
        return this.up(record, false);
      case "one-step":
        return this.up(record, true);
      case "restart-service":
        return this.restart(action, record);
      default:
        return unreachable(action);
    }
  }

  async look(): Promise<void> {
    this.lastPlan = planControlPlane(this.plane, await observeAll(this.plane, this.nodes));
  }

  plan(): readonly string[] {
    const { steps, blockers, problems } = this.lastPlan;
    const lines = [
      ...steps.map((step) => `${step.kind} on ${step.node}: ${step.reason}`),
      ...blockers.map(({ reason, message, nextStep }) => `refused (${reason}): ${message}; next: ${nextStep}`),
      ...problems.map(({ message }) => `no step mends this: ${message}`),
    ];
    return lines.length > 0 ? lines : ["nothing to do: all is as declared"];
  }

  options(): readonly (DrillChoice & { readonly action: KubeadmSceneAction })[] {
    const world = this.world;
    const [step] = this.lastPlan.steps;
    const planned =
      step === undefined
        ? []
        : [
            {
              id: "step",
              title: `${step.kind} on ${step.node}: ${step.reason}`,
              command: undefined,
              quorum: `stays: ${etcdLine(world)}`,
              action: { kind: "one-step" } as const,
            },
            {
              id: "up",
              title: "quorate up: all of the plan",
              command: "quorate up",
              quorum: `stays: ${etcdLine(world)}`,
              action: { kind: "quorate-up" } as const,
            },
          ];
    const restarts = nodeNames(world)
      .filter((node) => nodeOf(world, node).power === "on")
      .map((node) => ({
        id: `kubelet-${node}`,
        title: `restart the kubelet of ${node}`,
        command: `ssh ${node} sudo systemctl restart kubelet`,
        quorum: `stays, containers go on without their kubelet: ${etcdLine(world)}`,
        action: { kind: "restart-service", node, service: "kubelet" } as const,
      }));
    return [...planned, ...restarts];
  }

  services(): readonly ServiceNow[] {
    return judgeControlPlane(this.world);
  }

  quorums(): readonly string[] {
    return [etcdLine(this.world)];
  }

  places(): ReturnType<typeof placesOf> {
    return placesOf(this.world);
  }

  lostWrites(): { readonly lost: number; readonly detail: string } {
    const { voters, members } = etcdVotes(this.world, "data");
    const isKept = voters > members / 2;
    const where = `the data of ${voters} of ${members} members is what it was`;
    return {
      lost: isKept ? 0 : this.acknowledged,
      detail: `of ${this.acknowledged} that the API server acknowledged, one a second; ${where}`,
    };
  }

  private async up(record: DrillRecord, isOneStep: boolean): Promise<void> {
    const seen = { looked: false, stepped: false };
    let ending: ReturnType<DrillRecord["begin"]> | undefined;
    const onEvent = (event: ConvergeEvent): void => {
      switch (event.kind) {
        case "planned":
          this.lastPlan = event.plan;
          if (!seen.looked)
            record.say({ kind: "alert", id: "looked", text: looked(event.plan), parameters: ["reaction"] });
          seen.looked = true;
          return;
        case "step-started":
          ending = record.begin(titleOf(event.step), this.renderStep?.(event.step));
          return;
        case "step-ended": {
          const { outcome, step } = event;
          const message = outcome.kind === "done" ? etcdLine(this.world) : outcome.message;
          ending?.(outcome.kind === "done" ? "done" : "failed", message);
          const end = outcome.kind === "done" ? "" : `: ${message}`;
          record.say({ kind: "operator", id: step.kind, text: `${titleOf(step)}${end}`, parameters: [] });
          seen.stepped = true;
          return;
        }
        case "waiting":
        case "waiting-for-lock":
          seen.stepped = seen.stepped || event.waitedSeconds > 0;
          return;
        default:
          unreachable(event);
      }
    };
    const { plane, nodes, clock } = this;
    const pollMs = this.parameters.poll * 1000;
    const isCancelled = () => isOneStep && seen.stepped;
    const result = await converge({ plane, nodes, clock, planner: planControlPlane, pollMs, onEvent, isCancelled });
    this.lastPlan = result.plan;
    if (isOneStep) return;
    const refused = result.plan.blockers.map(({ reason, message, nextStep }) => ({
      id: reason,
      text: `refused (${reason}): ${message}; next: ${nextStep}`,
    }));
    const failed = result.failures.map((text) => ({ id: "failed", text }));
    for (const { id, text } of [...failed, ...refused]) record.say({ kind: "alert", id, text, parameters: [] });
    if (failed.length + refused.length === 0)
      record.say({
        kind: "progress",
        id: "settled",
        text: "quorate up: all is as declared",
        parameters: ["containerStart", "poll"],
      });
  }

  private async restart({ node, service }: { readonly node: string; readonly service: string }, record: DrillRecord) {
    const title = `restart ${service} on ${node}`;
    const end = record.begin(title, `ssh ${node} sudo systemctl restart ${service}`);
    const error = await this.holder.change((world) => {
      if (nodeOf(world, node).power === "off") return { world, result: `${node} does not answer` };
      const answer = restartService(world, node, service);
      return { world: advance(answer.world, 1), result: answer.error };
    });
    end(error === undefined ? "done" : "failed", error ?? etcdLine(this.world));
    record.say({
      kind: "operator",
      id: "restart-service",
      text: error === undefined ? title : `${title}: ${error}`,
      parameters: [],
    });
  }

  private hearSeconds(): void {
    for (; this.world.timeMs - this.heardMs >= 1000; this.heardMs += 1000) {
      if (this.services().some(({ name, health }) => name === "api" && health === "up")) this.acknowledged += 1;
      this.hear();
    }
  }
}

function looked({ drifts, blockers, problems }: Plan): string {
  const evidence = drifts.flatMap((drift) =>
    "evidence" in drift && drift.evidence !== undefined ? [drift.evidence] : [],
  );
  const seen = [...drifts.map((drift) => `${drift.kind} on ${drift.node}`), ...evidence];
  const more = [...blockers.map(({ reason }) => `refused: ${reason}`), ...problems.map(({ message }) => message)];
  const words = [...seen, ...more];
  return `quorate looks: ${words.length === 0 ? "all is as declared" : words.join("; ")}`;
}

function titleOf(step: ChangeStep): string {
  return `${step.kind} ${subjectOf(step)} on ${step.node}: ${step.reason}`;
}

function wordsOf(value: unknown): string {
  return Array.isArray(value) ? value.join(".") : String(value);
}
