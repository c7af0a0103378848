// The rows of the etcd steps' contract on real etcd, step by step beside the simulator.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { EtcdBackup } from "../../src/model/etcd-verdict";
import { planEtcd } from "../../src/plan/etcd/plan";
import { isChange } from "../../src/simulator/rehearsal/etcd-subject";
import { chooseCases } from "../matrix";
import { type ClusterFacts, factsOf, playSimulated, stepRows, wordsOf } from "../simulator/etcd/step-contract";
import { LoopbackNodes } from "./loopback-nodes";
import { writeKeys } from "./loopback-run";
import { leaderOf } from "./real-fault";
import { useEtcd } from "./use-etcd";

const untilMs = 60_000;

describe("the contract of etcd's steps", function () {
  this.timeout(300_000);
  const etcd = useEtcd("3.5");
  let nodes: LoopbackNodes | undefined;
  afterEach(async () => {
    await nodes?.close();
    nodes = undefined;
  });

  for (const row of chooseCases("the contract of etcd's steps", stepRows, () => "row")) {
    it(`is kept by real etcd: ${row.name}`, async () => {
      const lab = await LoopbackNodes.start(etcd(), row.extraFlags);
      nodes = lab;
      writeKeys(lab);
      await leadBy(lab, "cp-0");
      const simulated = playSimulated(row, lab, etcd().version);
      for (const kind of row.kinds) expect([...simulated.planned], "the simulator's steps").to.include(kind);

      const declared = row.restoreFrom?.(keepSnapshot(lab));
      await row.make(lab);
      const look = async () =>
        planEtcd({ ...(await lab.input(declared)), history: { lastRevision: undefined, backups: lab.backups } });
      const until = async (what: string, want: ClusterFacts) => {
        const endMs = Date.now() + untilMs;
        for (;;) {
          const facts = factsOf(await look());
          if (JSON.stringify(facts) === JSON.stringify(want)) return;
          if (Date.now() > endMs) expect(facts, what).to.deep.equal(want);
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
      };
      await until("after the fault", simulated.first);
      for (const { step: words, facts } of simulated.taken) {
        const endMs = Date.now() + untilMs;
        let step = (await look()).steps[0];
        while ((step === undefined || !isChange(step)) && Date.now() < endMs) step = (await look()).steps[0];
        if (step === undefined || !isChange(step)) return expect.fail(`${words} is not planned on real etcd`);
        expect(wordsOf(step)).to.equal(words);
        lab.apply(step);
        await until(`after ${words}`, facts);
      }
      expect((await look()).steps.map(wordsOf), "what is left to do").to.deep.equal([]);
    });
  }
});

async function leadBy(nodes: LoopbackNodes, name: string): Promise<void> {
  const leader = leaderOf(nodes);
  if (leader === name) return;
  const status = nodes.cluster.etcdctl([name], "endpoint", "status").stdout;
  nodes.cluster.etcdctl([leader], "move-leader", status.split(", ")[1] ?? "");
  await nodes.cluster.until(`${name} leads`, () => leaderOf(nodes) === name);
}

/** A snapshot that is kept on this machine. */
function keepSnapshot(nodes: LoopbackNodes): EtcdBackup {
  const file = join(nodes.cluster.folder, "kept.db");
  const { stderr, exitCode } = nodes.cluster.etcdctl(["cp-0"], "snapshot", "save", file);
  if (exitCode !== 0) throw new Error(stderr);
  const revision = Number(
    /"revision":([0-9]+)/.exec(nodes.cluster.etcdctl(["cp-0"], "get", "x", "-w", "json").stdout)?.[1],
  );
  const sha256 = createHash("sha256").update(readFileSync(file)).digest("hex");
  return { file, sha256, revision, takenAtSeconds: Math.floor(Date.now() / 1000) };
}
