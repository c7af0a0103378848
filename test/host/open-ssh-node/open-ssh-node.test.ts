import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { unreachable, useOperator } from "./operator";
import { freePort } from "./real-sshd";

describe("openSshNodes against a real sshd", function () {
  this.timeout(60_000);
  const operator = useOperator();

  describe("a node that answers", () => {
    it("is observed and changed over one shared connection, which close ends", async () => {
      const before = operator.sshd.logins;
      const nodes = operator.open();
      expect((await nodes.observe("cp-0")).kind).to.equal("observed");
      expect(await nodes.apply(operator.step)).to.deep.equal({ kind: "done" });
      const observation = await nodes.observe("cp-0");
      if (observation.kind !== "observed" || observation.manifests.kind !== "seen") throw new Error("not seen");
      expect(observation.manifests.value.map((file) => [file.fileName, file.mode, file.content.kind])).to.deep.equal([
        ["kube-scheduler.yaml", "0600", "pod"],
      ]);
      expect(operator.sshd.logins - before).to.equal(1);
      expect(operator.sshd.processesWith("ControlPersist", operator.sshd.configFile)).to.have.length(1);
      await nodes.close();
      await nodes.close();
      expect(operator.sshd.processesWith("ControlPersist", operator.sshd.configFile)).to.deep.equal([]);
    });

    it("has its control socket in a directory of mode 0700, with a path under 104 bytes, removed at the end", async () => {
      const nodes = operator.open();
      await nodes.observe("cp-0");
      const [pid] = operator.sshd.processesWith("ControlPersist", operator.sshd.configFile);
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      const directory = words.map((word) => /^ControlPath=(.*)\/[^/]*%C$/.exec(word)?.[1]).find(Boolean) ?? "";
      const socket = readdirSync(directory).find((name) => /^0-[0-9a-f]{40}$/.test(name)) ?? "";
      expect(statSync(directory).mode & 0o777).to.equal(0o700);
      expect(Buffer.byteLength(join(directory, socket)) + 17).to.be.lessThan(104);
      await nodes.close();
      expect(existsSync(directory)).to.equal(false);
    });

    it("is reached anew when its control master died in between", async () => {
      const nodes = operator.open();
      const before = operator.sshd.logins;
      await nodes.observe("cp-0");
      for (const pid of operator.sshd.processesWith("ControlPersist", operator.sshd.configFile))
        process.kill(pid, "SIGKILL");
      expect((await nodes.observe("cp-0")).kind).to.equal("observed");
      expect(operator.sshd.logins - before).to.equal(2);
    });

    it("is probed again when the connection dies while it is probed", async () => {
      const nodes = operator.open();
      await nodes.observe("cp-0");
      const mark = join(operator.sshd.root, "killed");
      // The first probe ends the connection that it came by; the second finds the mark.
      operator.sshd.shim(
        "hostname",
        `if mkdir ${mark} 2>/dev/null; then kill -9 ${operator.sshd.sessionProcesses.join(" ")}; fi; exec /bin/hostname "$@"`,
      );
      expect((await nodes.observe("cp-0")).kind).to.equal("observed");
      expect(existsSync(mark)).to.equal(true);
    });

    it("is told apart from another that is declared with the same host and port", async () => {
      const same = { host: "127.0.0.1", port: operator.sshd.port };
      // Two names for one machine are refused by the declaration, so the second goes by the configuration.
      operator.sshd.configure(["Host other", "  HostName 127.0.0.1", `  Port ${operator.sshd.port}`]);
      const plane = operator.planeOf({ "cp-0": same, "cp-1": { host: "other" } });
      const nodes = operator.openAll(plane);
      const seen = await Promise.all(["cp-0", "cp-1"].map((node) => nodes.observe(node)));
      expect(seen.map(({ node, kind }) => [node, kind])).to.deep.equal([
        ["cp-0", "observed"],
        ["cp-1", "observed"],
      ]);
    });

    it("is reached no more often at once than is allowed", async () => {
      const names = ["a", "b", "c", "d", "e"];
      const log = join(operator.sshd.root, "overlap");
      operator.sshd.configure(
        names.flatMap((name) => [`Host ${name}`, "  HostName 127.0.0.1", `  Port ${operator.sshd.port}`]),
      );
      operator.sshd.shim("hostname", `echo + >> ${log}; /bin/hostname; echo - >> ${log}`);
      const plane = operator.planeOf(Object.fromEntries(names.map((name) => [name, { host: name }])));
      const nodes = operator.openAll(plane, 2);
      const seen = await Promise.all(names.map((name) => nodes.observe(name)));
      expect(seen.map(({ kind }) => kind)).to.deep.equal(names.map(() => "observed"));
      let running = 0;
      const counts = readFileSync(log, "utf8")
        .trim()
        .split("\n")
        .map((sign) => (running += sign === "+" ? 1 : -1));
      expect(Math.max(...counts)).to.be.within(1, 2);
    });

    it("that does not run the probe is unreachable with what it said instead", async () => {
      operator.sshd.shim("timeout", "echo This account is not available.; exit 1");
      const seen = unreachable(await operator.open().observe("cp-0"));
      expect(seen.message).to.equal("cp-0 was reached but does not run the probe: This account is not available.");
    });
  });

  describe("a node that does not answer", () => {
    it("is unreachable at level dns when its name is unknown", async () => {
      const seen = unreachable(await operator.open({ host: "no-such-host.invalid" }).observe("cp-0"));
      expect(seen.level).to.equal("dns");
      expect(seen.message).to.contain("cp-0 (no-such-host.invalid) cannot be reached").and.contain("Could not resolve");
    });

    it("is unreachable at level connect when nobody listens", async () => {
      const seen = unreachable(await operator.open({ port: await freePort() }).observe("cp-0"));
      expect([seen.level, /Connection refused/.test(seen.message)]).to.deep.equal(["connect", true]);
    });

    it("is unreachable at level timeout when something listens and says nothing", async () => {
      const silent = createServer().listen(0, "127.0.0.1");
      await once(silent, "listening");
      const address = silent.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const seen = unreachable(await operator.open({ port }).observe("cp-0"));
      silent.close();
      expect(seen.level).to.equal("timeout");
    });

    it("is unreachable at level auth when the key is not let in", async () => {
      const key = join(operator.sshd.root, "stranger");
      if (!existsSync(key)) spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
      operator.sshd.configure(["Host *", `  IdentityFile ${key}`]);
      writeFileSync(
        operator.sshd.configFile,
        readFileSync(operator.sshd.configFile, "utf8").replace(`${operator.sshd.root}/user\n`, `${key}\n`),
      );
      const seen = unreachable(await operator.open().observe("cp-0"));
      expect([seen.level, /Permission denied/.test(seen.message)]).to.deep.equal(["auth", true]);
    });

    it("leaves a step interrupted, with the reason", async () => {
      const outcome = await operator.open({ port: await freePort() }).apply(operator.step);
      expect(outcome.kind).to.equal("interrupted");
      expect(outcome).to.have.property("message").that.contains("Connection refused");
    });
  });

  // The test may be run by root, who needs no sudo: `id` and `sudo` are stand-ins that the session finds first.
  describe("sudo", () => {
    beforeEach(() => operator.sshd.shim("id", 'if [ "$*" = -u ]; then echo 1000; else exec /usr/bin/id "$@"; fi'));

    it("that wants a password makes a node unreachable at level sudo", async () => {
      operator.sshd.shim("sudo", 'echo "sudo: a password is required" >&2; exit 1');
      const seen = unreachable(await operator.open().observe("cp-0"));
      expect([seen.level, seen.message]).to.deep.equal([
        "sudo",
        "sudo on cp-0 refuses to run commands without a password: sudo: a password is required",
      ]);
      expect((await operator.open().apply(operator.step)).kind).to.equal("failed");
    });

    it("that does not allow the user makes a node unreachable at level sudo", async () => {
      operator.sshd.shim(
        "sudo",
        'echo "Sorry, user ops is not allowed to execute /usr/bin/timeout as root on cp-0." >&2; exit 1',
      );
      expect(unreachable(await operator.open().observe("cp-0")).level).to.equal("sudo");
    });

    it("that is not installed makes a node unreachable at level sudo", async () => {
      operator.sshd.shim("sudo", 'echo "sh: 1: exec: sudo: not found" >&2; exit 127');
      expect(unreachable(await operator.open().observe("cp-0")).level).to.equal("sudo");
    });

    it("is used with -n by a user who is not root, and not used when declared so", async () => {
      const calls = join(operator.sshd.root, "sudo-calls");
      operator.sshd.shim("sudo", `echo "$1 $2" >> ${calls}; shift 2; exec "$@"`);
      expect((await operator.open().observe("cp-0")).kind).to.equal("observed");
      expect(readFileSync(calls, "utf8")).to.equal("-n --\n");
      expect((await operator.open({ sudo: false }).observe("cp-0")).kind).to.equal("observed");
      expect(readFileSync(calls, "utf8")).to.equal("-n --\n");
    });
  });
});
