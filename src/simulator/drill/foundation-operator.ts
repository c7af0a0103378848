// What an operator can do in a foundation, what it takes and what comes of it.

import type { DrillEvent, DrillStep } from "../../model/drill";
import { unreachable } from "../../model/errors";
import { CloudCheck } from "../foundation/cloud-check";
import type { Foundation } from "../foundation/foundation";
import type { FoundationAction } from "./drill-scenario";

type Said = Omit<DrillEvent, "atSeconds">;

interface RunningStep {
  atSeconds: number;
  title: string;
  command: string | undefined;
  seconds: number | undefined;
  outcome: DrillStep["outcome"];
  message: string;
}

interface Work {
  readonly step: RunningStep;
  /** Called once a second; what it says, and whether it has ended. */
  readonly poll: (nowSeconds: number) => { readonly said: readonly Said[]; readonly isOver: boolean };
}

/** See the head of this file. */
export class FoundationOperator {
  readonly steps: RunningStep[] = [];
  private readonly works: Work[] = [];

  constructor(private readonly foundation: Foundation) {}

  /** Is something under way that the operator waits for? */
  isBusy(): boolean {
    return this.works.length > 0;
  }

  /** Begins to do something. */
  act(action: FoundationAction, nowSeconds: number): readonly Said[] {
    const { title, command } = describeAction(action, this.foundation);
    const step: RunningStep = {
      atSeconds: nowSeconds,
      title,
      command,
      seconds: undefined,
      outcome: "running",
      message: "",
    };
    this.steps.push(step);
    const refusal = this.begin(action, step);
    const said: Said = { kind: "operator", text: title, id: action.kind, parameters: [] };
    if (refusal === undefined) return [said];
    Object.assign(step, { outcome: "failed", seconds: 0, message: refusal });
    return [{ ...said, text: `${title}: ${refusal}`, id: `${action.kind}-failed` }];
  }

  /** Goes on with what is under way. */
  tick(nowSeconds: number): readonly Said[] {
    return [...this.works].flatMap((work) => {
      const { said, isOver } = work.poll(nowSeconds);
      if (isOver) {
        this.works.splice(this.works.indexOf(work), 1);
        work.step.seconds = nowSeconds - work.step.atSeconds;
      }
      return said;
    });
  }

  private begin(action: FoundationAction, step: RunningStep): string | undefined {
    switch (action.kind) {
      case "bosh-cck":
        if (!this.foundation.isDirectorUp()) return "the director does not answer";
        this.works.push(this.check(action, step));
        return undefined;
      case "bootstrap-galera":
        if (this.foundation.isGaleraPrimary()) return "MySQL has its majority, there is nothing to bootstrap";
        if (this.foundation.count("mysql").up < this.foundation.count("mysql").all)
          return "not every MySQL VM answers yet";
        this.works.push(this.bootstrap(step));
        return undefined;
      case "switch-entry":
        this.foundation.isEntrySwitched = true;
        Object.assign(step, { outcome: "done", seconds: 0, message: "the address leads to the routers" });
        return undefined;
      case "drain-cell":
        return this.drain(action.index, step);
      default:
        return unreachable(action);
    }
  }

  private check({ resolutions }: FoundationAction & { readonly kind: "bosh-cck" }, step: RunningStep): Work {
    const { director, deployment } = this.foundation;
    const check = new CloudCheck(director, deployment.name, resolutions);
    let lastSilent = this.foundation.silentVms().length;
    const atFirst = lastSilent;
    return {
      step,
      poll: () => {
        if (!this.foundation.isDirectorUp()) return this.fail(step, "the director went away in the middle of it");
        const state = check.poll();
        const silent = this.foundation.silentVms().length;
        const quarters = (left: number) => Math.floor((4 * (atFirst - left)) / atFirst);
        const isQuarter = quarters(silent) > quarters(lastSilent);
        lastSilent = Math.min(lastSilent, silent);
        const progress: readonly Said[] = isQuarter
          ? [
              {
                kind: "progress",
                text: `cck: ${atFirst - silent} of ${atFirst} VMs answer again`,
                parameters: ["vmReboot"],
              },
            ]
          : [];
        if (state.kind === "running") return { said: progress, isOver: false };
        if (state.kind === "failed") return this.fail(step, state.message);
        const message = `${state.problems} problems, ${state.skipped} skipped because none of the resolutions is offered`;
        Object.assign(step, { outcome: "done", message });
        const parameters = ["vmReboot", "diskCheck"];
        return {
          said: [...progress, { kind: "progress", text: `cck is done: ${message}`, id: "cck-done", parameters }],
          isOver: true,
        };
      },
    };
  }

  private bootstrap(step: RunningStep): Work {
    return {
      step,
      poll: (nowSeconds) => {
        if (nowSeconds - step.atSeconds < this.foundation.parameters.galeraBootstrap)
          return { said: [], isOver: false };
        if (!this.foundation.bootstrapGalera()) return this.fail(step, "a MySQL VM went away in the middle of it");
        Object.assign(step, { outcome: "done", message: "the member with the latest write leads the new cluster" });
        const said: Said = {
          kind: "progress",
          text: "MySQL has its majority again",
          id: "galera-bootstrapped",
          parameters: ["galeraBootstrap"],
        };
        return { said: [said], isOver: true };
      },
    };
  }

  private drain(index: number, step: RunningStep): string | undefined {
    const cell = this.foundation.diego.cells[index];
    if (cell === undefined) return `there is no cell ${index}`;
    const { diego, parameters } = this.foundation;
    diego.drain(cell.name, this.foundation.nowMs());
    this.works.push({
      step,
      poll: (nowSeconds) => {
        const left = diego.left(cell.name);
        const isLate = nowSeconds - step.atSeconds >= parameters.evacuation;
        if (left > 0 && !isLate) return { said: [], isOver: false };
        if (left > 0)
          return this.fail(step, `${left} instances found no room on other cells and are stopped`, "evacuation");
        Object.assign(step, { outcome: "done", message: "every instance runs elsewhere" });
        return {
          said: [{ kind: "progress", text: `cell ${index} is empty`, id: "drained", parameters: ["auction"] }],
          isOver: true,
        };
      },
    });
    return undefined;
  }

  private fail(
    step: RunningStep,
    message: string,
    parameter?: string,
  ): { readonly said: readonly Said[]; readonly isOver: true } {
    Object.assign(step, { outcome: "failed", message });
    const parameters = parameter === undefined ? [] : [parameter];
    return { said: [{ kind: "progress", text: `${step.title}: ${message}`, id: "failed", parameters }], isOver: true };
  }
}

/** What it is, and what one would type. */
export function describeAction(
  action: FoundationAction,
  foundation: Foundation,
): { readonly title: string; readonly command: string | undefined } {
  const { name } = foundation.deployment;
  switch (action.kind) {
    case "bosh-cck":
      return {
        title: `cloud check with ${action.resolutions.join(", ")}`,
        command: `bosh cck -d ${name} ${action.resolutions.map((one) => `--resolution=${one}`).join(" ")} -n`,
      };
    case "bootstrap-galera":
      return { title: "bootstrap MySQL", command: `bosh -d ${name} run-errand bootstrap` };
    case "switch-entry":
      return { title: "lead the traffic around the HAProxy, to the routers", command: undefined };
    case "drain-cell":
      return { title: `drain cell ${action.index}`, command: `bosh -d ${name} stop diego_cell/${action.index}` };
    default:
      return unreachable(action);
  }
}
