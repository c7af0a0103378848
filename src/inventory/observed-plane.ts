// The hosts of a site as nodes that can be looked at: how each is reached and which etcd member it is meant to run, both
// taken from the variables that Ansible would use. Nothing is looked at here.

import { type AccessDeclaration, type ControlPlaneDeclaration, controlPlaneSchema } from "../model/declaration";
import { inputError } from "../model/errors";
import type { EtcdDeclaration } from "../model/etcd-declaration";
import type { InventoryVariable, Site } from "../model/inventory";
import type { EtcdDeployment, KubesprayTree } from "../model/inventory-recovery";
import { EffectiveVariables } from "./effective-variables";
import { tagTraits } from "./kubespray-version";
import { readSshArguments } from "./ssh-arguments";

/** A site's etcd and control plane hosts, to be looked at. */
export interface SitePlane {
  readonly plane: ControlPlaneDeclaration;
  /** The etcd part of `plane`. */
  readonly etcd: EtcdDeclaration;
  /** Node of `plane` -> the host of the inventory. They differ where a host's name is no Kubernetes name. */
  readonly hostOf: ReadonlyMap<string, string>;
  readonly controlPlaneHosts: ReadonlySet<string>;
  readonly deployment: EtcdDeployment;
  /** What of the inventory's connection settings is not followed, one sentence each. */
  readonly notes: readonly string[];
}

/** How hosts are reached where the inventory alone does not say. */
export interface SiteAccess {
  /** ssh configuration in place of the operator's own and of what `ansible_ssh_common_args` names. */
  readonly sshConfig?: string | undefined;
  /** Folder that relative paths of the inventory start from: Ansible's working directory. */
  readonly baseFolder: string;
}

/**
 * Makes nodes of the hosts of a site.
 * @throws RecoveryError "input" naming host and variable when a host cannot be looked at.
 */
export function planeOfSite(site: Site, tree: KubesprayTree, access: SiteAccess): SitePlane {
  const variables = new SiteVariables(site);
  const group = controlPlaneGroupOf(variables.effective, tagTraits(tree).controlPlaneGroup);
  const etcdHosts = variables.effective.tree.hostsOf("etcd");
  const controlPlaneHosts = new Set(variables.effective.tree.hostsOf(group));
  const hosts = [...new Set([...etcdHosts, ...controlPlaneHosts])];
  if (etcdHosts.length === 0 || controlPlaneHosts.size === 0) {
    throw inputError(`${site.inventory.path} has no hosts in ${etcdHosts.length === 0 ? "etcd" : group} to look at`, {
      hint: `list them in a section [${etcdHosts.length === 0 ? "etcd" : group}]`,
    });
  }
  const nodeOf = new Map(hosts.map((host, index) => [host, isNodeName(host) ? host : `host-${index + 1}`]));
  const node = (host: string): string => nodeOf.get(host) ?? host;
  const notes = new Set<string>();
  const nodes = hosts.map((host) => {
    const reached = accessOf(variables, host, access);
    for (const note of reached.notes) notes.add(note);
    // The runtime differs from site to site; without a kubelet no static pod runs in any of them.
    return [node(host), { access: reached.access, services: controlPlaneHosts.has(host) ? { kubelet: {} } : {} }];
  });
  const members = etcdHosts.map((host, index) => [node(host), memberOf(variables, host, index)]);
  const first = etcdHosts[0] ?? "";
  const parsed = controlPlaneSchema.safeParse({
    nodes: Object.fromEntries(nodes),
    etcd: {
      runner: { kind: "systemd" },
      members: Object.fromEntries(members),
      dataDirectory: variables.text(first, "etcd_data_dir") ?? "/var/lib/etcd",
    },
  });
  if (!parsed.success || parsed.data.etcd === undefined) {
    const problems = parsed.error?.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`) ?? [];
    throw inputError(`the hosts of ${site.inventory.path} cannot be looked at as the inventory describes them`, {
      problems,
      hint: "correct these variables, or reach the hosts by an ssh configuration: --ssh-config FILE",
    });
  }
  return {
    plane: parsed.data,
    etcd: parsed.data.etcd,
    hostOf: new Map([...nodeOf].map(([host, name]) => [name, host])),
    controlPlaneHosts,
    deployment: deploymentOf(variables, first),
    notes: [...notes],
  };
}

/** The group that holds the control plane: the tag's own name, else the old one that newer tags still map. */
export function controlPlaneGroupOf(variables: EffectiveVariables, ofTag: string): string {
  const isOldNameMapped = ofTag === "kube_control_plane" && variables.tree.has("kube-master");
  return !variables.tree.has(ofTag) && isOldNameMapped ? "kube-master" : ofTag;
}

/** What Ansible would give a host, extra variables included. */
class SiteVariables {
  readonly effective: EffectiveVariables;
  private readonly extra: readonly InventoryVariable[];

  constructor(readonly site: Site) {
    this.effective = new EffectiveVariables(site);
    this.extra = site.extraVars.flatMap((file) => file.variables ?? []);
  }

  /** A variable as text; undefined when it is not set or vaulted. */
  text(host: string, name: string): string | undefined {
    const found =
      this.extra.findLast((variable) => variable.name === name) ?? this.effective.of(host).get(name) ?? undefined;
    const value = found?.value;
    if (found === undefined || value === undefined || value === null || typeof value === "object") return undefined;
    const text = String(value);
    if (!text.includes("{{")) return text;
    // `ansible_host: "{{ ip }}"` is common; anything more is Ansible's business.
    const other = /^\{\{\s*(\w+)\s*\}\}$/.exec(text)?.[1];
    const resolved = other === undefined || other === name ? undefined : this.text(host, other);
    if (resolved !== undefined) return resolved;
    const { file, line } = found.position;
    throw inputError(
      `${file}:${line}: '${name}' of host '${host}' is the template ${text}, which only Ansible can fill in`,
      {
        hint: `write the value beside ${host}, or keep what was seen by other means in a file and give it with --facts`,
      },
    );
  }

  first(host: string, ...names: readonly string[]): string | undefined {
    for (const name of names) {
      const text = this.text(host, name);
      if (text !== undefined && text !== "") return text;
    }
    return undefined;
  }
}

function accessOf(
  variables: SiteVariables,
  host: string,
  { sshConfig, baseFolder }: SiteAccess,
): { readonly access: AccessDeclaration; readonly notes: readonly string[] } {
  if (variables.text(host, "ansible_connection") === "local") return { access: { kind: "local" }, notes: [] };
  const given = ["ansible_ssh_common_args", "ansible_ssh_extra_args"]
    .map((name) => variables.text(host, name) ?? "")
    .join(" ");
  const { options, ignored } = readSshArguments(given, baseFolder);
  const user = variables.first(host, "ansible_user", "ansible_ssh_user") ?? options.user;
  const port = variables.first(host, "ansible_port", "ansible_ssh_port") ?? options.port;
  const key = variables.first(host, "ansible_ssh_private_key_file", "ansible_private_key_file") ?? options.identityFile;
  const configFile = sshConfig ?? options.configFile;
  const notes = ignored.map(
    (option) =>
      `ansible_ssh_*_args: ${option} is not followed when hosts are looked at (--ssh-config FILE can say it).`,
  );
  return {
    access: {
      kind: "ssh",
      host: variables.first(host, "ansible_host", "ansible_ssh_host") ?? host,
      ...(user === undefined ? {} : { user }),
      ...(port === undefined ? {} : { port: Number(port) }),
      ...(key === undefined ? {} : { identityFile: key }),
      ...(options.jumpHost === undefined ? {} : { jumpHost: options.jumpHost }),
      ...(configFile === undefined ? {} : { configFile }),
    },
    notes,
  };
}

/** The member as kubespray configures it. Source: roles/etcd_defaults and kubespray_defaults of v2.13 to v2.31. */
function memberOf(variables: SiteVariables, host: string, index: number): object {
  const name = variables.text(host, "etcd_member_name") ?? `etcd${index + 1}`;
  const reached = variables.first(host, "ansible_host", "ansible_ssh_host");
  const address = variables.first(host, "access_ip", "main_access_ip", "ip", "main_ip", "ip6") ?? reached ?? host;
  const inUrl = address.includes(":") ? `[${address}]` : address;
  const certificates = variables.text(host, "etcd_cert_dir") ?? "/etc/ssl/etcd/ssl";
  const programs = variables.text(host, "bin_dir") ?? "/usr/local/bin";
  const file = (role: string): string => `${certificates}/${role}-${host}`;
  return {
    name,
    peerUrl: `https://${inUrl}:2380`,
    clientUrl: `https://${inUrl}:2379`,
    client: {
      command: [`${programs}/etcdctl`],
      fileCommand: [`${programs}/etcdutl`],
      ca: `${certificates}/ca.pem`,
      certificate: `${file("admin")}.pem`,
      key: `${file("admin")}-key.pem`,
    },
    certificates: [
      { role: "ca", path: `${certificates}/ca.pem` },
      { role: "server", path: `${file("member")}.pem` },
      { role: "client", path: `${file("admin")}.pem` },
    ],
  };
}

function deploymentOf(variables: SiteVariables, host: string): EtcdDeployment {
  const text = variables.text(host, "etcd_deployment_type");
  return text === "docker" || text === "kubeadm" ? text : "host";
}

function isNodeName(host: string): boolean {
  return /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(host) && host.length <= 253;
}
