// A step of a BOSH repair as the `bosh` commands that an engineer would type for it. Quorate itself talks to the director over
// HTTPS; what is printed does the same, and the marked lines are the step's effects.

import { instanceName } from "../model/bosh";
import type { BoshStep, ResolutionPreference } from "../model/bosh-step";
import { unreachable } from "../model/errors";
import { pauseRules, renderRules } from "../plan/bosh-resurrection";
import { renderTemplate } from "./template";

/** The commands of a step with its reason and effects as comments. */
export function renderBoshStep(step: BoshStep): string {
  const { deployment, reason } = step;
  return renderTemplate(`bosh/steps/${step.kind}`, { deployment, reason, ...variablesOf(step) });
}

/** What of the commands a screen has room for: no reason, no effects. */
export function boshCommandLines(step: BoshStep): readonly string[] {
  return renderBoshStep(step)
    .split("\n")
    .filter((line) => line !== "" && !/^# (why|effect): /.test(line));
}

function variablesOf(step: BoshStep): object {
  switch (step.kind) {
    case "undoPause":
    case "resumeResurrection":
      return { configName: step.configName };
    case "pauseResurrection":
      return { configName: step.configName, content: renderRules(pauseRules(step.deployment)) };
    case "waitForMonitor":
      return { waitSeconds: Math.ceil(step.waitMs / 1000) };
    case "waitForTask":
      return { taskId: step.taskId };
    case "waitForInstance":
      return { instance: instanceName(step.instance), timeoutText: `${Math.round(step.timeoutMs / 1000)} s` };
    case "restartProcess":
      return {
        instance: instanceName(step.instance),
        restartCommand: `sudo /var/vcap/bosh/bin/monit restart ${step.process}`,
      };
    case "startInstance":
      return { instance: instanceName(step.instance) };
    case "takeEtcdSnapshot":
      return {
        instance: instanceName(step.instance),
        group: step.instance.group,
        // Which member is healthy only the members themselves can say, right before it is asked.
        member: `${step.instance.group}/HEALTHY_MEMBER`,
        saveCommand:
          "sudo env ETCDCTL_API=3 LOCAL=true /var/vcap/jobs/etcd/bin/etcdctl snapshot save /var/vcap/store/snapshot.db",
      };
    case "recreateInstance":
      return { instance: instanceName(step.instance), isAlone: step.scope === "one-instance" };
    case "deleteVm":
      return { vmCid: step.vmCid };
    case "resolveProblems":
      return {
        answers: step.targets.map(({ instance, preferences }) => ({
          instance: instanceName(instance),
          text: preferences.map(renderPreference).join("; "),
        })),
      };
    default:
      return unreachable(step);
  }
}

function renderPreference({ type, names }: ResolutionPreference): string {
  return `${type} ${names.join(" or ")}`;
}
