// Where a world lives while it is used: in memory here, in a file in world-file.ts. Every change goes through the holder, one
// at a time, so that two users of one world never tear it.

import type { World } from "./world";

/** Holds one world. */
export interface WorldHolder {
  /** The world as it is now. */
  read(): World;
  /** Puts the next world in place of the present one and answers with `result`. Changes are made one after the other. */
  change<T>(make: (world: World) => { readonly world: World; readonly result: T }): Promise<T>;
}

/** A world in memory. */
export function memoryWorld(initial: World): WorldHolder {
  let current = initial;
  return {
    read: () => current,
    change: async (make) => {
      const { world, result } = make(current);
      current = world;
      return result;
    },
  };
}
