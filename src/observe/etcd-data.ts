// The etcd-data section: is there a member's data on the node?

import type { EtcdDataObservation } from "../model/node-observation";
import { decodeText, recordsOf } from "./sections";

const states = ["present", "empty", "missing", "unknown"] as const;

/**
 * Parses the etcd-data section: the declared directory, else the one that a manifest on the node names; undefined when
 * there is neither. Of several the one that is not present.
 * @throws Error when a record is not complete.
 */
export function parseEtcdData(stdout: string): EtcdDataObservation | undefined {
  const found = recordsOf(stdout)
    .filter(([key]) => key === "directory")
    .map(([, origin, directory, state, detail]) => {
      const known = states.find((candidate) => candidate === state);
      if (known === undefined) throw new Error("it tells a state that there is not");
      return { origin, value: { directory: decodeText(directory), state: known, detail: decodeText(detail) } };
    });
  const declared = found.filter(({ origin }) => origin === "declared");
  const candidates = declared.length > 0 ? declared : found;
  return (candidates.find(({ value }) => value.state !== "present") ?? candidates[0])?.value;
}
