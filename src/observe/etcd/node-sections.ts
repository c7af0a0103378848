// The sections of a probe that are about the node, not the endpoint: data directory, service, definition, tools. The probe
// prints them as key=value lines; what is missing or strange is "unknown", never "fine".

import { isSameId, parseHexId } from "../../model/etcd-member-id";
import type { EtcdData, EtcdDefinition, EtcdService, EtcdTools } from "../../model/etcd-observation";
import { asCount, asFields, readJsonLines } from "./json-reader";
import type { ToolOutput } from "./tool-output";
import { parseWalHead } from "./wal-identity";

/** The key=value lines of a section. The first of two equal keys wins. */
export function readPairs(output: ToolOutput | undefined): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const line of (output?.stdout ?? "").split("\n")) {
    const found = /^([a-z0-9_]+)=(.*)$/.exec(line);
    if (found?.[1] !== undefined && !pairs.has(found[1])) pairs.set(found[1], (found[2] ?? "").trim());
  }
  return pairs;
}

const dataStates = ["present", "empty", "member-directory-only", "missing", "incomplete"] as const;
const serviceStates = ["running", "stopped", "failed", "starting", "not-monitored", "missing"] as const;

/** The data directory. */
export function parseDataDirectory(output: ToolOutput | undefined): EtcdData {
  const pairs = readPairs(output);
  const state = output?.exitCode === 0 ? dataStates.find((known) => known === pairs.get("state")) : undefined;
  const walHead = pairs.get("wal_head");
  const identity = walHead === undefined ? undefined : parseWalHead(walHead);
  const offline = readOffline(pairs.get("offline_status"));
  const logPeers = pairs.get("wal_peers");
  const [owner, freeBytes] = [pairs.get("owner"), readCount(pairs.get("free_bytes"))];
  return {
    directory: pairs.get("directory") ?? "",
    state: state ?? "unknown",
    isDeletedUnderProcess: pairs.get("deleted") === "yes",
    ...(owner === undefined ? {} : { owner }),
    ...(freeBytes === undefined ? {} : { freeBytes }),
    ...(identity === undefined ? {} : { identity }),
    ...(offline === undefined ? {} : { offline }),
    ...(logPeers === undefined ? {} : { logPeerUrls: logPeers.split(",").filter((url) => url !== "") }),
    isCondemned: (pairs.get("condemned") ?? "")
      .split(",")
      .some((text) => isSameId(parseHexId(text), identity?.memberId)),
    detail: pairs.get("detail") ?? explainMissing(output, state),
  };
}

/** The service, process or static pod that runs etcd. */
export function parseService(output: ToolOutput | undefined): EtcdService {
  const pairs = readPairs(output);
  const state = output?.exitCode === 0 ? serviceStates.find((known) => known === pairs.get("state")) : undefined;
  const [restarts, quotaBytes] = [readCount(pairs.get("restarts")), readCount(pairs.get("quota_bytes"))];
  return {
    state: state ?? "unknown",
    isPaused: pairs.get("paused") === "yes",
    ...(restarts === undefined ? {} : { restarts }),
    hasProcess: readCount(pairs.get("pid")) !== undefined,
    ...(quotaBytes === undefined || quotaBytes === 0 ? {} : { quotaBytes }),
    detail: pairs.get("detail") ?? explainMissing(output, state),
  };
}

/** What would start the member, and with which membership. */
export function parseDefinition(output: ToolOutput | undefined): EtcdDefinition {
  const pairs = readPairs(output);
  const state = (["in-place", "parked", "absent"] as const).find((known) => known === pairs.get("state"));
  const clusterState = (["new", "existing"] as const).find((known) => known === pairs.get("initial_cluster_state"));
  const [name, token] = [pairs.get("name"), pairs.get("token")];
  const initialCluster = readInitialCluster(pairs.get("initial_cluster"));
  return {
    // A definition that could not be read may well be there: in place is the careful guess.
    state: state ?? "in-place",
    ...(name === undefined || name === "" ? {} : { name }),
    ...(initialCluster === undefined ? {} : { initialCluster }),
    ...(clusterState === undefined ? {} : { initialClusterState: clusterState }),
    ...(token === undefined || token === "" ? {} : { token }),
    isForcingNewCluster: pairs.get("force_new_cluster") === "yes",
  };
}

/** Versions of the tools and of the server's binary, three answers apart by "---". */
export function parseToolVersions(output: ToolOutput | undefined): EtcdTools {
  const text = output?.stdout ?? "";
  const etcdctl = /^etcdctl version: (\S+)/m.exec(text)?.[1];
  const etcdutl = /^etcdutl version: (\S+)/m.exec(text)?.[1];
  const server = /^etcd Version: (\S+)/m.exec(text)?.[1];
  return {
    ...(etcdctl === undefined ? {} : { etcdctl }),
    ...(etcdutl === undefined ? {} : { etcdutl }),
    ...(server === undefined ? {} : { server }),
  };
}

/** The last lines of etcd's log that look like trouble, bounded. */
export function parseLogTail(output: ToolOutput | undefined): string[] {
  const lines = (output?.stdout ?? "").split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-40).map((line) => line.slice(0, 400));
}

/** The writers of this node: `writer <name> running|stopped` lines. */
export function parseWriters(output: ToolOutput | undefined): { name: string; isRunning: boolean }[] {
  return (output?.stdout ?? "").split("\n").flatMap((line) => {
    const found = /^writer (\S+) (running|stopped)$/.exec(line.trim());
    return found?.[1] === undefined ? [] : [{ name: found[1], isRunning: found[2] === "running" }];
  });
}

function readInitialCluster(text: string | undefined): { name: string; peerUrl: string }[] | undefined {
  if (text === undefined || text === "") return undefined;
  const entries = text.split(",").map((entry) => /^([^=]+)=(\S+)$/.exec(entry.trim()));
  return entries.flatMap((found) =>
    found?.[1] === undefined || found[2] === undefined ? [] : [{ name: found[1], peerUrl: found[2] }],
  );
}

function readOffline(text: string | undefined): EtcdData["offline"] {
  const fields = asFields(readJsonLines(text ?? "")?.[0]);
  const [revision, totalKeys] = [asCount(fields?.revision), asCount(fields?.totalKey)];
  return fields === undefined || revision === undefined || totalKeys === undefined
    ? undefined
    : { revision, totalKeys };
}

function readCount(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}

function explainMissing(output: ToolOutput | undefined, state: string | undefined): string {
  if (output === undefined) return "the probe did not look";
  if (output.timedOut) return "the probe ran past its deadline";
  return state === undefined ? output.stderr.trim().slice(0, 200) || "the probe could not tell" : "";
}
