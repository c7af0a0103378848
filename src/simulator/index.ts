// The simulator's public face.

export { advance } from "./advance";
export { createWorld, type NodeTopology, type Topology } from "./create-world";
export { type Fault, injectFault } from "./faults";
export { type KubeadmNode, kubeadmTopology } from "./kubeadm-topology";
export { observeNode } from "./observe-node";
export { readPodFolder } from "./pod-folder";
export type { Operator } from "./script";
export { OperatorKilled, type SimulatedNodesOptions, simulatedClock, simulatedNodes } from "./simulated-nodes";
export type { Interruption, World } from "./world";
export { createWorldFile, openWorldFile } from "./world-file";
export { memoryWorld, type WorldHolder } from "./world-holder";
