// What a machine has to be and have before a lab can be opened on it. Missing Debian packages are installed.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { runProcess } from "./run-process";

/** A lab cannot be opened here, and that is nobody's mistake. */
export interface LabSkipped {
  readonly kind: "skipped";
  /** One sentence for the person who reads the test report. */
  readonly reason: string;
}

/** Folder of the shell scripts that run as root on the machine. */
export const shellDirectory = join(__dirname, "shell");

/** Says why a lab is not opened, loudly, and in a form that a test can pass on. */
export function skipped(reason: string): LabSkipped {
  return { kind: "skipped", reason };
}

/** A program and the Debian package that brings it. */
export type Program = readonly [program: string, debianPackage: string];

const programs: readonly Program[] = [
  ["/lib/systemd/systemd", "systemd"],
  ["/usr/bin/dbus-daemon", "dbus"],
  ["/usr/bin/sudo", "sudo"],
  ["/usr/sbin/sshd", "openssh-server"],
  ["/usr/bin/ssh", "openssh-client"],
  ["/usr/bin/monit", "monit"],
  ["/usr/bin/etcd", "etcd-server"],
  ["/usr/bin/etcdctl", "etcd-client"],
  ["/usr/bin/containerd", "containerd"],
  ["/usr/sbin/runc", "runc"],
  ["/usr/lib/cni/bridge", "containernetworking-plugins"],
  ["/usr/sbin/conntrack", "conntrack"],
  ["/usr/sbin/iptables", "iptables"],
  ["/usr/sbin/ethtool", "ethtool"],
  ["/usr/bin/socat", "socat"],
  ["/usr/bin/ip", "iproute2"],
  ["/usr/bin/curl", "curl"],
  ["/usr/bin/jq", "jq"],
  ["/usr/bin/openssl", "openssl"],
];

/** Makes the machine ready, or says why it cannot be. Changes nothing when all is there. */
export async function prepareMachine(): Promise<LabSkipped | undefined> {
  if (process.env.QUORATE_TEST_LAB === "0") return skipped("QUORATE_TEST_LAB=0 asks for no lab");
  if (process.platform !== "linux") return skipped(`the lab needs Linux, this is ${process.platform}`);
  if (process.getuid?.() !== 0) return skipped("the lab needs root, to make namespaces and mounts");
  if (!existsSync("/sys/fs/cgroup/systemd") || !existsSync("/sys/fs/cgroup/memory")) {
    return skipped("the lab needs the cgroup v1 hierarchies below /sys/fs/cgroup; this machine has only cgroup v2");
  }
  return installPrograms(programs);
}

/** Installs the Debian packages of the programs that are not there, or says why it cannot. */
export async function installPrograms(wanted: readonly Program[]): Promise<LabSkipped | undefined> {
  const missing = wanted.filter(([program]) => !existsSync(program)).map(([, debianPackage]) => debianPackage);
  if (missing.length === 0) return undefined;
  if (process.getuid?.() !== 0) return skipped(`not installed, and only root could: ${missing.join(", ")}`);
  if (!existsSync("/usr/bin/apt-get")) return skipped(`not installed, and this is not Debian: ${missing.join(", ")}`);
  const installed = await runProcess("bash", [join(shellDirectory, "packages.sh"), ...missing]);
  if (installed.exitCode === 0) return undefined;
  return skipped(`apt-get cannot install ${missing.join(", ")}: ${lastLine(installed.stderr)}`);
}

/** The last line of a program's output that says something. */
export function lastLine(output: string): string {
  return output.trim().split("\n").at(-1) ?? "";
}
