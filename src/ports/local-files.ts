// How data is kept on the machine that quorate runs on: whole or not at all, and still there after a power cut.

import type { Readable, Writable } from "node:stream";
import type { LocalFile } from "../model/transfer";

/** What was written or read. */
export interface KeptSums {
  /** SHA-256 of the data, hex. */
  readonly sha256: string;
  /** Length of the data, bytes. */
  readonly bytes: number;
  /** SHA-256 of the file, hex; another one than of the data when the file is encrypted. */
  readonly fileSha256: string;
}

/** How writing a file ended. `filled` is what the one who filled it says of it. */
export type KeptOutcome<T> =
  | { readonly kind: "kept"; readonly filled: T; readonly sums: KeptSums }
  | { readonly kind: "refused"; readonly filled: T }
  | { readonly kind: "failed"; readonly message: string };

/** Files on the machine that quorate runs on. */
export interface LocalFiles {
  /**
   * Writes a file, mode 0600, through `fill`, which gets where to write to and resolves when it has ended that. The file comes
   * to its place only when `isWhole` agrees and it is on the disk; whatever happens, no half of it is left under any name that
   * counts, and what was there before stays until then. Never throws.
   */
  write<T>(
    file: LocalFile,
    fill: (sink: Writable) => Promise<T>,
    isWhole: (filled: T) => boolean,
  ): Promise<KeptOutcome<T>>;
  /** The data of a file. Failing to read or to decrypt it destroys `data` with the reason. `sums` hold at its end. */
  read(file: LocalFile): { readonly data: Readable; sums(): KeptSums };
}
