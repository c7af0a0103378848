// What a program declares: the intended control plane, as it reaches the plugin after the program's per-node values were
// filled in. The schema is the one place where a mistake in it is named.

import { z } from "zod";
import { parseInstanceName } from "./bosh";
import { directorSchema } from "./director-declaration";
import { etcdDeclarationSchema } from "./etcd-declaration";
import type { JsonObject } from "./json";

/** Where the kubelet of a kubeadm node looks for static pods. Source: kubeadm cmd/kubeadm/app/constants (ManifestsSubDirName). */
export const defaultManifestDirectory = "/etc/kubernetes/manifests";
/** Where replaced and stray files go. On the node, outside every directory that the kubelet reads. */
export const defaultArchiveDirectory = "/var/lib/quorate/archive";
/**
 * How long a new container may take to appear before the kubelet is restarted, in seconds. The kubelet reads the
 * directory every 20 s (fileCheckFrequency) and backs off; 13 to 22 s are usual.
 */
export const defaultContainerStartTimeoutSeconds = 90;
/** kubeadm writes its manifests as root. */
export const defaultManifestOwner = "root:root";

// Kubernetes object names, unit names and host names never need a character outside these sets, so that no name can ever
// be read as an option, a path or shell text.
/** A Kubernetes object or node name. */
export const objectName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "must be a lower-case name of letters, digits, '-' and '.'");
/** A systemd unit or monit process. */
export const serviceName = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9][A-Za-z0-9@._:-]*$/, "must be a service name of letters, digits and '@._:-'");
const hostName = z
  .string()
  .max(253)
  .regex(
    /^[A-Za-z0-9_]([A-Za-z0-9_.:%-]*[A-Za-z0-9_])?$|^::1$/,
    "must be a host name, an address or an alias of the ssh configuration",
  );
const userName = z
  .string()
  .max(64)
  .regex(/^[A-Za-z_][A-Za-z0-9_.-]*\$?$/, "must be a user name");
const absolutePath = z
  .string()
  .max(4096)
  .regex(/^\/[^\n\r\0]*$/, "must be an absolute path on one line")
  .refine((path) => !path.split("/").includes(".."), "must not contain '..'");
const localPath = z
  .string()
  .max(4096)
  .regex(/^[^\n\r\0-][^\n\r\0]*$/, "must be a file path on one line that does not begin with '-'");
const ownerName = z.string().regex(/^[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+$/, "must be user:group");

/** By OpenSSH. Everything that is not given comes from the operator's own ssh configuration. */
const sshAccess = z.strictObject({
  kind: z.literal("ssh"),
  host: hostName.describe("Host name, address or Host alias of the ssh configuration."),
  port: z.number().int().min(1).max(65535).optional().describe("TCP port."),
  user: userName.optional().describe("Remote user."),
  identityFile: localPath.optional().describe("Private key on the operator's machine."),
  jumpHost: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.:@%,[\]-]*$/, "must be [user@]host[:port], several separated by commas")
    .optional()
    .describe("Passed to ssh as ProxyJump."),
  configFile: localPath.optional().describe("ssh configuration to use in place of the operator's own."),
  hostKey: z
    .string()
    .regex(
      /^(ssh-[a-z0-9-]+|ecdsa-sha2-[a-z0-9-]+|sk-[a-z0-9@.-]+) [A-Za-z0-9+/=]+$/,
      "must be one public key: '<type> <base64>'",
    )
    .optional()
    .describe("The host's public key. Given: this key only. Not given: the operator's known_hosts decides."),
  sudo: z.boolean().optional().describe("Run commands by `sudo -n`. Default: true unless the user is root."),
});

/** The machine that quorate itself runs on. */
const localAccess = z.strictObject({
  kind: z.literal("local"),
  sudo: z.boolean().optional().describe("Run commands by `sudo -n`. Default: true unless run by root."),
});

/** A node of the simulator whose world is kept in a file. */
const simulatedAccess = z.strictObject({
  kind: z.literal("simulated"),
  world: localPath.describe("File that holds the simulated world; shared by all of its nodes."),
});

/** An instance of a BOSH deployment, reached as `bosh ssh` does it: no address is declared. */
const boshAccess = z.strictObject({
  kind: z.literal("bosh"),
  director: directorSchema.default({}).describe("Default: as BOSH_* variables and ~/.bosh/config say."),
  deployment: z.string().regex(/^[^/\s]+$/, "must be a deployment's name without '/' and spaces"),
  // An address would mean every instance of the deployment to a director.
  instance: z
    .string()
    .refine((name) => parseInstanceName(name) !== undefined, "must be group/uuid, such as `bosh instances` prints it"),
});

/** How a node is reached. */
export const accessSchema = z.discriminatedUnion("kind", [sshAccess, localAccess, simulatedAccess, boshAccess]);
/** How a node is reached. */
export type AccessDeclaration = Readonly<z.infer<typeof accessSchema>>;

/** A systemd unit or a monit process that has to run. */
export const serviceSchema = z.strictObject({
  manager: z.enum(["systemd", "monit"]).default("systemd").describe("What starts and watches the service."),
  state: z.literal("running").default("running"),
});
/** A systemd unit or a monit process that has to run. */
export type ServiceDeclaration = Readonly<z.infer<typeof serviceSchema>>;

/** One static pod's manifest: the Pod as the kubelet is to read it. */
export const podSchema = z
  .looseObject({
    apiVersion: z.literal("v1"),
    kind: z.literal("Pod"),
    metadata: z.looseObject({ name: objectName, namespace: objectName.optional() }),
    spec: z.looseObject({
      containers: z
        .array(z.looseObject({ name: objectName, image: z.string().min(1) }), "must list at least one container")
        .min(1, "must list at least one container"),
    }),
  })
  .transform((pod) => pod as unknown as JsonObject);

/** One node of the control plane. */
export const nodeSchema = z
  .strictObject({
    access: accessSchema,
    staticPods: z.record(objectName, podSchema).default({}).describe("Pod name -> the Pod. The file is <name>.yaml."),
    services: z.record(serviceName, serviceSchema).default({}).describe("Service name -> how it is run."),
    manifestOwner: ownerName.default(defaultManifestOwner).describe("user:group of the manifests."),
    strayManifests: z
      .array(z.string())
      .max(0, "must be empty: it exists so that a preview can show stray files")
      .default([])
      .describe(
        "Files in the manifest directory that the kubelet would read beside the declared ones. Always declared empty.",
      ),
  })
  .superRefine((node, context) => {
    for (const [name, pod] of Object.entries(node.staticPods)) {
      const declared = (pod.metadata as { name?: unknown }).name;
      if (declared === name) continue;
      context.addIssue({
        code: "custom",
        path: ["staticPods", name, "metadata", "name"],
        message: `must be "${name}", the name it is declared under`,
      });
    }
  });

/** The control plane of one cluster. */
export const controlPlaneSchema = z
  .strictObject({
    nodes: z.record(objectName, nodeSchema).describe("Node name -> the node."),
    manifestDirectory: absolutePath.default(defaultManifestDirectory),
    archiveDirectory: absolutePath.default(defaultArchiveDirectory),
    containerStartTimeoutSeconds: z.number().int().min(1).max(3600).default(defaultContainerStartTimeoutSeconds),
    repairSeveral: z
      .boolean()
      .default(false)
      .describe("Allow etcd steps while more than one node is down and quorum is kept."),
    rehearse: z
      .boolean()
      .default(false)
      .describe(
        "Rehearse the etcd plan on a copy of what was just observed; change nothing of etcd unless that holds.",
      ),
    etcd: etcdDeclarationSchema.optional().describe("The etcd part; see etcd-declaration.ts."),
  })
  .superRefine((plane, context) => {
    if (Object.keys(plane.nodes).length === 0)
      context.addIssue({ code: "custom", path: ["nodes"], message: "must name at least one node" });
    if (isWithin(plane.archiveDirectory, plane.manifestDirectory)) {
      context.addIssue({
        code: "custom",
        path: ["archiveDirectory"],
        message: "must be outside the manifest directory: the kubelet runs every file it finds there",
      });
    }
    for (const node of Object.keys(plane.etcd?.members ?? {})) {
      if (plane.nodes[node] === undefined)
        context.addIssue({
          code: "custom",
          path: ["etcd", "members", node],
          message: "is not the name of a declared node",
        });
    }
    for (const node of Object.keys(plane.etcd?.members ?? {})) {
      if (plane.nodes[node]?.access.kind !== "simulated") continue;
      const message = "is simulated, and simulated nodes have no etcd member: leave etcd out";
      context.addIssue({ code: "custom", path: ["etcd", "members", node], message });
    }
    const worlds = new Set(
      Object.values(plane.nodes).map(({ access }) => (access.kind === "simulated" ? access.world : "")),
    );
    if (worlds.size > 1) {
      context.addIssue({
        code: "custom",
        path: ["nodes"],
        message:
          "are partly simulated, or in several simulated worlds: all nodes of one control plane share one world, or none is simulated",
      });
    }
    for (const [address, names] of nodesByAddress(plane.nodes)) {
      if (names.length < 2) continue;
      context.addIssue({
        code: "custom",
        path: ["nodes"],
        message: `${names.join(" and ")} are reached at the same address ${address}: every node needs its own`,
      });
    }
  });

/** One node of the control plane. */
export type NodeDeclaration = Readonly<z.infer<typeof nodeSchema>>;
/** The control plane of one cluster. */
export type ControlPlaneDeclaration = Readonly<z.infer<typeof controlPlaneSchema>>;

/** The file that holds a static pod. */
export function manifestFileName(podName: string): string {
  return `${podName}.yaml`;
}

function isWithin(path: string, folder: string): boolean {
  return `${path}/`.startsWith(`${folder.replace(/\/+$/, "")}/`);
}

function nodesByAddress(
  nodes: Readonly<Record<string, NodeDeclaration>>,
): readonly (readonly [string, readonly string[]])[] {
  const names = new Map<string, string[]>();
  for (const [name, node] of Object.entries(nodes)) {
    if (node.access.kind === "simulated") continue;
    const address = addressOf(node.access);
    names.set(address, [...(names.get(address) ?? []), name]);
  }
  return [...names];
}

function addressOf(access: Exclude<AccessDeclaration, { kind: "simulated" }>): string {
  switch (access.kind) {
    case "local":
      return "localhost";
    case "bosh":
      return `${access.instance} of ${access.deployment}`;
    case "ssh":
      return `${access.host}:${access.port ?? ""}`;
  }
}
