// etcd that cannot be asked, that its certificates keep out, or that cannot be reached: said as what it is, refused with the
// reason, and nothing is changed.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { EtcdVerdictKind } from "../../src/model/etcd-verdict";
import { chooseCases } from "../matrix";
import { describeEtcd } from "./describe-one";
import { systemdProject } from "./etcd-project";
import {
  Authority,
  type LabHost,
  labOrSkip,
  openSystemdEtcdLab,
  openTimeoutMs,
  type SystemdEtcdLab,
  waitUntil,
} from "./lab";
import type { Project } from "./project";

interface Refusal {
  readonly name: string;
  readonly kind: "tool" | "certificate" | "network";
  /** Makes the fault on these hosts. */
  make(lab: SystemdEtcdLab, hosts: readonly LabHost[]): Promise<unknown>;
  /** How many of the three have it. */
  readonly count: 1 | 3;
  /** The verdicts that may be said. */
  readonly verdicts: readonly EtcdVerdictKind[];
}

const tool = "/usr/local/bin/etcdctl";
const folder = "/etc/ssl/etcd/ssl";
const dayMs = 24 * 3_600_000;
const onEach = (hosts: readonly LabHost[], command: string) => Promise.all(hosts.map((host) => host.run(command)));
const replaceTool = (text: string) => (_lab: SystemdEtcdLab, hosts: readonly LabHost[]) =>
  onEach(hosts, `mv ${tool} ${tool}.away; printf '#!/bin/sh\\n%s\\n' '${text}' > ${tool}; chmod +x ${tool}`);

/** Puts a certificate of a member or an admin in place of the one that is there; a member's is used from its next start on. */
function replaceCertificate(role: "member" | "admin", fault: "expired" | "not valid yet" | "foreign") {
  return async (lab: SystemdEtcdLab, hosts: readonly LabHost[]): Promise<void> => {
    for (const [index, host] of hosts.entries()) {
      const authority =
        fault === "foreign"
          ? await Authority.create(join(host.diskDirectory, `root/foreign-${role}-${index}`))
          : lab.authority;
      const now = Date.now();
      const { certificate, key } = await authority.issue({
        commonName: `etcd-${role}-${host.name}`,
        alternativeNames: [`DNS:${host.name}`, "DNS:localhost", `IP:${host.address}`, "IP:127.0.0.1"],
        ...(fault === "expired" ? { validFrom: new Date(now - 9 * dayMs), validUntil: new Date(now - dayMs) } : {}),
        ...(fault === "not valid yet" ? { validFrom: new Date(now + dayMs) } : {}),
      });
      writeFileSync(join(host.diskDirectory, folder, `${role}-${host.name}.pem`), certificate);
      writeFileSync(join(host.diskDirectory, folder, `${role}-${host.name}-key.pem`), key);
      if (role === "member") await host.run("systemctl restart --no-block etcd");
    }
  };
}

const tools = (["is missing", "hangs", "prints garbage", "cannot be executed"] as const).flatMap((how) =>
  ([1, 3] as const).map(
    (count): Refusal => ({
      name: `etcdctl ${how} on ${count} of 3`,
      kind: "tool",
      count,
      make: {
        "is missing": (_lab: SystemdEtcdLab, hosts: readonly LabHost[]) => onEach(hosts, `mv ${tool} ${tool}.away`),
        hangs: replaceTool("exec sleep 1000"),
        "prints garbage": replaceTool('echo "[{\\"Status\\": nonsense"; exit 0'),
        "cannot be executed": (_lab: SystemdEtcdLab, hosts: readonly LabHost[]) => onEach(hosts, `chmod 0644 ${tool}`),
      }[how],
      verdicts: ["tool-failure", "unknown"],
    }),
  ),
);
const certificates = (["expired", "not valid yet", "foreign"] as const).flatMap((fault): readonly Refusal[] => [
  {
    name: `the member's certificate is ${fault}`,
    kind: "certificate",
    count: 1,
    make: replaceCertificate("member", fault),
    verdicts: ["certificates"],
  },
  {
    name: `the client's certificate is ${fault} everywhere`,
    kind: "certificate",
    count: 3,
    make: replaceCertificate("admin", fault),
    verdicts: ["certificates", "tool-failure", "unknown"],
  },
]);
const network: readonly Refusal[] = [
  {
    name: "the peers cannot reach a member, and the operator can",
    kind: "network",
    count: 1,
    make: (_lab, hosts) =>
      onEach(hosts, "iptables -A INPUT -p tcp --dport 2380 -j DROP; iptables -A OUTPUT -p tcp --dport 2380 -j DROP"),
    verdicts: ["minority-lost"],
  },
  {
    name: "a node has no power",
    kind: "network",
    count: 1,
    make: (_lab, hosts) => Promise.all(hosts.map((host) => host.powerOff())),
    verdicts: ["minority-lost"],
  },
];
const all = [...tools, ...certificates, ...network];

describeEtcd("etcd that is left alone", function () {
  this.timeout(10 * 60_000);
  let lab: SystemdEtcdLab;
  let project: Project;

  before(async function () {
    this.timeout(openTimeoutMs);
    lab = labOrSkip(this, await openSystemdEtcdLab());
  });
  // A store that is new is an emptied one to a project that knew another.
  beforeEach(async () => {
    await lab.reset();
    project = await systemdProject(lab);
  });
  afterEach(() => project?.remove());
  after(() => lab?.close());

  /** All that a change of etcd would change on a host: whose data it is, its definition, pauses. */
  const stateOf = (host: LabHost) =>
    host.run(
      "ls -i /var/lib/etcd/member/wal/0000000000000000-0000000000000000.wal /var/lib/etcd/member/snap/db /etc/etcd.env;" +
        " sha256sum /etc/etcd.env; ls /run/systemd/system/etcd.service.d /var/lib/etcd-archive 2>&1; ls /etc/ssl/etcd/ssl",
    );
  const processOf = (host: LabHost) =>
    host.run("systemctl show -p MainPID,ExecMainStartTimestampMonotonic,ActiveState etcd");

  for (const { name, kind, make, count, verdicts } of chooseCases("etcd that is left alone", all, ({ kind }) => kind)) {
    it(`says so and changes nothing when ${name}`, async () => {
      const first = await project.up();
      expect(first.exitCode, first.output).to.equal(0);
      await lab.writeKeys(100);
      const hosts = count === 1 ? lab.hosts.slice(1, 2) : lab.hosts;
      const on = () => lab.hosts.filter((host) => host.isOn);
      await make(lab, hosts);
      // A member whose certificate nobody takes is started again and again by systemd.
      const steady = () => on().filter((host) => kind !== "certificate" || count === 3 || !hosts.includes(host));
      const looks = async () => ({
        states: await Promise.all(on().map(stateOf)),
        processes: await Promise.all(steady().map(processOf)),
        // Where the fault is on all three, nobody could ask for a change of the membership.
        members: count === 1 ? await lab.etcdctl("member list", lab.hosts[0] ?? expect.fail()) : "",
      });
      // A member that was restarted, or cut off, takes a moment to be seen as what it is.
      const said = new RegExp(`etcd: (${verdicts.join("|")}): `);
      const preview = await waitUntil(
        "the preview to say so",
        async () => {
          const end = await project.preview();
          if (!said.test(end.output)) throw new Error(end.output);
          return end;
        },
        { deadlineMs: 120_000 },
      );
      expect(preview.exitCode, preview.output).to.equal(0);
      expect(preview.output).to.match(/(blocked \([a-z-]+\)|is unreachable)/);
      const before = await looks();
      const up = await project.up();
      expect(up.exitCode, up.output).to.be.greaterThan(0);
      expect(up.output, up.output).to.match(new RegExp(`etcdVerdict: .* => "(${verdicts.join("|")})"`));
      expect(await looks()).to.deep.equal(before);
    });
  }
});
