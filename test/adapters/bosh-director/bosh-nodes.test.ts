// Nodes behind a director when something is wrong with them: whatever happens, no user is left. That they work is shown in the
// lab, where a real sshd stands behind the director.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openBoshNodes } from "../../../src/adapters/bosh-director/bosh-nodes";
import { ShellRecords } from "../../../src/adapters/bosh-director/shell-records";
import { controlPlaneSchema } from "../../../src/model/declaration";
import type { NodeObservation } from "../../../src/model/node-observation";
import { type FaceOptions, serveDirector } from "../../../src/simulator/director/https-face";
import { pksBrokenMaster, pksDeploymentName } from "../../../src/simulator/director/scenarios";
import type { SimulatedDirector } from "../../../src/simulator/director/simulated-director";
import {
  instanceOf,
  practiceDirector,
  testAuthentication,
  testCertificate,
} from "../../simulator/director/practice-director";

const master = { group: "master", id: "9b8ad6e0-a438-4033-9767-46c586fb4771" };
const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKh1Xo0y1lJc5HnJ8rQY2pXGJ0mPz1bq0k3M4Yx8n6aB";

describe("openBoshNodes", () => {
  let folder: string;
  let records: ShellRecords;
  let director: SimulatedDirector;
  let close: (() => Promise<void>) | undefined;
  let notes: string[];
  let made: string[];

  const open = async (options: { readonly hostKey?: string; readonly fault?: FaceOptions["faultFor"] } = {}) => {
    director = practiceDirector({
      hostPublicKeyOf: () => options.hostKey,
      shellHooks: { created: (_instance, user) => void made.push(user), removed: () => {} },
    });
    const certificate = await testCertificate();
    const face = options.fault === undefined ? {} : { faultFor: options.fault };
    const served = await serveDirector(director, { certificate, authentication: testAuthentication, port: 0, ...face });
    close = () => served.close();
    const access = {
      kind: "bosh",
      deployment: pksDeploymentName,
      instance: `${master.group}/${master.id}`,
      director: {
        environment: `https://127.0.0.1:${served.port}`,
        client: "admin",
        clientSecret: "not-a-secret",
        caCert: certificate.certificate,
      },
    };
    const plane = controlPlaneSchema.parse({ nodes: { "master-0": { access } } });
    const sources = { variables: {}, homeDirectory: folder, readFile: () => undefined };
    return openBoshNodes(plane, { sources, records, clock: director.clock, tell: (note) => notes.push(note) });
  };
  const users = () =>
    director.deployment(pksDeploymentName).instances.flatMap(({ vm }) => vm?.shellUsers.map(({ name }) => name) ?? []);
  const messageOf = (seen: NodeObservation) => (seen.kind === "unreachable" ? seen.message : undefined);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "quorate-test-"));
    records = new ShellRecords(folder);
    notes = [];
    made = [];
  });
  afterEach(async () => {
    await close?.();
    close = undefined;
    rmSync(folder, { recursive: true });
  });

  it("asks the director for nothing before a node is looked at", async () => {
    const nodes = await open({ hostKey });
    await nodes.close();
    expect([made, director.tasks.list()]).to.deep.equal([[], []]);
  });

  it("shows a node whose agent tells no host key as unreachable, and removes the user that was made", async () => {
    const nodes = await open();
    expect(messageOf(await nodes.observe("master-0"))).to.match(
      /^master-0 \(master\/9b8a.*\) cannot be reached: .*its agent did not tell the VM's host key/,
    );
    expect([made.length, users()]).to.deep.equal([1, []]);
    await nodes.close();
  });

  it("removes the user at once when nobody lets it in, and asks for another at the next look", async () => {
    const nodes = await open({ hostKey });
    Object.assign(instanceOf(director, master.group, master.id), { address: "127.0.0.1" });
    for (const looks of [1, 2]) {
      expect((await nodes.observe("master-0")).kind).to.equal("unreachable");
      expect([made.length, users()]).to.deep.equal([looks, []]);
    }
    await nodes.close();
    expect(records.leftBehind()).to.deep.equal([]);
  });

  it("shows a node whose director fails as unreachable, and asks that director again at the next look", async () => {
    let isDown = true;
    const fault = () => (isDown ? ({ kind: "status", status: 401, body: "", isProcessed: false } as const) : undefined);
    const nodes = await open({ fault });
    expect(messageOf(await nodes.observe("master-0"))).to.match(/^master-0 .* cannot be reached: .*127\.0\.0\.1/);
    expect(made).to.deep.equal([]);
    isDown = false;
    expect(messageOf(await nodes.observe("master-0"))).to.contain("did not tell the VM's host key");
    await nodes.close();
  });

  it("applies nothing on a node that cannot be reached, and says so as an interruption", async () => {
    const nodes = await open();
    const step = {
      kind: "restartService",
      node: "master-0",
      service: "etcd",
      manager: "monit",
      reason: "down",
    } as const;
    const outcome = await nodes.apply(step);
    expect(outcome.kind === "interrupted" && outcome.message).to.contain("did not tell the VM's host key");
    await nodes.close();
    expect(users()).to.deep.equal([]);
  });

  it("removes the user that a killed run left on another instance of the same director first, and says so", async () => {
    const nodes = await open({ hostKey });
    const user = "bosh_0123456789abcde";
    instanceOf(director, pksBrokenMaster.group, pksBrokenMaster.id).vm?.shellUsers.push({ name: user, publicKey: "x" });
    Object.assign(instanceOf(director, master.group, master.id), { address: "127.0.0.1" });
    const where = { ...pksBrokenMaster, deployment: pksDeploymentName, directorUuid: director.uuid };
    records.add({ user, ...where, pid: pidOfNobody() });
    await nodes.observe("master-0");
    expect(users()).to.deep.equal([]);
    expect(notes).to.deep.equal([
      `removed the user ${user} on master/${pksBrokenMaster.id}, left behind by an interrupted run`,
    ]);
    await nodes.close();
  });
});

/** The id of a process that has ended. */
function pidOfNobody(): number {
  return spawnSync("true").pid;
}
