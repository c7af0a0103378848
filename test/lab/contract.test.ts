// The contract of a node on a real one: what the simulator answers to each kind of step is what a host with a kubelet does.

import { expect } from "chai";
import { parse, stringify } from "yaml";
import { openSshNodes } from "../../src/adapters/open-ssh-node";
import { systemClock } from "../../src/adapters/system-clock";
import { controlPlaneSchema } from "../../src/model/declaration";
import type { JsonObject } from "../../src/model/json";
import type { NodeAccess } from "../../src/ports/node-access";
import type { Fault } from "../../src/simulator";
import { chooseCases } from "../matrix";
import { type ContractCase, type ContractSubject, contract, runContractCase } from "../simulator/contract";
import { type KubeadmLab, type LabHost, labOrSkip, openKubeadmLab, openTimeoutMs, waitUntil } from "./lab";

const manifestDirectory = "/etc/kubernetes/manifests";
const archiveDirectory = "/var/lib/quorate/archive";
const rows = Object.entries(contract).flatMap(([kind, some]) =>
  (some as unknown as readonly ContractCase[]).map((row) => ({ name: `${kind}: ${row.title}`, row })),
);

describe("the contract of a node, on a real kubeadm host", function () {
  this.timeout(5 * 60_000);
  let lab: KubeadmLab;
  let host: LabHost;
  let nodes: NodeAccess;
  let subject: ContractSubject;
  let manifest: string;

  before(async function () {
    this.timeout(openTimeoutMs);
    lab = labOrSkip(this, await openKubeadmLab({ nodes: 1 }));
    [host] = lab.hosts as readonly [LabHost];
    manifest = await host.run(`cat ${manifestDirectory}/kube-scheduler.yaml`);
    const plane = controlPlaneSchema.parse({
      nodes: {
        [host.name]: {
          access: { kind: "ssh", host: host.name, user: "root", configFile: lab.sshConfig },
          staticPods: { "kube-scheduler": parse(manifest) },
          services: { kubelet: {} },
        },
      },
      manifestDirectory,
      archiveDirectory,
    });
    nodes = openSshNodes(plane);
    const pod = parse(manifest) as JsonObject;
    const prepare = async (faults: readonly Fault[]) => {
      for (const fault of faults) await inject(fault);
    };
    const killService = async (service: string) => {
      await host.run(`systemctl kill --signal=KILL ${service}`);
    };
    const place = { node: host.name, pod, manifestDirectory, archiveDirectory };
    subject = { ...place, nodes, clock: systemClock(), prepare, killService };
  });
  afterEach(async () => {
    await host.run("systemctl unmask --runtime kubelet; systemctl start kubelet");
    await host.run(`rm -f ${manifestDirectory}/*.bak ${manifestDirectory}/../.quorate-staged.*`);
    await put("kube-scheduler.yaml", manifest);
    await waitUntil("the scheduler runs", async () =>
      /1\/1\s+Running/.test(await lab.kubectl(`get pod -n kube-system kube-scheduler-${host.name} --no-headers`)),
    );
  });
  after(async () => {
    await nodes?.close();
    await lab?.close();
  });

  for (const { name, row } of chooseCases("the contract of a node", rows, () => "row"))
    it(name, () => runContractCase(row, subject));

  const put = (fileName: string, text: string) =>
    host.run(
      `cat > /root/${fileName} && chown root:root /root/${fileName} && chmod 0600 /root/${fileName} && mv /root/${fileName} ${manifestDirectory}/`,
      { input: text },
    );

  /** Makes a fault of the simulator true on the host. */
  async function inject(fault: Fault): Promise<void> {
    switch (fault.kind) {
      case "manifest-set": {
        const changed = parse(await host.run(`cat ${manifestDirectory}/${fault.fileName}`));
        let at = changed;
        for (const key of fault.path.slice(0, -1)) at = at[key];
        at[fault.path.at(-1) ?? ""] = fault.value;
        await put(fault.fileName, stringify(changed));
        return;
      }
      case "manifest-removed":
        await host.run(`rm ${manifestDirectory}/${fault.fileName}`);
        return;
      case "manifest-content":
        if (fault.content.kind !== "pod") return expect.fail("only Pods are written here");
        await put(fault.fileName, stringify(fault.content.pod));
        return;
      case "manifest-copied":
        await host.run(`cp -p ${manifestDirectory}/${fault.fileName} ${manifestDirectory}/${fault.to}`);
        return;
      case "manifest-owned":
        await host.run(`chown ${fault.owner} ${manifestDirectory}/${fault.fileName}`);
        return;
      case "staged-file-left":
        await host.run(`echo half > ${fault.path}`);
        return;
      case "service-stopped":
        await host.run(`systemctl stop ${fault.service}`);
        return;
      case "service-paused":
        // Where its package puts the unit: one in /etc wins over a mask at run time.
        await host.run(
          `cd /etc/systemd/system && ! test -e ${fault.service}.service || mv ${fault.service}.service /usr/lib/systemd/system/`,
        );
        await host.run(
          `systemctl daemon-reload; systemctl stop ${fault.service}; systemctl mask --runtime ${fault.service}`,
        );
        return;
      default:
        expect.fail(`no row prepares ${fault.kind} yet: say here how a host gets it`);
    }
  }
});
