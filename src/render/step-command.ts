// A step as the exact commands that carry it out. The runbook prints them, the adapters run them, and each effect of the
// step has one marked line (`# effect: <name>`) in front of its commands.

import { dirname, join } from "node:path";
import { unreachable } from "../model/errors";
import { isEtcdStep } from "../model/etcd-step";
import type { NodeStep, Step } from "../model/step";
import { renderEtcdStep } from "./etcd-step-command";
import { renderManifest } from "./manifest";
import { renderTemplate } from "./template";

/** Name of a manifest's copy while it is being written. The kubelet does not read names that begin with a dot. */
export const stagedFilePrefix = ".quorate-staged.";

/** The commands of a step, to be run as root on its node: one subshell that stops at the first command that fails. */
export function renderStep(step: Step): string {
  if (isEtcdStep(step)) return renderEtcdStep(step);
  return renderTemplate(`steps/${step.kind}`, variablesOf(step));
}

function variablesOf(step: NodeStep): object {
  switch (step.kind) {
    case "writeManifest": {
      const manifest = renderManifest(step.manifest);
      return {
        ...step,
        ...pathsOf(step),
        manifest,
        manifestBytes: Buffer.byteLength(manifest),
        stagedBeside: join(dirname(step.manifestDirectory), stagedFilePrefix + step.fileName),
        stagedInside: join(step.manifestDirectory, stagedFilePrefix + step.fileName),
      };
    }
    case "archiveStrayManifest":
    case "setManifestOwner":
      return { ...step, ...pathsOf(step) };
    case "startService":
    case "restartService":
      return { ...step, isSystemd: step.manager === "systemd" };
    case "waitForService":
      return {
        ...step,
        isSystemd: step.manager === "systemd",
        timeoutText: `${step.timeoutSeconds} s`,
        monitPattern: `(^| )'?${escapePattern(step.service.toLowerCase())}'?  *(running|ok)( |$)`,
      };
    case "waitForPod":
      return {
        ...step,
        ...pathsOf(step),
        timeoutText: `${step.timeoutSeconds} s`,
        podPattern: `^${escapePattern(step.pod)}-`,
        // The pause container of the pod carries the same label and would pass for a container that runs.
        containerFilter: `labels."io.kubernetes.pod.name"~="^${escapePattern(step.pod)}-",labels."io.cri-containerd.kind"==container`,
      };
    default:
      return unreachable(step);
  }
}

function pathsOf(step: { readonly manifestDirectory: string; readonly fileName: string }): { readonly target: string } {
  return { target: `${step.manifestDirectory}/${step.fileName}` };
}

function escapePattern(name: string): string {
  return name.replaceAll(".", "[.]");
}
