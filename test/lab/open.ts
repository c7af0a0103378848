// Opens a lab by hand: `npm run lab kubeadm`. It stays until ^C or the end of its input.

import { openKubeadmLab, openPksLab, openSystemdEtcdLab } from "./lab";
import { type LabSkipped, prepareMachine } from "./requirements";
import { openSite, type Site } from "./site";

const kinds = {
  kubeadm: () => openKubeadmLab({ nodes: 1 }),
  "kubeadm-3": () => openKubeadmLab({ nodes: 3 }),
  "pks-3.3": () => openPksLab({ etcdVersion: "3.3" }),
  "pks-3.4": () => openPksLab({ etcdVersion: "3.4" }),
  "systemd-etcd": () => openSystemdEtcdLab(),
  "systemd-etcd-3.4": () => openSystemdEtcdLab({ etcdVersion: "3.4" }),
  "systemd-etcd-3.6": () => openSystemdEtcdLab({ etcdVersion: "3.6" }),
  bare: openBareHost,
} as const;

/** One host with nothing but systemd and sshd. */
async function openBareHost(): Promise<(Site & { readonly kind: "bare" }) | LabSkipped> {
  const unfit = await prepareMachine();
  if (unfit !== undefined) return unfit;
  return { ...(await openSite({ hostNames: ["bare-0"], trees: [], programs: [] })), kind: "bare" };
}

async function main(kind: string | undefined): Promise<number> {
  const open = Object.entries(kinds).find(([name]) => name === kind)?.[1];
  if (open === undefined) {
    process.stderr.write(`usage: npm run lab ${Object.keys(kinds).join("|")}\n`);
    return 64;
  }
  const started = Date.now();
  const lab = await open();
  if (lab.kind === "skipped") {
    process.stdout.write(`skipped: ${lab.reason}\n`);
    return 0;
  }
  process.stdout.write(`open after ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
  for (const host of lab.hosts) process.stdout.write(`  ssh -F ${lab.sshConfig} ${host.name}   # ${host.address}\n`);
  process.stdout.write("^C closes it.\n");
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
    process.stdin.once("end", resolve).resume();
  });
  await lab.close();
  return 0;
}

void main(process.argv[2]).then((code) => {
  process.exitCode = code;
  process.stdin.pause();
});
