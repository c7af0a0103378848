// What becomes of a container when the kubelet starts it, as it follows from the Pod and from what is on the node. Modelled:
// images, executables, hostPath volumes, and the files that the flags of kubeadm's four components name. Not modelled:
// resources, probes of other kinds, unknown flags.

import { isJsonList, isJsonObject, type JsonObject, type JsonValue } from "../model/json";
import { hasFilledFile, hasPath, isDirectory, withDirectory, withEmptyFile } from "./paths";
import type { SimulatedNode } from "./world";

type Paths = SimulatedNode["files"];

/** What happens to one container. */
export type ContainerFate =
  | { readonly kind: "runs" }
  /** The runtime cannot start the process. */
  | { readonly kind: "start-error"; readonly message: string }
  /** The process ends by itself. */
  | { readonly kind: "exits"; readonly afterMs: number; readonly exitCode: number; readonly message: string }
  /** The kubelet cannot even make the container; it goes on trying. */
  | { readonly kind: "stuck"; readonly reason: string; readonly message: string };

/** The words of a container's command and arguments. */
export function commandOf(container: JsonObject): readonly string[] {
  return [container.command, container.args].flatMap((words) => (isJsonList(words) ? words.map(String) : []));
}

/** The file name of the program that a container runs; empty when the image decides. */
export function programOf(container: JsonObject): string {
  const [first] = commandOf(container);
  return first === undefined ? "" : first.slice(first.lastIndexOf("/") + 1);
}

/** The value of a `--flag=value`; undefined when it is not there. */
export function flagOf(container: JsonObject, flag: string): string | undefined {
  const word = commandOf(container).find((candidate) => candidate.startsWith(`${flag}=`));
  return word?.slice(flag.length + 1);
}

/** The host's directories and files that a container sees, sorted. */
export function hostPathsOf(pod: JsonObject, container: JsonObject): readonly string[] {
  return mountsOf(pod, container)
    .map((mount) => mount.hostPath)
    .sort();
}

/** Mounts a Pod's volumes: the paths afterwards, with what `DirectoryOrCreate` made, and why it failed if it did. */
export function mountVolumes(paths: Paths, pod: JsonObject): { readonly paths: Paths; readonly problem?: string } {
  let next = paths;
  for (const { path, type } of hostPathVolumes(pod)) {
    if (type === "DirectoryOrCreate") next = withDirectory(next, path);
    if (type === "FileOrCreate") next = withEmptyFile(next, path);
    const isRight =
      type === "" ||
      type.endsWith("OrCreate") ||
      (type === "Directory" ? isDirectory(next, path) : hasPath(next, path));
    if (!isRight) return { paths: next, problem: `hostPath type check failed: ${path} is not a ${type.toLowerCase()}` };
  }
  return { paths: next };
}

/** What becomes of a container of a Pod whose volumes are mounted. */
export function containerFate(node: SimulatedNode, pod: JsonObject, container: JsonObject): ContainerFate {
  const image = node.images.find((candidate) => candidate.name === container.image);
  if (image === undefined) {
    const message = `Back-off pulling image "${String(container.image)}": no registry can be reached`;
    return { kind: "stuck", reason: "ImagePullBackOff", message };
  }
  const [command] = commandOf(container);
  if (command === undefined) return { kind: "runs" };
  const isPath = command.includes("/");
  const isFound = image.executables.some((path) => path === command || (!isPath && path.endsWith(`/${command}`)));
  if (!isFound) {
    const why = isPath ? `stat ${command}: no such file or directory` : "executable file not found in $PATH";
    return { kind: "start-error", message: `${startErrorPrefix}exec: ${JSON.stringify(command)}: ${why}: unknown` };
  }
  const message = missingFile(node, pod, container);
  return message === undefined ? { kind: "runs" } : { kind: "exits", afterMs: 1000, exitCode: 1, message };
}

// As containerd and runc tell it; seed 002 and the lab show the whole line.
const startErrorPrefix =
  "failed to create containerd task: failed to create shim task: OCI runtime create failed: " +
  "runc create failed: unable to start container process: ";

interface NeededFile {
  readonly flag: string;
  /** Go's error: `stat` where the file is looked for first, `open` where it is read. */
  readonly error: (path: string) => string;
}

const opened = (path: string) => `open ${path}: no such file or directory`;
const kubeconfig: NeededFile = {
  flag: "--kubeconfig",
  error: (path) => `"command failed" err="stat ${path}: no such file or directory"`,
};
const clientCa: NeededFile = {
  flag: "--client-ca-file",
  error: (path) => `"command failed" err="unable to load client CA provider: ${opened(path)}"`,
};
const plain = (flag: string): NeededFile => ({ flag, error: (path) => `"command failed" err="${opened(path)}"` });

// In the order in which each program looks at them; the first that is missing ends it.
const neededFiles: Readonly<Record<string, readonly NeededFile[]>> = {
  "kube-scheduler": [kubeconfig, plain("--authentication-kubeconfig"), plain("--authorization-kubeconfig")],
  "kube-controller-manager": [
    kubeconfig,
    clientCa,
    ...["--requestheader-client-ca-file", "--root-ca-file", "--service-account-private-key-file"].map(plain),
    ...["--cluster-signing-cert-file", "--cluster-signing-key-file"].map(plain),
  ],
  "kube-apiserver": [
    ...["--service-account-key-file", "--service-account-signing-key-file", "--tls-cert-file"].map(plain),
    clientCa,
    ...["--tls-private-key-file", "--etcd-cafile", "--etcd-certfile", "--etcd-keyfile"].map(plain),
    ...["--requestheader-client-ca-file", "--proxy-client-cert-file", "--proxy-client-key-file"].map(plain),
  ],
  etcd: ["--cert-file", "--key-file", "--trusted-ca-file", "--peer-cert-file", "--peer-key-file"].map(plain),
};

function missingFile(node: SimulatedNode, pod: JsonObject, container: JsonObject): string | undefined {
  for (const { flag, error } of neededFiles[programOf(container)] ?? []) {
    const path = flagOf(container, flag);
    if (path === undefined) continue;
    const hostPath = hostPathFor(pod, container, path);
    if (hostPath === undefined || !hasPath(node.files, hostPath)) return error(path);
    if (hasFilledFile(node.files, hostPath)) continue;
    return flag.endsWith("kubeconfig")
      ? '"command failed" err="invalid configuration: no configuration has been provided"'
      : `"command failed" err="${path} holds no certificate or key"`;
  }
  return undefined;
}

/** Where on the host a path of the container is; undefined when no volume holds it. */
function hostPathFor(pod: JsonObject, container: JsonObject, path: string): string | undefined {
  const mount = mountsOf(pod, container)
    .filter(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`))
    .sort((a, b) => b.mountPath.length - a.mountPath.length)[0];
  return mount === undefined ? undefined : mount.hostPath + path.slice(mount.mountPath.length);
}

function mountsOf(pod: JsonObject, container: JsonObject) {
  const volumes = hostPathVolumes(pod);
  return objectsIn(container.volumeMounts).flatMap((mount) => {
    const volume = volumes.find((candidate) => candidate.name === mount.name);
    return volume === undefined ? [] : [{ mountPath: String(mount.mountPath), hostPath: volume.path }];
  });
}

function hostPathVolumes(pod: JsonObject) {
  const volumes = isJsonObject(pod.spec) ? objectsIn(pod.spec.volumes) : [];
  return volumes.flatMap(({ name, hostPath }) =>
    isJsonObject(hostPath)
      ? [{ name: String(name), path: String(hostPath.path), type: String(hostPath.type ?? "") }]
      : [],
  );
}

function objectsIn(value: JsonValue | undefined): readonly JsonObject[] {
  return isJsonList(value) ? value.filter(isJsonObject) : [];
}
