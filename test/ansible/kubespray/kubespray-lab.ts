// The hooks that every test of a kubespray recovery has: a lab with keys in its etcd, and an empty folder of the operator's.

import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { type LabHost, labOrSkip, openSystemdEtcdLab, openTimeoutMs, type SystemdEtcdLab } from "../../lab/lab";
import { chooseCases } from "../../matrix";
import { type AnsibleTools, ansibleTools } from "../ansible";
import { type RecoveryBench, recoveryBench } from "./recovery-bench";

const keysCount = 300;

/** A case takes one to three minutes; this only ends one that hangs, on a machine that is busy with other work, too. */
export const caseTimeoutMs = 1_800_000;

/** One run of Ansible in the lab. */
export interface LabCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** The suites whose cases bring a cluster back. */
const recoverySuites = ["recover.sh", "quorate up", "seed 003"] as const;
const chosenSuites = chooseCases(
  "kubespray recoveries in the lab",
  recoverySuites.map((name) => ({ name })),
  // The seed document's own site is always brought back.
  ({ name }) => (name === "seed 003" ? name : "recovery"),
);

/** The cases of a suite that run: all when they are asked for; else, because each takes minutes, one case of a chosen suite. */
export function chooseRecoveries(
  suite: (typeof recoverySuites)[number],
  cases: readonly LabCase[],
): readonly LabCase[] {
  if (!chosenSuites.some(({ name }) => name === suite)) return [];
  return chooseCases(suite, cases, () => suite);
}

/** The lab of a suite, from its `before` hook on. */
export interface KubesprayLab {
  readonly lab: SystemdEtcdLab;
  readonly tools: AnsibleTools & { readonly kind: "ready" };
  readonly bench: RecoveryBench;
  /** The operator's folder, empty before each test. */
  readonly folder: string;
  /** The keys that were written before the test. */
  readonly digest: string;
  host(index: number): LabHost;
  /** Every host's member is started under one of these names and holds the keys that were written. */
  expectWhole(names: readonly string[]): Promise<void>;
}

/** Adds the hooks to the calling suite. The fields of what is returned are there once its tests run. */
export function useKubesprayLab(hostNames?: readonly string[]): KubesprayLab {
  let opened: Pick<KubesprayLab, "lab" | "tools" | "bench" | "folder"> | undefined;
  let digest = "";
  const current = () => opened ?? expect.fail("the lab is not open");
  before(async function () {
    this.timeout(openTimeoutMs);
    const tools = await ansibleTools();
    if (tools.kind === "missing") {
      process.stdout.write(`skipped: ${tools.reason}\n`);
      return this.skip();
    }
    const lab = labOrSkip(this, await openSystemdEtcdLab(hostNames === undefined ? {} : { hostNames }));
    const folder = join(dirname(lab.sshConfig), "kubespray");
    opened = { lab, tools, folder, bench: recoveryBench(lab, tools, folder) };
  });
  after(async () => {
    await opened?.lab.close();
  });
  beforeEach(async () => {
    const { lab, folder, bench } = current();
    await lab.reset();
    await lab.writeKeys(keysCount);
    digest = await lab.keysDigest(bench.host(lab.hosts.length - 1));
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
  });
  return {
    get lab() {
      return current().lab;
    },
    get tools() {
      return current().tools;
    },
    get bench() {
      return current().bench;
    },
    get folder() {
      return current().folder;
    },
    get digest() {
      return digest;
    },
    host: (index) => current().bench.host(index),
    expectWhole: async (names) => {
      const { lab, bench } = current();
      await lab.waitHealthy();
      const list = await lab.etcdctl("member list", bench.host(lab.hosts.length - 1));
      const found = [...list.matchAll(/, started, ([^,]+),/g)].map((match) => match[1]).sort();
      expect(found).to.deep.equal([...names].sort());
      for (const each of lab.hosts) expect(await lab.keysDigest(each), each.name).to.equal(digest);
    },
  };
}
