// The PKS lab itself: three masters that behave as the job's rules say.

import { expect } from "chai";
import { describeLab } from "./describe-one";
import { type EtcdVersion, labOrSkip, openPksLab, openTimeoutMs, type PksLab, waitUntil } from "./lab";

const versions: readonly { readonly etcdVersion: EtcdVersion; readonly reported: RegExp }[] = [
  { etcdVersion: "3.3", reported: /^etcd Version: 3\.3\.27$/m },
  { etcdVersion: "3.4", reported: /^etcd Version: 3\.4\.\d+$/m },
];

for (const { etcdVersion, reported } of versions) {
  describeLab(`openPksLab (etcd ${etcdVersion})`, function () {
    this.timeout(180_000);
    let lab: PksLab;

    before(async function () {
      this.timeout(openTimeoutMs);
      lab = labOrSkip(this, await openPksLab({ etcdVersion }));
    });

    after(async () => {
      await lab?.close();
    });

    const host = (index: number) => lab.hosts[index] ?? expect.fail(`the lab has no host ${index}`);

    it("runs the wanted release under monit on all three masters", async () => {
      for (const each of lab.hosts) {
        expect(await each.run("/var/vcap/packages/etcd/bin/etcd --version")).to.match(reported);
        await waitUntil(`${each.name}: monit says so`, async () => {
          return /^ etcd +OK +Process/m.test(await each.run("/var/vcap/bosh/bin/monit summary"));
        });
        expect(await each.run("ps -o user= -p $(pgrep -x etcd)")).to.equal("vcap");
      }
    });

    it("holds the same 1000 keys on all three members", async () => {
      await lab.writeKeys(1000);
      const [first] = await Promise.all(lab.hosts.map((each) => lab.keysDigest(each)));
      for (const each of lab.hosts) {
        await waitUntil(`${each.name} has them`, async () => (await lab.keysDigest(each)) === first);
      }
      expect(await lab.etcdctl("get key --prefix --keys-only", host(2))).to.match(/key999/);
    });

    it("is refused when a wiped master that is still listed adds itself", async () => {
      await host(2).run("/var/vcap/bosh/bin/monit stop etcd");
      await waitUntil("etcd has ended", async () => (await host(2).ssh("pgrep -x etcd")).exitCode === 1);
      await host(2).run("rm -rf /var/vcap/store/etcd/*; /var/vcap/bosh/bin/monit start etcd");
      await waitUntil("the job logs why", async () => {
        const log = await host(2).run("tail -n 20 /var/vcap/sys/log/etcd/etcd.stderr.log");
        return /Error: .*(unhealthy cluster|Peer URLs already exists)/.test(log);
      });
    });

    it("is healthy and empty again after a reset", async () => {
      await lab.reset();
      expect(await lab.etcdctl("get key --prefix --keys-only", host(2))).to.equal("");
    });
  });
}
