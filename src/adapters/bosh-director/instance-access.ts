// The inside of BOSH instances: a shell as `bosh ssh` opens it, then the ordinary OpenSSH adapter. No address is declared;
// the director tells it, together with the host key that is the only one accepted.
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type InstanceRef, instanceName } from "../../model/bosh";
import type { MonitObservation } from "../../model/bosh-monit";
import { commandFailedError, isRecoveryError, unreachable } from "../../model/errors";
import type { InstanceAccess } from "../../ports/director-access";
import { renderTemplate } from "../../render/template";
import { openConnection } from "../open-ssh-node/connection";
import { privateDirectory } from "../open-ssh-node/private-directory";
import type { SshAccess } from "../open-ssh-node/ssh-options";
import { applyThrough, type RunScript } from "../script-run";
import { type ShellOptions, type ShellTarget, withInstanceShell } from "./instance-shell";
import { parseMonitReport } from "./monit-report";

/** Runs scripts on one opened shell; `close` ends its connection. */
export interface ShellConnection {
  readonly run: RunScript;
  readonly close: () => Promise<void>;
}

/** Where BOSH keeps everything on an instance. */
const vcapRoot = "/var/vcap";
const monitSecondsMax = 30;
const connectTimeoutSeconds = 15;

/** Reaches instances by shells of their own; `connect` is OpenSSH unless a test says otherwise. */
export function openInstances(
  options: ShellOptions,
  connect: (node: string, target: ShellTarget) => ShellConnection = connectBySsh,
): InstanceAccess {
  const withRun = <Result>(deployment: string, instance: InstanceRef, use: (run: RunScript) => Promise<Result>) =>
    withInstanceShell(options, deployment, instance, async (target) => {
      const connection = connect(instanceName(instance), target);
      try {
        return await use(connection.run);
      } finally {
        await connection.close();
      }
    });
  return {
    observeMonit: async (deployment, instance): Promise<MonitObservation> => {
      try {
        return await withRun(deployment, instance, observeMonitThrough);
      } catch (error) {
        if (!isRecoveryError(error) || error.code === "invariant") throw error;
        return { kind: "unreachable", message: error.message };
      }
    },
    restartProcess: (deployment, instance, process) =>
      withRun(deployment, instance, (run) => restartThrough(run, instanceName(instance), process)),
  };
}

/** Looks at monit through `run`. */
export async function observeMonitThrough(run: RunScript, root = vcapRoot): Promise<MonitObservation> {
  const result = await run(renderTemplate("bosh/monit", { root }), monitSecondsMax);
  if ("kind" in result) return { kind: "unreachable", message: result.message };
  const report = parseMonitReport(Buffer.from(result.stdout).toString("utf8"));
  if (report.kind === "processes") return { kind: "observed", processes: report.processes };
  return { kind: "unreachable", message: result.stderr.trim() === "" ? report.why : result.stderr.trim() };
}

async function restartThrough(run: RunScript, node: string, service: string): Promise<void> {
  const reason = `${service} does not run`;
  const outcome = await applyThrough(run, { kind: "restartService", node, service, manager: "monit", reason });
  switch (outcome.kind) {
    case "done":
      return;
    case "failed":
    case "interrupted":
    case "locked":
      throw commandFailedError(`monit restart ${service} on ${node}`, {
        exitCode: undefined,
        stderrTail: outcome.message,
        timedOut: outcome.kind === "interrupted",
        nodeName: node,
      });
    default:
      return unreachable(outcome);
  }
}

/** How OpenSSH reaches a shell. The gateway's own key needs a configuration of its own: a jump host takes no -i. */
export function shellAccess(target: ShellTarget): SshAccess {
  const { gateway } = target;
  const base = {
    kind: "ssh" as const,
    host: target.host,
    user: target.user,
    identityFile: target.identityFile,
    hostKey: target.hostKey,
  };
  if (gateway === undefined) return base;
  const jumped = { ...base, jumpHost: gateway.user === "" ? gateway.host : `${gateway.user}@${gateway.host}` };
  if (gateway.identityFile === undefined) return jumped;
  const configFile = join(dirname(target.identityFile), "ssh_config");
  const lines = [`Host ${gateway.host}`, `  IdentityFile "${gateway.identityFile}"`, "  IdentitiesOnly yes", "Host *"];
  // What the operator has configured still holds: -F alone would leave it out.
  writeFileSync(configFile, `${lines.join("\n")}\n  Include ~/.ssh/config /etc/ssh/ssh_config\n`, { mode: 0o600 });
  return { ...jumped, configFile };
}

/** A shell's connection by OpenSSH. `node` names it in messages: "group/uuid". */
export function connectBySsh(node: string, target: ShellTarget): ShellConnection {
  const directory = privateDirectory();
  // "group/uuid" becomes part of a HostKeyAlias, where a slash means nothing good.
  const connection = openConnection(
    node.replace("/", "-"),
    shellAccess(target),
    directory.path,
    0,
    connectTimeoutSeconds,
  );
  return {
    run: (script, secondsMax) => connection.run(script, secondsMax, 0),
    close: async () => {
      await connection.close();
      directory.remove();
    },
  };
}
