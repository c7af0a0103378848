// What the etcd parts of probes and steps are rendered with: how one member's tools are called, and how it is run.

import { dirname } from "node:path";
import type { EtcdMemberSettings } from "../model/etcd-settings";

/** etcdctl gives up after these; the probe's own deadlines are longer. */
const clientTimeouts = ["--dial-timeout=2s", "--command-timeout=4s"];

/** The variables of templates/probe/parts/etcd.hbs. */
export function etcdClientVariables(settings: EtcdMemberSettings, timeouts: readonly string[] = clientTimeouts) {
  const { client, name, dataDirectory } = settings;
  const [program = "etcdctl"] = client.command;
  const files = [
    ["--cacert", client.ca],
    ["--cert", client.certificate],
    ["--key", client.key],
  ] as const;
  return {
    dataDirectory,
    processMarks: [
      `--name=${name}`,
      `--data-dir=${dataDirectory}`,
      `ETCD_NAME=${name}`,
      `ETCD_DATA_DIR=${dataDirectory}`,
      // Flags whose value is a word of its own.
      name,
      dataDirectory,
    ],
    clientDirectory: dirname(program),
    clientCommand: client.command,
    clientFlags: [
      `--endpoints=${client.endpoint}`,
      ...timeouts,
      ...files.flatMap(([flag, path]) => (path === undefined ? [] : [`${flag}=${path}`])),
    ],
    fileCommand: client.fileCommand,
  };
}

/** The drop-in that keeps a unit from being started, gone after a reboot. */
export function pauseFileOf(unit: string): { readonly directory: string; readonly path: string } {
  const directory = `/run/systemd/system/${unit.includes(".") ? unit : `${unit}.service`}.d`;
  return { directory, path: `${directory}/50-quorate-paused.conf` };
}

/** How the member is run: exactly one of `unit`, `monit` and `pod` is not empty. */
export function etcdRunnerVariables({ runner }: EtcdMemberSettings) {
  return {
    unit: runner.kind === "systemd" ? runner.unit : "",
    pauseFile: runner.kind === "systemd" ? pauseFileOf(runner.unit).path : "",
    environmentFile: runner.kind === "systemd" ? runner.environmentFile : "",
    monit: runner.kind === "monit" ? runner.monit : "",
    process: runner.kind === "monit" ? runner.process : "",
    peersFile: runner.kind === "monit" ? runner.peersFile : "",
    pod: runner.kind === "static-pod" ? runner.pod : "",
  };
}
