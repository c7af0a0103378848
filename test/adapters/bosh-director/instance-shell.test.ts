import { createPublicKey } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import {
  gatewayFromVariables,
  removeLeftShellUsers,
  type ShellTarget,
  withInstanceShell,
} from "../../../src/adapters/bosh-director/instance-shell";
import { generateShellKeyPair, generateShellUserName } from "../../../src/adapters/bosh-director/shell-keys";
import { ShellRecords } from "../../../src/adapters/bosh-director/shell-records";
import { isRecoveryError } from "../../../src/model/errors";
import { pksDeploymentName as deployment } from "../../../src/simulator/director/scenarios";
import { SimulatedDirectorAccess } from "../../../src/simulator/director/simulated-access";
import type { SimulatedDirector, SimulatedDirectorOptions } from "../../../src/simulator/director/simulated-director";
import { instanceOf, practiceDirector, servePractice } from "../../simulator/director/practice-director";

const master = { group: "master", id: "9b8ad6e0-a438-4033-9767-46c586fb4771" };
const hostKey = "ssh-rsa AAAAB3NzaC1yc2E= root@vm";

describe("withInstanceShell", () => {
  let directory: string;
  let records: ShellRecords;
  let director: SimulatedDirector;

  function arrange(options: Partial<SimulatedDirectorOptions> = {}) {
    director = practiceDirector({ hostPublicKeyOf: () => hostKey, ...options });
    const access = new SimulatedDirectorAccess(director);
    return { director: access, directorUuid: director.uuid, records, gateway: {} };
  }
  const users = (): readonly string[] =>
    director.deployment(deployment).instances.flatMap(({ vm }) => vm?.shellUsers.map(({ name }) => name) ?? []);

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "quorate-test-"));
    records = new ShellRecords(directory);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it("gives OpenSSH a private key and the agent's host key, and leaves neither user nor file behind", async () => {
    let seen: ShellTarget | undefined;
    const result = await withInstanceShell(arrange(), deployment, master, async (target) => {
      seen = target;
      expect(users()).to.deep.equal([target.user]);
      expect([target.host, target.hostKey]).to.deep.equal(["172.28.3.2", "ssh-rsa AAAAB3NzaC1yc2E="]);
      expect(readFileSync(target.identityFile, "utf8")).to.match(/^-----BEGIN RSA PRIVATE KEY-----/);
      expect(statSync(target.identityFile).mode & 0o777).to.equal(0o600);
      return "done";
    });
    expect([result, users(), existsSync(seen?.identityFile ?? "")]).to.deep.equal(["done", [], false]);
  });

  it("removes the user when the work over the shell fails, and hands the failure on", async () => {
    const failure = new Error("the script failed");
    const thrown = await withInstanceShell(arrange(), deployment, master, () => Promise.reject(failure)).catch(
      (error: unknown) => error,
    );
    expect([thrown, users()]).to.deep.equal([failure, []]);
  });

  it("refuses to connect when the agent tells no host key, and removes the user", async () => {
    const options = arrange({ hostPublicKeyOf: () => undefined });
    const thrown = await withInstanceShell(options, deployment, master, async () => "never").catch(
      (error: unknown) => error,
    );
    expect(isRecoveryError(thrown) && [thrown.level, users()]).to.deep.equal(["host-key", []]);
  });

  it("says why there is no shell when the agent is silent", async () => {
    const options = arrange();
    const { vm } = instanceOf(director, master.group, master.id);
    if (vm !== undefined) vm.isAgentAlive = false;
    const thrown = await withInstanceShell(options, deployment, master, async () => "never").catch(
      (error: unknown) => error,
    );
    expect(isRecoveryError(thrown) && thrown.message).to.match(
      /^cannot open a shell on master\/9b8a.*: Timed out sending 'ssh'/,
    );
  });

  it("finds and removes the user that a killed run left behind, and only that one", async () => {
    const options = arrange();
    const left = "bosh_00112233445566f";
    await options.director.createShellUser(deployment, master, left, "ssh-rsa AAAA\n");
    await options.director.createShellUser(deployment, master, "bosh_fedcba987654321", "ssh-rsa AAAA\n");
    // No process has this number: the kernel's largest is 2^22.
    records.add({ user: left, directorUuid: director.uuid, deployment, ...master, pid: 4_194_305 });
    const notes = await removeLeftShellUsers(options);
    expect(users()).to.deep.equal(["bosh_fedcba987654321"]);
    expect(notes).to.deep.equal([`removed the user ${left} on master/${master.id}, left behind by an interrupted run`]);
    expect(await removeLeftShellUsers(options)).to.deep.equal([]);
  });

  it("keeps the record when the agent is silent now, so that a later run removes the user", async () => {
    const options = arrange();
    const left = "bosh_00112233445566f";
    await options.director.createShellUser(deployment, master, left, "ssh-rsa AAAA\n");
    records.add({ user: left, directorUuid: director.uuid, deployment, ...master, pid: 4_194_305 });
    const { vm } = instanceOf(director, master.group, master.id);
    if (vm !== undefined) vm.isAgentAlive = false;
    expect((await removeLeftShellUsers(options))[0]).to.contain("could not be removed yet");
    if (vm !== undefined) vm.isAgentAlive = true;
    await removeLeftShellUsers(options);
    expect(users()).to.deep.equal([]);
  });

  it("leaves users of a run that is still going on alone", async () => {
    const options = arrange();
    records.add({ user: "bosh_00112233445566f", directorUuid: director.uuid, deployment, ...master, pid: process.pid });
    expect(await removeLeftShellUsers(options)).to.deep.equal([]);
  });

  it("takes the director's gateway, lets BOSH_GW_* win, and goes without one when told so (over HTTPS)", async () => {
    director = practiceDirector({ hostPublicKeyOf: () => hostKey, gateway: { host: "jump", user: "vcap" } });
    const { served, access } = await servePractice(director);
    const gatewayWith = (variables: Readonly<Record<string, string>>) =>
      withInstanceShell(
        { director: access, directorUuid: director.uuid, records, gateway: gatewayFromVariables(variables) },
        deployment,
        master,
        async ({ gateway }) => gateway,
      );
    expect(await gatewayWith({})).to.deep.equal({ host: "jump", user: "vcap", identityFile: undefined });
    const own = { BOSH_GW_HOST: "other", BOSH_GW_PRIVATE_KEY: "/key" };
    expect(await gatewayWith(own)).to.deep.equal({ host: "other", user: "vcap", identityFile: "/key" });
    expect(await gatewayWith({ ...own, BOSH_GW_DISABLE: "true" })).to.equal(undefined);
    // One instance and no other was named in every call.
    const targets = served.requests
      .filter(({ url }) => url.endsWith("/ssh"))
      .map(({ body }) => (JSON.parse(body) as { target: object }).target);
    expect(targets).to.have.length(6);
    for (const target of targets)
      expect(target).to.deep.equal({ job: "master", indexes: [master.id], ids: [master.id] });
    await served.close();
  });
});

describe("generateShellKeyPair", () => {
  it("makes an authorized_keys line that belongs to the private key", () => {
    const { privateKey, publicKey } = generateShellKeyPair();
    const blob = Buffer.from(publicKey.split(" ")[1] ?? "", "base64");
    const parts: Buffer[] = [];
    for (let at = 0; at < blob.length; at += 4 + blob.readUInt32BE(at))
      parts.push(blob.subarray(at + 4, at + 4 + blob.readUInt32BE(at)));
    const jwk = createPublicKey(privateKey).export({ format: "jwk" });
    expect(parts[0]?.toString()).to.equal("ssh-rsa");
    expect(parts[1]?.toString("base64url")).to.equal(jwk.e);
    // The modulus has its top bit set, so a zero byte stands before it.
    expect([parts[2]?.[0], parts[2]?.subarray(1).toString("base64url")]).to.deep.equal([0, jwk.n]);
  });

  it("names users as the agents want them", () => expect(generateShellUserName()).to.match(/^bosh_[0-9a-f]{15}$/));
});
