// `npm run bench`: how fast, as a ratio to an alternative that is measured in the same run on the same machine.

import { parse as parseIni } from "ini";
import { parseIniInventory } from "../src/inventory/parse-ini";
import { planControlPlane } from "../src/plan/control-plane";
import { createWorld, kubeadmTopology, observeNode } from "../src/simulator";
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
