// Looks at the live hosts of a kubespray site, through the connection settings of its inventory. Read-only.

import { openNodes } from "../adapters/nodes";
import { observeAll } from "../converge/round";
import { planeOfSite, type SiteAccess } from "../inventory/observed-plane";
import { judgeObservedSite, type ObservedSite } from "../inventory/observed-site";
import type { Site } from "../model/inventory";
import type { KubesprayTree } from "../model/inventory-recovery";

/** Looks at the hosts of a site. */
export type ObserveSite = (
  site: Site,
  tree: KubesprayTree,
  access: SiteAccess & {
    /** Tokens of a recovery that was begun. Default: none. */ readonly restoreTokens?: readonly string[];
  },
) => Promise<ObservedSite & { readonly notes: readonly string[] }>;

/**
 * Probes every etcd and control plane host once, in parallel.
 * @throws RecoveryError "input" when the inventory does not say how a host is reached.
 */
export const observeSite: ObserveSite = async (site, tree, access) => {
  const seen = planeOfSite(site, tree, access);
  const nodes = openNodes(seen.plane);
  try {
    return { ...judgeObservedSite(seen, await observeAll(seen.plane, nodes), access.restoreTokens), notes: seen.notes };
  } finally {
    await nodes.close();
  }
};
