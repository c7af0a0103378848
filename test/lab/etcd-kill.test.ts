// quorate, its ssh or the node are killed between every two effects of a member's replacement on real etcd: the next up
// converges, and the data is whole. The points follow from the steps themselves.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "chai";
import { type EtcdStep, etcdEffectsOfKind } from "../../src/model/etcd-step";
import { chooseCases } from "../matrix";
import { describeEtcd } from "./describe-one";
import { findLeader } from "./etcd-lab";
import { systemdProject } from "./etcd-project";
import { type LabHost, labOrSkip, openSystemdEtcdLab, openTimeoutMs, type SystemdEtcdLab, waitUntil } from "./lab";
import type { CommandEnd, Project, RunningCommand } from "./project";

/** The chain that replaces a stopped follower whose data is gone. */
const chain: readonly EtcdStep["kind"][] = [
  "etcdSaveSnapshot",
  "etcdStopMember",
  "etcdRemoveMember",
  "etcdAddMember",
  "etcdStartMember",
  "etcdPromoteMember",
];
const effects = chain.flatMap((kind) => etcdEffectsOfKind[kind]);
const loseData = "systemctl stop etcd; rm -rf /var/lib/etcd/member";
const victims = ["quorate", "ssh", "node"] as const;
const all = victims.flatMap((victim) =>
  effects.map((effect, point) => ({ name: `${victim} before ${effect} (effect ${point})`, victim, effect, point })),
);

describeEtcd("a replacement on real etcd that is killed", function () {
  this.timeout(15 * 60_000);
  let lab: SystemdEtcdLab;
  let project: Project;
  let hold: string;

  before(async function () {
    this.timeout(openTimeoutMs);
    lab = labOrSkip(this, await openSystemdEtcdLab());
    project = await systemdProject(lab);
    hold = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-hold-"));
    fs.copyFileSync(path.join(__dirname, "shell/hold-ssh.sh"), path.join(hold, "ssh"));
    await lab.writeKeys(1000);
  });
  // So that a case which failed in the middle says nothing about the next one.
  beforeEach(async () => {
    for (const host of lab.hosts) {
      await host.powerOn();
      // A fresh snapshot of an earlier case would make the chain shorter.
      await host.run("rm -rf /run/quorate-held /run/quorate-let-go /var/lib/etcd-snapshots");
    }
    expectExit(await project.up(), 0);
  });
  after(async () => {
    project?.remove();
    if (hold !== undefined) fs.rmSync(hold, { recursive: true });
    await lab?.close();
  });

  const expectExit = (end: CommandEnd, code: number) => expect(end.exitCode, end.output).to.equal(code);
  const firstHost = () => lab.hosts[0] ?? expect.fail("the lab has no host");

  for (const { name, victim, effect, point } of chooseCases("kills between effects", all, () => "kill")) {
    it(`is finished by the next up: ${name}`, async () => {
      const digest = await lab.keysDigest(firstHost());
      const follower = await findFollower();
      await follower.run(loseData);
      const up = startHeld(point);
      const held = await waitUntil("the script to stop at the point", () => findHeld(up), { deadlineMs: 240_000 });
      expect(fs.readFileSync(path.join(hold, "effects"), "utf8").split("\n")[point]).to.equal(effect);
      await kill(victim, up, held);
      const next = await project.up();
      expect(next.exitCode, `${up.output()}\n---- next:\n${next.output}`).to.equal(0);
      expectExit(await project.preview("--expect-no-changes"), 0);
      await lab.waitHealthy();
      for (const host of lab.hosts)
        await waitUntil(`${host.name} holds every key`, async () => (await lab.keysDigest(host)) === digest);
    });
  }

  it("has as many points as the script of a replacement that nothing stops", async () => {
    await (await findFollower()).run(loseData);
    expectExit(await startHeld(effects.length + 10).ended, 0);
    const ran = fs.readFileSync(path.join(hold, "effects"), "utf8").trim().split("\n");
    expect(ran).to.deep.equal(effects);
  });

  function startHeld(point: number): RunningCommand {
    for (const file of ["count", "effects"]) fs.rmSync(path.join(hold, file), { force: true });
    fs.writeFileSync(path.join(hold, "point"), String(point));
    return project.start(["up", "--stack", project.stack, "--yes", "--skip-preview"], {
      PATH: `${hold}:${process.env.PATH ?? ""}`,
      QUORATE_TEST_HOLD: hold,
    });
  }

  async function findHeld(up: RunningCommand): Promise<LabHost | undefined> {
    if (up.child.exitCode !== null) expect.fail(`the up ended before the point:\n${up.output()}`);
    for (const host of lab.hosts) if ((await host.ssh("test -e /run/quorate-held")).exitCode === 0) return host;
    return undefined;
  }

  async function findFollower(): Promise<LabHost> {
    const leader = await findLeader(lab.etcdctl, lab.hosts);
    const follower = lab.hosts.find((host) => host !== leader);
    return follower ?? expect.fail("every member leads");
  }

  /** Kills, lets what is left on the nodes go on, and waits until the up has ended. */
  async function kill(victim: (typeof victims)[number], up: RunningCommand, held: LabHost): Promise<void> {
    switch (victim) {
      case "quorate":
        killNow(up.child.pid ?? 0);
        break;
      case "ssh":
        for (const pid of sshProcesses(lab.sshConfig)) killNow(pid);
        break;
      case "node":
        await held.powerOff();
        await held.powerOn();
        break;
    }
    for (const host of lab.hosts) await host.run("touch /run/quorate-let-go");
    await up.ended;
  }
});

function killNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** Every ssh that was started with this configuration, the sharing master too. */
function sshProcesses(config: string): readonly number[] {
  const lines = execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8" }).split("\n");
  return lines.flatMap((line) => {
    const [, pid, command] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid !== undefined && /(^|\/)ssh\b/.test(command ?? "") && command?.includes(config) ? [Number(pid)] : [];
  });
}
