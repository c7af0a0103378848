// The served director is as picky as the real one, so that clients that get along with it get along with that.
import { spawnSync } from "node:child_process";
import { request } from "node:https";
import { connect } from "node:tls";
import { expect } from "chai";
import type { ServedDirector } from "../../../src/simulator/director/https-face";
import { followClock } from "../../../src/simulator/director/pace";
import { pksDeploymentName as deployment } from "../../../src/simulator/director/scenarios";
import type { SimulatedDirector } from "../../../src/simulator/director/simulated-director";
import { VirtualClock } from "../../../src/simulator/virtual-clock";
import { practiceDirector, servePractice, testCertificate } from "./practice-director";

const root = `/deployments/${deployment}`;
const master = "master/9b8ad6e0-a438-4033-9767-46c586fb4771";
const workerId = "3b2ae3af-a4ff-4850-8d36-a120525bab4b";

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly isAnonymous?: boolean;
}

describe("serveDirector", () => {
  let director: SimulatedDirector;
  let served: ServedDirector;

  beforeEach(async () => {
    director = practiceDirector();
    ({ served } = await servePractice(director));
  });
  afterEach(() => served.close());

  async function ask(
    asked: Asked,
  ): Promise<{ readonly status: number; readonly body: string; readonly location: string | undefined }> {
    const { certificate } = await testCertificate();
    const authorization = `Basic ${Buffer.from("admin:not-a-secret").toString("base64")}`;
    const headers = {
      ...(asked.isAnonymous === true ? {} : { authorization }),
      ...(asked.contentType === undefined ? {} : { "content-type": asked.contentType }),
      ...asked.headers,
    };
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: "127.0.0.1",
          port: served.port,
          ca: certificate,
          method: asked.method,
          path: asked.path,
          headers,
          agent: false,
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          incoming.on("end", () =>
            resolve({
              status: incoming.statusCode ?? 0,
              body: Buffer.concat(chunks).toString("utf8"),
              location: incoming.headers.location,
            }),
          );
        },
      );
      sent.on("error", reject);
      sent.end(asked.body ?? "");
    });
  }

  const wrongTypes: readonly (readonly [method: string, path: string, contentType: string])[] = [
    ["PUT", `${root}/jobs/${master}?state=recreate`, "application/json"],
    ["PUT", `${root}/jobs/${master}?state=recreate`, "text/plain"],
    ["POST", `${root}/scans`, "text/yaml"],
    ["PUT", `${root}/problems`, "text/plain"],
    ["PUT", "/resurrection", "text/plain"],
    ["POST", "/configs", "text/yaml"],
    ["POST", `${root}/ssh`, "text/plain"],
  ];
  for (const [method, path, contentType] of wrongTypes) {
    it(`answers 404, and starts nothing, to ${method} ${path.replace(root, "")} as ${contentType}`, async () => {
      const { status, body } = await ask({ method, path, contentType });
      expect([status, director.tasks.list().length]).to.deep.equal([404, 0]);
      expect(body).to.match(/^Endpoint '.*' not found\.$/);
    });
  }

  it("answers 401 without credentials everywhere but /info", async () => {
    for (const path of ["/deployments", "/tasks", "/locks", "/nowhere"]) {
      expect((await ask({ method: "GET", path, isAnonymous: true })).status).to.equal(401);
    }
    const info = await ask({ method: "GET", path: "/info", isAnonymous: true });
    expect([info.status, (JSON.parse(info.body) as { user: unknown }).user]).to.deep.equal([200, null]);
  });

  it("finds no task under the plural for cancelling, and one under the singular", async () => {
    const task = director.startScan(deployment, { user: "admin", contextId: "" });
    expect((await ask({ method: "DELETE", path: `/tasks/${task.id}` })).status).to.equal(404);
    expect((await ask({ method: "PUT", path: `/tasks/${task.id}` })).status).to.equal(404);
    expect((await ask({ method: "DELETE", path: `/task/${task.id}` })).status).to.equal(204);
  });

  it("recreates the whole deployment for the path that the CLI makes of an IP address", async () => {
    const before = director.deployment(deployment).instances.map(({ vm }) => vm?.cid);
    await ask({ method: "PUT", path: `${root}/jobs/*?state=recreate`, contentType: "text/yaml" });
    director.clock.advance(3_600_000);
    const after = director.deployment(deployment).instances.map(({ vm }) => vm?.cid);
    expect(after.filter((cid, index) => cid !== undefined && cid !== before[index])).to.have.length(4);
  });

  it("converges for a misspelt group instead of refusing it, and refuses a misspelt instance", async () => {
    const group = await ask({ method: "PUT", path: `${root}/jobs/mastre?state=recreate`, contentType: "text/yaml" });
    expect(group.location).to.match(/^\/tasks\/\d+$/);
    const nobody = `${root}/jobs/master/00000000-0000-4000-a000-000000000000?state=recreate`;
    const instance = await ask({ method: "PUT", path: nobody, contentType: "text/yaml" });
    expect([instance.status, (JSON.parse(instance.body) as { code: number }).code]).to.deep.equal([404, 70001]);
    const bad = await ask({
      method: "PUT",
      path: `${root}/jobs/master/172.28.3.4?state=recreate`,
      contentType: "text/yaml",
    });
    expect([bad.status, (JSON.parse(bad.body) as { code: number }).code]).to.deep.equal([400, 70002]);
  });

  it("makes a user on every VM for an ssh call without a group, and fails all when one agent is silent", async () => {
    const setup = {
      command: "setup",
      deployment_name: deployment,
      target: { ids: [], indexes: [] },
      params: { user: "bosh_0123456789abcde", public_key: "k" },
    };
    await ask({ method: "POST", path: `${root}/ssh`, contentType: "application/json", body: JSON.stringify(setup) });
    director.clock.advance(60_000);
    const users = () => director.deployment(deployment).instances.map(({ vm }) => vm?.shellUsers.length ?? 0);
    expect(users()).to.deep.equal([0, 1, 1, 1, 1]);
    const worker = director.instance(deployment, "worker", workerId);
    if (worker.vm !== undefined) worker.vm.isAgentAlive = false;
    const again = { ...setup, params: { user: "bosh_fedcba987654321", public_key: "k" } };
    await ask({ method: "POST", path: `${root}/ssh`, contentType: "application/json", body: JSON.stringify(again) });
    director.clock.advance(120_000);
    expect(director.tasks.list()[0]?.state).to.equal("error");
    expect(users()).to.deep.equal([0, 2, 2, 2, 1]);
  });

  it("removes every leftover for the pattern ^bosh_, other people's too", async () => {
    for (const user of ["bosh_aaaaaaaaaaaaaaa", "bosh_bbbbbbbbbbbbbbb"]) {
      const command = { kind: "setup", user, publicKey: "k" } as const;
      director.startShellCommand(deployment, [director.instance(deployment, "worker", workerId)], command, {
        user: "x",
        contextId: "",
      });
    }
    director.clock.advance(60_000);
    const cleanup = {
      command: "cleanup",
      target: { job: "worker", ids: [workerId] },
      params: { user_regex: "^bosh_" },
    };
    await ask({ method: "POST", path: `${root}/ssh`, contentType: "application/json", body: JSON.stringify(cleanup) });
    director.clock.advance(60_000);
    expect(director.instance(deployment, "worker", workerId).vm?.shellUsers).to.deep.equal([]);
  });

  it("takes null for the director's own choice: a silent agent is ignored, a missing VM recreated (cck --auto)", async () => {
    const silent = director.instance(deployment, "master", "0");
    const missing = director.instance(deployment, "worker", "0");
    if (silent.vm !== undefined) silent.vm.isAgentAlive = false;
    if (missing.vm !== undefined) missing.vm.existsInIaas = false;
    await ask({ method: "POST", path: `${root}/scans`, contentType: "application/json" });
    director.clock.advance(600_000);
    const { body } = await ask({ method: "GET", path: `${root}/problems` });
    const ids = (JSON.parse(body) as readonly { readonly id: number }[]).map(({ id }) => id);
    const answers = { resolutions: Object.fromEntries(ids.map((id) => [String(id), null])) };
    await ask({
      method: "PUT",
      path: `${root}/problems`,
      contentType: "application/json",
      body: JSON.stringify(answers),
    });
    director.clock.advance(3_600_000);
    expect([director.tasks.list()[0]?.result, silent.vm?.isAgentAlive, missing.vm?.existsInIaas]).to.deep.equal([
      "2 resolved",
      false,
      true,
    ]);
  });

  it("deletes a VM although somebody holds the deployment: that takes no deployment lock", async () => {
    director.startScan(deployment, { user: "other", contextId: "" });
    director.clock.advance(1_000);
    const cid = director.instance(deployment, "worker", "0").vm?.cid ?? "";
    await ask({ method: "DELETE", path: `/vms/${encodeURIComponent(cid)}` });
    director.clock.advance(31_000);
    expect(director.locks.isDeploymentLocked(deployment)).to.equal(true);
    expect(director.instance(deployment, "worker", "0").vm).to.equal(undefined);
  });

  it("refuses scan_and_fix while resurrection is paused", async () => {
    director.isResurrectionOn = false;
    const { status, body } = await ask({
      method: "PUT",
      path: `${root}/scan_and_fix`,
      contentType: "application/json",
      body: '{"jobs":{"worker":[0]}}',
    });
    expect([status, JSON.parse(body)]).to.deep.equal([400, { code: 410004, description: "Resurrector is paused" }]);
  });

  it("hides scans and deletions from tasks without verbose=2", async () => {
    director.startScan(deployment, { user: "admin", contextId: "" });
    director.startDeleteVm("vm-x", { user: "admin", contextId: "" });
    const shown = async (verbose: number) =>
      (JSON.parse((await ask({ method: "GET", path: `/tasks?verbose=${verbose}` })).body) as readonly object[]).length;
    expect([await shown(1), await shown(2)]).to.deep.equal([0, 2]);
  });

  it("packs logs into an archive that tar reads, and fails for a silent agent", async () => {
    const path = `${root}/jobs/${master}/logs?type=job`;
    const started = await ask({ method: "GET", path });
    director.clock.advance(60_000);
    const id = Number(started.location?.split("/").at(-1));
    const blob = director.blobs.get(director.task(id).result);
    expect((await ask({ method: "GET", path: `/resources/${director.task(id).result}` })).status).to.equal(200);
    const listed = spawnSync("tar", ["-tzf", "-"], { input: blob });
    expect(String(listed.stdout), `tar: ${listed.error}`).to.contain(`./${master}/etcd/etcd.stdout.log`);
    const silent = director.instance(deployment, "master", "0");
    if (silent.vm !== undefined) silent.vm.isAgentAlive = false;
    await ask({ method: "GET", path: `${root}/jobs/master/*/logs?type=job` });
    director.clock.advance(120_000);
    expect(director.tasks.list()[0]?.state).to.equal("error");
  });

  it("speaks TLS 1.2 with the suites that the bosh CLI offers: those for RSA keys", async () => {
    const { certificate } = await testCertificate();
    const cipher = await new Promise<string>((resolve, reject) => {
      const ciphers = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384";
      const options = {
        host: "127.0.0.1",
        port: served.port,
        ca: certificate,
        maxVersion: "TLSv1.2" as const,
        ciphers,
      };
      const socket = connect(options, () => {
        resolve(socket.getCipher().name);
        socket.destroy();
      });
      socket.on("error", reject);
    });
    expect(cipher).to.match(/^ECDHE-RSA-AES/);
  });

  it("tells task id and expiry of a lock as text", async () => {
    director.startScan(deployment, { user: "admin", contextId: "" });
    director.clock.advance(1_000);
    const { body } = await ask({ method: "GET", path: "/locks" });
    const [lock] = JSON.parse(body) as readonly [{ readonly timeout: unknown; readonly task_id: unknown }];
    expect([typeof lock.timeout, typeof lock.task_id]).to.deep.equal(["string", "string"]);
  });

  it("gives output from a byte on, 416 behind the end, and all without a range", async () => {
    const task = director.startScan(deployment, { user: "admin", contextId: "" });
    director.clock.advance(600_000);
    const path = `/tasks/${task.id}/output?type=event`;
    const whole = await ask({ method: "GET", path });
    const part = await ask({ method: "GET", path, headers: { range: "bytes=10-" } });
    const behind = await ask({ method: "GET", path, headers: { range: `bytes=${whole.body.length}-` } });
    expect([whole.status, part.status, behind.status, part.body]).to.deep.equal([200, 206, 416, whole.body.slice(10)]);
  });
});

describe("followClock", () => {
  it("moves virtual time by what passed elsewhere, times the speed, without losing fractions", () => {
    const wall = new VirtualClock(1_000);
    const virtual = new VirtualClock(0);
    const follow = followClock(virtual, wall, 1.5);
    for (let step = 0; step < 4; step += 1) {
      wall.advance(1);
      follow();
    }
    expect(virtual.nowMs()).to.equal(6);
  });
});

describe("VirtualClock", () => {
  it("wakes sleepers in order of time and lets the world happen on the way", async () => {
    const clock = new VirtualClock(0);
    const trace: string[] = [];
    clock.after(15, () => trace.push(`world at ${clock.nowMs()}`));
    const sleeper = async (ms: number) => {
      await clock.sleep(ms);
      trace.push(`woken at ${clock.nowMs()}`);
    };
    await Promise.all([sleeper(20), sleeper(10), sleeper(0)]);
    expect(trace).to.deep.equal(["woken at 0", "woken at 10", "world at 15", "woken at 20"]);
  });

  it("does not move while nobody sleeps, whatever is scheduled", async () => {
    const clock = new VirtualClock(0);
    clock.after(5, () => expect.fail("moved"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(clock.nowMs()).to.equal(0);
  });
});
