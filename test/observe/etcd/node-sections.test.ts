import { expect } from "chai";
import { etcdObservationSchema } from "../../../src/model/etcd-observation";
import { parseEtcdObservation, type ToolOutput } from "../../../src/observe/etcd";
import { parseCertificates, parseSnapshots } from "../../../src/observe/etcd/files";
import {
  parseDataDirectory,
  parseDefinition,
  parseService,
  parseWriters,
} from "../../../src/observe/etcd/node-sections";

const said = (stdout: string, change: Partial<ToolOutput> = {}): ToolOutput => ({
  stdout,
  stderr: "",
  exitCode: 0,
  timedOut: false,
  ...change,
});

// The head of a real 3.5.21 segment: member 36a1c3e187a5a05a of cluster ca9a7f0e4f57ec12 would be in samples/; this one is made.
const metadata = Buffer.from([0x08, 0x2a, 0x10, 0x63]);
const record = Buffer.concat([Buffer.from([0x08, 0x01, 0x10, 0x00, 0x1a, metadata.length]), metadata]);
const head = Buffer.concat([Buffer.from([record.length, 0, 0, 0, 0, 0, 0, 0]), record]).toString("base64");

describe("parseDataDirectory", () => {
  it("reads state, owner, space, whose data it is and the mark against it", () => {
    const data = parseDataDirectory(
      said(
        `directory=/var/lib/etcd\nstate=present\nowner=etcd:etcd\nfree_bytes=123\ndeleted=no\ncondemned=ff,2a\nwal_head=${head}\n`,
      ),
    );
    expect(data).to.deep.include({ state: "present", owner: "etcd:etcd", freeBytes: 123, isCondemned: true });
    expect(data.identity).to.deep.equal({ memberId: "2a", clusterId: "63" });
  });

  it("is not condemned by the mark of another member", () => {
    expect(parseDataDirectory(said(`state=present\ncondemned=2b\nwal_head=${head}`)).isCondemned).to.equal(false);
  });

  for (const [name, given] of [
    ["no section", undefined],
    ["a section that ran past its deadline", said("state=present", { exitCode: undefined, timedOut: true })],
    ["a state of another world", said("state=splendid")],
  ] as const)
    it(`is unknown, never fine, for ${name}`, () => {
      const data = parseDataDirectory(given);
      expect(data.state).to.equal("unknown");
      expect(data.detail).to.match(/\S/);
    });

  it("has no identity when the head is no head of a segment", () => {
    for (const broken of ["", "AAAA", Buffer.alloc(64, 0xff).toString("base64")])
      expect(parseDataDirectory(said(`state=present\nwal_head=${broken}`)).identity).to.equal(undefined);
  });
});

describe("parseService and parseDefinition", () => {
  it("read pause, process and restarts", () => {
    const service = parseService(said("state=failed\npaused=yes\nrestarts=7\ndetail=start-limit-hit"));
    expect(service).to.deep.equal({
      state: "failed",
      isPaused: true,
      restarts: 7,
      hasProcess: false,
      detail: "start-limit-hit",
    });
  });

  it("take a definition that could not be read for one that is in place", () => {
    expect(parseDefinition(undefined)).to.deep.equal({ state: "in-place", isForcingNewCluster: false });
  });

  it("read the membership that a member would be started with", () => {
    const text =
      "state=parked\nname=a\ninitial_cluster=a=https://a:2380,b=https://b:2380\ninitial_cluster_state=existing\nforce_new_cluster=yes";
    expect(parseDefinition(said(text))).to.deep.equal({
      state: "parked",
      name: "a",
      initialCluster: [
        { name: "a", peerUrl: "https://a:2380" },
        { name: "b", peerUrl: "https://b:2380" },
      ],
      initialClusterState: "existing",
      isForcingNewCluster: true,
    });
  });

  it("read the writers", () => {
    expect(parseWriters(said("writer kube-apiserver running\nnonsense\n"))).to.deep.equal([
      { name: "kube-apiserver", isRunning: true },
    ]);
  });
});

describe("parseCertificates", () => {
  it("read dates, names and whether the CA signed it", () => {
    const [server, gone, broken] = parseCertificates(
      said(
        [
          "file server /pki/server.crt",
          "subject=CN = cp-0",
          "notBefore=Aug  1 09:11:00 2026 GMT",
          "notAfter=Aug  1 09:11:00 2027 GMT",
          "X509v3 Subject Alternative Name: ",
          "    DNS:cp-0.lab, DNS:localhost, IP Address:10.0.0.1",
          "verify 2",
          "file peer /pki/peer.crt",
          "missing",
          "file client /pki/client.crt",
          "unable to load certificate",
        ].join("\n"),
      ),
    );
    expect(server).to.deep.equal({
      role: "server",
      path: "/pki/server.crt",
      state: "readable",
      notBeforeSeconds: Date.UTC(2026, 7, 1, 9, 11) / 1000,
      notAfterSeconds: Date.UTC(2027, 7, 1, 9, 11) / 1000,
      isSignedByCa: false,
      names: ["cp-0.lab", "localhost", "10.0.0.1"],
    });
    expect([gone?.state, broken?.state]).to.deep.equal(["missing", "unreadable"]);
  });
});

describe("parseSnapshots", () => {
  it("list the newest first and verify only what the tool could read", () => {
    const sha256 = "a".repeat(64);
    const text = `snapshot /s/old.db 10 100 ${sha256}\nError: snapshot file corrupted\nsnapshot /s/new.db 20 200 ${sha256}\n{"hash":1,"revision":11,"totalKey":16,"totalSize":20}\n`;
    const snapshots = parseSnapshots(said(text));
    expect(snapshots.map(({ path, isVerified, revision }) => [path, isVerified, revision])).to.deep.equal([
      ["/s/new.db", true, 11],
      ["/s/old.db", false, undefined],
    ]);
  });
});

describe("parseEtcdObservation", () => {
  it("gives a whole observation of which everything is unknown when no section came", () => {
    const observation = parseEtcdObservation({});
    expect(etcdObservationSchema.safeParse(observation).success).to.equal(true);
    expect(observation.status).to.deep.include({ kind: "failed", failure: "not-asked" });
    expect(observation.data.state).to.equal("unknown");
  });
});
