// The tiers of the tests: which files each has and what it needs. A tier is a folder; what lies in none of them is the first.

import { readdirSync } from "node:fs";
import { join, resolve, sep } from "node:path";

/** One tier. */
export interface Tier {
  readonly name: string;
  /** What it brings beside Node.js, for people. */
  readonly needs: string;
  /** How many files run at the same time. Real hosts have the machine to themselves. */
  readonly jobs: number;
}

/** In the order in which they are run together: the cheap ones first. */
export const tiers = [
  { name: "fast", needs: "nothing: no root, no package client, no network but loopback", jobs: 2 },
  { name: "host", needs: "sshd and the local shell; installs OpenSSH as root", jobs: 1 },
  { name: "etcd", needs: "etcd 3.3 to 3.6 on loopback; builds them from Go modules", jobs: 1 },
  {
    name: "lab",
    needs: "kubeadm, PKS and systemd hosts in namespaces; needs root and cgroup v1, builds Kubernetes",
    jobs: 1,
  },
  { name: "ansible", needs: "Ansible in a virtual environment, and the lab's hosts", jobs: 1 },
  { name: "browser", needs: "Chromium; installs it as root", jobs: 1 },
  { name: "clis", needs: "a pulumi or a bosh CLI on PATH; installs neither", jobs: 1 },
] as const satisfies readonly Tier[];

/** The name of a tier. */
export type TierName = (typeof tiers)[number]["name"];

const testFolder = resolve(__dirname);

/** Begun first where files run side by side: a long one that is begun last is waited for alone. */
const longest: readonly string[] = [
  "simulator/rehearsal/seeds.test.ts",
  "conformance/replay.test.ts",
  "simulator/rehearsal/rehearse.test.ts",
  "simulator/rehearsal/broken-converges.test.ts",
  "cli/bad-input.test.ts",
  "cli/bosh-stacks.test.ts",
];

/** The tier that a test file is of, given by its path below the tests' folder. */
export function tierOf(file: string): TierName {
  const [folder = ""] = file.split(sep);
  return tiers.find(({ name }) => name === folder)?.name ?? "fast";
}

/** The files of a tier, as paths below the tests' folder: the longest first, then by name. */
export function filesOf(tier: TierName): readonly string[] {
  return readdirSync(testFolder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts") && tierOf(file) === tier)
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

function rank(file: string): number {
  const at = longest.indexOf(file);
  return at < 0 ? longest.length : at;
}

/** The path of such a file as it is named on the command line. */
export const specOf = (file: string): string => join("test", file);
