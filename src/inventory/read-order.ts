// A recovery as it is ordered, on the command line or in a declaration: paths and names. Reads what they name and makes
// it the request that the rules are about.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { inputError } from "../model/errors";
import type { Site } from "../model/inventory";
import type {
  DataSource,
  EtcdFacts,
  Flavor,
  HostReplacement,
  KubesprayTree,
  RecoveryRequest,
} from "../model/inventory-recovery";
import { parseFacts } from "./facts-file";
import { readKubesprayTree } from "./kubespray-tree";
import { parseKubesprayVersion } from "./kubespray-version";
import { readSite } from "./read-site";

/** What is to be recovered, from what, and where to. undefined: not given. */
export interface RecoveryOrder {
  /** Folder that relative paths start from; undefined: the working directory, and messages name paths as given. */
  readonly baseFolder?: string | undefined;
  readonly inventory: string;
  /** Folder to write. */
  readonly output: string;
  readonly flavor: Flavor;
  readonly brokenEtcd?: readonly string[] | undefined;
  readonly brokenControlPlane?: readonly string[] | undefined;
  readonly replacements?: readonly HostReplacement[] | undefined;
  /** Lost quorum: the snapshot to restore. Not together with `sourceSurvivor`. */
  readonly snapshot?: string | undefined;
  /** Lost quorum: the host whose data is taken. */
  readonly sourceSurvivor?: string | undefined;
  /** The site's own extra variables, below the kubespray tree or the base folder. */
  readonly extraVars?: readonly string[] | undefined;
  readonly kubesprayDirectory?: string | undefined;
  /** Tag of the tree, `v2.28.1`; wins over what the tree says. */
  readonly kubesprayVersion?: string | undefined;
  /** Path by which the command names the inventory. */
  readonly inventoryAs?: string | undefined;
  readonly pkiBackup?: string | undefined;
  /** File of facts that were observed. */
  readonly facts?: string | undefined;
  readonly followUp?: boolean | undefined;
  /** The ansible-playbook that recover.sh runs; undefined: the one in PATH. */
  readonly ansible?: string | undefined;
  /** How many recoveries of this site were started before. */
  readonly attempt?: number | undefined;
}

/** An order with all that it names read. */
export interface ReadOrder {
  readonly site: Site;
  readonly request: RecoveryRequest;
  readonly facts: EtcdFacts | undefined;
  /** Folder to write, absolute. */
  readonly folder: string;
  /** Folder of the original inventory. */
  readonly originalFolder: string;
}

/** tacoplay pins this tag. */
const tacoVersion = "v2.17.0";

/**
 * Reads the files of an order.
 * @throws RecoveryError "input" naming file and line.
 */
export function readOrder(order: RecoveryOrder): ReadOrder {
  const from = (path: string): string => (order.baseFolder === undefined ? path : resolve(order.baseFolder, path));
  const absolute = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : resolve(from(path));
  const tree = treeOf(order, from);
  const extraVars = (order.extraVars ?? []).map((path) => extraVarsPath(path, tree?.directory, from));
  const inventory = from(order.inventory);
  const site = readSite(inventory, { paths: extraVars, playbookFolder: tree?.directory });
  const folder = resolve(from(order.output));
  const inventoryAs = order.inventoryAs ?? join(folder, site.inventory.format === "ini" ? "hosts.ini" : "hosts.yml");
  const request: RecoveryRequest = {
    brokenEtcd: order.brokenEtcd,
    brokenControlPlane: order.brokenControlPlane,
    replacements: order.replacements ?? [],
    source: sourceOf(order.sourceSurvivor, absolute(order.snapshot)),
    flavor: order.flavor,
    tree,
    inventoryAs,
    recoveryVarsAs: join(dirname(inventoryAs), "recovery-vars.yml"),
    pkiBackup: absolute(order.pkiBackup),
    withFollowUp: order.followUp === true,
    ansible: absolute(order.ansible),
    attempt: order.attempt,
  };
  const facts = order.facts === undefined ? undefined : readFacts(from(order.facts));
  return { site, request, facts, folder, originalFolder: dirname(inventory) };
}

function treeOf(order: RecoveryOrder, from: (path: string) => string): KubesprayTree | undefined {
  const tag = order.kubesprayVersion ?? (order.flavor === "taco" ? tacoVersion : undefined);
  const given = tag === undefined ? undefined : parseKubesprayVersion(tag);
  const { kubesprayDirectory } = order;
  return kubesprayDirectory === undefined ? given : readKubesprayTree(from(kubesprayDirectory), order.flavor, given);
}

/** recover.sh changes into the tree, so a path that is meant from elsewhere is written out in full. */
function extraVarsPath(path: string, treeFolder: string | undefined, from: (path: string) => string): string {
  if (treeFolder === undefined) return from(path);
  return existsSync(join(treeFolder, path)) ? path : resolve(from(path));
}

function sourceOf(survivor: string | undefined, snapshot: string | undefined): DataSource {
  if (snapshot !== undefined) return { kind: "snapshot", path: snapshot };
  return survivor === undefined ? { kind: "none" } : { kind: "survivor", host: survivor };
}

function readFacts(path: string): EtcdFacts {
  if (!existsSync(path)) throw inputError(`the facts file ${path} does not exist`);
  return parseFacts(path, readFileSync(path, "utf8"));
}
