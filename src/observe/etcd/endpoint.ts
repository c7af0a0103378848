// The answers of one endpoint: status, member list, alarms, a linearizable read, key count and hash.

import type { EtcdAlarm, EtcdAnswer, EtcdHash, EtcdMember, EtcdStatus } from "../../model/etcd-observation";
import { readCall } from "./call-failure";
import { asCount, asDigits, asFields, asId, asList, asTexts, readJsonLines } from "./json-reader";
import type { ToolOutput } from "./tool-output";

/** `endpoint status -w json` of one endpoint. */
export function parseEndpointStatus(output: ToolOutput | undefined): EtcdAnswer<EtcdStatus> {
  return readCall(output, "the JSON status of one endpoint", (stdout) => readStatus(readJsonLines(stdout)?.[0]));
}

/** `member list -w json`. */
export function parseMemberList(output: ToolOutput | undefined): EtcdAnswer<EtcdMember[]> {
  return readCall(output, "a JSON member list", (stdout) => {
    const members = asList(asFields(readJsonLines(stdout)?.[0])?.members)?.map(readMember);
    // A server always knows itself, so that an empty list is no member list.
    return members !== undefined && members.length > 0 ? allOf(members) : undefined;
  });
}

/** `alarm list -w json`. 3.3 and 3.4 print an empty object when there is none. */
export function parseAlarmList(output: ToolOutput | undefined): EtcdAnswer<EtcdAlarm[]> {
  return readCall(output, "a JSON alarm list", (stdout) => {
    const fields = asFields(readJsonLines(stdout)?.[0]);
    const alarms = fields === undefined ? undefined : asList(fields.alarms);
    return alarms === undefined ? undefined : allOf(alarms.map(readAlarm));
  });
}

/** `get <key> -w json`: an answer proves that a quorum stood behind it. */
export function parseLinearizableRead(output: ToolOutput | undefined): EtcdAnswer<{ revision: number }> {
  return readCall(output, "a JSON range answer", (stdout) => {
    const header = asFields(asFields(readJsonLines(stdout)?.[0])?.header);
    const revision = header === undefined ? undefined : asCount(header.revision);
    return revision === undefined || asId(header?.cluster_id) === undefined ? undefined : { revision };
  });
}

/** `get "" --from-key --limit=1 --keys-only --consistency=s -w json`: how many keys its own store holds. */
export function parseKeyCount(output: ToolOutput | undefined): EtcdAnswer<number> {
  return readCall(output, "a JSON range answer", (stdout) => {
    const fields = asFields(readJsonLines(stdout)?.[0]);
    return asId(asFields(fields?.header)?.cluster_id) === undefined ? undefined : asCount(fields?.count);
  });
}

/**
 * Three lines: status, `endpoint hashkv -w json`, status. The hash belongs to a revision only when both say the same one:
 * before 3.6 the answer does not name it, and the store may have moved in between. Two more lines where an earlier revision
 * was asked for: the revision, and the hash at it.
 */
export function parseHash(output: ToolOutput | undefined): EtcdAnswer<EtcdHash> {
  return readCall(output, "the JSON hash of one endpoint between two statuses", (stdout) => {
    const lines = readJsonLines(stdout);
    const fields = asFields(asFields(asList(lines?.[1])?.[0])?.HashKV);
    const hash = asDigits(fields?.hash);
    if (fields === undefined || hash === undefined) return undefined;
    const compacted = asDigits(fields.compact_revision) ?? "0";
    const [before, after] = [readStatus(lines?.[0]), readStatus(lines?.[2])];
    const revision = before !== undefined && before.revision === after?.revision ? before.revision : undefined;
    return {
      hash,
      ...(revision === undefined ? {} : { revision }),
      // -1 is what etcd says for "never".
      compactRevision: Math.max(0, Number(compacted)),
      ...readEarlier(lines?.slice(3) ?? [], compacted),
    };
  });
}

/** A hash is over what a compaction left: one that was made meanwhile takes the two of them apart. */
function readEarlier(lines: readonly unknown[], compacted: string): Pick<EtcdHash, "earlier"> {
  const revision = asCount(asFields(lines[0])?.earlierRevision);
  const fields = asFields(asFields(asList(lines[1])?.[0])?.HashKV);
  const hash = asDigits(fields?.hash);
  if (revision === undefined || hash === undefined || (asDigits(fields?.compact_revision) ?? "0") !== compacted)
    return {};
  return { earlier: { hash, revision } };
}

function readStatus(line: unknown): EtcdStatus | undefined {
  const status = asFields(asFields(asList(line)?.[0])?.Status);
  const header = asFields(status?.header);
  if (status === undefined || header === undefined) return undefined;
  const [clusterId, memberId, leaderId] = [asId(header.cluster_id), asId(header.member_id), asId(status.leader)];
  const [revision, dbSizeBytes] = [asCount(header.revision), asCount(status.dbSize)];
  const [raftTerm, raftIndex] = [asCount(status.raftTerm), asCount(status.raftIndex)];
  const [inUse, quota] = [asCount(status.dbSizeInUse), asCount(status.dbSizeQuota)];
  const errors = asTexts(status.errors);
  if (clusterId === undefined || memberId === undefined || revision === undefined || dbSizeBytes === undefined)
    return undefined;
  if (raftTerm === undefined || raftIndex === undefined || errors === undefined) return undefined;
  return {
    clusterId,
    memberId,
    ...(leaderId === undefined ? {} : { leaderId }),
    version: typeof status.version === "string" ? status.version : "",
    revision,
    raftTerm,
    raftIndex,
    dbSizeBytes,
    ...(status.dbSizeInUse === undefined || inUse === undefined ? {} : { dbSizeInUseBytes: inUse }),
    ...(status.dbSizeQuota === undefined || quota === undefined ? {} : { dbQuotaBytes: quota }),
    isLearner: status.isLearner === true,
    errors: [...errors],
  };
}

function readMember(value: unknown): EtcdMember | undefined {
  const fields = asFields(value);
  const id = asId(fields?.ID);
  const [peerUrls, clientUrls] = [asTexts(fields?.peerURLs), asTexts(fields?.clientURLs)];
  if (fields === undefined || id === undefined || peerUrls === undefined || clientUrls === undefined) return undefined;
  const name = typeof fields.name === "string" ? fields.name : "";
  return {
    id,
    name,
    peerUrls: [...peerUrls],
    clientUrls: [...clientUrls],
    isLearner: fields.isLearner === true,
  };
}

// Source: etcd api/etcdserverpb rpc.proto AlarmType: 1 NOSPACE, 2 CORRUPT.
const alarmNames: Readonly<Record<string, EtcdAlarm["alarm"]>> = { "1": "NOSPACE", "2": "CORRUPT" };

function readAlarm(value: unknown): EtcdAlarm | undefined {
  const fields = asFields(value);
  const [memberId, alarm] = [asId(fields?.memberID), alarmNames[asDigits(fields?.alarm) ?? ""]];
  return memberId === undefined || alarm === undefined ? undefined : { memberId, alarm };
}

/** The list when every item could be read, else undefined: half a member list is worse than none. */
function allOf<T>(items: readonly (T | undefined)[]): T[] | undefined {
  const read = items.flatMap((item) => (item === undefined ? [] : [item]));
  return read.length === items.length ? read : undefined;
}
