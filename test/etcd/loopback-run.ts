// Plans and applies on real etcd until nothing is left to do.

import { spawnSync } from "node:child_process";
import type { EtcdPlan } from "../../src/model/etcd-plan";
import { type EtcdChangeStep, type EtcdStep, etcdEffectsOfKind } from "../../src/model/etcd-step";
import { planEtcd } from "../../src/plan/etcd/plan";
import type { EtcdPlanInput } from "../../src/plan/etcd/planning";
import type { LoopbackNodes } from "./loopback-nodes";

const isChange = (step: EtcdStep): step is EtcdChangeStep => etcdEffectsOfKind[step.kind].length > 0;

/**
 * Plans and applies until nothing is left to do; the kinds of the steps that ran, with their nodes. A verdict that is
 * unknown is looked at again this many times in a row.
 */
export async function converge(
  nodes: LoopbackNodes,
  declaration: object = {},
  more: Partial<EtcdPlanInput> = {},
  patienceLooks = 100,
): Promise<{ ran: string[]; plan: EtcdPlan }> {
  const ran: string[] = [];
  let unknownLooks = 0;
  for (let round = 0; round < 150; round += 1) {
    const plan = planEtcd({ ...(await nodes.input(declaration)), ...more });
    const [step] = plan.steps;
    if (step === undefined) {
      // An election is no failure: it is over within a second.
      if (plan.assessment.verdict.kind === "unknown" && unknownLooks < patienceLooks) {
        unknownLooks += 1;
        await new Promise((resolve) => setTimeout(resolve, 200));
        continue;
      }
      return { ran, plan };
    }
    unknownLooks = 0;
    if (isChange(step)) {
      nodes.apply(step);
      ran.push(`${step.kind.slice(4)} ${step.node}`);
    } else await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`no end after: ${ran.join(", ")}`);
}

/** Writes fifty keys. */
export function writeKeys(nodes: LoopbackNodes): void {
  const puts = Array.from({ length: 50 }, (_, key) => `put key${key} value-${key}`).join("\n");
  const { clientUrl } = nodes.cluster.member("cp-1");
  const written = spawnSync(nodes.binaries.etcdctl, [`--endpoints=${clientUrl}`, "txn"], {
    input: `\n${puts}\n\n\n`,
    encoding: "utf8",
    env: { ...process.env, ETCDCTL_API: "3" },
  });
  if (written.status !== 0) throw new Error(`keys were not written: ${written.stderr}`);
}

/** The fifty keys as this node serves them, by a linearizable read; empty when it serves nothing. */
export function readKeys(nodes: LoopbackNodes, name: string): string {
  return nodes.cluster.etcdctl([name], "get", "key", "--prefix").stdout;
}
