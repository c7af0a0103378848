// The probe's hash section as it runs, on real etcd: two looks at different revisions have a hash in common.

import { execFileSync } from "node:child_process";
import { expect } from "chai";
import { answered, type EtcdHash } from "../../src/model/etcd-observation";
import { parseHash } from "../../src/observe/etcd/endpoint";
import { renderTemplate } from "../../src/render/template";
import { LoopbackCluster } from "./loopback-cluster";
import { useEtcd } from "./use-etcd";

for (const minor of ["3.3", "3.4", "3.5", "3.6"] as const) {
  describe(`the hash section of the probe, on real etcd ${minor}`, function () {
    this.timeout(60_000);
    const etcd = useEtcd(minor);
    let cluster: LoopbackCluster | undefined;

    afterEach(async () => {
      await cluster?.close();
      cluster = undefined;
    });

    for (const compacted of [0, 15])
      it(`gives the hash at an earlier revision, which later writes leave as it is: ${compacted === 0 ? "never compacted" : `compacted at ${compacted}`}`, async () => {
        const lab = await LoopbackCluster.create(etcd(), ["cp-0"]);
        cluster = lab;
        lab.start("cp-0");
        await lab.untilServing();
        const write = (count: number) => {
          for (let key = 0; key < count; key += 1)
            expect(lab.etcdctl(["cp-0"], "put", `key${key % 7}`, `${Date.now()} ${key}`).exitCode).to.equal(0);
        };
        write(24);
        if (compacted > 0) expect(lab.etcdctl(["cp-0"], "compaction", String(compacted)).exitCode).to.equal(0);
        const before = look(lab);
        write(2);
        const after = look(lab);
        expect([before.revision, after.revision]).to.deep.equal([25, 27]);
        expect(before.hash).to.not.equal(after.hash);
        expect(before.earlier).to.deep.include({ revision: compacted === 0 ? 20 : compacted + 1 });
        expect(after.earlier).to.deep.equal(before.earlier);
      });
  });
}

function look(lab: LoopbackCluster): EtcdHash {
  const script = renderTemplate("probe/etcd/hash", {
    dataDirectory: lab.member("cp-0").dataDirectory,
    processMarks: ["--name=cp-0"],
    clientDirectory: ".",
    clientCommand: [lab.binaries.etcdctl],
    clientFlags: [`--endpoints=${lab.member("cp-0").clientUrl}`, "--dial-timeout=2s", "--command-timeout=4s"],
    fileCommand: ["etcdutl"],
  });
  const stdout = execFileSync("sh", ["-c", script], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const hash = answered(parseHash({ stdout, stderr: "", exitCode: 0, timedOut: false }));
  if (hash === undefined) throw new Error(`no hash in ${stdout}`);
  return hash;
}
