// The sections that a probe has about a declared etcd, for the side that renders them and the side that reads them.

/** A section about a declared etcd: templates/probe/etcd/<name>.hbs. */
export const etcdProbeSections = [
  "tool",
  "status",
  "members",
  "alarms",
  "read",
  "keys",
  "hash",
  "data",
  "service",
  "definition",
  "certificates",
  "snapshots",
  "log",
] as const;

/** A section about a declared etcd. */
export type EtcdProbeSection = (typeof etcdProbeSections)[number];

/** Name of a section about a declared etcd in the probe's output. */
export function etcdSectionName(section: EtcdProbeSection): string {
  return `member-${section}`;
}
