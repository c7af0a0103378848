// `npm run bench`: how fast, as a ratio to an alternative that is measured in the same run on the same machine.

import { parse as parseIni } from "ini";
import { parseIniInventory } from "../src/inventory/parse-ini";
import { planControlPlane } from "../src/plan/control-plane";
import { createWorld, kubeadmTopology, observeNode } from "../src/simulator";
import { sceneOf } from "../src/simulator/rehearsal/scenario-subject";
import { rehearse } from "../src/simulator/rehearsal/search";
import { scenarioSchema } from "../src/simulator/scenario";
import { kubeadmDeclaration, kubeadmNodes } from "../test/simulator/worlds";

/** Milliseconds of the fastest of several runs: the one that was disturbed least. */
function fastestMs(run: () => void, runs = 7): number {
  const times = Array.from({ length: runs }, () => {
    const start = process.hrtime.bigint();
    run();
    return Number(process.hrtime.bigint() - start) / 1e6;
  });
  return Math.min(...times);
}

interface Comparison {
  readonly name: string;
  readonly ours: () => void;
  readonly alternative: string;
  readonly theirs: () => void;
}

function inventoryText(lines: number): string {
  const hosts = Array.from(
    { length: lines - 2 },
    (_, index) => `node${index} ansible_host=10.${index >> 16}.${(index >> 8) & 255}.${index & 255} ip=10.0.0.1`,
  );
  return ["[all]", ...hosts, "[etcd]"].join("\n");
}

const text = inventoryText(200_000);
const nodeCount = 7;
const world = createWorld(kubeadmTopology(kubeadmNodes(nodeCount)), "bench");
const plane = kubeadmDeclaration(nodeCount);
const observations = Object.keys(plane.nodes).map((node) => observeNode(world, node));

const comparisons: readonly Comparison[] = [
  {
    name: "read an inventory of 200,000 lines, with the line of every entry",
    ours: () => void parseIniInventory("hosts.ini", text),
    alternative: "the ini package, which knows no hosts and no lines",
    theirs: () => void parseIni(text),
  },
  {
    name: `plan a control plane of ${nodeCount} nodes`,
    ours: () => void planControlPlane(plane, observations),
    alternative: "copying its observations as JSON",
    theirs: () => void JSON.parse(JSON.stringify(observations)),
  },
];

for (const { name, ours, alternative, theirs } of comparisons) {
  const [oursMs, theirsMs] = [fastestMs(ours), fastestMs(theirs)];
  process.stdout.write(
    `${name}: ${oursMs.toFixed(1)} ms, ${(oursMs / theirsMs).toFixed(2)} x ${alternative} (${theirsMs.toFixed(1)} ms)\n`,
  );
}

// A rehearsal is exhaustive only if a case costs little: what a million cases would take at the rate of this search.
const scene = sceneOf(
  scenarioSchema.parse({
    version: 1,
    name: "bench",
    title: "Three of seven members have lost their disks.",
    topology: { kind: "etcd", runner: "systemd", members: 7, version: "3.5.21" },
    declaration: { repairSeveral: true },
    faults: ["cp-4", "cp-5", "cp-6"].flatMap((node) => [
      { at: "0s", fault: { kind: "etcd-stopped", node } },
      { at: "1s", fault: { kind: "disk-lost", node } },
    ]),
  }),
);
const begun = process.hrtime.bigint();
const { points, cases, plans } = rehearse(scene.subject, scene.world);
const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
const perCaseMs = (seconds * 1000) / cases;
const million = (1_000_000 * perCaseMs) / 60_000;
process.stdout.write(
  `rehearse 7 members, 3 of them lost: ${points.length} prefixes, ${cases} cases, ${plans} plans in ${seconds.toFixed(1)} s; at this rate a million cases take ${million.toFixed(1)} min\n`,
);
