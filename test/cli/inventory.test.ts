import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { Command } from "commander";
import { registerInventoryCommand } from "../../src/cli/inventory";
import type { EtcdFacts } from "../../src/model/inventory-recovery";

interface Run {
  readonly out: string;
  readonly error: string;
  readonly code: number;
}

const hosts = "[kube_control_plane]\ncp1 ip=10.0.0.1\ncp2 ip=10.0.0.2\ncp3 ip=10.0.0.3\n[etcd]\ncp1\ncp2\ncp3\n";

describe("quorate inventory", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "quorate-cli-"));
    write({ "site/hosts.ini": hosts });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
  }

  async function run(args: readonly string[], facts?: EtcdFacts): Promise<Run> {
    let [out, error, code] = ["", "", 0];
    const program = new Command().exitOverride().configureOutput({ writeErr: (text) => (error += text) });
    registerInventoryCommand(program, {
      observe:
        facts === undefined
          ? undefined
          : async () => ({ facts, summary: facts.verdict, evidence: ["cp3: empty"], notes: [] }),
      writeOut: (text) => {
        out += text;
      },
      writeError: (text) => {
        error += text;
      },
      setExitCode: (value) => {
        code = value;
      },
    });
    for (const command of program.commands)
      command.exitOverride().configureOutput({ writeErr: (text) => (error += text) });
    try {
      await program.parseAsync(
        ["inventory", "-i", join(folder, "site/hosts.ini"), "-o", join(folder, "out"), ...args],
        { from: "user" },
      );
    } catch (thrown) {
      if (!String((thrown as { code?: unknown }).code).startsWith("commander.")) throw thrown;
      code = 1;
    }
    return { out, error, code };
  }

  it("writes inventory, variables, preparation, script and proof, with what stood beside the original", async () => {
    write({
      "site/group_vars/all/etcd.yml": "etcd_data_dir: /data/etcd\n",
      "site/group_vars/k8s_cluster.yml": "$ANSIBLE_VAULT;1.1;AES256\n616263\n",
      "site/credentials/kube_encrypt_token.creds": "secret\n",
      "site/notes.txt": "not Ansible's\n",
    });
    const { out, code } = await run([
      "--broken-etcd",
      "cp2",
      "--broken-control-plane",
      "cp2",
      "--kubespray-version",
      "v2.28.1",
    ]);
    expect(code).to.equal(0);
    expect(readdirSync(join(folder, "out")).sort()).to.deep.equal([
      "PROOF.md",
      "credentials",
      "group_vars",
      "hosts.ini",
      "prepare.yml",
      "recover.sh",
      "recovery-vars.yml",
      "verify.yml",
    ]);
    expect(statSync(join(folder, "out/recover.sh")).mode & 0o777).to.equal(0o700);
    expect(readFileSync(join(folder, "out/group_vars/k8s_cluster.yml"), "utf8")).to.contain("$ANSIBLE_VAULT");
    expect(out).to.contain(
      `ansible-playbook -b -i ${folder}/out/hosts.ini -e @${folder}/out/recovery-vars.yml recover-control-plane.yml --limit etcd,kube_control_plane\n`,
    );
    expect(readdirSync(folder).sort()).to.deep.equal(["out", "site"]);
  });

  it("exits 1 with every violation and writes nothing when it cannot be proven", async () => {
    write({
      "site/hosts.ini": "[kube_control_plane]\ncp1\n[etcd]\ncp1\ncp2 ip=10.0.0.2\n",
      "extra.yml": "ip: 1.2.3.4\n",
    });
    const { out, error, code } = await run([
      "--broken-etcd",
      "cp2",
      "--extra-vars",
      join(folder, "extra.yml"),
      "--kubespray-version",
      "v2.28.1",
    ]);
    expect(code).to.equal(1);
    expect(out).to.equal("");
    for (const part of ["even-etcd-count", "extra-vars-override", "data-source-missing", "smallest change: "])
      expect(error).to.contain(part);
    expect(existsSync(join(folder, "out"))).to.equal(false);
    expect(readdirSync(folder).sort()).to.deep.equal(["extra.yml", "site"]);
  });

  it("prints the refusal as JSON with codes and places", async () => {
    const { out, code } = await run(["--broken-etcd", "cpp2", "--kubespray-version", "v2.28.1", "--json"]);
    expect(code).to.equal(1);
    expect(JSON.parse(out)).to.deep.equal({
      kind: "refused",
      violations: [
        {
          code: "unknown-host",
          message: `--broken-etcd names 'cpp2', which is no host of ${folder}/site/hosts.ini`,
          smallestChange: "name one of cp1, cp2, cp3; did you mean cp2?",
        },
      ],
    });
  });

  it("prints the proof as JSON", async () => {
    const { out } = await run(["--broken-etcd", "cp2", "--kubespray-version", "v2.28.1", "--json"]);
    const result = JSON.parse(out);
    expect(result.kind).to.equal("proven");
    expect(result.proof.procedure).to.deep.equal({ kind: "replace-members" });
    expect(result.files).to.include.members(["hosts.ini", "PROOF.md", "recover.sh"]);
    expect(result.proof.rules.map((rule: { rule: string }) => rule.rule)).to.include.members([
      "join-names-free",
      "odd-etcd-count",
    ]);
  });

  it("gives seed 003's command, character for character, with the seed's paths", async () => {
    const masters = "taco-m1,taco-m2,taco-m3";
    const all = masters.replaceAll(",", "\n");
    write({
      "site/hosts.ini": `[kube_control_plane]\n${all}\n\n[etcd]\n${all}\ntaco-w1\ntaco-w2\n`,
      "taco/recover-k8s-control-plane.yml": "- import_playbook: kubespray/recover-control-plane.yml\n",
      "taco/inventory/sample/extra-vars.yml": "a: 1\n",
    });
    const common = [
      "--broken-etcd",
      masters,
      "--broken-control-plane",
      masters,
      "--flavor",
      "taco",
      "--inventory-as",
      "inventory/sample/hosts.ini",
      "--extra-vars",
      "inventory/sample/extra-vars.yml",
      "--kubespray-dir",
      join(folder, "taco"),
    ];
    const before =
      "ansible-playbook -b -i inventory/sample/hosts.ini -e @inventory/sample/extra-vars.yml recover-k8s-control-plane.yml --limit etcd,kube_control_plane";
    const after = "-e etcd_retries=10 --skip-tags=external-provisioner";
    const survivor = await run([...common, "--source-survivor", "taco-w1"]);
    expect(survivor.out).to.contain(`The command:\n  ${before} ${after}\n`);
    expect(readdirSync(join(folder, "out"))).to.not.include("recovery-vars.yml");
    const snapshot = await run([...common, "--snapshot", "/home/sample/k8s_backup/etcd-snapshot.db"]);
    expect(snapshot.out).to.contain(
      `The command:\n  ${before} -e etcd_snapshot=/home/sample/k8s_backup/etcd-snapshot.db ${after}\n`,
    );
    expect(readFileSync(join(folder, "out/recover.sh"), "utf8")).to.contain(`\n${before} -e etcd_snapshot=`);
  });

  it("takes what is observed, and compares it with what is named", async () => {
    const facts: EtcdFacts = {
      verdict: "minority-lost",
      hosts: ["cp1", "cp2", "cp3"].map((host, index) => ({
        host,
        isReachable: true,
        isHealthyVoter: host !== "cp3",
        member: { id: `a${index}`, name: `etcd${index + 1}`, peerUrl: `https://10.0.0.${index + 1}:2380` },
      })),
    };
    const observed = await run(["--observe", "--kubespray-version", "v2.28.1", "--json"], facts);
    expect(JSON.parse(observed.out).proof.preparation).to.deep.include({
      kind: "removeMember",
      via: "cp1",
      memberName: "etcd3",
      memberId: "a2",
    });
    const compared = await run(["--observe", "--broken-etcd", "cp2", "--kubespray-version", "v2.28.1"], facts);
    expect(compared.error).to.contain("declared-broken-but-healthy").and.to.contain("observed-broken-not-declared");
  });

  it("reads facts that were kept in a file", async () => {
    write({ "facts.json": '{"verdict":"forked","hosts":[]}' });
    const { error, code } = await run([
      "--facts",
      join(folder, "facts.json"),
      "--broken-etcd",
      "cp2",
      "--kubespray-version",
      "v2.28.1",
    ]);
    expect(code).to.equal(1);
    expect(error).to.contain("verdict forked: members answer for different clusters");
  });

  it("names file and line of an inventory that cannot be read", async () => {
    write({ "site/hosts.ini": "[etcd]\ncp1 = 5\n" });
    const { error, code } = await run(["--broken-etcd", "cp1", "--kubespray-version", "v2.28.1"]);
    expect(code).to.equal(1);
    expect(error).to.contain(`${folder}/site/hosts.ini:2: expected key=value after the host 'cp1', found '='`);
  });

  it("refuses wrong options in one sentence each", async () => {
    expect((await run(["--replace", "cp1"])).error).to.contain("write it as OLD=NEW:ADDRESS");
    expect((await run(["--kubespray-version", "latest"])).error).to.contain("write it as a tag of kubespray");
    expect((await run(["--snapshot", "a", "--source-survivor", "b"])).error).to.contain("cannot be used with");
    expect((await run(["--broken-etcd", "cp1"])).error).to.contain("kubespray-version-unknown");
    expect((await run(["--broken-etcd", "cp1", "--kubespray-dir", join(folder, "site")])).error).to.contain(
      "is no kubespray tree",
    );
    expect((await run(["--observe"])).error).to.contain("unknown option");
  });

  it("replaces its own earlier folder, but no other and none whose recovery was started", async () => {
    const args = ["--broken-etcd", "cp2", "--kubespray-version", "v2.28.1"];
    expect((await run(args)).code).to.equal(0);
    expect((await run(args)).code).to.equal(0);
    write({ "out/started": "2026-01-01\n" });
    expect((await run(args)).error).to.contain("holds a recovery that was started");
    rmSync(join(folder, "out"), { recursive: true });
    write({ "out/mine.txt": "mine" });
    expect((await run(args)).error).to.contain("is not an earlier recovery of quorate's");
    expect(readFileSync(join(folder, "out/mine.txt"), "utf8")).to.equal("mine");
  });

  it("takes playbook and version from a tree", async () => {
    write({ "tree/recover-control-plane.yml": "---\n", "tree/galaxy.yml": "name: kubespray\nversion: 2.27.1\n" });
    const { out } = await run(["--broken-etcd", "cp2", "--kubespray-dir", join(folder, "tree"), "--follow-up"]);
    expect(out).to.contain("recover-control-plane.yml --limit");
    const script = readFileSync(join(folder, "out/recover.sh"), "utf8");
    expect(script)
      .to.contain(`\ncd ${folder}/tree\n`)
      .and.to.contain("kubespray v2.27.1 needs ansible-core from 2.16.4 to below 2.17.0");
    expect(script).to.match(/ cluster\.yml\n/);
  });

  it("shows an example in its help", async () => {
    let help = "";
    const program = new Command().exitOverride();
    registerInventoryCommand(program);
    const command = program.commands[0]?.configureOutput({ writeOut: (text) => (help += text) });
    command?.outputHelp();
    expect(help).to.contain("Example:\n  quorate inventory -i ");
  });
});
