// etcd's 64-bit ids. They never pass through a JavaScript number: the last digits of such a number are lost, and a
// member would be removed by an id that no member has.

declare const memberIdMark: unique symbol;

/** A member or cluster id: lower-case hex without leading zeros, as etcd logs print it. Made only by the parsers here. */
export type MemberId = string & { readonly [memberIdMark]: true };

const idMax = (1n << 64n) - 1n;

/** The id that a number stands for; undefined when it is no id. Zero is none: etcd writes it for "no leader". */
export function memberIdOf(value: bigint): MemberId | undefined {
  return value > 0n && value <= idMax ? (value.toString(16) as MemberId) : undefined;
}

/** Reads an id from hex, whatever its case and padding; undefined when it is none. */
export function parseHexId(text: string): MemberId | undefined {
  return /^[0-9a-f]{1,16}$/i.test(text) ? memberIdOf(BigInt(`0x${text}`)) : undefined;
}

/** Reads an id from decimal digits, as etcdctl's JSON has it; undefined when it is none. */
export function parseDecimalId(digits: string): MemberId | undefined {
  return /^[0-9]{1,20}$/.test(digits) ? memberIdOf(BigInt(digits)) : undefined;
}

/** Orders ids by their value, as etcd does. Of two without leading zeros the longer is the greater. */
export function compareIds(left: MemberId, right: MemberId): number {
  return left.length - right.length || (left < right ? -1 : left > right ? 1 : 0);
}

/** Are two ids the same? Two that are not known are not. */
export function isSameId(left: MemberId | undefined, right: MemberId | undefined): boolean {
  return left !== undefined && left === right;
}
