// The steps that carry certificates and keys, as the exact commands that carry them out.

import type { CollectPkiStep, DeliverPkiStep } from "../model/transfer";
import { renderTemplate } from "./template";

/** Where an archive is unpacked before any of it is put in place. On the node, readable by root only. */
const stageDirectory = "/var/lib/quorate/pki-staged";

/** The commands of the step, to be run as root on its node: one subshell that stops at the first that fails. */
export function renderPkiStep(step: CollectPkiStep | DeliverPkiStep): string {
  if (step.kind === "deliverPki") {
    return renderTemplate("steps/deliverPki", {
      ...step,
      stageDirectory,
      archive: `${stageDirectory}/archive.tar.gz`,
      contents: `${stageDirectory}/contents`,
      parts: step.paths.map((path) => ({ path, staged: `.${path}` })),
    });
  }
  return renderTemplate("steps/collectPki", {
    ...step,
    relative: step.paths.map((path) => ({ path, name: path.slice(1) })),
    excludeFlags: step.excluded.map((path) => `--exclude=${path.slice(1)}`),
    pathList: step.paths.join(" "),
  });
}
