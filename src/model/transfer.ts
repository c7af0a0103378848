// Data on its way between a node and the operator's machine: which steps carry it, and what came of them.

import type { EtcdCollectSnapshotStep, EtcdDeliverSnapshotStep } from "./etcd-step";
import type { StepOutcome } from "./step";

/** Prints a tar.gz of certificates, keys and configuration: of those of `paths` that are there. */
export interface CollectPkiStep {
  readonly kind: "collectPki";
  readonly node: string;
  /** Why, in the operator's words, one sentence. */
  readonly reason: string;
  /** Absolute paths of files, folders and links. A link is kept as one. */
  readonly paths: readonly string[];
  /** Absolute paths that are left out, with all below them. */
  readonly excluded: readonly string[];
}

/**
 * Puts what such an archive holds below `paths` in place. Nothing that is there is replaced: a file with another content
 * refuses the step before anything is changed.
 */
export interface DeliverPkiStep {
  readonly kind: "deliverPki";
  readonly node: string;
  /** Why, in the operator's words, one sentence. */
  readonly reason: string;
  /** Absolute paths; what else the archive holds stays in it. */
  readonly paths: readonly string[];
  /** The archive on the operator's machine. */
  readonly localFile: string;
  /** SHA-256 of the archive as it was collected, hex. */
  readonly sha256: string;
}

/** A step whose standard output is data for the operator's machine. It changes nothing on the node. */
export type CollectStep = EtcdCollectSnapshotStep | CollectPkiStep;

/** A step that takes data from the operator's machine on its standard input. It changes the node. */
export type DeliverStep = EtcdDeliverSnapshotStep | DeliverPkiStep;

/** The effects of the steps that carry certificates and keys, in the order in which they happen. */
export const pkiEffectsOfKind = {
  collectPki: ["collectPki"],
  deliverPki: ["stagePki", "installPki"],
} as const;

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
