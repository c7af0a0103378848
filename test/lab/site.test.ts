// Labs beside each other and after one another, on bare hosts.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { typescriptHook } from "../../src/engine/child-process";
import { labOrSkip, waitUntil } from "./lab";
import { prepareMachine } from "./requirements";
import { outputOf } from "./run-process";
import { openSite, type Site } from "./site";

const plan = { hostNames: ["bare-0"], trees: [], programs: [] } as const;

/** What of a site this machine still has. */
async function traces(site: Pick<Site, "subnet" | "sshConfig">): Promise<readonly string[]> {
  const slot = site.subnet.split(".").at(-1);
  const ports = (await outputOf("ip", ["-o", "link", "show"])).match(
    new RegExp(`\\b(qlab${slot}|q${slot}-\\S+):`, "g"),
  );
  const groups = await outputOf("find", ["/sys/fs/cgroup", "-name", `quorate-lab-${slot}-*`]);
  const mounts = (await outputOf("cat", ["/proc/self/mounts"]))
    .split("\n")
    .filter((line) => line.includes("quorate-lab"));
  const files = [dirname(site.sshConfig)].filter((path) => existsSync(path));
  return [...(ports ?? []), ...groups.split("\n"), ...mounts, ...files].filter((trace) => trace !== "");
}

describe("openSite", function () {
  this.timeout(120_000);

  before(async function () {
    labOrSkip(this, (await prepareMachine()) ?? { kind: "ready" });
  });

  it("gives two labs at once a subnet each, which cannot reach one another", async () => {
    const [one, other] = await Promise.all([openSite(plan), openSite(plan)]);
    try {
      expect(one.subnet).not.to.equal(other.subnet);
      const tried = await one.hosts[0]?.ssh(`timeout 2 bash -c '</dev/tcp/${other.hosts[0]?.address}/22'`);
      expect(tried?.exitCode).not.to.equal(0);
    } finally {
      await Promise.all([one.close(), other.close()]);
    }
  });

  it("leaves nothing on the machine once it is closed", async () => {
    const site = await openSite(plan);
    expect(await traces(site)).not.to.deep.equal([]);
    await site.close();
    expect(await traces(site)).to.deep.equal([]);
  });

  it("leaves nothing on the machine when the process that opened it is killed", async () => {
    const opener = spawn(process.execPath, ["--require", typescriptHook, join(__dirname, "open.ts"), "bare"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    let said = "";
    opener.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
    const sshConfig = await waitUntil("the lab is open", async () => /ssh -F (\S+)/.exec(said)?.[1]);
    const subnet = `172.28.${/lab-(\d+)/.exec(sshConfig)?.[1]}`;
    const ended = once(opener, "close");
    opener.kill("SIGKILL");
    await ended;
    await waitUntil("all of it is gone", async () => {
      const left = await traces({ subnet, sshConfig });
      if (left.length > 0) throw new Error(left.join(", "));
      return true;
    });
  });

  it("puts a host's disk back and keeps its host key when it is restored", async () => {
    const site = await openSite(plan);
    try {
      const [host] = site.hosts;
      if (host === undefined) expect.fail("no host");
      await host.run("echo before > /root/note");
      await site.snapshot();
      await host.run("echo after > /root/note; rm /etc/hostname");
      await site.restore();
      expect(await host.run("cat /root/note /etc/hostname")).to.equal("before\nbare-0");
    } finally {
      await site.close();
    }
  });
});
