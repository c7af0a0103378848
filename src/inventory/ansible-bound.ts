// Which Ansible a kubespray tag accepts. Outside its bound the playbook refuses at best and misreads conditions at worst.

import type { KubesprayTree, Violation } from "../model/inventory-recovery";
import { tagTraits } from "./kubespray-version";

/** The bound in words. */
export function describeAnsibleBound(tree: KubesprayTree): string {
  const { ansibleMin, ansibleBelow } = tagTraits(tree);
  const bound = ansibleBelow === undefined ? `${ansibleMin} or newer` : `from ${ansibleMin} to below ${ansibleBelow}`;
  return `kubespray v${tree.major}.${tree.minor}.${tree.patch} needs ansible-core ${bound}.`;
}

/** What pip has to be asked for. The package's name has changed with 2.10 and with 2.11. */
export function ansibleRequirement(tree: KubesprayTree): string {
  const { ansibleMin, ansibleBelow } = tagTraits(tree);
  const below = ansibleBelow === undefined ? "" : `,<${ansibleBelow}`;
  if (ansibleBelow === undefined || isBelow("2.11.0", ansibleBelow)) {
    const min = isBelow(ansibleMin, "2.11.0") ? "2.11.0" : ansibleMin;
    return `ansible-core>=${min}${below}`;
  }
  return isBelow("2.10.0", ansibleBelow) ? `ansible-base>=2.10.0${below}` : `ansible>=${ansibleMin}${below}`;
}

/** Why an Ansible cannot be used with a tag; undefined when it can. `found` is what its `--version` printed. */
export function ansibleViolation(tree: KubesprayTree, program: string, found: string): Violation | undefined {
  const { ansibleMin, ansibleBelow } = tagTraits(tree);
  const version = /^ansible-playbook [^0-9\n]*(\d[\d.]*)/.exec(found)?.[1];
  const isFit =
    version !== undefined &&
    !isBelow(version, ansibleMin) &&
    (ansibleBelow === undefined || isBelow(version, ansibleBelow));
  if (isFit) return undefined;
  return {
    code: "ansible-version",
    message: `${program} is version ${version ?? "unknown"}; ${describeAnsibleBound(tree)}`,
    smallestChange: `install it in an environment of its own: python3 -m venv DIR && DIR/bin/pip install '${ansibleRequirement(tree)}' netaddr, then name DIR/bin/ansible-playbook`,
  };
}

function isBelow(left: string, right: string): boolean {
  const [a, b] = [left, right].map((text) => text.split(".").map(Number));
  for (let at = 0; at < 3; at++) {
    const difference = (a?.[at] ?? 0) - (b?.[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
