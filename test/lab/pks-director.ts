// A simulated director in front of the real masters of the PKS lab: its ssh tasks make and remove users in their sshd, it
// reports their host keys, and a VM that it deletes or creates takes their processes along.

import { spawnSync } from "node:child_process";
import { systemClock } from "../../src/adapters/system-clock";
import { createServerCertificate } from "../../src/simulator/director/certificate";
import { serveDirector } from "../../src/simulator/director/https-face";
import { followClock } from "../../src/simulator/director/pace";
import { layOutDeployment } from "../../src/simulator/director/scenarios";
import { SimulatedDirector } from "../../src/simulator/director/simulated-director";
import type { SimulatedInstance, SimulatedProcess } from "../../src/simulator/director/world";
import { createPrng } from "../../src/simulator/prng";
import { VirtualClock } from "../../src/simulator/virtual-clock";
import type { PksLab } from "./lab";

export const labDeployment = "service-instance_ad44b0a0-3b8b-4fb6-9baf-7df22d65f2df";
export const labSecret = "not-a-secret";
const jobs = ["etcd", "fluentd"];
const workerId = "2ffa96c5-dc5c-4498-a13f-98ccdaf4f690";

/** A director that is served in front of the masters. */
export type LabDirector = Awaited<ReturnType<typeof serveLabDirector>>;

/** Serves the director. `hostKeyOf` is asked for what a master's agent reports; its host's own key unless given. */
export async function serveLabDirector(
  lab: PksLab,
  options: {
    readonly hostKeyOf?: (index: number) => string | undefined;
    /** Is the resurrector at work? Default: it is not. */
    readonly isResurrectorDeployed?: boolean;
  } = {},
) {
  const hostOf = ({ group, index }: Pick<SimulatedInstance, "group" | "index">) => {
    const host = group === "master" ? lab.hosts[index] : undefined;
    if (host === undefined) throw new Error(`the lab has no host for ${group} ${index}`);
    return host;
  };
  // The director does what it does within one request, so the host follows within it too.
  const run = (instance: Pick<SimulatedInstance, "group" | "index">, script: string): void => {
    const words = ["-F", lab.sshConfig, "-l", "root", hostOf(instance).name, "bash -s"];
    const ended = spawnSync("ssh", words, { input: `set -e\n${script}\n`, encoding: "utf8", timeout: 60_000 });
    if (ended.status !== 0) throw new Error(`${hostOf(instance).name}: ${script}: ${ended.stderr}`);
  };
  const users: string[] = [];
  const clock = new VirtualClock(Date.now());
  const deployment = layOutDeployment(
    {
      name: labDeployment,
      releases: [{ name: "kubo", version: "0.31.4" }],
      stemcells: [{ name: "bosh-vsphere-esxi-ubuntu-xenial-go_agent", version: "621.76" }],
      manifest: `name: ${labDeployment}\n`,
    },
    [
      {
        group: "master",
        vmType: "medium.disk",
        jobs,
        instances: lab.instanceIds.map((id, index) => ({
          id,
          zone: `pks-az${index + 1}`,
          address: lab.hosts[index]?.address ?? "",
          vm: { cid: `vm-${id}`, agentId: id, createdAtMs: clock.nowMs() },
          diskCid: `disk-${index}`,
        })),
      },
      {
        group: "worker",
        vmType: "xlarge",
        jobs: ["docker", "kubelet"],
        // Nobody logs in to it: its address leads nowhere.
        instances: [
          {
            id: workerId,
            zone: "pks-az1",
            address: "192.0.2.250",
            vm: { cid: `vm-${workerId}`, agentId: workerId, createdAtMs: clock.nowMs() },
          },
        ],
      },
      {
        group: "apply-addons",
        vmType: "medium.disk",
        lifecycle: "errand",
        jobs: [],
        instances: [{ id: "98a4a173-a89b-43f9-8f4d-fce5184b1dc1", zone: "pks-az1", address: "192.0.2.251" }],
      },
    ],
  );
  const director = new SimulatedDirector({
    clock,
    prng: createPrng("lab"),
    name: "lab",
    isResurrectorDeployed: options.isResurrectorDeployed ?? false,
    firstTaskId: 83_546,
    deployments: [deployment],
    hostPublicKeyOf: ({ index }) =>
      options.hostKeyOf === undefined ? lab.hosts[index]?.hostKey : options.hostKeyOf(index),
    shellHooks: {
      created: (instance, user, publicKey) => {
        users.push(user);
        run(
          instance,
          `mkdir -p /var/vcap/bosh_ssh
useradd -m -d /var/vcap/bosh_ssh/${user} -s /bin/bash -p '*' ${user}
install -d -m 700 -o ${user} /var/vcap/bosh_ssh/${user}/.ssh
cat > /var/vcap/bosh_ssh/${user}/.ssh/authorized_keys <<'KEY'
${publicKey.trim()}
KEY
chown -R ${user} /var/vcap/bosh_ssh/${user}
echo '${user} ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/${user}; chmod 440 /etc/sudoers.d/${user}`,
        );
      },
      removed: (instance, user) =>
        run(instance, `userdel -rf ${user} 2>/dev/null || true; rm -f /etc/sudoers.d/${user}`),
    },
    vmHooks: {
      deleted: (instance) =>
        run(
          instance,
          `systemctl stop monit; /var/vcap/jobs/bpm/bin/bpm stop etcd
for user in $(getent passwd | cut -d: -f1 | grep ^bosh_ || true); do userdel -rf $user 2>/dev/null || true; done`,
        ),
      created: (instance) => run(instance, `mkdir -p /var/vcap/jobs/fluentd/bin; ${installCtl}; systemctl start monit`),
    },
  });
  const certificate = await createServerCertificate(["127.0.0.1"]);
  const served = await serveDirector(director, {
    certificate,
    authentication: { kind: "basic", client: "ops_manager", secret: labSecret },
    port: 0,
    beforeAnswer: followClock(clock, systemClock(), 100),
  });
  /** Users below bosh_ on any master, as the masters themselves have them. */
  const usersLeft = async (): Promise<readonly string[]> => {
    const found = await Promise.all(
      lab.hosts.map((host) => host.run("getent passwd | cut -d: -f1 | grep ^bosh_ || true")),
    );
    return found.flatMap((text) => text.split("\n")).filter((name) => name !== "");
  };
  /** What a master's agent says of a process from now on. */
  const agentSays = (index: number, name: string, said: Partial<SimulatedProcess>): void => {
    const { vm } = director.instance(labDeployment, "master", lab.instanceIds[index] ?? "");
    const process = vm?.processes.find((candidate) => candidate.name === name);
    if (process === undefined) throw new Error(`master ${index} has no ${name}`);
    Object.assign(process, said);
  };
  /** Removes the job's directory, as seed 000 does. */
  const breakFluentd = async (index: number): Promise<void> => {
    await lab.hosts[index]?.run("rm -rf /var/vcap/jobs/fluentd");
    agentSays(index, "fluentd", { state: "unknown", hasJobDirectory: false });
  };
  /** Puts it back by hand. */
  const mendFluentd = async (index: number): Promise<void> => {
    await lab.hosts[index]?.run(`mkdir -p /var/vcap/jobs/fluentd/bin; ${installCtl}`);
    agentSays(index, "fluentd", { state: "running", hasJobDirectory: true });
  };
  const caCertificate = certificate.certificate;
  return { director, served, caCertificate, users, usersLeft, agentSays, breakFluentd, mendFluentd };
}

const installCtl =
  "printf '#!/bin/sh\\nexit 0\\n' > /var/vcap/jobs/fluentd/bin/ctl; chmod 755 /var/vcap/jobs/fluentd/bin/ctl";

// monit 5.2.5 cannot be had any more: on these masters its words are printed for fluentd beside what the real monit says.
const monit525 = `#!/bin/sh
if [ "$1" != summary ]; then exec /usr/bin/monit -B -c /var/vcap/bosh/etc/monitrc "$@"; fi
ctl=/var/vcap/jobs/fluentd/bin/ctl
if [ -x $ctl ]; then state=running; else
  state='not monitored - restart pending'
  echo "/var/vcap/monit/job/0006_fluentd.monitrc:3: Warning: the executable does not exist '$ctl'"
fi
etcd=running; pgrep -x etcd >/dev/null || etcd='not monitored'
printf "The Monit daemon 5.2.5 uptime: 21m\\n\\nProcess 'etcd'                      %s\\n" "$etcd"
printf "Process 'fluentd'                   %s\\nSystem 'system_localhost'           running\\n" "$state"
`;

/** Gives every master the job of seed 000 and the monit that tells of it. */
export async function installFluentd(lab: PksLab): Promise<void> {
  for (const host of lab.hosts) {
    await host.run(
      `mkdir -p /var/vcap/jobs/fluentd/bin /var/vcap/monit/job; ${installCtl}
cat > /var/vcap/monit/job/0006_fluentd.monitrc <<'END'
check process fluentd
  with pidfile /var/vcap/sys/run/fluentd.pid
  start program "/var/vcap/jobs/fluentd/bin/ctl start"
  stop program "/var/vcap/jobs/fluentd/bin/ctl stop"
END
cat > /var/vcap/bosh/bin/monit && chmod 755 /var/vcap/bosh/bin/monit`,
      { input: monit525 },
    );
  }
}
