// What is left when a part of quorate is killed, or the cable is pulled, in the middle of an up on a real node: the next
// up, started at once, converges.

import { execFileSync } from "node:child_process";
import { expect } from "chai";
import { chooseCases } from "../matrix";
import { type KubeadmLab, type LabHost, labOrSkip, openKubeadmLab, openTimeoutMs, waitUntil } from "./lab";
import { Project, type RunningCommand } from "./project";

const manifest = "/etc/kubernetes/manifests/kube-scheduler.yaml";
const misspell = `sed -i 's/- kube-scheduler$/- kube-schedulerrrr/' ${manifest}`;
// Every content that the kubelet could have read, as often as a shell can look.
const watch = `while [ -e /run/quorate-watch ]; do sha256sum < ${manifest}; done 2>/dev/null | uniq >> /run/quorate-seen`;

interface Interruption {
  readonly name: string;
  readonly victim: "engine" | "plugin" | "ssh" | "link";
  /** Part of the time from the start of an undisturbed up to its first change and its end, 0 to 1. */
  readonly point: number;
}

const interruptions: readonly Interruption[] = (["engine", "plugin", "ssh", "link"] as const).flatMap((victim) =>
  [0.3, 0.5, 0.6, 0.7, 0.9].map((point) => ({ victim, point, name: `${victim} at ${point * 100} % of an up` })),
);

describe("an up on a real node that is interrupted", function () {
  this.timeout(10 * 60_000);
  let lab: KubeadmLab;
  let host: LabHost;
  let project: Project;
  let undisturbedMs = 0;

  before(async function () {
    this.timeout(openTimeoutMs);
    lab = labOrSkip(this, await openKubeadmLab({ nodes: 1 }));
    const [first] = lab.hosts;
    if (first === undefined) throw new Error("the lab has no host");
    host = first;
    project = new Project("lab");
    await project.capture(lab.sshConfig, "cp-0=root@cp-0");
    await project.succeed("stack", "init", "lab");
    expect((await project.up()).exitCode).to.equal(0);
    await host.run(misspell);
    const startedAt = Date.now();
    const up = await project.up();
    expect(up.exitCode, up.output).to.equal(0);
    undisturbedMs = Date.now() - startedAt;
  });

  // So that a case which failed in the middle says nothing about the next one.
  beforeEach(async () => {
    await host.restoreNetwork();
    await stopWatch();
    await host.run("rm -f /run/quorate-seen");
    const up = await project.up();
    expect(up.exitCode, up.output).to.equal(0);
  });

  after(async () => {
    project?.remove();
    await lab?.close();
  });

  for (const { name, victim, point } of chooseCases(
    "interruptions of an up on a real node",
    interruptions,
    () => "end",
  )) {
    it(`is finished by the next one: ${name}`, async function () {
      const good = await host.run(`sha256sum < ${manifest}`);
      await host.run(misspell);
      const bad = await host.run(`sha256sum < ${manifest}`);
      await host.run("touch /run/quorate-watch");
      await host.run(`systemd-run --quiet --unit=quorate-watch bash -c '${watch}'`);
      const up = project.start(["up", "--stack", "lab", "--yes", "--skip-preview"]);
      await sleepUntil(Date.now() + undisturbedMs * point);
      const isInterrupted = await interrupt(victim, up);
      const next = await project.up();
      expect(next.exitCode, `${up.output()}\n---- next:\n${next.output}`).to.equal(0);
      const preview = await project.preview("--expect-no-changes");
      expect(preview.exitCode, preview.output).to.equal(0);
      await waitUntil("the scheduler to run", async () =>
        /1\/1\s+Running/.test(await lab.kubectl("get pod -n kube-system kube-scheduler-cp-0 --no-headers")),
      );
      await stopWatch();
      const seen = new Set((await host.run("cat /run/quorate-seen")).split("\n"));
      expect(
        [...seen].filter((sum) => sum !== good && sum !== bad),
        "contents that are neither the old nor the new manifest",
      ).to.deep.equal([]);
      expect(await host.run("ls -A /etc/kubernetes/manifests")).to.equal(
        "etcd.yaml\nkube-apiserver.yaml\nkube-controller-manager.yaml\nkube-scheduler.yaml",
      );
      if (isInterrupted) return;
      console.log("      skipped: the up had ended, or had nothing to kill, before it could be interrupted");
      return this.skip();
    });
  }

  const operators = [
    {
      name: "keeps a second operator out of the stack while the first one's up runs, and says who that is",
      run: async () => {
        await host.run(misspell);
        const first = project.start(["up", "--stack", "lab", "--yes", "--skip-preview"]);
        await waitUntil("the first up to hold the lock", async () => first.output().includes("updating"));
        const second = await project.up();
        expect(second.exitCode, second.output).to.be.greaterThan(0);
        expect(second.output).to.contain(`pid ${first.child.pid}`);
        const end = await first.ended;
        expect(end.exitCode, end.output).to.equal(0);
      },
    },
    {
      name: "keeps a second operator with state of his own off the node while a step runs there",
      run: async () => {
        await host.run(misspell);
        const lockFile = "/run/lock/quorate.lock";
        await host.run(
          `systemd-run --quiet --unit=quorate-other bash -c 'exec 9>>${lockFile}; flock 9; touch /run/quorate-held; while [ -e /run/quorate-held ]; do :; done'`,
        );
        await waitUntil(
          "the other's script to hold the node",
          async () => (await host.ssh("test -e /run/quorate-held")).exitCode === 0,
        );
        const up = await project.up();
        expect(up.exitCode, up.output).to.be.greaterThan(0);
        expect(up.output).to.match(/locked/);
        expect(await host.run(`grep -c kube-schedulerrrr ${manifest}`)).to.equal("1");
        await host.run("rm /run/quorate-held; while systemctl is-active --quiet quorate-other; do :; done");
        const after = await project.up();
        expect(after.exitCode, after.output).to.equal(0);
      },
    },
  ];
  for (const { name, run } of chooseCases("two operators at once", operators, () => "two")) it(name, run);

  /** Ends the watch over the manifest, if one runs, when it has written down what it saw. */
  async function stopWatch(): Promise<void> {
    await host.run("rm -f /run/quorate-watch; while systemctl is-active --quiet quorate-watch; do :; done");
  }

  /** Does what the case names, and waits until the up has ended; false when there was nothing to interrupt any more. */
  async function interrupt(victim: Interruption["victim"], up: RunningCommand): Promise<boolean> {
    if (up.child.exitCode !== null) return false;
    if (victim === "link") {
      await host.cutNetwork();
      await Promise.race([up.ended, sleepUntil(Date.now() + 30_000)]);
      await host.restoreNetwork();
      await up.ended;
      return true;
    }
    const own = up.child.pid ?? 0;
    const victims = victim === "engine" ? [own] : victim === "ssh" ? sshProcesses(lab.sshConfig) : pluginProcesses(own);
    for (const pid of victims) killNow(pid);
    await up.ended;
    return victims.length > 0;
  }
});

function killNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function sleepUntil(timeMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, timeMs - Date.now())));
}

/** Every ssh that was started with this configuration, the sharing master too. */
function sshProcesses(config: string): readonly number[] {
  return processes()
    .filter(({ command }) => /(^|\/)ssh\b/.test(command) && command.includes(config))
    .map(({ pid }) => pid);
}

/** The plugin among the descendants of a process. */
function pluginProcesses(root: number): readonly number[] {
  const all = processes();
  const family = new Set([root]);
  for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  return all.filter(({ pid, command }) => family.has(pid) && command.includes("run-plugin")).map(({ pid }) => pid);
}

function processes(): readonly { readonly pid: number; readonly parent: number; readonly command: string }[] {
  const lines = execFileSync("ps", ["-eo", "pid=,ppid=,args=", "--sort=start_time"], { encoding: "utf8" }).split("\n");
  return lines.flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
    return match === null ? [] : [{ pid: Number(match[1]), parent: Number(match[2]), command: match[3] ?? "" }];
  });
}
