// Backups of real control planes through the command line: taken, verified, opened without quorate, drift by age, rotated,
// refused where nothing can be trusted; and the certificates put back on a node that lost them.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { stringify } from "yaml";
import { findLeader } from "./etcd-lab";
import {
  type KubeadmLab,
  type LabHost,
  labOrSkip,
  openKubeadmLab,
  openSystemdEtcdLab,
  openTimeoutMs,
  type SystemdEtcdLab,
} from "./lab";
import { type CommandEnd, Project } from "./project";

const passphrase = "a passphrase $(with) 'quotes'";

const expectExit = (end: CommandEnd, code: number) => {
  expect(end.exitCode, end.output).to.equal(code);
  return end.output;
};

/** The backups that count, oldest first. */
const backupsIn = (directory: string) =>
  existsSync(directory)
    ? readdirSync(directory)
        .filter((name) => !name.startsWith("."))
        .sort()
    : [];

/** Makes every backup so much older. */
function age(directory: string, hours: number): void {
  for (const name of backupsIn(directory)) {
    const file = join(directory, name, "backup.json");
    const record = JSON.parse(readFileSync(file, "utf8"));
    record.takenAt = new Date(Date.parse(record.takenAt) - hours * 3_600_000).toISOString();
    writeFileSync(file, JSON.stringify(record));
  }
}

/** Runs in a folder of a backup what its guide says, as a person with nothing but a shell would. */
function openByGuide(folder: string): string {
  const guide = readFileSync(join(folder, "HOW-TO-OPEN.txt"), "utf8");
  const commands = guide
    .split("\n")
    .filter((line) => /^ {2}(echo|cp|mkdir|openssl) /.test(line))
    .map((line) => line.trim());
  const out = mkdtempSync(join(tmpdir(), "quorate-opened-"));
  execFileSync("cp", ["-r", `${folder}/.`, out]);
  // openssl asks at the terminal; here it is told by a file, which changes nothing in what it does.
  writeFileSync(join(out, "answer"), passphrase);
  const script = commands.map((line) => line.replace("openssl enc -d", "openssl enc -d -pass file:answer")).join("\n");
  execFileSync("bash", ["-ec", script], { cwd: out, stdio: "pipe" });
  return out;
}

describe("backups of three members under systemd, as kubespray has them", function () {
  this.timeout(10 * 60_000);
  let lab: SystemdEtcdLab;
  let project: Project;
  let directory: string;

  const host = (index: number): LabHost => lab.hosts[index] ?? expect.fail(`the lab has no host ${index}`);
  const declare = (change: Readonly<Record<string, unknown>> = {}) => {
    const nodes = lab.hosts.map(({ name }) => [
      name,
      { access: { kind: "ssh", host: name, user: "root", configFile: lab.sshConfig } },
    ]);
    const members = lab.hosts.map(({ name, address }, index) => [
      name,
      { name: `etcd${index + 1}`, peerUrl: `https://${address}:2380`, clientUrl: `https://${address}:2379` },
    ]);
    const etcd = {
      runner: { kind: "systemd" },
      members: Object.fromEntries(members),
      client: { fileCommand: ["/usr/local/bin/etcdutl"] },
    };
    const config: Readonly<Record<string, unknown>> = {
      topology: "backup",
      nodes: Object.fromEntries(nodes),
      etcd,
      directory,
      keep: 2,
      ...change,
    };
    const entries = Object.entries(config).filter(([, value]) => value !== undefined);
    const text = stringify({ config: Object.fromEntries(entries.map(([key, value]) => [`quorate:${key}`, value])) });
    writeFileSync(join(project.folder, "stacks/Pulumi.site.yaml"), text);
  };

  before(async function () {
    this.timeout(openTimeoutMs);
    lab = labOrSkip(this, await openSystemdEtcdLab());
    await lab.writeKeys(200);
    // What kubespray leaves on a master: the folder, and the link that kubeadm wants.
    for (const each of lab.hosts) {
      await each.run(
        "mkdir -p /etc/kubernetes/ssl && ln -sfn ssl /etc/kubernetes/pki && chmod 750 /etc/kubernetes/ssl && printf key > /etc/kubernetes/ssl/ca.key && chmod 600 /etc/kubernetes/ssl/ca.key && printf cert > /etc/kubernetes/ssl/ca.crt",
      );
    }
    project = new Project("site");
    directory = join(project.folder, "kept");
    declare();
    await project.succeed("stack", "init", "site");
  });
  after(async () => {
    project?.remove();
    await lab?.close();
  });

  it("shows in preview that none is kept, what would be done, and does none of it", async () => {
    const output = expectExit(await project.preview("--expect-no-changes"), 7);
    expect(output).to.contain("a backup is due: newest verified: none");
    expect(output).to.match(/snapshot through node\d, a healthy follower/);
    expect(backupsIn(directory)).to.deep.equal([]);
  });

  it("takes one through a follower, and has nothing to do afterwards", async () => {
    const output = expectExit(await project.up(), 0);
    const [name = ""] = backupsIn(directory);
    const folder = join(directory, name);
    expect(readdirSync(folder).sort()).to.deep.equal([
      "HOW-TO-OPEN.txt",
      "backup.json",
      "pki-node1.tar.gz",
      "pki-node2.tar.gz",
      "pki-node3.tar.gz",
      "snapshot.db",
    ]);
    for (const file of readdirSync(folder)) expect(statSync(join(folder, file)).mode & 0o777, file).to.equal(0o600);
    expect(output).to.contain(`kept and verified: ${folder}`);
    const source = /(node\d): save a snapshot/.exec(output)?.[1];
    expect((await findLeader(lab.etcdctl, lab.hosts)).name).to.not.equal(source);
    expectExit(await project.preview("--expect-no-changes"), 0);
  });

  it("opens by its guide alone: the keys are in the snapshot, and the certificates are whole with their link", async () => {
    const [name = ""] = backupsIn(directory);
    const opened = openByGuide(join(directory, name));
    try {
      const tree = join(opened, "pki-node1");
      for (const file of ["etc/ssl/etcd/ssl/ca-key.pem", "etc/etcd.env", "etc/kubernetes/ssl/ca.key"]) {
        expect(existsSync(join(tree, file)), file).to.equal(true);
      }
      expect(execFileSync("readlink", [join(tree, "etc/kubernetes/pki")], { encoding: "utf8" })).to.equal("ssl\n");
      const snapshot = readFileSync(join(opened, "snapshot.db")).toString("base64");
      const status = await host(0).run(
        "base64 -d > /root/opened.db && /usr/local/bin/etcdutl snapshot status /root/opened.db -w json",
        { input: snapshot },
      );
      expect(JSON.parse(status).totalKey).to.be.at.least(200);
    } finally {
      rmSync(opened, { recursive: true, force: true });
    }
  });

  it("counts a backup that is too old as a difference", async () => {
    age(directory, 25);
    const old = expectExit(await project.preview("--expect-no-changes"), 7);
    expect(old).to.match(/newest verified: 20.*it is older than 24 h/);
  });

  it("encrypts with a passphrase that is in no argument, no plain state and no output, and opens with openssl alone", async () => {
    const sealed = join(project.folder, "sealed");
    declare({ directory: sealed });
    await project.succeed("config", "set", "--stack", "site", "--secret", "quorate:passphrase", passphrase);
    const run = project.start(["up", "--stack", "site", "--yes", "--skip-preview"]);
    const seen = new Set<string>();
    const watch = setInterval(() => {
      const listing = execFileSync("ps", ["-eo", "args="], { encoding: "utf8", maxBuffer: 50_000_000 });
      for (const line of listing.split("\n")) if (line.includes("with) 'quotes")) seen.add(line);
    }, 50);
    const end = await run.ended;
    clearInterval(watch);
    expectExit(end, 0);
    expect([...seen]).to.deep.equal([]);
    expect(end.output).not.to.contain("$(with)");
    for (const folder of [join(project.folder, "state"), sealed]) {
      const found = spawnSync("grep", ["-rlF", "$(with)", folder], { encoding: "utf8" });
      expect(found.stdout, folder).to.equal("");
    }
    expectExit(await project.preview("--expect-no-changes"), 0);
    const [name = ""] = backupsIn(sealed);
    expect(
      readFileSync(join(sealed, name, "snapshot.db.enc"))
        .subarray(0, 8)
        .toString(),
    ).to.equal("Salted__");
    const opened = openByGuide(join(sealed, name));
    expect(readFileSync(join(opened, "pki-node2/etc/kubernetes/ssl/ca.key"), "utf8")).to.equal("key");
    rmSync(opened, { recursive: true, force: true });
  });

  it("puts the certificates back on a first node that lost them, replaces nothing, and changes nothing when repeated", async () => {
    const sealed = join(project.folder, "sealed");
    const backup = join(sealed, backupsIn(sealed)[0] ?? "");
    const answer = join(project.folder, "answer");
    writeFileSync(answer, `${passphrase}\n`, { mode: 0o600 });
    const restore = (...more: readonly string[]) =>
      project.run("restore-pki", "-n", "node1=root@node1", "--backup", backup, "--ssh-config", lab.sshConfig, ...more);
    const before = await host(0).run("cd / && find etc/kubernetes etc/ssl/etcd | sort | xargs stat -c '%n %a %U %F'");
    await host(0).run("rm -rf /etc/kubernetes /etc/ssl/etcd");
    expect((await restore()).output).to.contain("the backup is encrypted and no passphrase is given");
    writeFileSync(`${answer}.wrong`, "another one\n");
    expectExit(await restore("--passphrase-file", `${answer}.wrong`), 1);
    expect((await host(0).ssh("test -e /etc/kubernetes")).exitCode, "nothing is changed by a refusal").to.equal(1);

    const output = expectExit(await restore("--passphrase-file", answer), 0);
    expect(output).to.contain("node1: in place from the backup of");
    expect(await host(0).run("cd / && find etc/kubernetes etc/ssl/etcd | sort | xargs stat -c '%n %a %U %F'")).to.equal(
      before,
    );
    expect(await host(0).run("readlink /etc/kubernetes/pki && cat /etc/kubernetes/pki/ca.key")).to.equal("ssl\nkey");
    expect((await host(0).ssh("test -e /var/lib/quorate/pki-staged")).exitCode).to.equal(1);
    await host(0).run("systemctl restart etcd");
    await lab.waitHealthy();

    const stamps = () => host(0).run("find /etc/kubernetes /etc/ssl/etcd -printf '%p %T@ %i\\n' | sort");
    const restored = await stamps();
    expectExit(await restore("--passphrase-file", answer), 0);
    expect(await stamps()).to.equal(restored);

    await host(0).run("printf other > /etc/kubernetes/ssl/ca.crt; rm /etc/kubernetes/ssl/ca.key");
    const refused = expectExit(await restore("--passphrase-file", answer), 1);
    expect(refused).to.contain(
      "refused: these are there with another content; move them away first: /etc/kubernetes/ssl/ca.crt",
    );
    expect((await host(0).ssh("test -e /etc/kubernetes/ssl/ca.key")).exitCode, "not even what is missing").to.equal(1);
    await host(0).run("printf cert > /etc/kubernetes/ssl/ca.crt");
    expectExit(await restore("--passphrase-file", answer), 0);
  });

  it("is taken without a node that is away, ends with an error, and names it", async () => {
    const third = host(2);
    await third.powerOff();
    declare({ directory: join(project.folder, "two") });
    const two = await project.up();
    expect(two.exitCode, two.output).not.to.equal(0);
    expect(two.output).to.contain("node node3: its certificates are not in it");
    expect(backupsIn(join(project.folder, "two"))).to.have.length(1);
    await third.powerOn();
    await lab.waitHealthy();
  });
});

describe("backups of a kubeadm control plane", function () {
  this.timeout(10 * 60_000);
  let lab: KubeadmLab;
  let project: Project;
  let directory: string;

  before(async function () {
    this.timeout(openTimeoutMs);
    lab = labOrSkip(this, await openKubeadmLab({ nodes: 1 }));
    const [host] = lab.hosts;
    if (host === undefined) throw new Error("the lab has no host");
    project = new Project("lab");
    directory = join(project.folder, "kept");
    const access = { kind: "ssh", host: "cp-0", user: "root", configFile: lab.sshConfig };
    const member = { name: "cp-0", peerUrl: `https://${host.address}:2380`, clientUrl: `https://${host.address}:2379` };
    const config = {
      "quorate:topology": "backup",
      "quorate:nodes": { "cp-0": { access } },
      "quorate:etcd": { runner: { kind: "static-pod" }, members: { "cp-0": member } },
      "quorate:directory": directory,
    };
    writeFileSync(join(project.folder, "stacks/Pulumi.lab.yaml"), stringify({ config }));
    await project.succeed("stack", "init", "lab");
  });
  after(async () => {
    project?.remove();
    await lab?.close();
  });

  it("holds the cluster's objects and its keys, and is not due again", async () => {
    await lab.kubectl("create configmap kept --from-literal=answer=42");
    const output = expectExit(await project.up(), 0);
    expect(output).to.contain("cp-0: save a snapshot and verify it");
    const opened = openByGuide(join(directory, backupsIn(directory)[0] ?? ""));
    expect(readFileSync(join(opened, "snapshot.db")).includes("/registry/configmaps/default/kept")).to.equal(true);
    for (const file of ["pki/ca.key", "pki/etcd/ca.key", "pki/sa.key", "pki/front-proxy-ca.key", "admin.conf"]) {
      expect(existsSync(join(opened, "pki-cp-0/etc/kubernetes", file)), file).to.equal(true);
    }
    rmSync(opened, { recursive: true, force: true });
    expectExit(await project.preview("--expect-no-changes"), 0);
  });
});
