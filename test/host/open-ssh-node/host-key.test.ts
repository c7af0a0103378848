import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "chai";
import type { NodeAccess } from "../../../src/ports/node-access";
import { unreachable, useOperator } from "./operator";
import { RealSshd } from "./real-sshd";

describe("host keys against a real sshd", function () {
  this.timeout(60_000);
  const operator = useOperator();

  describe("a host key", () => {
    afterEach(() => operator.sshd.trustHostKey());

    it("that is not known is refused with what is offered and how to trust it", async () => {
      writeFileSync(operator.sshd.knownHosts, "");
      const seen = unreachable(await operator.open().observe("cp-0"));
      expect(seen.level).to.equal("host-key");
      expect(seen.message)
        .to.contain(operator.sshd.fingerprint)
        .and.contain("none is known")
        .and.contain("quorate trust 127.0.0.1");
      expect(readFileSync(operator.sshd.knownHosts, "utf8")).to.equal("");
    });

    it("that has changed is refused with the new fingerprint beside the known one", async () => {
      const old = operator.sshd.fingerprint;
      await operator.sshd.newHostKey();
      const known = readFileSync(operator.sshd.knownHosts, "utf8");
      const seen = unreachable(await operator.open().observe("cp-0"));
      expect(seen.level).to.equal("host-key");
      expect(operator.sshd.fingerprint).not.to.equal(old);
      expect(seen.message).to.contain(`offers the host key ED25519 ${operator.sshd.fingerprint}, but ED25519 ${old}`);
      expect(seen.message).to.contain("quorate trust 127.0.0.1");
      expect(readFileSync(operator.sshd.knownHosts, "utf8")).to.equal(known);
    });

    it("that is declared is accepted although known_hosts has another", async () => {
      await operator.sshd.newHostKey();
      expect((await operator.open({ hostKey: operator.sshd.hostKey }).observe("cp-0")).kind).to.equal("observed");
    });

    it("other than the declared one is refused although known_hosts has it", async () => {
      const other = operator.sshd.hostKey;
      const declaredFingerprint = operator.sshd.fingerprint;
      await operator.sshd.newHostKey();
      operator.sshd.trustHostKey();
      const seen = unreachable(await operator.open({ hostKey: other }).observe("cp-0"));
      expect(seen.level).to.equal("host-key");
      expect(seen.message)
        .to.contain(operator.sshd.fingerprint)
        .and.contain(declaredFingerprint)
        .and.contain("declare it");
    });

    it("is checked although the operator's configuration says not to", async () => {
      writeFileSync(operator.sshd.knownHosts, "");
      operator.sshd.configure(["Host *", "  StrictHostKeyChecking no"]);
      expect(unreachable(await operator.open().observe("cp-0")).level).to.equal("host-key");
      expect(readFileSync(operator.sshd.knownHosts, "utf8")).to.equal("");
    });
  });

  describe("a jump host", () => {
    let inner: RealSshd;

    before(async () => {
      inner = new RealSshd();
      await inner.start();
    });

    after(async () => {
      await inner.close();
    });

    function throughJump(): NodeAccess {
      operator.sshd.configure([
        "Host jump",
        "  HostName 127.0.0.1",
        `  Port ${operator.sshd.port}`,
        "Host inner",
        "  HostName 127.0.0.1",
        `  Port ${inner.port}`,
        `  IdentityFile ${inner.root}/user`,
      ]);
      return operator.open({ host: "inner", port: undefined, jumpHost: "jump" });
    }

    afterEach(() => operator.sshd.trustHostKey());

    it("is gone through to the node behind it", async () => {
      writeFileSync(operator.sshd.knownHosts, `[127.0.0.1]:${inner.port} ${inner.hostKey}\n`, { flag: "a" });
      const [before, beforeInner] = [operator.sshd.logins, inner.logins];
      expect((await throughJump().observe("cp-0")).kind).to.equal("observed");
      expect([operator.sshd.logins - before, inner.logins - beforeInner]).to.deep.equal([1, 1]);
    });

    it("does not hide that the key of the node behind it is unknown", async () => {
      const seen = unreachable(await throughJump().observe("cp-0"));
      expect(seen.level).to.equal("host-key");
      expect(seen.message).to.contain(inner.fingerprint).and.contain("quorate trust inner");
    });

    it("whose own key is unknown is refused and never asked about", async () => {
      writeFileSync(operator.sshd.knownHosts, `[127.0.0.1]:${inner.port} ${inner.hostKey}\n`);
      const seen = unreachable(await throughJump().observe("cp-0"));
      expect(seen.level, seen.message).to.equal("host-key");
      expect(seen.message)
        .to.contain("on the way to it: jump offers")
        .and.contain(operator.sshd.fingerprint)
        .and.contain("quorate trust jump");
    });
  });
});
