// How the kubelet comes to know its static pods: it lists the manifest directory at its start and every 20 seconds, and
// between two listings follows inotify. Source: kubernetes pkg/kubelet/config/file.go and file_linux.go.

import { podIdentity, podUid, readablePod } from "./manifest-files";
import { nodeOf, record, type SimulatedKubelet, type World, withKubelet, without } from "./world";

/** fileCheckFrequency of the kubelet's configuration, which kubeadm leaves at its default. */
export const listPeriodMs = 20_000;

type Store = SimulatedKubelet["store"];

/** Reads what changed in the manifest directory, if anything did. */
export function tickSource(world: World, name: string): World {
  const { kubelet } = nodeOf(world, name);
  if (kubelet.ignores === "changes") return withKubelet(world, name, { events: [] });
  const isDue = kubelet.listedAtMs === undefined || world.timeMs - kubelet.listedAtMs >= listPeriodMs;
  const followed = kubelet.events.reduce((next, event) => follow(next, name, event), world);
  const consumed = kubelet.events.length === 0 ? followed : withKubelet(followed, name, { events: [] });
  return isDue ? listDirectory(consumed, name) : consumed;
}

// A listing replaces all that was known. Of two files that hold a pod of the same name the later one by file name wins,
// which is how a backup left in the directory takes over; a file that cannot be read counts as removed.
function listDirectory(world: World, name: string): World {
  const node = nodeOf(world, name);
  const store: Record<string, Store[string]> = {};
  const fileKeys: Record<string, string> = {};
  for (const fileName of Object.keys(node.manifests).sort()) {
    const found = fileName.startsWith(".") ? undefined : readEntry(world, name, fileName);
    if (found === undefined) continue;
    store[found.key] = { fileName, uid: found.uid };
    fileKeys[fileName] = found.key;
  }
  return withKubelet(world, name, { store, fileKeys, listedAtMs: world.timeMs });
}

// An event concerns one file: one that cannot be read changes nothing until the next listing, and a removed one takes its
// pod with it even where another file holds a pod of the same name.
function follow(world: World, name: string, event: SimulatedKubelet["events"][number]): World {
  const { kubelet } = nodeOf(world, name);
  if (event.change === "removed") {
    const key = kubelet.fileKeys[event.fileName];
    if (key === undefined) return world;
    const { store, fileKeys } = kubelet;
    return withKubelet(world, name, { store: without(store, key), fileKeys: without(fileKeys, event.fileName) });
  }
  const found = readEntry(world, name, event.fileName);
  if (found === undefined) return record(world, name, `kubelet cannot read ${event.fileName} as a pod`);
  const store = { ...kubelet.store, [found.key]: { fileName: event.fileName, uid: found.uid } };
  return withKubelet(world, name, { store, fileKeys: { ...kubelet.fileKeys, [event.fileName]: found.key } });
}

function readEntry(
  world: World,
  name: string,
  fileName: string,
): { readonly key: string; readonly uid: string } | undefined {
  const node = nodeOf(world, name);
  const file = node.manifests[fileName];
  const pod = file === undefined ? undefined : readablePod(file);
  if (pod === undefined) return undefined;
  const identity = podIdentity(pod);
  return {
    key: `${identity.namespace}/${identity.name}`,
    uid: podUid(pod, name, `${node.manifestDirectory}/${fileName}`),
  };
}
