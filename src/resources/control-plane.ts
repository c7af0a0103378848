// The resource that programs declare a control plane with.

import * as pulumi from "@pulumi/pulumi";
import type { EtcdDeclarationInput } from "../model/etcd-declaration";
import {
  type AccessArgs,
  type NodeValues,
  type PodTemplate,
  podFor,
  type ServiceArgs,
  secretAccess,
} from "./node-args";

/** One node of a control plane. */
export interface ControlPlaneNodeArgs {
  /** How the node is reached. */
  readonly access: AccessArgs;
  /** Values for the common Pods. Default: none. */
  readonly values?: Readonly<Record<string, string>>;
  /** Pods of this node alone, by name; one of the same name as a common Pod takes its place. */
  readonly staticPods?: Readonly<Record<string, PodTemplate>>;
  /** Services of this node alone, by name, beside the common ones. */
  readonly services?: Readonly<Record<string, ServiceArgs>>;
  /** user:group of the manifests. Default: root:root. */
  readonly manifestOwner?: pulumi.Input<string>;
}

/** A value whose every part may come from another resource or from secret configuration. */
type DeepInput<T> = pulumi.Input<T extends object ? { readonly [K in keyof T]: DeepInput<T[K]> } : T>;

/**
 * The etcd of a control plane: `runner` says how it is run, `members` who belongs to it. Everything else has a default by
 * the runner; `restore` and `acceptRevision` are opt-ins for a cluster whose quorum is lost.
 */
export type EtcdArgs = DeepInput<EtcdDeclarationInput>;

/** The intended state of a control plane. */
export interface ControlPlaneArgs {
  /** Node name -> the node. Names are the kubelets' node names. */
  readonly nodes: Readonly<Record<string, ControlPlaneNodeArgs>>;
  /** Pods that run on every node, by name. */
  readonly staticPods?: Readonly<Record<string, PodTemplate>>;
  /** Services that run on every node, by name. */
  readonly services?: Readonly<Record<string, ServiceArgs>>;
  /** Where the kubelet looks for static pods. Default: /etc/kubernetes/manifests. */
  readonly manifestDirectory?: pulumi.Input<string>;
  /** Where replaced and stray files go, on each node. Default: /var/lib/quorate/archive. */
  readonly archiveDirectory?: pulumi.Input<string>;
  /** How long a new container may take to appear before the kubelet is restarted, seconds. Default: 90. */
  readonly containerStartTimeoutSeconds?: pulumi.Input<number>;
  /** The etcd of these nodes. Default: none; it is then only kept from being booted over lost data. */
  readonly etcd?: EtcdArgs;
  /** Allow etcd steps while more than one node is down and quorum is kept. Default: false. */
  readonly repairSeveral?: pulumi.Input<boolean>;
  /**
   * Rehearse the etcd plan in the simulator, on a copy of what was just observed, before any of it runs: every prefix of its
   * effects crossed with one more fault. Nothing of etcd is changed unless every case holds. Default: false.
   */
  readonly rehearse?: pulumi.Input<boolean>;
}

/** What a node is at the moment. */
export interface NodeStatus {
  readonly isReachable: boolean;
  /** Pod name -> "running", "not running" or "unknown". */
  readonly pods: Readonly<Record<string, string>>;
  /** Service name -> its state. */
  readonly services: Readonly<Record<string, string>>;
  /** What its etcd member is: "voting" when all is well. Only where etcd is declared. */
  readonly etcd?: string;
}

/**
 * A control plane: its nodes, static pods and services. Preview shows what broke on the live nodes; up restores it, one
 * step at a time.
 */
export class ControlPlane extends pulumi.CustomResource {
  /** Node name -> what it is at the moment. */
  declare readonly status: pulumi.Output<Readonly<Record<string, NodeStatus>>>;

  /** The state of etcd: "healthy" when all is well; undefined where none is declared. */
  declare readonly etcdVerdict: pulumi.Output<string | undefined>;
  /** The highest revision that etcd was seen to have by the last up: what is below it is not the cluster. */
  declare readonly etcdLastRevision: pulumi.Output<number | undefined>;
  /** The cluster that `etcdLastRevision` was recorded of. */
  declare readonly etcdLastCluster: pulumi.Output<string | undefined>;
  /** `etcd.acceptRevision` as it was declared when `etcdLastRevision` was recorded: used up. */
  declare readonly etcdAcceptedRevision: pulumi.Output<number | undefined>;

  constructor(name: string, args: ControlPlaneArgs, options?: pulumi.CustomResourceOptions) {
    const { nodes, staticPods, services, ...plane } = args;
    super(
      "quorate:index:ControlPlane",
      name,
      {
        status: undefined,
        etcdVerdict: undefined,
        etcdLastRevision: undefined,
        etcdLastCluster: undefined,
        etcdAcceptedRevision: undefined,
        ...plane,
        nodes: mapEntries(nodes, (own, node) => expandNode(node, own, staticPods, services)),
      },
      options,
    );
  }
}

function expandNode(
  name: string,
  own: ControlPlaneNodeArgs,
  commonPods: ControlPlaneArgs["staticPods"],
  commonServices: ControlPlaneArgs["services"],
): pulumi.Inputs {
  if (!isRecord(own)) return own;
  const { values = {}, staticPods, services, ...rest } = own;
  const node: NodeValues = { name, values };
  return {
    ...rest,
    access: secretAccess(rest.access),
    staticPods: mapEntries(both(commonPods, staticPods), (template) => podFor(template, node)),
    services: both(commonServices, services),
  };
}

// A program is checked by nobody before it runs. What is no record is handed on as it is, for the provider to refuse: to spread it
// would make nothing of it, and nothing declared is what `up` would then believe.

function both<T>(common: Readonly<Record<string, T>> = {}, own: Readonly<Record<string, T>> = {}) {
  const wrong = [common, own].find((one) => !isRecord(one));
  return wrong ?? { ...common, ...own };
}

function mapEntries<T, U>(record: Readonly<Record<string, T>>, change: (value: T, key: string) => U) {
  if (!isRecord(record)) return record;
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
