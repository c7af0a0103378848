// What the system refuses a command with a file that it was told to read or write: the user's to mend, no bug of quorate's.

import * as fs from "node:fs";
import * as path from "node:path";
import { inputError, type RecoveryError } from "../model/errors";

const reasons: Readonly<Record<string, string>> = {
  EACCES: "this user may not",
  EDQUOT: "this user's share of the disk is used up",
  EEXIST: "there is something of that name already",
  EISDIR: "it is a folder",
  ENAMETOOLONG: "the name is too long",
  ENOENT: "it is not there, or the folder that it is to be in is not",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of it is no folder",
  EPERM: "this user may not",
  EROFS: "the file system is read-only",
};

/** An error of the file system as one sentence; undefined for any other error. */
export function fileFaultOf(error: unknown): RecoveryError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = "", path: file, syscall } = error as NodeJS.ErrnoException;
  const reason = Object.hasOwn(reasons, code) ? reasons[code] : undefined;
  if (reason === undefined || file === undefined || syscall === undefined || syscall.startsWith("spawn"))
    return undefined;
  return inputError(`${file} cannot be used (${syscall}): ${reason}`, {
    hint: "name a file or folder that this user can read and write",
  });
}

/**
 * Sees before the work begins that its result can be written.
 * @throws RecoveryError "input" when it cannot, as far as that can be told.
 */
export function checkWritable(file: string | undefined): void {
  if (file === undefined) return;
  try {
    const status = fs.statSync(file, { throwIfNoEntry: false });
    if (status?.isDirectory()) throw Object.assign(new Error("a folder"), { code: "EISDIR" });
    fs.accessSync(status === undefined ? path.dirname(path.resolve(file)) : file, fs.constants.W_OK);
  } catch (error) {
    throw fileFaultOf(Object.assign(error as Error, { path: file, syscall: "write" })) ?? error;
  }
}
