// A stand-in for what kubeadm and the kubelet make of a node: certificates, manifests, and an HTTPS port that answers while
// the API server's manifest is there. It lets a look at the node and the check after the playbook find a control plane.

import { pkiPlaces } from "../../../src/model/backup";
import { etcdDeclarationSchema } from "../../../src/model/etcd-declaration";
import { renderPkiStep } from "../../../src/render/pki-step-command";
import type { LabHost } from "../../lab/lab";

const kubelet = `import http.server, os, ssl
manifest = "/etc/kubernetes/manifests/kube-apiserver.yaml"
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        alive = os.path.exists(manifest) and not os.path.exists("/etc/kubernetes/mute")
        self.send_response(200 if alive and self.path == "/livez" else 500)
        self.end_headers()
    def log_message(self, *_):
        pass
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/etc/kubelet-standin/tls.pem")
server = http.server.ThreadingHTTPServer(("0.0.0.0", 6443), Answer)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
`;

const unit = `[Unit]
Description=kubelet
[Service]
ExecStart=/usr/bin/python3 /etc/kubelet-standin/kubelet.py
[Install]
WantedBy=multi-user.target
`;

const pods = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];

/** Gives a host a control plane. */
export async function furnishControlPlane(host: LabHost): Promise<void> {
  const manifests = pods.map(
    (name) =>
      `printf 'apiVersion: v1\\nkind: Pod\\nmetadata: {name: ${name}, namespace: kube-system}\\nspec: {containers: [{name: ${name}, image: x}]}\\n' > /etc/kubernetes/manifests/${name}.yaml`,
  );
  const script = [
    "set -e",
    "mkdir -p /etc/kubelet-standin /etc/kubernetes/manifests /etc/kubernetes/ssl",
    `cat > /etc/kubelet-standin/kubelet.py <<'END'\n${kubelet}END`,
    `cat > /etc/systemd/system/kubelet.service <<'END'\n${unit}END`,
    "openssl req -x509 -nodes -newkey rsa:2048 -keyout /tmp/key.pem -out /tmp/cert.pem -days 2 -subj /CN=kube-apiserver 2>/dev/null",
    "cat /tmp/key.pem /tmp/cert.pem > /etc/kubelet-standin/tls.pem",
    "cd /etc/kubernetes/ssl",
    "for file in ca.crt ca.key front-proxy-ca.crt front-proxy-ca.key sa.key sa.pub; do echo $file of the cluster > $file; done",
    "ln -sfn /etc/kubernetes/ssl /etc/kubernetes/pki",
    ...manifests,
    "systemctl daemon-reload",
    "systemctl enable --now kubelet 2>/dev/null",
  ];
  await host.run("sh", { input: `${script.join("\n")}\n` });
}

/** Takes a host's control plane away, as a node that comes back from the provider: the kubelet is installed, nothing else. */
export async function loseControlPlane(host: LabHost): Promise<void> {
  await host.run("systemctl stop kubelet; rm -rf /etc/kubernetes");
}

/** The archive of a host that ControlPlaneBackup would keep, base64 of a tar.gz, made by its very step. */
export async function packCertificates(host: LabHost): Promise<string> {
  const member = { name: "etcd1", peerUrl: `https://${host.address}:2380`, clientUrl: `https://${host.address}:2379` };
  const etcd = etcdDeclarationSchema.parse({ runner: { kind: "systemd" }, members: { [host.name]: member } });
  const { paths, excluded } = pkiPlaces({ etcd });
  const step = renderPkiStep({ kind: "collectPki", node: host.name, reason: "a backup", paths, excluded });
  await host.run("cat > /root/collect.sh", { input: step });
  return host.run("bash -c 'set -o pipefail; bash /root/collect.sh | base64 -w0; rm /root/collect.sh'");
}
