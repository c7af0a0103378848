import { lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { type TrustOptions, trustHost } from "../../src/cli/trust";
import { isRecoveryError } from "../../src/model/errors";
import { freePort, installTimeoutMs, prepareSshd, RealSshd } from "./open-ssh-node/real-sshd";

describe("trustHost against a real sshd", function () {
  this.timeout(30_000);
  let sshd: RealSshd;
  let printed: string[];

  before(async function () {
    this.timeout(installTimeoutMs);
    const missing = await prepareSshd();
    if (missing !== undefined) {
      process.stdout.write(`skipped: ${missing}\n`);
      this.skip();
    }
    sshd = new RealSshd();
    await sshd.start();
  });

  beforeEach(() => {
    printed = [];
    sshd.trustHostKey();
  });

  after(async () => {
    await sshd?.close();
  });

  const name = () => `[127.0.0.1]:${sshd.port}`;
  const known = () => readFileSync(sshd.knownHosts, "utf8");

  function trust(options: TrustOptions, answer?: string): Promise<void> {
    const ask = answer === undefined ? undefined : () => Promise.resolve(answer);
    const all = { port: sshd.port, configFile: sshd.configFile, ...options };
    return trustHost("127.0.0.1", all, { print: (text) => printed.push(text), ask });
  }

  async function refusal(options: TrustOptions, answer?: string): Promise<string> {
    const before = known();
    try {
      await trust(options, answer);
    } catch (error) {
      if (!isRecoveryError(error)) throw error;
      expect(known()).to.equal(before);
      return error.message;
    }
    throw new Error("it was accepted");
  }

  describe("when the key has changed", () => {
    let old: string;
    let oldKey: string;

    beforeEach(async () => {
      old = sshd.fingerprint;
      oldKey = sshd.hostKey;
      await sshd.newHostKey();
    });

    it("shows both fingerprints and replaces the key on yes, and nothing else of the file", async () => {
      const other = "other.test ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1kOTv0TVhp4PvWMYqFCSjYXcHfnNR2JPZvkOUbBWvB";
      writeFileSync(sshd.knownHosts, `# mine\n${other}\n${name()} ${oldKey}`);
      await trust({}, "yes");
      expect(printed.join("\n"))
        .to.contain(`known:   ED25519 ${old}`)
        .and.contain(`offered: ED25519 ${sshd.fingerprint}`);
      expect(known()).to.equal(`# mine\n${other}\n${name()} ${sshd.hostKey}\n`);
      expect(readFileSync(`${sshd.knownHosts}.old`, "utf8")).to.contain(oldKey);
    });

    it("accepts the right fingerprint without a question", async () => {
      await trust({ yes: true, fingerprint: sshd.fingerprint });
      expect(known()).to.equal(`${name()} ${sshd.hostKey}\n`);
    });

    it("accepts the fingerprint as an answer", async () => {
      await trust({}, sshd.fingerprint);
      expect(known()).to.contain(sshd.hostKey);
    });

    it("prints the result as JSON", async () => {
      await trust({ json: true, fingerprint: sshd.fingerprint });
      const [text = ""] = printed;
      expect(JSON.parse(text)).to.deep.include({
        host: "127.0.0.1",
        name: name(),
        changed: true,
        offered: { type: "ssh-ed25519", fingerprint: sshd.fingerprint },
        known: [{ type: "ssh-ed25519", fingerprint: old, file: sshd.knownHosts }],
      });
    });

    it("replaces a hashed entry, through a symbolic link, and keeps the mode of the file", async () => {
      const real = join(sshd.root, "dotfiles");
      const { execFileSync } = await import("node:child_process");
      writeFileSync(real, `${name()} ${oldKey}\n`, { mode: 0o640 });
      execFileSync("ssh-keygen", ["-H", "-f", real], { stdio: "ignore" });
      execFileSync("chmod", ["640", real]);
      const linked = join(sshd.root, "known_linked");
      symlinkSync(real, linked);
      sshd.configure(["Host *", `  UserKnownHostsFile ${linked}`]);
      await trust({ fingerprint: sshd.fingerprint });
      sshd.configure([]);
      expect(readFileSync(real, "utf8")).to.equal(`${name()} ${sshd.hostKey}\n`);
      expect(statSync(real).mode & 0o777).to.equal(0o640);
      expect(lstatSync(linked).isSymbolicLink()).to.equal(true);
    });

    it("refuses and changes nothing on any other answer", async () => {
      for (const answer of ["no", "", "y", old]) expect(await refusal({}, answer)).to.contain("was not accepted");
    });

    it("refuses and changes nothing when nobody can be asked", async () => {
      expect(await refusal({})).to.contain("not accepted unseen");
    });

    it("refuses and changes nothing when the fingerprint is another one", async () => {
      expect(await refusal({ yes: true, fingerprint: old })).to.contain(`offers ${sshd.fingerprint}, not ${old}`);
    });

    it("refuses a key that is revoked", async () => {
      writeFileSync(sshd.knownHosts, `@revoked ${name()} ${sshd.hostKey}\n`);
      expect(await refusal({ fingerprint: sshd.fingerprint })).to.contain("revoked");
    });
  });

  it("adds a key to a host that had none", async () => {
    writeFileSync(sshd.knownHosts, "");
    await trust({}, "yes");
    expect(printed.join("\n")).to.contain("known:   none");
    expect(known()).to.equal(`${name()} ${sshd.hostKey}\n`);
  });

  it("has nothing to do when the key is the known one", async () => {
    const before = known();
    await trust({}, "no");
    expect(printed.join("\n")).to.contain("nothing to do");
    expect(known()).to.equal(before);
  });

  it("refuses --yes without a fingerprint, and what is no fingerprint", async () => {
    expect(await refusal({ yes: true })).to.contain("--yes needs --fingerprint");
    expect(await refusal({ fingerprint: "MD5:00" })).to.contain("is no fingerprint");
  });

  it("refuses a host that cannot be reached", async () => {
    expect(await refusal({ port: await freePort() }, "yes")).to.contain("cannot be reached");
  });

  it("refuses a host that ssh could take for an option", async () => {
    const error = await trustHost("-oProxyCommand=id", {}, { print: () => undefined, ask: undefined }).catch((e) => e);
    expect(isRecoveryError(error) && error.message).to.contain("is no host name");
  });
});
