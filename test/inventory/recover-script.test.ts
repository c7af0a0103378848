// recover.sh as an operator starts it, with an ansible-playbook that only notes what it was asked to do.

import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";

const golden = join(__dirname, "golden");

describe("recover.sh", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "quorate-recover-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Runs the script of a golden situation; `failing` is a word of the command at which ansible-playbook fails. */
  async function recover(
    situation: string,
    options: {
      readonly banner?: string;
      readonly failing?: string;
      readonly isTied?: boolean;
      readonly isKilled?: boolean;
    } = {},
  ): Promise<{
    readonly code: number;
    readonly out: string;
    readonly error: string;
    readonly calls: readonly string[];
  }> {
    const out = join(folder, "out");
    const log = join(folder, "calls");
    if (!existsSync(out)) cpSync(join(golden, situation), out, { recursive: true });
    const banner = options.banner ?? "ansible-playbook [core 2.16.14]";
    const fake = [
      "#!/bin/sh",
      `if [ "$1" = --version ]; then echo '${banner}'; echo '  config file = None'; exit 0; fi`,
      `echo "$*" >> ${log}`,
      'echo; echo "PLAY [Recover etcd] ****"; echo "TASK [etcd : Configure | {}] ****"; echo "ok: [cp2] => {secret}"',
      'echo "changed: [cp1] => (item=secret)"',
      // A failure that is ignored, and one that is not. Ansible ends with a recap unless it is ended from outside.
      `echo 'failed: [cp2] (item=secret)'; echo ...ignoring; echo 'TASK [etcd : Start {{ item }}] ***'`,
      `failed='cp1   : ok=3    changed=1    unreachable=0    failed=1    skipped=0    rescued=0    ignored=0'`,
      `end() { echo 'fatal: [cp1 -> cp2]: FAILED! => {"msg": "secret"}'; ${options.isKilled === true ? "" : `echo 'PLAY RECAP ****'; echo "$failed"; echo 'cp2   : ok=3    changed=1    unreachable=0    failed=0';`} exit 2; }`,
      `case "$*" in *${options.failing ?? "nothing-fails"}*) end;; esac`,
      'echo "PLAY RECAP ****"; echo "cp1   : ok=3 changed=1"',
    ];
    const program = join(folder, "bin", "ansible-playbook");
    mkdirSync(dirname(program), { recursive: true });
    writeFileSync(program, `${fake.join("\n")}\n`, { mode: 0o755 });
    const env = {
      PATH: `${dirname(program)}:/usr/bin:/bin`,
      KUBESPRAY_DIR: folder,
      ...(options.isTied === true ? { QUORATE_TIED: "1" } : {}),
    };
    const ended = await new Promise<{ code: number; out: string; error: string }>((resolve) => {
      execFile("sh", [join(out, "recover.sh")], { env }, (failure, stdout, stderr) => {
        resolve({ code: failure === null ? 0 : Number(failure.code), out: stdout, error: stderr });
      });
    });
    const calls = existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
    return { ...ended, calls };
  }

  it("prepares, runs the command, checks what came of it, and does nothing again once it has come to its end", async () => {
    const first = await recover("only-etcd1-broken");
    expect(first).to.deep.include({ code: 0, error: "" });
    const common = "-b -i recovery/hosts.ini -e @recovery/recovery-vars.yml";
    expect(first.calls).to.deep.equal([
      `${common} ${folder}/out/prepare.yml`,
      `${common} recover-control-plane.yml --limit etcd,kube_control_plane`,
      `${common} ${folder}/out/verify.yml`,
    ]);
    const second = await recover("only-etcd1-broken");
    expect(second).to.deep.include({ code: 0, error: "" });
    expect(second.out).to.contain("came to its end before");
    expect(second.calls).to.have.length(3);
  });

  for (const failing of ["--limit", "verify.yml"]) {
    it(`refuses to start a second time when ${failing === "--limit" ? "the playbook" : "the check"} failed`, async () => {
      const failed = await recover("only-etcd1-broken", { failing });
      expect(failed.code).to.equal(2);
      const second = await recover("only-etcd1-broken");
      expect(second.code).to.equal(1);
      expect(second.error).to.contain("was started before").and.to.contain("quorate inventory --observe");
      expect(second.calls).to.have.length(failed.calls.length);
    });
  }

  it("prints plays, tasks, changes and the recap for the one who keeps it, and the answers to a file of the operator's", async () => {
    const { code, out, error } = await recover("only-etcd1-broken", { isTied: true });
    expect(code, error).to.equal(0);
    expect(out).to.contain("PLAY [Recover etcd]").and.to.contain("TASK [etcd : Configure | {}]\nchanged: [cp1]\n");
    expect(out.match(/PLAY RECAP \*{4}\ncp1 {3}: ok=3 changed=1\n/g)).to.have.length(3);
    expect(out + error).not.to.contain("secret");
    const file = join(folder, "out", "ansible.log");
    expect(readFileSync(file, "utf8").match(/ok: \[cp2\] => \{secret\}/g)).to.have.length(3);
    expect(statSync(file).mode & 0o777).to.equal(0o600);
  });

  it("fails with the task, the host and the file, and without the answer, for the one who keeps it", async () => {
    const { code, out, error, calls } = await recover("only-etcd1-broken", { isTied: true, failing: "prepare.yml" });
    expect(code).to.equal(2);
    expect(error).to.equal(
      `TASK [etcd : Start {{ item }}] failed on cp1: its answer is in ${folder}/out/ansible.log\n`,
    );
    expect(out + error).not.to.contain("secret");
    expect(calls).to.have.length(1);
  });

  it("says so when Ansible comes to no recap", async () => {
    const { code, out, error } = await recover("only-etcd1-broken", {
      isTied: true,
      failing: "--limit",
      isKilled: true,
    });
    expect(code).to.equal(2);
    expect(error).to.equal(`ansible-playbook ended without a recap: what it said is in ${folder}/out/ansible.log\n`);
    expect(out + error).not.to.contain("secret");
  });

  it("does not run the playbook when the preparation fails, and can then be started again", async () => {
    const failed = await recover("only-etcd1-broken", { failing: "prepare.yml" });
    expect(failed.code).to.equal(2);
    expect(failed.calls).to.have.length(1);
    const again = await recover("only-etcd1-broken");
    expect(again.code).to.equal(0);
    expect(again.calls).to.have.length(4);
  });

  const versions: readonly { readonly banner: string; readonly situation: string; readonly isAccepted: boolean }[] = [
    { banner: "ansible-playbook [core 2.16.4]", situation: "only-etcd1-broken", isAccepted: true },
    { banner: "ansible-playbook [core 2.16.3]", situation: "only-etcd1-broken", isAccepted: false },
    { banner: "ansible-playbook [core 2.17.0]", situation: "only-etcd1-broken", isAccepted: false },
    { banner: "ansible-playbook [core 2.9.27]", situation: "only-etcd1-broken", isAccepted: false },
    { banner: "ansible-playbook 2.10.17", situation: "seed-003-survivor-named", isAccepted: true },
    { banner: "ansible-playbook [core 2.18.19]", situation: "seed-003-survivor-named", isAccepted: false },
    { banner: "command not found", situation: "only-etcd1-broken", isAccepted: false },
  ];
  for (const { banner, situation, isAccepted } of versions) {
    it(`${isAccepted ? "accepts" : "refuses"} "${banner}" for ${situation}`, async () => {
      const { code, error, calls } = await recover(situation, { banner });
      expect(code, error).to.equal(isAccepted ? 0 : 1);
      expect(calls).to.have.length(isAccepted ? 3 : 0);
      if (!isAccepted) expect(error).to.match(/needs ansible-core from [\d.]+ to below [\d.]+\./);
    });
  }

  it("refuses to begin without the snapshot that it is to restore", async () => {
    const { code, error, calls } = await recover("lost-quorum-etcd-3.5-snapshot");
    expect(code).to.equal(1);
    expect(error).to.contain("the etcd snapshot is missing or empty on this machine: /backup/etcd.db");
    expect(calls).to.deep.equal([]);
  });

  /** Puts a backup folder of ours where the script looks for /backup. */
  function moveBackup(situation: string): string {
    cpSync(join(golden, situation), join(folder, "out"), { recursive: true });
    const script = join(folder, "out", "recover.sh");
    const backup = join(folder, "backup");
    mkdirSync(backup);
    writeFileSync(script, readFileSync(script, "utf8").replaceAll("/backup/", `${backup}/`));
    return backup;
  }

  function snapshotOf(data: Buffer): Buffer {
    return Buffer.concat([data, createHash("sha256").update(data).digest()]);
  }

  it("refuses to begin with a snapshot that is torn, and takes it when it is whole", async () => {
    const situation = "lost-quorum-etcd-3.5-snapshot";
    const backup = moveBackup(situation);
    const whole = snapshotOf(Buffer.alloc(8192, "a page"));
    for (const torn of [whole.subarray(0, 5000), whole.subarray(0, -32), Buffer.from("no snapshot")]) {
      writeFileSync(join(backup, "etcd.db"), torn);
      const { code, error, calls } = await recover(situation);
      expect(code).to.equal(1);
      expect(error).to.contain("its checksum is not that of").and.to.contain("Name another one.");
      expect(calls).to.deep.equal([]);
    }
    writeFileSync(join(backup, "etcd.db"), whole);
    const { code, error, calls } = await recover(situation);
    expect(code, error).to.equal(0);
    expect(calls).to.have.length(3);
  });

  it("refuses to begin with a backup of certificates that cannot be read or lacks the key of the cluster's authority", async () => {
    const situation = "all-etcd-lost-with-snapshot-and-pki";
    const backup = moveBackup(situation);
    const pki = join(backup, "pki.tar.gz");
    writeFileSync(join(backup, "etcd.db"), snapshotOf(Buffer.from("data")));
    const refusal = async (): Promise<string> => {
      const { code, error, calls } = await recover(situation);
      expect(code).to.equal(1);
      expect(calls).to.deep.equal([]);
      return error;
    };
    expect(await refusal()).to.contain("the backup of the certificates is missing on this machine or no tar.gz");
    writeFileSync(pki, "Salted__and so on");
    expect(await refusal()).to.contain("an encrypted one has to be opened first");
    const host = join(folder, "host");
    mkdirSync(join(host, "etc/kubernetes/ssl"), { recursive: true });
    writeFileSync(join(host, "etc/kubernetes/ssl/ca.crt"), "");
    const pack = (): void => void execFileSync("tar", ["-czf", pki, "-C", host, "etc"]);
    pack();
    expect(await refusal()).to.contain("holds no ca.key of the cluster");
    writeFileSync(join(host, "etc/kubernetes/ssl/ca.key"), "");
    pack();
    const { code, error } = await recover(situation);
    expect(code, error).to.equal(0);
  });

  it("runs cluster.yml without a limit after the playbook when it was asked to", async () => {
    const script = readFileSync(join(golden, "all-etcd-lost-with-snapshot-and-pki", "recover.sh"), "utf8");
    const commands = script.match(/(?<=^play \\\n).*/gm)?.map((line) => line.replace(/^.*recovery-vars\.yml /, ""));
    expect(commands).to.deep.equal([
      '"$here/prepare.yml"',
      "recover-control-plane.yml --limit etcd,kube_control_plane",
      "cluster.yml",
      '"$here/verify.yml"',
    ]);
  });
});
