// The kubespray stack that is told to run: what it starts, what it shows and keeps, and how it ends. What the real Ansible
// makes of the inventory is shown in the lab.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import { expectExit, expectRefused, kubesprayProject, type StackCase } from "../cli/kubespray-project";
import { waitUntil } from "../lab/wait-until";
import { chooseCases } from "../matrix";

const recap = ['echo "PLAY RECAP ***"', 'echo "cp1 : ok=3 changed=1 unreachable=0 failed=0"'];
const run = { run: true, ansible: "bin/ansible-playbook" };

describe("the kubespray stack told to run", function () {
  this.timeout(480_000);
  const site = kubesprayProject();
  const { inStacks, recovery, declare, calls, installAnsible } = site;

  const endings: readonly { readonly name: string; readonly signal: NodeJS.Signals }[] = [
    { name: "^C", signal: "SIGINT" },
    { name: "the end of quorate itself", signal: "SIGKILL" },
  ];
  const cases: readonly StackCase[] = [
    {
      name: "prepares, plays and checks, shows progress and recap, keeps no answer of a task, and runs again only for another recovery",
      kind: "played",
      run: async () => {
        installAnsible(recap);
        declare(run);
        expect(await expectExit(site.project().preview(), 0)).to.contain("command:local:Command");
        expect(calls()).to.deep.equal([]);
        const output = await expectExit(site.project().up(), 0);
        expect(output).to.contain("TASK [etcd : Write the token]").and.to.contain("cp1 : ok=3 changed=1");
        expect(calls()).to.have.length(3);
        expect(calls()[0]).to.contain("prepare.yml");
        expect(calls()[1]).to.contain("recover-control-plane.yml --limit etcd,kube_control_plane");
        expect(calls()[2]).to.contain("verify.yml");
        expect(output + site.state()).not.to.contain("hunter2");
        expect(site.state(), "the recap alone is plain").to.contain("cp1 : ok=3").and.not.to.contain("Write the token");
        expect(fs.readFileSync(recovery("ansible.log"), "utf8")).to.contain("hunter2");
        await expectExit(site.project().preview("--expect-no-changes"), 0);
        declare({ ...run, output: "second", brokenControlPlane: ["cp1", "cp3"] });
        await expectExit(site.project().up(), 0);
        expect(calls()).to.have.length(6);
        expect(calls()[4]).to.contain("second/hosts.ini");
      },
    },
    {
      name: "fails the stack when Ansible fails, with the task, the host and where its answer is",
      kind: "refused",
      run: async () => {
        const counts = "cp2 : ok=0    changed=0    unreachable=0    failed=1";
        installAnsible([
          `echo 'fatal: [cp2]: FAILED! => {"msg": "hunter2"}'`,
          'echo "PLAY RECAP ***"',
          `echo '${counts}'`,
          "exit 2",
        ]);
        declare(run);
        const output = await expectRefused(site.project().up());
        expect(output)
          .to.contain("exit status 2")
          .and.to.match(/Write the token\] failed on cp2: its answer is in .*ansible\.log/);
        expect(output + site.state()).not.to.contain("hunter2");
        expect(calls()).to.have.length(1);
      },
    },
    {
      name: "refuses an Ansible that is not there, and one outside the tag's bound, before anything is written",
      kind: "refused",
      run: async () => {
        declare(run);
        const missing = /stacks\/bin\/ansible-playbook is not there or cannot be run/;
        expect((await site.project().preview()).output).to.match(missing);
        expect(await expectRefused(site.project().up())).to.match(missing);
        installAnsible(recap, "2.18.3");
        const output = await expectRefused(site.project().up());
        expect(output).to.contain("ansible-version").and.to.contain("is version 2.18.3; kubespray v2.28.1 needs");
        expect(calls()).to.deep.equal([]);
        expect(fs.existsSync(inStacks("recovery"))).to.equal(false);
      },
    },
    ...endings.map(({ name, signal }) => ({
      name: `ends Ansible and its children on ${name} during the preparation, and the next up goes on`,
      kind: "ended",
      run: async () => {
        const pids = inStacks("pids");
        installAnsible([`if [ ! -e ${pids} ]; then sleep 300 & echo "$$ $!" > ${pids}; wait; fi`, ...recap]);
        declare(run);
        const up = site.project().start(["up", "--stack", "site", "--yes", "--skip-preview"]);
        await waitUntil("Ansible runs", async () => fs.existsSync(pids) && fs.readFileSync(pids, "utf8") !== "");
        const started = fs.readFileSync(pids, "utf8").trim().split(" ").map(Number);
        up.child.kill(signal);
        const { exitCode } = await up.ended;
        expect(exitCode).not.to.equal(0);
        await waitUntil("they are gone", async () => started.every((pid) => !isAlive(pid)), { deadlineMs: 60_000 });
        const output = await expectExit(site.project().up(), 0);
        expect(output).to.contain("cp1 : ok=3 changed=1");
        expect(calls().filter((call) => call.includes("prepare.yml"))).to.have.length(2);
      },
    })),
    {
      name: "does not start a playbook again that was ended half way, and names the next step",
      kind: "refused",
      run: async () => {
        installAnsible([`case "$*" in *--limit*) exit 4;; esac`, ...recap]);
        declare(run);
        expect(await expectRefused(site.project().up())).to.contain("exit status 4");
        const output = await expectRefused(site.project().up());
        expect(output).to.contain("was started before").and.to.contain("quorate inventory --observe");
        expect(calls().filter((call) => call.includes("--limit"))).to.have.length(1);
      },
    },
    {
      name: "makes a virtual environment from a folder of wheels when it is asked to, and runs the Ansible in it",
      kind: "played",
      run: async () => {
        const marker = inStacks("calls");
        makeWheels(inStacks("wheels"), marker);
        declare({ run: true, virtualenv: { folder: "environment", wheels: "wheels" } });
        await expectExit(site.project().up(), 0);
        expect(calls()).to.have.length(3);
        expect(fs.existsSync(inStacks("environment/bin/ansible-playbook"))).to.equal(true);
      },
    },
    {
      name: "refuses a folder for the environment that something else is in, and makes none when it is not asked",
      kind: "refused",
      run: async () => {
        fs.mkdirSync(inStacks("environment"));
        fs.writeFileSync(inStacks("environment/mine.txt"), "mine");
        declare({ run: true, virtualenv: { folder: "environment", wheels: "wheels" } });
        expect(await expectRefused(site.project().up())).to.contain("is no environment of quorate's");
        expect(fs.readFileSync(inStacks("environment/mine.txt"), "utf8")).to.equal("mine");
        declare({ ...run, virtualenv: { folder: "environment" } });
        expect(await expectRefused(site.project().up())).to.contain("must not be given together");
      },
    },
  ];
  for (const one of chooseCases("kubespray stack told to run", cases, ({ kind }) => kind)) it(one.name, one.run);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !fs.readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

/** Wheels of an ansible-core that only notes its arguments, and of an empty netaddr: nothing else is there to be found. */
function makeWheels(folder: string, marker: string): void {
  fs.mkdirSync(folder, { recursive: true });
  const program = [
    "import sys",
    "def main():",
    "    if sys.argv[1:] == ['--version']:",
    "        print('ansible-playbook [core 2.16.9]')",
    "        return",
    `    open(${JSON.stringify(marker)}, 'a').write(' '.join(sys.argv[1:]) + '\\n')`,
    "    print('PLAY RECAP ***')",
  ].join("\n");
  const script = path.join(folder, "make.py");
  fs.writeFileSync(
    script,
    `import zipfile, sys
def wheel(name, version, module, text, entry):
    info = f"{name}-{version}.dist-info"
    files = {
        f"{module}.py": text,
        f"{info}/METADATA": f"Metadata-Version: 2.1\\nName: {name.replace('_', '-')}\\nVersion: {version}\\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        f"{info}/entry_points.txt": entry,
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(f"{sys.argv[1]}/{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
wheel("ansible_core", "2.16.9", "fake_ansible", ${JSON.stringify(program)}, "[console_scripts]\\nansible-playbook = fake_ansible:main\\n")
wheel("netaddr", "1.3.0", "netaddr", "", "")
`,
  );
  execFileSync("python3", [script, folder]);
}
