import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { observeMonitThrough, openInstances, shellAccess } from "../../../src/adapters/bosh-director/instance-access";
import { ShellRecords } from "../../../src/adapters/bosh-director/shell-records";
import type { RunScript, ScriptRun } from "../../../src/adapters/script-run";
import { isRecoveryError } from "../../../src/model/errors";
import { pksDeploymentName as deployment } from "../../../src/simulator/director/scenarios";
import { SimulatedDirectorAccess } from "../../../src/simulator/director/simulated-access";
import { withOwnLock } from "../../render/own-lock";
import { practiceDirector } from "../../simulator/director/practice-director";

const master = { group: "master", id: "9b8ad6e0-a438-4033-9767-46c586fb4771" };

// Seed 000's words, for processes whose jobs have other names too.
const summary = [
  "/var/vcap/monit/job/0006_fluentd.monitrc:3: Warning: the executable does not exist '/var/vcap/jobs/fluentd/bin/ctl'",
  "The Monit daemon 5.2.5 uptime: 22m",
  "",
  "Process 'etcd'                      running",
  "Process 'fluentd'                   not monitored - restart pending",
  "Process 'galera-init'               Execution failed",
  "System 'system_localhost'           running",
].join("\n");

describe("instances reached from the inside", () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "quorate-vcap-"));
    const write = (path: string, text: string, mode = 0o644) => {
      mkdirSync(join(root, path, ".."), { recursive: true });
      writeFileSync(join(root, path), text);
      chmodSync(join(root, path), mode);
    };
    const monitrc = (name: string, program: string) =>
      `check process ${name}\n  with pidfile /var/vcap/sys/run/x.pid\n  start program "${program} start" with timeout 60 seconds\n  stop program "${program} stop"\n  group vcap\n`;
    write(
      "bosh/bin/monit",
      `#!/bin/sh\ncase $1 in summary) cat <<'END'\n${summary}\nEND\n;; restart) echo "$2" >> ${root}/restarted;; esac\n`,
      0o755,
    );
    write("monit/job/0005_etcd.monitrc", monitrc("etcd", "/var/vcap/jobs/etcd/bin/ctl"));
    write("monit/job/0006_fluentd.monitrc", monitrc("fluentd", "/var/vcap/jobs/fluentd/bin/ctl"));
    write("monit/job/0007_mysql.monitrc", monitrc("galera-init", "/var/vcap/jobs/pxc-mysql/bin/galera-init"));
    write("jobs/etcd/bin/ctl", "#!/bin/sh\n", 0o755);
    write("jobs/pxc-mysql/bin/other", "#!/bin/sh\n", 0o755);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const runLocally: RunScript = async (script): Promise<ScriptRun> => {
    const ended = spawnSync("sh", [], {
      input: withOwnLock(script, join(root, "lock")),
      env: { PATH: `${root}/bosh/bin:${process.env.PATH ?? ""}` },
    });
    return {
      stdout: ended.stdout,
      stderr: ended.stderr.toString(),
      exitCode: ended.status ?? undefined,
      isTimedOut: false,
    };
  };

  it("sees what monit says and which program is gone, by the process and not by the job's name", async () => {
    expect(await observeMonitThrough(runLocally, root)).to.deep.equal({
      kind: "observed",
      processes: [
        { name: "etcd", status: "running", hasJobDirectory: true, missingExecutable: undefined },
        {
          name: "fluentd",
          status: "not monitored - restart pending",
          hasJobDirectory: false,
          missingExecutable: "/var/vcap/jobs/fluentd/bin/ctl",
        },
        {
          name: "galera-init",
          status: "Execution failed",
          hasJobDirectory: true,
          missingExecutable: "/var/vcap/jobs/pxc-mysql/bin/galera-init",
        },
      ],
    });
  });

  it("says so when monit does not answer", async () => {
    writeFileSync(
      join(root, "bosh/bin/monit"),
      "#!/bin/sh\necho 'monit: error connecting to the monit daemon'\nexit 1\n",
    );
    expect(await observeMonitThrough(runLocally, root)).to.deep.equal({
      kind: "unreachable",
      message: "monit said: monit: error connecting to the monit daemon",
    });
  });

  function arrange(run: RunScript) {
    const directory = join(root, "records");
    const director = practiceDirector({ hostPublicKeyOf: () => "ssh-rsa AAAA root@vm" });
    const options = {
      director: new SimulatedDirectorAccess(director),
      directorUuid: director.uuid,
      records: new ShellRecords(directory),
      gateway: {},
    };
    let closed = 0;
    const access = openInstances(options, () => ({
      run,
      close: async () => {
        closed += 1;
      },
    }));
    const users = () => director.deployment(deployment).instances.flatMap(({ vm }) => vm?.shellUsers ?? []);
    return { access, director, users, closed: () => closed };
  }

  it("restarts a process on the instance and leaves no user and no connection behind", async () => {
    const { access, users, closed } = arrange(runLocally);
    await access.restartProcess(deployment, master, "etcd");
    expect(readFileSync(join(root, "restarted"), "utf8")).to.equal("etcd\n");
    expect([users(), closed()]).to.deep.equal([[], 1]);
  });

  it("reports a restart that monit refuses, and removes the user all the same", async () => {
    writeFileSync(join(root, "bosh/bin/monit"), "#!/bin/sh\necho 'no such service' >&2\nexit 1\n");
    const { access, users } = arrange(runLocally);
    const error = await access.restartProcess(deployment, master, "etcd").catch((thrown: unknown) => thrown);
    expect(isRecoveryError(error) && error.code).to.equal("command-failed");
    expect(users()).to.deep.equal([]);
  });

  it("says why an instance cannot be looked at, without throwing", async () => {
    const { access, director } = arrange(runLocally);
    const { vm } = director.instance(deployment, master.group, master.id);
    if (vm !== undefined) vm.isAgentAlive = false;
    const observation = await access.observeMonit(deployment, master);
    expect(observation.kind === "unreachable" && observation.message).to.match(/^cannot open a shell on master\/9b8a/);
  });

  it("pins the host key and names user, key and jump host to OpenSSH", () => {
    const target = {
      host: "10.0.0.5",
      user: "bosh_0123456789abcde",
      identityFile: join(root, "key"),
      hostKey: "ssh-rsa AAAA",
      gateway: undefined,
    };
    expect(shellAccess(target)).to.deep.equal({
      kind: "ssh",
      host: "10.0.0.5",
      user: target.user,
      identityFile: target.identityFile,
      hostKey: "ssh-rsa AAAA",
    });
    const gateway = { host: "jump", user: "vcap", identityFile: undefined };
    expect(shellAccess({ ...target, gateway }).jumpHost).to.equal("vcap@jump");
    const withKey = shellAccess({ ...target, gateway: { ...gateway, identityFile: "/keys/gw" } });
    // OpenSSH reads it back where it is installed; the tier with real sshd holds the whole of it.
    const parsed = spawnSync("ssh", ["-G", "-F", withKey.configFile ?? "", "jump"]);
    if (parsed.error === undefined) expect(parsed.stdout.toString()).to.match(/^identityfile \/keys\/gw$/m);
    expect(readFileSync(withKey.configFile ?? "", "utf8")).to.contain("Include ~/.ssh/config");
  });
});
