// Lets a served director's virtual time follow another clock, for people and tools that do not sleep on the virtual one.
import type { Clock } from "../../ports/clock";
import type { VirtualClock } from "../virtual-clock";

/**
 * Gives the function to be called before each answer: it moves virtual time on by what has passed on `wall` since the call
 * before, times `speed`. Nothing happens between requests that the next one would not see all the same.
 */
export function followClock(virtual: VirtualClock, wall: Clock, speed: number): () => void {
  let lastMs = wall.nowMs();
  let restMs = 0;
  return () => {
    const nowMs = wall.nowMs();
    const dueMs = (nowMs - lastMs) * speed + restMs;
    lastMs = nowMs;
    restMs = dueMs - Math.floor(dueMs);
    virtual.advance(Math.floor(dueMs));
  };
}
