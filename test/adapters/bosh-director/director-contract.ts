// What every DirectorAccess has to do, shown on the world of seed 000. Run by the HTTPS client's tests against the served
// director and by the simulator's tests in process, so that neither drifts from the other.
import { expect } from "chai";
import type { TaskEvent, TaskOutcome } from "../../../src/model/bosh-task";
import { isRecoveryError } from "../../../src/model/errors";
import type { DirectorAccess } from "../../../src/ports/director-access";
import { pksDeploymentName as deployment, pksBrokenMaster } from "../../../src/simulator/director/scenarios";
import type { SimulatedDirector } from "../../../src/simulator/director/simulated-director";
import { breakFluentd, instanceOf, practiceDirector } from "../../simulator/director/practice-director";

const healthyMaster = { group: "master", id: "9b8ad6e0-a438-4033-9767-46c586fb4771" };
const worker = { group: "worker", id: "3b2ae3af-a4ff-4850-8d36-a120525bab4b" };

/** Gives access to a director; `release` ends it. */
export type OpenAccess = (
  director: SimulatedDirector,
) => Promise<{ readonly access: DirectorAccess; readonly release: () => Promise<void> }>;

function stages(events: readonly TaskEvent[]): readonly string[] {
  return events.flatMap((event) =>
    event.kind === "progress" && event.state !== "in_progress" ? [`${event.stage}: ${event.task}: ${event.state}`] : [],
  );
}

async function states(access: DirectorAccess): Promise<Readonly<Record<string, string | undefined>>> {
  const listing = await access.observeInstances(deployment);
  if (listing.kind !== "listed") throw new Error(listing.outcome.message);
  return Object.fromEntries(
    listing.instances.map(({ instance, jobState }) => [`${instance.group}/${instance.id.slice(0, 4)}`, jobState]),
  );
}

/** Defines the tests. */
export function describeDirectorContract(open: OpenAccess): void {
  let director: SimulatedDirector;
  let access: DirectorAccess;
  let release: () => Promise<void>;

  beforeEach(async () => {
    director = practiceDirector();
    ({ access, release } = await open(director));
  });
  afterEach(() => release());

  it("lists deployments with their releases and whether one is locked", async () => {
    const [only] = await access.observeDeployments();
    expect(only?.name).to.equal(deployment);
    expect(only?.locked).to.equal(false);
    expect(only?.releases.map(({ name }) => name)).to.deep.equal(["kubo", "bosh-dns"]);
  });

  it("tells an errand without a VM from a service instance without one, without starting a task", async () => {
    const placements = await access.observePlacements(deployment);
    expect(
      placements.map(({ instance, expectsVm, vmCid }) => [instance.group, expectsVm, vmCid === undefined]),
    ).to.deep.equal([
      ["apply-addons", false, true],
      ["master", true, false],
      ["master", true, false],
      ["master", true, false],
      ["worker", true, false],
    ]);
    expect(director.tasks.list()).to.deep.equal([]);
  });

  it("shows a broken job as failing with the process unknown, and a scan finds 0 problems (seed 000)", async () => {
    breakFluentd(director);
    expect((await states(access))["master/774b"]).to.equal("failing");
    const scan = await access.scanProblems(deployment);
    expect(scan.kind === "scanned" && scan.problems).to.deep.equal([]);
  });

  it("ends a recreate with the seed's error when monit cannot stop a job, and leaves the VM alone (seed 000)", async () => {
    breakFluentd(director);
    const before = instanceOf(director, pksBrokenMaster.group, pksBrokenMaster.id).vm?.cid;
    const change = { instance: pksBrokenMaster, action: "recreate", scope: "converge" } as const;
    const outcome = await access.changeInstance(deployment, change);
    expect(outcome.kind).to.equal("failed");
    expect(outcome.kind === "failed" && outcome.message).to.match(
      /^Action Failed get_task: Task [0-9a-f-]{36} result: Stopping Monitored Services: Stopping services '\[fluentd\]' errored$/,
    );
    expect(instanceOf(director, pksBrokenMaster.group, pksBrokenMaster.id).vm?.cid).to.equal(before);
  });

  it("deletes the VM, finds it missing, and creates it again while the others stay untouched (seed 000)", async () => {
    breakFluentd(director);
    const others = () =>
      director
        .deployment(deployment)
        .instances.filter(({ id }) => id !== pksBrokenMaster.id)
        .map(({ vm }) => vm?.cid);
    const before = others();
    const cid = instanceOf(director, pksBrokenMaster.group, pksBrokenMaster.id).vm?.cid ?? "";
    const deleted = await access.deleteVm(cid);
    expect(deleted.kind).to.equal("done");
    expect(deleted.task.deployment).to.equal(undefined);
    expect(stages(deleted.events)).to.deep.equal([
      `Delete VM: ${cid}: started`,
      `Delete VM: VM ${cid} is successfully deleted: started`,
      `Delete VM: VM ${cid} is successfully deleted: finished`,
      `Delete VM: ${cid}: finished`,
    ]);
    expect((await states(access))["master/774b"]).to.equal(undefined);
    const scan = await access.scanProblems(deployment);
    expect(scan.kind === "scanned" && scan.problems.map(({ type, description }) => [type, description])).to.deep.equal([
      ["missing_vm", `VM for 'master/${pksBrokenMaster.id} (2)' missing.`],
    ]);
    const change = { instance: pksBrokenMaster, action: "recreate", scope: "converge" } as const;
    const recreated = await access.changeInstance(deployment, change);
    expect(recreated.kind).to.equal("done");
    expect(stages(recreated.events)).to.deep.equal([
      "Preparing deployment: Preparing deployment: started",
      "Preparing deployment: Preparing deployment: finished",
      "Preparing deployment: Rendering templates: started",
      "Preparing deployment: Rendering templates: finished",
      "Preparing package compilation: Finding packages to compile: started",
      "Preparing package compilation: Finding packages to compile: finished",
      `Creating missing vms: master/${pksBrokenMaster.id} (2): started`,
      `Creating missing vms: master/${pksBrokenMaster.id} (2): finished`,
      `Updating instance: master/${pksBrokenMaster.id} (2) (canary): started`,
      `Updating instance: master/${pksBrokenMaster.id} (2) (canary): finished`,
    ]);
    expect(Object.values(await states(access))).to.deep.equal([undefined, "running", "running", "running", "running"]);
    expect(others()).to.deep.equal(before);
  });

  it("ends a delete-vm of an unknown id as done, with a warning", async () => {
    const outcome = await access.deleteVm("vm-nobody/knows;it");
    expect(outcome.kind).to.equal("done");
    expect(outcome.events.find(({ kind }) => kind === "message")).to.include({
      level: "warning",
      text: "VM vm-nobody/knows;it does not exist. Deletion is skipped",
    });
  });

  it("answers each problem by the name that the director offers, and numbers problems anew at each scan", async () => {
    const master = instanceOf(director, healthyMaster.group, healthyMaster.id);
    const broken = instanceOf(director, worker.group, worker.id);
    if (master.vm !== undefined) master.vm.isAgentAlive = false;
    if (broken.vm !== undefined) broken.vm.existsInIaas = false;
    await access.scanProblems(deployment);
    const scan = await access.scanProblems(deployment);
    const problems = scan.kind === "scanned" ? scan.problems : [];
    expect(problems.map(({ id, type }) => [id, type])).to.deep.equal([
      [3, "unresponsive_agent"],
      [4, "missing_vm"],
    ]);
    expect(problems[1]?.description).to.contain("with cloud ID 'worker_");
    expect(problems[1]?.resolutions.map(({ name }) => name)).not.to.include("reboot_vm");
    const outcome = await access.applyResolutions(deployment, [
      { problemId: 3, resolution: "reboot_vm" },
      { problemId: 4, resolution: "recreate_vm" },
    ]);
    expect([outcome.kind, outcome.task.result]).to.deep.equal(["done", "2 resolved"]);
    expect(Object.values(await states(access))).to.deep.equal([undefined, "running", "running", "running", "running"]);
  });

  it("fails, but goes on, when an answer comes too late because the agent is back", async () => {
    const master = instanceOf(director, healthyMaster.group, healthyMaster.id);
    if (master.vm !== undefined) master.vm.isAgentAlive = false;
    const scan = await access.scanProblems(deployment);
    const problemId = (scan.kind === "scanned" ? scan.problems[0]?.id : undefined) ?? 0;
    if (master.vm !== undefined) master.vm.isAgentAlive = true;
    const outcome = await access.applyResolutions(deployment, [{ problemId, resolution: "recreate_vm" }]);
    expect(outcome.kind === "failed" && outcome.message).to.equal(
      `Error resolving problem '${problemId}': Agent is responding now, skipping resolution`,
    );
  });

  it("reports a held deployment as locked with the holder, for a scan at once and for a recreate after ten seconds", async () => {
    const holder = director.startScan(deployment, { user: "other", contextId: "" });
    director.clock.advance(1_000);
    const scan = await access.scanProblems(deployment);
    const refused = scan.kind === "not-scanned" ? scan.outcome : undefined;
    expect([refused?.kind, refused?.kind === "locked" ? refused.holderTaskId : undefined]).to.deep.equal([
      "locked",
      holder.id,
    ]);
    const before = director.clock.nowMs();
    const change = { instance: worker, action: "restart", scope: "one-instance" } as const;
    const outcome = await access.changeInstance(deployment, change);
    expect(outcome.kind === "locked" && outcome.holderTaskId).to.equal(holder.id);
    expect(director.clock.nowMs() - before).to.be.within(10_000, 12_000);
    expect((await access.observeLocks()).map(({ type, resource, taskId }) => [type, resource, taskId])).to.deep.equal([
      ["deployment", [deployment], holder.id],
    ]);
  });

  it("recreates one instance and touches no other, although another is failing", async () => {
    breakFluentd(director);
    const outcome = await access.changeInstance(deployment, {
      instance: worker,
      action: "recreate",
      scope: "one-instance",
    });
    expect(outcome.kind).to.equal("done");
    expect((await states(access))["master/774b"]).to.equal("failing");
    const converging = await access.changeInstance(deployment, {
      instance: worker,
      action: "recreate",
      scope: "converge",
    });
    expect(converging.kind === "failed" && converging.message).to.contain("[fluentd]");
  });

  it("fails a converging change when any other agent is silent, and with fix recreates that one too", async () => {
    const silent = instanceOf(director, healthyMaster.group, healthyMaster.id);
    if (silent.vm !== undefined) silent.vm.isAgentAlive = false;
    const before = silent.vm?.cid;
    const change = { instance: worker, action: "restart", scope: "converge" } as const;
    const refused = await access.changeInstance(deployment, change);
    expect(refused.kind === "failed" && refused.code).to.equal(450002);
    const fixed = await access.changeInstance(deployment, { ...change, fix: true });
    expect(fixed.kind).to.equal("done");
    expect(silent.vm?.cid).not.to.equal(before);
  });

  it("refuses to touch an ignored instance", async () => {
    await access.setIgnored(deployment, worker, true);
    const outcome = await access.changeInstance(deployment, {
      instance: worker,
      action: "restart",
      scope: "one-instance",
    });
    expect(outcome.kind === "failed" && outcome.code).to.equal(190020);
  });

  it("refuses an instance that does not exist in one sentence, without a task", async () => {
    const nobody = { group: "master", id: "00000000-0000-4000-a000-000000000000" };
    const error = await access
      .changeInstance(deployment, { instance: nobody, action: "restart", scope: "one-instance" })
      .catch((thrown: unknown) => thrown);
    expect(isRecoveryError(error) && [error.code, error.message.includes("doesn't exist")]).to.deep.equal([
      "input",
      true,
    ]);
    expect(director.tasks.list()).to.deep.equal([]);
  });

  it("reads and sets the resurrector's switch", async () => {
    expect(await access.isResurrectionOn()).to.equal(true);
    await access.setResurrection(false);
    expect(await access.isResurrectionOn()).to.equal(false);
  });

  it("writes a config once, refuses to overwrite what somebody else wrote meanwhile, and removes it", async () => {
    const config = { type: "resurrection", name: "quiet", content: "rules:\n  - enabled: false\n" };
    const first = await access.writeConfig(config, "0");
    expect(first.kind).to.equal("written");
    const late = await access.writeConfig({ ...config, content: "rules: []\n" }, "0");
    expect(late).to.deep.equal({ kind: "changed-meanwhile", latestId: "1" });
    expect((await access.observeConfigs("resurrection")).map(({ name, content }) => [name, content])).to.deep.equal([
      ["quiet", config.content],
    ]);
    expect(await access.removeConfig("resurrection", "quiet")).to.equal(true);
    expect(await access.removeConfig("resurrection", "quiet")).to.equal(false);
  });

  it("makes a user on one instance only and removes it again", async () => {
    const user = "bosh_0123456789abcde";
    const made = await access.createShellUser(deployment, healthyMaster, user, "ssh-rsa AAAA\n");
    expect(made.kind === "ready" && made.user.ip).to.equal("172.28.3.2");
    const users = () =>
      director.deployment(deployment).instances.flatMap(({ vm }) => vm?.shellUsers.map(({ name }) => name) ?? []);
    expect(users()).to.deep.equal([user]);
    const removed = await access.removeShellUsers(deployment, healthyMaster, `^${user}$`);
    expect([removed.kind, users()]).to.deep.equal(["done", []]);
  });

  it("says that no user could be made when the agent is silent", async () => {
    const master = instanceOf(director, healthyMaster.group, healthyMaster.id);
    if (master.vm !== undefined) master.vm.isAgentAlive = false;
    const made = await access.createShellUser(deployment, healthyMaster, "bosh_0123456789abcde", "ssh-rsa AAAA\n");
    expect(made.kind === "not-ready" && made.message).to.contain("Timed out");
  });

  it("tells each event once and in order while a task runs", async () => {
    const seen: TaskEvent[] = [];
    const outcome = await access.changeInstance(
      deployment,
      { instance: worker, action: "recreate", scope: "converge" },
      (event) => seen.push(event),
    );
    expect(seen).to.deep.equal(outcome.events);
    expect(new Set(seen.map((event) => JSON.stringify(event))).size).to.equal(seen.length);
  });

  it("ends a task that loses its director as interrupted, not as done", async () => {
    const outcome = new Promise<TaskOutcome>((resolve, reject) => {
      access
        .changeInstance(deployment, { instance: worker, action: "recreate", scope: "converge" })
        .then(resolve, reject);
    });
    director.clock.after(30_000, () => director.restart());
    const ended = await outcome;
    expect([ended.kind, ended.task.state]).to.deep.equal(["interrupted", "timeout"]);
  });

  it("cancels a task once", async () => {
    const task = director.startScan(deployment, { user: "other", contextId: "" });
    expect(await access.cancelTask(task.id)).to.equal(true);
    const outcome = await access.followTask(task.id);
    expect([outcome.kind, outcome.task.state]).to.deep.equal(["interrupted", "cancelled"]);
    expect(await access.cancelTask(task.id)).to.equal(false);
  });

  it("lists the tasks that it started, newest first, filtered by deployment and state", async () => {
    await access.scanProblems(deployment);
    await access.deleteVm("vm-unknown");
    const all = await access.observeTasks({ limit: 2 });
    expect(all.map(({ description }) => description)).to.deep.equal(["delete vm vm-unknown", "scan cloud"]);
    const own = await access.observeTasks({ deployment, states: ["done"] });
    expect(own.map(({ description }) => description)).to.deep.equal(["scan cloud"]);
  });
}
