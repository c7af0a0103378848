// Data on its way between a node and the operator's machine: which steps carry it, and what came of them.

import type { EtcdCollectSnapshotStep, EtcdDeliverSnapshotStep } from "./etcd-step";
import type { StepOutcome } from "./step";

/** A step whose standard output is data for the operator's machine. It changes nothing on the node. */
export type CollectStep = EtcdCollectSnapshotStep;

/** A step that takes data from the operator's machine on its standard input. It changes the node. */
export type DeliverStep = EtcdDeliverSnapshotStep;

/** A file on the machine that quorate runs on. */
export interface LocalFile {
  /** Absolute path. */
  readonly path: string;
  /**
   * The file is encrypted with it by `openssl enc` (AES-256-CBC, PBKDF2), so that it can be opened without quorate; the data
   * never lies there in plain. Undefined: the file is the data.
   */
  readonly passphrase?: string;
}

/** What came of carrying data. */
export type TransferOutcome =
  | {
      readonly kind: "done";
      /** SHA-256 of the data as it is on the node, hex. */
      readonly sha256: string;
      /** Length of the data, bytes. */
      readonly bytes: number;
      /** SHA-256 of the local file, hex; another one than of the data when the file is encrypted. */
      readonly fileSha256: string;
    }
  | Exclude<StepOutcome, { kind: "done" }>;
