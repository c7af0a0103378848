// What programs import.
//
//   new ControlPlane("prod", {
//     nodes: { "cp-0": { access: { kind: "ssh", host: "10.0.0.10" }, values: { address: "10.0.0.10" } } },
//     staticPods: { "kube-scheduler": schedulerPod },
//     services: { containerd: {}, kubelet: {} },
//   });

export * from "./acceptance-checks";
export * from "./bosh-deployment";
export * from "./bosh-resurrection";
export * from "./control-plane";
export * from "./control-plane-backup";
export * from "./director-args";
export * from "./foundation";
export * from "./kubespray-recovery";
export * from "./node-args";
export * from "./recovery-inventory";
export * from "./static-pod";
