// One static pod on one node, outside a declared control plane.

import * as pulumi from "@pulumi/pulumi";
import { type AccessArgs, type Pod, type ServiceArgs, secretAccess } from "./node-args";

/** A static pod and where it runs. */
export interface StaticPodArgs {
  /** The node's name: the kubelet's node name. */
  readonly node: pulumi.Input<string>;
  /** How the node is reached. */
  readonly access: AccessArgs;
  /** The Pod; its name is the manifest's file name. A Pod that runs etcd is refused. */
  readonly pod: pulumi.Input<Pod>;
  /** user:group of the manifest. Default: root:root. */
  readonly manifestOwner?: pulumi.Input<string>;
  /** Where the kubelet looks for static pods. Default: /etc/kubernetes/manifests. */
  readonly manifestDirectory?: pulumi.Input<string>;
  /** Where a replaced file goes, on the node. Default: /var/lib/quorate/archive. */
  readonly archiveDirectory?: pulumi.Input<string>;
  /** How long a new container may take to appear before it counts as failed, seconds. Default: 90. */
  readonly containerStartTimeoutSeconds?: pulumi.Input<number>;
}

/** One manifest on one node: kube-vip, haproxy and the like. */
export class StaticPod extends pulumi.CustomResource {
  constructor(name: string, args: StaticPodArgs, options?: pulumi.CustomResourceOptions) {
    super("quorate:index:StaticPod", name, { status: undefined, ...args, access: secretAccess(args.access) }, options);
  }
}

/** A service and where it runs. */
export interface NodeServiceArgs extends ServiceArgs {
  /** The node's name. */
  readonly node: pulumi.Input<string>;
  /** How the node is reached. */
  readonly access: AccessArgs;
  /** Unit or process name. The kubelet and etcd belong to a ControlPlane and are refused. */
  readonly service: pulumi.Input<string>;
}

/** One systemd unit or monit process on one node, outside a declared control plane. */
export class NodeService extends pulumi.CustomResource {
  constructor(name: string, args: NodeServiceArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "quorate:index:NodeService",
      name,
      { status: undefined, ...args, access: secretAccess(args.access) },
      options,
    );
  }
}
