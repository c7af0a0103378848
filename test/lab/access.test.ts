// How a real node is reached by the command line: another user, no right to sudo, a foreign key, a host made anew.

import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import { chooseCases } from "../matrix";
import { type KubeadmLab, type LabHost, labOrSkip, openKubeadmLab, openTimeoutMs, waitUntil } from "./lab";
import { Project } from "./project";
import { runProcess } from "./run-process";

describe("access to a real node", function () {
  this.timeout(5 * 60_000);
  let lab: KubeadmLab;
  let host: LabHost;
  let project: Project;
  let knownHosts: string;

  before(async function () {
    this.timeout(openTimeoutMs);
    lab = labOrSkip(this, await openKubeadmLab({ nodes: 1 }));
    const [first] = lab.hosts;
    if (first === undefined) throw new Error("the lab has no host");
    host = first;
    project = new Project("ops");
    // An operator's own files, so that what `trust` writes does not change the lab's.
    knownHosts = path.join(project.folder, "known_hosts");
    fs.writeFileSync(knownHosts, `${host.address} ${host.hostKey}\n`);
    const labConfig = fs
      .readFileSync(lab.sshConfig, "utf8")
      .replace(/UserKnownHostsFile .*/, `UserKnownHostsFile ${knownHosts}`);
    fs.writeFileSync(sshConfig(), labConfig);
    await project.capture(sshConfig(), "cp-0=ops@cp-0");
    await project.succeed("stack", "init", "ops");
  });

  after(async () => {
    project?.remove();
    await lab?.close();
  });

  const sshConfig = () => path.join(project.folder, "ssh_config");
  const stackFile = () => path.join(project.folder, "stacks/Pulumi.ops.yaml");
  const withStackFile = async (edit: (text: string) => string, run: () => Promise<void>) => {
    const text = fs.readFileSync(stackFile(), "utf8");
    fs.writeFileSync(stackFile(), edit(text));
    try {
      await run();
    } finally {
      fs.writeFileSync(stackFile(), text);
    }
  };
  const unreachable = async (pattern: RegExp) => {
    const preview = await project.preview("--expect-no-changes");
    expect(preview.exitCode, preview.output).to.be.greaterThan(0);
    expect(preview.output).to.match(pattern);
    expect(preview.output).not.to.match(/\n\s+at .*:\d+:\d+/);
  };

  it("works for a user who may sudo without a password", async () => {
    const up = await project.up();
    expect(up.exitCode, up.output).to.equal(0);
    await host.run("sed -i 's/- kube-scheduler$/- kube-schedulerrrr/' /etc/kubernetes/manifests/kube-scheduler.yaml");
    const repair = await project.up();
    expect(repair.exitCode, repair.output).to.equal(0);
    const preview = await project.preview("--expect-no-changes");
    expect(preview.exitCode, preview.output).to.equal(0);
  });

  const refusals = [
    {
      name: "says that sudo is refused, for a user who may not",
      run: async () => {
        await withStackFile(
          (text) => text.replace("user: ops", "user: nosudo"),
          () => unreachable(/node cp-0 is unreachable: .*sudo/),
        );
      },
    },
    {
      name: "says that the key is refused, for a user whom the host does not know",
      run: async () => {
        await withStackFile(
          (text) => text.replace("user: ops", "user: stranger"),
          () => unreachable(/node cp-0 is unreachable: .*(Permission denied|authentication)/i),
        );
      },
    },
    {
      name: "says that the host has no name, for a host that is not in the configuration",
      run: async () => {
        await withStackFile(
          (text) => text.replace("host: cp-0", "host: cp-9.invalid"),
          () => unreachable(/node cp-0 is unreachable: .*cp-9\.invalid/),
        );
      },
    },
    {
      name: "shows both fingerprints when the host's key has changed, and works again once the new one is trusted",
      run: async () => {
        const keys = "/etc/ssh/ssh_host_ed25519_key";
        const fingerprint = `ssh-keygen -lf ${keys}.pub | cut -d' ' -f2`;
        // One command: from the next connection on the lab's own ssh refuses the host, as it should.
        const printed = await host.run(
          `${fingerprint}; mkdir /root/keys; mv ${keys} ${keys}.pub /root/keys/; ssh-keygen -q -t ed25519 -N '' -f ${keys}; ${fingerprint}; systemctl restart ssh`,
        );
        const [known = "", fresh = ""] = printed.split("\n");
        const preview = await project.preview("--expect-no-changes");
        expect(preview.exitCode).to.be.greaterThan(0);
        expect(preview.output).to.contain(known).and.contain(fresh).and.contain("quorate trust");
        const wrong = await project.run("trust", "cp-0", "--config-file", sshConfig(), "--yes", "--fingerprint", known);
        expect(wrong.exitCode, wrong.output).to.be.greaterThan(0);
        await project.succeed("trust", "cp-0", "--config-file", sshConfig(), "--yes", "--fingerprint", fresh);
        const after = await project.preview("--expect-no-changes");
        expect(after.exitCode, after.output).to.equal(0);
        const restored = await runProcess(
          "ssh",
          ["-F", sshConfig(), "cp-0", `mv -f /root/keys/* /etc/ssh/ && systemctl restart ssh`],
          { input: "", timeoutMs: 30_000 },
        );
        expect(restored.exitCode, restored.stderr).to.equal(0);
        fs.writeFileSync(knownHosts, `${host.address} ${host.hostKey}\n`);
      },
    },
    {
      name: "repairs nothing and loses nothing while the cable is out, and says so",
      run: async () => {
        await host.cutNetwork();
        try {
          await unreachable(/node cp-0 is unreachable/);
          const up = await project.up();
          expect(up.exitCode, up.output).to.be.greaterThan(0);
        } finally {
          await host.restoreNetwork();
        }
        await waitUntil(
          "a preview with nothing to do",
          async () => (await project.preview("--expect-no-changes")).exitCode === 0,
        );
      },
    },
  ];
  for (const { name, run } of chooseCases("a node that cannot be had", refusals, () => "refusal")) it(name, run);

  it("finds a stopped service without any stack, and ends with 2", async () => {
    const doctor = (...services: readonly string[]) =>
      project.run(
        "doctor",
        "--node",
        "cp-0=ops@cp-0",
        "--ssh-config",
        sshConfig(),
        ...services.flatMap((name) => ["--service", name]),
      );
    const healthy = await doctor();
    expect(healthy.exitCode, healthy.output).to.equal(0);
    const missing = await doctor("kubelet", "nosuch");
    expect(missing.exitCode, missing.output).to.equal(2);
    expect(missing.output).to.match(/cp-0: service nosuch is missing/);
  });
});
