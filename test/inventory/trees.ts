// kubespray trees for tests, by their tag alone.

import { parseKubesprayVersion } from "../../src/inventory/kubespray-version";
import type { KubesprayTree } from "../../src/model/inventory-recovery";

/** The tree of a tag that is not at hand. */
export function treeOfTag(tag: string): KubesprayTree {
  const tree = parseKubesprayVersion(tag);
  if (tree === undefined) throw new Error(`${tag} is no tag of kubespray`);
  return tree;
}
