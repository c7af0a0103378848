// Makes one node's etcd observation from the sections of its probe. A section that is missing, cut off or strange becomes
// a failed answer or "unknown" in the observation, never an error: what it means is for the verdict to say.

import type { EtcdObservation } from "../../model/etcd-observation";
import {
  parseAlarmList,
  parseEndpointStatus,
  parseHash,
  parseKeyCount,
  parseLinearizableRead,
  parseMemberList,
} from "./endpoint";
import { parseCertificates, parseSnapshots } from "./files";
import {
  parseDataDirectory,
  parseDefinition,
  parseLogTail,
  parseService,
  parseToolVersions,
  parseWriters,
} from "./node-sections";
import type { ToolOutput } from "./tool-output";

export type { ToolOutput } from "./tool-output";

/** The probe's sections about etcd. */
export const etcdSectionNames = [
  "etcd-tool",
  "etcd-status",
  "etcd-members",
  "etcd-alarms",
  "etcd-read",
  "etcd-keys",
  "etcd-hash",
  "etcd-data",
  "etcd-service",
  "etcd-definition",
  "etcd-certificates",
  "etcd-snapshots",
  "etcd-writers",
  "etcd-log",
] as const;

/** Name of one of the probe's sections about etcd. */
export type EtcdSectionName = (typeof etcdSectionNames)[number];

/** One node's etcd, as its probe saw it. */
export function parseEtcdObservation(
  sections: Readonly<Partial<Record<EtcdSectionName, ToolOutput | undefined>>>,
): EtcdObservation {
  return {
    tools: parseToolVersions(sections["etcd-tool"]),
    status: parseEndpointStatus(sections["etcd-status"]),
    members: parseMemberList(sections["etcd-members"]),
    alarms: parseAlarmList(sections["etcd-alarms"]),
    read: parseLinearizableRead(sections["etcd-read"]),
    keyCount: parseKeyCount(sections["etcd-keys"]),
    hash: parseHash(sections["etcd-hash"]),
    data: parseDataDirectory(sections["etcd-data"]),
    service: parseService(sections["etcd-service"]),
    definition: parseDefinition(sections["etcd-definition"]),
    certificates: parseCertificates(sections["etcd-certificates"]),
    snapshots: parseSnapshots(sections["etcd-snapshots"]),
    writers: parseWriters(sections["etcd-writers"]),
    logTail: parseLogTail(sections["etcd-log"]),
  };
}
