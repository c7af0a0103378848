// A declared etcd with everything filled in for one node: what the probe, the planner and the templates use.

import type { EtcdCertificateFile, EtcdDeclaration, EtcdRunner, EtcdWriter } from "./etcd-declaration";

/** How to ask etcd's tools on one node. */
export interface EtcdClient {
  /** etcdctl, or the words in front of its arguments. */
  readonly command: readonly string[];
  /** etcdutl, used where the version has it. */
  readonly fileCommand: readonly string[];
  /** The endpoint it asks: the node's own. */
  readonly endpoint: string;
  /** undefined: no TLS, or the command is a wrapper that knows. */
  readonly ca: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
}

/** One node's member with everything filled in. */
export interface EtcdMemberSettings {
  readonly node: string;
  /** etcd's name of the member. */
  readonly name: string;
  readonly peerUrl: string;
  readonly clientUrl: string;
  readonly runner: EtcdRunner;
  readonly dataDirectory: string;
  readonly archiveDirectory: string;
  readonly snapshotDirectory: string;
  /** user:group of the data directory. */
  readonly owner: string;
  readonly client: EtcdClient;
  readonly certificates: readonly EtcdCertificateFile[];
}

interface Defaults {
  readonly dataDirectory: string;
  readonly owner: string;
  readonly command: string;
  readonly ca: string | undefined;
  certificate(node: string): string | undefined;
  key(node: string): string | undefined;
  certificates(node: string): readonly EtcdCertificateFile[];
  readonly writers: readonly EtcdWriter[];
}

// Source: cfcr-etcd-release jobs/etcd, kubespray roles/etcd and roles/etcd_defaults, kubeadm app/constants.
const defaultsOf: Readonly<Record<EtcdRunner["kind"], Defaults>> = {
  monit: {
    dataDirectory: "/var/vcap/store/etcd",
    owner: "vcap:vcap",
    // The job's own wrapper names all endpoints; asking one at a time needs the tool itself.
    command: "/var/vcap/packages/etcd/bin/etcdctl",
    ca: "/var/vcap/jobs/etcd/config/etcdctl-ca.crt",
    certificate: () => "/var/vcap/jobs/etcd/config/etcdctl.crt",
    key: () => "/var/vcap/jobs/etcd/config/etcdctl.key",
    certificates: () => [
      { role: "ca", path: "/var/vcap/jobs/etcd/config/etcd-ca.crt" },
      { role: "server", path: "/var/vcap/jobs/etcd/config/etcd.crt" },
    ],
    writers: [{ kind: "service", manager: "monit", name: "kube-apiserver" }],
  },
  systemd: {
    dataDirectory: "/var/lib/etcd",
    owner: "etcd:etcd",
    command: "/usr/local/bin/etcdctl",
    ca: "/etc/ssl/etcd/ssl/ca.pem",
    certificate: (node) => `/etc/ssl/etcd/ssl/admin-${node}.pem`,
    key: (node) => `/etc/ssl/etcd/ssl/admin-${node}-key.pem`,
    certificates: (node) => [
      { role: "ca", path: "/etc/ssl/etcd/ssl/ca.pem" },
      { role: "server", path: `/etc/ssl/etcd/ssl/member-${node}.pem` },
      { role: "client", path: `/etc/ssl/etcd/ssl/admin-${node}.pem` },
    ],
    writers: [{ kind: "static-pod", pod: "kube-apiserver" }],
  },
  "static-pod": {
    dataDirectory: "/var/lib/etcd",
    owner: "root:root",
    command: "etcdctl",
    ca: "/etc/kubernetes/pki/etcd/ca.crt",
    certificate: () => "/etc/kubernetes/pki/etcd/healthcheck-client.crt",
    key: () => "/etc/kubernetes/pki/etcd/healthcheck-client.key",
    certificates: () => [
      { role: "ca", path: "/etc/kubernetes/pki/etcd/ca.crt" },
      { role: "server", path: "/etc/kubernetes/pki/etcd/server.crt" },
      { role: "peer", path: "/etc/kubernetes/pki/etcd/peer.crt" },
      { role: "client", path: "/etc/kubernetes/pki/etcd/healthcheck-client.crt" },
    ],
    writers: [{ kind: "static-pod", pod: "kube-apiserver" }],
  },
};

/** Every member with everything filled in, sorted by node. */
export function settleMembers(etcd: EtcdDeclaration): readonly EtcdMemberSettings[] {
  return Object.keys(etcd.members)
    .sort()
    .flatMap((node) => settleMember(etcd, node) ?? []);
}

/** One node's member with everything filled in; undefined when the node has none. */
export function settleMember(etcd: EtcdDeclaration, node: string): EtcdMemberSettings | undefined {
  const member = etcd.members[node];
  if (member === undefined) return undefined;
  const defaults = defaultsOf[etcd.runner.kind];
  const dataDirectory = etcd.dataDirectory ?? defaults.dataDirectory;
  const isTls = member.clientUrl.startsWith("https:");
  const client = { ...etcd.client, ...member.client };
  return {
    node,
    name: member.name,
    peerUrl: member.peerUrl,
    clientUrl: member.clientUrl,
    runner: etcd.runner,
    dataDirectory,
    archiveDirectory: etcd.archiveDirectory ?? `${dataDirectory}-archive`,
    snapshotDirectory: etcd.snapshotDirectory ?? `${dataDirectory}-snapshots`,
    owner: etcd.owner ?? defaults.owner,
    client: {
      command: client.command ?? [defaults.command],
      fileCommand: client.fileCommand ?? ["etcdutl"],
      endpoint: member.clientUrl,
      ca: client.ca ?? (isTls ? defaults.ca : undefined),
      certificate: client.certificate ?? (isTls ? defaults.certificate(node) : undefined),
      key: client.key ?? (isTls ? defaults.key(node) : undefined),
    },
    certificates: member.certificates ?? etcd.certificates ?? (isTls ? defaults.certificates(node) : []),
  };
}

/** What has to stand still while a lost cluster is rebuilt. */
export function writersOf(etcd: EtcdDeclaration): readonly EtcdWriter[] {
  return etcd.writers ?? defaultsOf[etcd.runner.kind].writers;
}
