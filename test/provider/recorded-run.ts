// A control plane that is repaired in the simulator with its record kept, as `quorate up --report` has it.

import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { JsonObject } from "../../src/model/json";
import { parseRunRecord, type RunEntry } from "../../src/model/run-record";
import { controlPlaneResource } from "../../src/provider/control-plane";
import { recordFolderVariable } from "../../src/provider/keep-record";
import type { ResourceContext } from "../../src/provider/resource-type";
import { advance, type Fault, injectFault, memoryWorld, simulatedClock, simulatedNodes } from "../../src/simulator";
import { kubeadmDeclaration, kubeadmWorld } from "../simulator/worlds";

/** What a test wants otherwise. */
export interface RecordedRunOptions {
  readonly isSecret?: (path: string) => boolean;
  readonly mask?: (text: string) => string;
  /** Where records go; default: a folder of the run's own. Undefined as a value: none are kept. */
  readonly folder?: string | undefined;
}

/** Repairs three nodes on which these things went wrong a minute ago; what was left behind. */
export async function recordedRun(
  faults: readonly Fault[],
  options: RecordedRunOptions = {},
): Promise<{ readonly entries: readonly RunEntry[]; readonly text: string; readonly reasons: readonly string[] }> {
  const holder = memoryWorld(advance(faults.reduce(injectFault, kubeadmWorld(3)), 60));
  const resource = controlPlaneResource(async () => ({ nodes: simulatedNodes(holder), clock: simulatedClock(holder) }));
  const context: ResourceContext = {
    recorded: {},
    log: async () => {},
    status: async () => {},
    isSecret: options.isSecret ?? (() => false),
    mask: options.mask ?? ((text) => text),
    isCancelled: () => false,
  };
  const own = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-recorded-"));
  const before = process.env[recordFolderVariable];
  process.env[recordFolderVariable] = "folder" in options ? (options.folder ?? "") : own;
  try {
    const inputs = kubeadmDeclaration(3) as unknown as JsonObject;
    const { reasons } = await resource.converge("control-plane", inputs, context);
    const text = fs
      .readdirSync(own)
      .map((name) => fs.readFileSync(path.join(own, name), "utf8"))
      .join("");
    return { entries: parseRunRecord(text), text, reasons };
  } finally {
    if (before === undefined) delete process.env[recordFolderVariable];
    else process.env[recordFolderVariable] = before;
    fs.rmSync(own, { recursive: true, force: true });
  }
}

/** A misspelt executable, a stopped kubelet and a node that is off. */
export const threeTroubles: readonly Fault[] = [
  {
    kind: "manifest-set",
    node: "cp-0",
    fileName: "kube-scheduler.yaml",
    path: ["spec", "containers", 0, "command", 0],
    value: "kube-schedulerrrr",
  },
  { kind: "service-stopped", node: "cp-1", service: "kubelet" },
  { kind: "power-lost", node: "cp-2" },
];
