// A declaration that demands a rehearsal: the etcd plan is rehearsed on a copy of what was just observed, and none of its
// steps is left in the plan unless every case holds.

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ControlPlaneDeclaration } from "../model/declaration";
import { type EtcdStep, isEtcdStep } from "../model/etcd-step";
import type { EtcdHistory } from "../model/etcd-verdict";
import type { NodeObservation } from "../model/node-observation";
import type { Blocker, Plan } from "../model/plan";
import type { RehearsalSummary } from "../model/rehearsal";
import { etcdInputOf } from "../plan/control-plane-etcd";
import { renderEtcdStep } from "../render/etcd-step-command";
import { hiddenCommands } from "../render/runbook";
import { guideStep } from "../render/step-guidance";
import type { LiveRehearsal, rehearseLive } from "../simulator/rehearsal/live-subject";
import { podOf } from "./keep-runbook";

/** Folder in which a preview leaves the summaries of its rehearsals for `quorate rehearse`, which reads them. */
export const rehearsalFolderVariable = "QUORATE_REHEARSAL_FOLDER";

/** A plan that was rehearsed, if it had to be. */
export interface RehearsedPlan {
  readonly plan: Plan;
  /** What was proved or why not, in words; undefined when nothing was rehearsed. */
  readonly words: string | undefined;
}

/** Rehearses plans for one phase of a resource. What held once goes on: the search went over every prefix of it. */
export class PlaneRehearsal {
  private held = false;
  private refusal: Blocker | undefined;

  /** `folder`: where summaries are left, and then every plan is rehearsed; undefined: only what is declared so. */
  constructor(
    private readonly folder: string | undefined = undefined,
    private readonly rehearse: typeof rehearseLive = rehearseOnCopy,
  ) {}

  /** The plan, without its etcd steps when the rehearsal does not hold. */
  guard(
    plane: ControlPlaneDeclaration,
    observations: readonly NodeObservation[],
    history: EtcdHistory,
    plan: Plan,
  ): RehearsedPlan {
    const chain = plan.etcd?.chain ?? [];
    const isWanted = plane.rehearse || this.folder !== undefined;
    if (!isWanted || this.held || (chain.length === 0 && this.folder === undefined)) return { plan, words: undefined };
    if (this.refusal !== undefined) return { plan: withoutEtcd(plan, this.refusal), words: undefined };
    // Differences of definition files are not part of the simulated world.
    const input = etcdInputOf(plane, observations, history, () => []);
    if (input === undefined) return { plan, words: undefined };
    const result = this.rehearse(input);
    const { summariseLive } =
      require("../simulator/rehearsal/summarise") as typeof import("../simulator/rehearsal/summarise");
    const summary = summariseLive(nameOf(plane), "the plan over what was just observed", result, showStep);
    this.keep(summary);
    const words = ["rehearsal on a copy of what was observed:", ...summary.words.map((line) => `  ${line}`)].join("\n");
    const blocker = blockerOf(result, chain[0]?.node ?? "");
    if (blocker === undefined) this.held = true;
    this.refusal = blocker;
    return { plan: blocker === undefined ? plan : withoutEtcd(plan, blocker), words };
  }

  private keep(summary: RehearsalSummary): void {
    if (this.folder === undefined) return;
    const file = createHash("sha256").update(summary.name).digest("hex").slice(0, 16);
    writeFileSync(join(this.folder, `${file}.json`), JSON.stringify(summary), { mode: 0o600 });
  }
}

// The simulator is loaded when a rehearsal is asked for.
const rehearseOnCopy: typeof rehearseLive = (...given) => {
  const { rehearseLive } =
    require("../simulator/rehearsal/live-subject") as typeof import("../simulator/rehearsal/live-subject");
  return rehearseLive(...given);
};

// A definition that is declared may hold secret values, and a summary knows nothing of which.
function showStep(step: EtcdStep): { readonly title: string; readonly command?: string } {
  const { title } = guideStep(step);
  return { title, command: podOf(step) === undefined ? renderEtcdStep(step) : hiddenCommands };
}

function nameOf({ nodes }: ControlPlaneDeclaration): string {
  return `control plane of ${Object.keys(nodes).sort().join(", ")}`;
}

function withoutEtcd(plan: Plan, blocker: Blocker): Plan {
  const { etcd } = plan;
  return {
    ...plan,
    steps: plan.steps.filter((step) => !isEtcdStep(step)),
    blockers: [...plan.blockers, blocker],
    ...(etcd === undefined ? {} : { etcd: { ...etcd, chain: [] } }),
  };
}

function blockerOf(result: LiveRehearsal, node: string): Blocker | undefined {
  if (result.kind === "not-copied")
    return {
      reason: "rehearsal-impossible",
      node,
      message: `the plan of etcd cannot be rehearsed: ${result.differences.join("; ")}`,
      nextStep: "read the plan, and set rehearse to false if you want to run it without a rehearsal",
    };
  const { failures, cases } = result.rehearsal;
  if (failures.length === 0) return undefined;
  const rules = [...new Set(failures.flatMap(({ violations }) => violations.map(({ checker }) => checker)))].sort();
  return {
    reason: "rehearsal-failed",
    node,
    message: `the rehearsal of the etcd plan failed in ${failures.length} of ${cases} cases: ${rules.join(", ")}`,
    nextStep: "do not run this plan: the rehearsal tells the shortest sequence that breaks it; report it with that",
  };
}
