// Backups to be judged, and what must hold for the choice of those that are let go.

import { expect } from "chai";
import * as fc from "fast-check";
import type { BackupRecord } from "../../src/model/backup";
import { chooseExpired, type VerifiedBackup } from "../../src/plan/backup";
import type { RandomProperty } from "../property/random-property";

const hourMs = 3_600_000;
export const nowMs = Date.parse("2026-11-21T12:00:00Z");
const sum = "a".repeat(64);

/** A verified backup of a cluster. */
export function backup(hoursAgo: number, clusterId = "c1"): VerifiedBackup {
  const takenAt = new Date(nowMs - hoursAgo * hourMs).toISOString();
  const file = { name: "snapshot.db", role: "snapshot", node: "cp-0", sha256: sum, dataSha256: sum, bytes: 1 } as const;
  const record: BackupRecord = {
    version: 1,
    takenAt,
    clusterId,
    revision: 7,
    isEncrypted: false,
    files: [file],
    missingNodes: [],
  };
  return { kind: "recorded", folder: `/kept/${takenAt}`, record };
}

interface KeptBackup {
  readonly hours: number;
  readonly cluster: string;
}

const kept: fc.Arbitrary<KeptBackup[]> = fc.array(
  fc.record({ hours: fc.nat(5000), cluster: fc.constantFrom("c1", "c2") }),
  { maxLength: 30 },
);

export const keepsNewestBackups: RandomProperty<[KeptBackup[], number]> = {
  name: "never lets the newest verified backups of the cluster go nor any of another",
  inputs: fc.tuple(kept, fc.integer({ min: 0, max: 9 })),
  check: ([list, keep]) => {
    const verified = [...list].sort((a, b) => a.hours - b.hours).map(({ hours, cluster }) => backup(hours, cluster));
    const expired = chooseExpired(verified, "c1", keep, nowMs);
    const own = verified.filter(({ record }) => record.clusterId === "c1");
    const left = own.filter((one) => !expired.includes(one));
    expect(expired.every(({ record }) => record.clusterId === "c1")).to.equal(true);
    expect(left).to.deep.equal(own.slice(0, Math.max(keep, 1)));
  },
};
