// `npm run demo`: a simulated control plane of three nodes, broken as it happened in a real incident, looked at, restored and
// looked at again, with the same commands, program, plugin and planner that work on real nodes. Exits non-zero when anything
// is not as it should be.

import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { inputError } from "../model/errors";
import { containersOf } from "../model/node-observation";
import { packageFolder } from "../model/package-folder";
import {
  advance,
  createWorld,
  createWorldFile,
  injectFault,
  kubeadmTopology,
  observeNode,
  openWorldFile,
  readPodFolder,
  type World,
} from "../simulator";
import { createDemoProject, type DemoProject, demoNodes } from "./demo-project";
import { runQuorate } from "./demo-run";

const node = "cp-0";
const scheduler = { node, fileName: "kube-scheduler.yaml" } as const;
const keepOption = "--keep";

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  const isKept = words.includes(keepOption);
  const unknown = words.find((word) => word !== keepOption);
  if (unknown !== undefined) throw inputError(`the demo knows ${keepOption} alone, not ${unknown}`);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-demo-"));
  try {
    const project = createDemoProject(folder, packageFolder);
    await play(project);
    if (isKept) say("", "To go on with it (its programs are links into this clone):", ...commandsToGoOn(project));
  } finally {
    if (!isKept) fs.rmSync(folder, { recursive: true, force: true });
  }
}

function commandsToGoOn({ folder, environment }: DemoProject): readonly string[] {
  const exports = Object.entries(environment).map(([name, value]) => `  export ${name}='${value}'`);
  return [`  cd '${folder}'`, ...exports, `  node '${path.join(packageFolder, "bin/quorate.js")}' preview`];
}

async function play(project: DemoProject): Promise<void> {
  title("1. A control plane of three nodes, simulated");
  say(
    `${demoNodes.map(({ name }) => name).join(", ")} each run etcd, the API server, the controller manager and the scheduler as static`,
    "pods, as kubeadm makes them: the kubelet runs every file that is in /etc/kubernetes/manifests. stacks/kubeadm.ts",
    "declares them. They live in a file here; with `kind: ssh` in place of `kind: simulated` they would be real ones.",
  );
  const healthy = createWorld(
    kubeadmTopology(
      demoNodes.map((values) => ({
        ...values,
        pods: readPodFolder(path.join(packageFolder, "stacks/demo/manifests"), { ...values }),
      })),
    ),
    "demo",
  );
  expectThat(describeScheduler(healthy) === "running", `the scheduler of ${node} runs`);

  title(`2. Somebody edits a manifest on ${node}`);
  say(
    "The scheduler's executable is misspelt. Within a minute the kubelet has ended the good one and fails to start this:",
  );
  const typo = {
    ...scheduler,
    kind: "manifest-set",
    path: ["spec", "containers", 0, "command", 0],
    value: "kube-schedulerrrr",
  } as const;
  const broken = advance(injectFault(healthy, typo), 60);
  createWorldFile(project.world, broken);
  const onDisk = fs.readFileSync(project.world, "utf8");
  say(`  kube-scheduler on ${node}: ${describeScheduler(broken)}`);
  expectThat(
    describeScheduler(broken).includes('exec: "kube-schedulerrrr": executable file not found in $PATH'),
    "it says why",
  );

  title("3. Preview: what is not as declared, and what would be done");
  await runQuorate(project, ["stack", "init", "demo"], 0);
  const preview = await runQuorate(project, ["preview"], 0);
  expectThat(preview.includes('"kube-schedulerrrr" => "kube-scheduler"'), "preview names the exact field");
  expectThat(preview.includes("executable file not found in $PATH"), "preview shows the container's own words");
  expectThat(fs.readFileSync(project.world, "utf8") === onDisk, "preview changed nothing");

  title("4. Up: restore it, one step at a time");
  await runQuorate(project, ["up", "--yes", "--skip-preview"], 0);
  const restored = openWorldFile(project.world).read();
  say(`What happened on ${node}, by its own clock:`);
  for (const event of restored.trace.recent.filter((one) => one.node === node && one.atMs >= broken.timeMs)) {
    say(`  ${new Date(event.atMs).toISOString().slice(11, 19)}  ${event.text}`);
  }
  expectThat(describeScheduler(restored) === "running", `the scheduler of ${node} runs again`);
  expectThat(Object.keys(restored.nodes[node]?.archive ?? {}).length === 1, "the broken manifest is in the archive");

  title("5. Preview again: nothing is left to do");
  await runQuorate(project, ["preview", "--expect-no-changes"], 0);
  expectThat(openWorldFile(project.world).read().incidents.length === 0, "no harm was done on the way");

  title("That is the whole loop");
  say(
    "Declare, preview, up. The same commands reach real nodes over ssh, with the API server down and without internet.",
    `\`npm run demo -- ${keepOption}\` keeps the project to play with; README.md tells how to declare your own.`,
  );
}

function describeScheduler(world: World): string {
  const observation = observeNode(world, node);
  if (observation.kind !== "observed") return observation.message;
  const [newest] = containersOf(observation, "kube-scheduler");
  if (newest === undefined) return "there is no container";
  return newest.state === "running" ? newest.state : `${newest.reason}: ${newest.message}`;
}

function title(text: string): void {
  process.stdout.write(`\n${text}\n${"-".repeat(text.length)}\n`);
}

function say(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join("\n")}\n`);
}

function expectThat(holds: boolean, what: string): void {
  if (!holds) throw new Error(`the demo is not as it should be: it is not so that ${what}`);
  process.stdout.write(`  ok: ${what}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`\nerror: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
