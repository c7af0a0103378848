// An operator with one real sshd to reach: opens nodes on it, and closes what a test left open.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "mocha";
import { openSshNodes } from "../../../src/adapters/open-ssh-node";
import { type ControlPlaneDeclaration, controlPlaneSchema } from "../../../src/model/declaration";
import type { NodeObservation, UnreachableNode } from "../../../src/model/node-observation";
import type { WriteManifestStep } from "../../../src/model/step";
import type { NodeAccess } from "../../../src/ports/node-access";
import { pod, schedulerStep } from "../../builders";
import { installTimeoutMs, prepareSshd, RealSshd } from "./real-sshd";

/** Fields of an access that differ from the usual one. */
export type Access = Readonly<Record<string, unknown>>;

/** What a test does as an operator. */
export class Operator {
  readonly sshd = new RealSshd();
  private opened: NodeAccess[] = [];

  /** For `before`: starts the sshd, or skips the tests with the reason. */
  async start(context: Context): Promise<void> {
    context.timeout(installTimeoutMs);
    const missing = await prepareSshd();
    if (missing !== undefined) {
      process.stdout.write(`skipped: ${missing}\n`);
      context.skip();
    }
    await this.sshd.start();
  }

  /** For `afterEach`: closes what was opened and puts the usual configuration back. */
  async tidy(): Promise<void> {
    await Promise.all(this.opened.map((nodes) => nodes.close()));
    this.opened = [];
    this.sshd.clearShims();
    this.sshd.configure([]);
  }

  /** The directory that the nodes' kubelet would read. */
  get manifestDirectory(): string {
    return join(this.sshd.root, "kubernetes/manifests");
  }

  /** The file that {@link step} writes. */
  get target(): string {
    return join(this.manifestDirectory, "kube-scheduler.yaml");
  }

  /** A declaration of nodes, each with its access. */
  planeOf(accesses: Readonly<Record<string, Access>>): ControlPlaneDeclaration {
    mkdirSync(this.manifestDirectory, { recursive: true });
    const staticPods = { "kube-scheduler": pod("kube-scheduler") };
    const nodes = Object.entries(accesses).map(([name, access]) => [
      name,
      { access: { kind: "ssh", configFile: this.sshd.configFile, ...access }, staticPods },
    ]);
    return controlPlaneSchema.parse({
      nodes: Object.fromEntries(nodes),
      manifestDirectory: this.manifestDirectory,
      archiveDirectory: join(this.sshd.root, "archive"),
    });
  }

  /** The nodes of a declaration, until the test ends. */
  openAll(plane: ControlPlaneDeclaration, parallel = 8): NodeAccess {
    const nodes = openSshNodes(plane, { connectTimeoutSeconds: 2, parallel });
    this.opened.push(nodes);
    return nodes;
  }

  /** The node cp-0, reached as said. */
  open(access: Access = {}): NodeAccess {
    return this.openAll(this.planeOf({ "cp-0": { host: "127.0.0.1", port: this.sshd.port, ...access } }));
  }

  /** A step that writes a manifest on cp-0. */
  get step(): WriteManifestStep {
    return schedulerStep(this.sshd.root);
  }
}

/** An operator for the suite at hand: its sshd runs from `before` to `after`, and each test leaves it tidy. */
export function useOperator(): Operator {
  const operator = new Operator();
  before(async function () {
    await operator.start(this);
  });
  afterEach(() => operator.tidy());
  after(() => operator.sshd.close());
  return operator;
}

/** The observation of a node that must not have answered, its message on one line. */
export function unreachable(observation: NodeObservation): UnreachableNode {
  if (observation.kind !== "unreachable") throw new Error(`it answered: ${JSON.stringify(observation.host)}`);
  if (observation.message.includes("\n")) throw new Error(`not one line: ${observation.message}`);
  return observation;
}
