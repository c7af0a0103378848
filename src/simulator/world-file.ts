// A simulated world in a file, shared by processes that come and go: the command line, the plugin, a second operator. Each
// change is made under a lock and replaces the file whole, so that no reader ever sees half a world.

import * as fs from "node:fs";
import * as path from "node:path";
import { lock } from "proper-lockfile";
import { inputError, lockedError } from "../model/errors";
import type { World } from "./world";
import type { WorldHolder } from "./world-holder";
import { worldSchema } from "./world-schema";

// A change takes milliseconds; the lock of a process that was killed in the middle of one is taken over after this time.
const staleMs = 5000;
// Patience for other users of the same world: about 20 seconds in all.
const retries = { retries: 400, minTimeout: 5, maxTimeout: 50, factor: 1.2 };

/** Writes a new world file, in place of an old one. */
export function createWorldFile(file: string, world: World): WorldHolder {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  replaceFile(file, world);
  return openWorldFile(file);
}

/** Opens a world that is kept in a file. @throws RecoveryError "input" when there is none or it is not a world. */
export function openWorldFile(file: string): WorldHolder {
  readWorld(file);
  return {
    read: () => readWorld(file),
    change: async (make) => {
      const release = await lockFile(file);
      try {
        const { world, result } = make(readWorld(file));
        replaceFile(file, world);
        return result;
      } finally {
        await release();
      }
    },
  };
}

async function lockFile(file: string): Promise<() => Promise<void>> {
  try {
    return await lock(file, { stale: staleMs, retries });
  } catch (cause) {
    throw lockedError(`the simulated world ${file} is in use by another process`, {
      hint: "try again when that process has ended",
      cause,
    });
  }
}

function readWorld(file: string): World {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (cause) {
    throw inputError(`the simulated world ${file} cannot be read`, { hint: "`npm run demo` makes one", cause });
  }
  const parsed = worldSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw inputError(`${file} is no simulated world of this version`, { problems, hint: "make a new one" });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function replaceFile(file: string, world: World): void {
  const temporary = `${file}.${process.pid}.new`;
  const handle = fs.openSync(temporary, "w", 0o600);
  try {
    fs.writeFileSync(handle, JSON.stringify(world));
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
  fs.renameSync(temporary, file);
}
