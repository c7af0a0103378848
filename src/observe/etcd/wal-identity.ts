// Whose data lies in a data directory, from the head of a write-ahead log file. It is the only way to know it of a member
// that does not run. Every segment begins with the same metadata record, on all of 3.3 to 3.6.
// Source: etcd server/storage/wal/{encoder,decoder}.go (frame: little-endian length, record, padding), walpb/record.proto.

import { memberIdOf } from "../../model/etcd-member-id";
import type { EtcdDataIdentity } from "../../model/etcd-observation";

const metadataType = 1n;
/** A record before the metadata holds the checksum only; more than a few records in is no head of a segment. */
const recordsMax = 4;

/** Reads the member and cluster id from the first bytes of a segment; undefined when they are not there. */
export function parseWalHead(base64: string): EtcdDataIdentity | undefined {
  const bytes = Buffer.from(base64, "base64");
  let offset = 0;
  for (let record = 0; record < recordsMax && offset + 8 <= bytes.length; record += 1) {
    const frame = bytes.readBigUInt64LE(offset);
    // The lowest 56 bits are the length; the highest byte says how much padding follows.
    const length = Number(frame & 0x00ff_ffff_ffff_ffffn);
    const padding = frame >> 63n === 1n ? Number((frame >> 56n) & 0x7n) : 0;
    if (length === 0 || offset + 8 + length > bytes.length) return undefined;
    const fields = readFields(bytes.subarray(offset + 8, offset + 8 + length));
    if (fields?.get(1) === metadataType) return readMetadata(fields.get(3));
    offset += 8 + length + padding;
  }
  return undefined;
}

function readMetadata(data: bigint | Buffer | undefined): EtcdDataIdentity | undefined {
  const fields = Buffer.isBuffer(data) ? readFields(data) : undefined;
  const [member, cluster] = [fields?.get(1), fields?.get(2)];
  const memberId = typeof member === "bigint" ? memberIdOf(member) : undefined;
  const clusterId = typeof cluster === "bigint" ? memberIdOf(cluster) : undefined;
  return memberId === undefined || clusterId === undefined ? undefined : { memberId, clusterId };
}

/** The fields of a protobuf message that uses varints and byte strings only; undefined when it is none. */
function readFields(bytes: Buffer): ReadonlyMap<number, bigint | Buffer> | undefined {
  const fields = new Map<number, bigint | Buffer>();
  let offset = 0;
  const readVarint = (): bigint | undefined => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[offset];
      if (byte === undefined) return undefined;
      offset += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    return undefined;
  };
  while (offset < bytes.length) {
    const key = readVarint();
    const value = readVarint();
    if (key === undefined || value === undefined) return undefined;
    const wire = key & 7n;
    if (wire === 0n) fields.set(Number(key >> 3n), value);
    else if (wire === 2n) {
      const end = offset + Number(value);
      if (end > bytes.length) return undefined;
      fields.set(Number(key >> 3n), bytes.subarray(offset, end));
      offset = end;
    } else return undefined;
  }
  return fields;
}
