import { expect } from "chai";
import { planeOfSite } from "../../src/inventory/observed-plane";
import { parseIniInventory } from "../../src/inventory/parse-ini";
import { parseVariables } from "../../src/inventory/parse-yaml";
import { isRecoveryError } from "../../src/model/errors";
import type { Site } from "../../src/model/inventory";
import { treeOfTag } from "./trees";

const version = treeOfTag("v2.30.0");

function site(text: string, extra = ""): Site {
  const extraVars = extra === "" ? [] : [{ path: "extra.yml", variables: parseVariables("extra.yml", extra) }];
  return { inventory: parseIniInventory("hosts.ini", text), variablesFiles: [], extraVars };
}

const groups = "[kube_control_plane]\ncp1\n[etcd]\ncp1\n";

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isRecoveryError(error)) return [error.message, ...error.problems, error.hint].join("\n");
    throw error;
  }
  return expect.fail("nothing was refused");
}

describe("planeOfSite", () => {
  it("reaches hosts as Ansible does: address, port, user, key, configuration and jump host", () => {
    const line =
      "cp1 ansible_host=10.0.0.1 ansible_port=2222 ansible_user=ops ansible_ssh_private_key_file=/keys/id ansible_ssh_common_args='-F lab/ssh_config -J bastion -o ForwardAgent=yes'";
    const { plane, notes } = planeOfSite(site(`${line}\n${groups}`), version, { baseFolder: "/site" });
    expect(plane.nodes.cp1?.access).to.deep.equal({
      kind: "ssh",
      host: "10.0.0.1",
      port: 2222,
      user: "ops",
      identityFile: "/keys/id",
      jumpHost: "bastion",
      configFile: "/site/lab/ssh_config",
    });
    expect(notes).to.have.length(1);
    expect(notes[0]).to.contain("-o ForwardAgent=yes is not followed");
  });

  it("prefers the ssh configuration that is given on the command line", () => {
    const { plane } = planeOfSite(site(`cp1 ansible_ssh_common_args='-F theirs'\n${groups}`), version, {
      baseFolder: "/site",
      sshConfig: "/mine",
    });
    expect(plane.nodes.cp1?.access).to.deep.include({ configFile: "/mine" });
  });

  it("asks each member where and as what kubespray configures it", () => {
    const lines =
      "cp1 ip=10.0.0.1 access_ip=192.168.0.1 etcd_member_name=first\ncp2 ansible_host=10.0.0.2\ncp3 ip='{{ ansible_host }}' ansible_host=fd00::3\n[all:vars]\nbin_dir=/opt/bin\netcd_cert_dir=/certs\netcd_data_dir=/data/etcd\n[kube_control_plane]\ncp1\n[etcd]\ncp[1:3]\n";
    const { etcd } = planeOfSite(site(lines), version, { baseFolder: "/site" });
    expect(etcd.dataDirectory).to.equal("/data/etcd");
    expect(Object.values(etcd.members).map(({ name, peerUrl }) => [name, peerUrl])).to.deep.equal([
      ["first", "https://192.168.0.1:2380"],
      ["etcd2", "https://10.0.0.2:2380"],
      ["etcd3", "https://[fd00::3]:2380"],
    ]);
    expect(etcd.members.cp2?.client).to.deep.include({
      command: ["/opt/bin/etcdctl"],
      ca: "/certs/ca.pem",
      key: "/certs/admin-cp2-key.pem",
    });
  });

  it("lets extra variables win, as Ansible does", () => {
    const { plane } = planeOfSite(site(`cp1 ansible_user=ops\n${groups}`, "ansible_user: root\n"), version, {
      baseFolder: "/site",
    });
    expect(plane.nodes.cp1?.access).to.deep.include({ user: "root" });
  });

  it("gives hosts whose names are no Kubernetes names a name of their own, and leads back to them", () => {
    const text = "[kube_control_plane]\nTaco_M1 ansible_host=10.0.0.1\n[etcd]\nTaco_M1\n";
    const { plane, hostOf, etcd } = planeOfSite(site(text), version, { baseFolder: "/site" });
    expect(Object.keys(plane.nodes)).to.deep.equal(["host-1"]);
    expect(hostOf.get("host-1")).to.equal("Taco_M1");
    expect(etcd.members["host-1"]?.client?.certificate).to.equal("/etc/ssl/etcd/ssl/admin-Taco_M1.pem");
  });

  it("looks for a kubelet on the control plane only, and takes the old group names of newer tags", () => {
    const text = "cp1 ansible_connection=local\n[kube-master]\ncp1\n[etcd]\ncp1\ne2 ansible_host=10.0.0.2\n";
    const { plane, controlPlaneHosts } = planeOfSite(site(text), version, { baseFolder: "/site" });
    expect([...controlPlaneHosts]).to.deep.equal(["cp1"]);
    expect(plane.nodes.cp1?.access).to.deep.equal({ kind: "local" });
    expect(Object.keys(plane.nodes.cp1?.services ?? {})).to.deep.equal(["kubelet"]);
    expect(plane.nodes.e2?.services).to.deep.equal({});
  });

  it("names file and line of a template that only Ansible can fill in", () => {
    const text = `cp1 ansible_host="{{ lookup('env', 'CP1') }}"\n${groups}`;
    expect(refusal(() => planeOfSite(site(text), version, { baseFolder: "/site" }))).to.match(
      /hosts\.ini:1: 'ansible_host' of host 'cp1' is the template .*--facts/s,
    );
  });

  it("names what cannot be an address or a port", () => {
    const text = `cp1 ansible_host="a b" ansible_port=99999\n${groups}`;
    expect(refusal(() => planeOfSite(site(text), version, { baseFolder: "/site" })))
      .to.contain("nodes.cp1.access.host: must be a host name")
      .and.to.contain("nodes.cp1.access.port")
      .and.to.contain("--ssh-config");
  });

  it("refuses an inventory without an etcd or control plane host", () => {
    expect(refusal(() => planeOfSite(site("[etcd]\ncp1\n"), version, { baseFolder: "/site" }))).to.contain(
      "has no hosts in kube_control_plane to look at",
    );
  });
});
