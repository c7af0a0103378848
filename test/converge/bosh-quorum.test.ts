import { expect } from "chai";
import { openQuorum } from "../../src/converge/bosh-quorum";
import type { EtcdObservation } from "../../src/model/etcd-observation";
import { type NodeObservation, nodeObservationVersion } from "../../src/model/node-observation";
import { declare, membership, nodeNames, nowSeconds, voterEtcd } from "../plan/etcd/builders";

const group = "master";
const nodes = nodeNames(3);
const [first = "", second = "", third = ""] = nodes;
const unknown = { kind: "unknown" as const, reason: "not asked" };

function seenNode(node: string, etcd: EtcdObservation): NodeObservation {
  const host = { hostName: node, kubeletNodeName: node, timeSeconds: nowSeconds };
  const rest = { manifests: unknown, containers: unknown, services: unknown, leftovers: unknown };
  return {
    schemaVersion: nodeObservationVersion,
    kind: "observed",
    node,
    host: { kind: "seen", value: host },
    etcd: { kind: "seen", value: etcd },
    ...rest,
  };
}

function silent(node: string): NodeObservation {
  const message = `the agent of ${node} does not answer`;
  return { schemaVersion: nodeObservationVersion, kind: "unreachable", node, level: "connect", message };
}

/** A quorum over members that are seen as given; healthy where nothing is given. */
function quorumOver(given: Readonly<Record<string, NodeObservation>> = {}, cluster = membership(nodes)) {
  const asked: string[] = [];
  let isClosed = false;
  const quorum = openQuorum({
    etcds: { [group]: declare(3, "monit") },
    open: async () => ({
      observe: async (node) => given[node] ?? seenNode(node, voterEtcd(cluster, node)),
      keepSnapshot: async (step) => {
        asked.push(step.node);
        return { kind: "kept" };
      },
      close: async () => {
        isClosed = true;
      },
    }),
  });
  return { quorum, asked, isClosed: () => isClosed };
}

const healthOf = async ({ quorum }: ReturnType<typeof quorumOver>) => {
  const found = await quorum.observeQuorum("pks", group);
  return found.kind === "unknown"
    ? found.why
    : found.voters.map(({ instance, isHealthy }) => `${instance?.id ?? "nobody"} ${isHealthy}`);
};

describe("openQuorum", () => {
  it("counts three votes, names the leader, and closes what it opened", async () => {
    const over = quorumOver();
    expect([...(await healthOf(over))].sort()).to.deep.equal(["cp-0 true", "cp-1 true", "cp-2 true"]);
    const found = await over.quorum.observeQuorum("pks", group);
    expect(found.kind === "known" && found.leader).to.deep.equal({ group, id: first });
    expect(over.isClosed()).to.equal(true);
  });

  it("counts a member whose agent is silent as no vote, by what its peers list", async () => {
    expect([...(await healthOf(quorumOver({ [third]: silent(third) })))].sort()).to.deep.equal([
      "cp-0 true",
      "cp-1 true",
      "cp-2 false",
    ]);
  });

  it("does not know when nobody can be asked, and says so", async () => {
    const found = await healthOf(quorumOver(Object.fromEntries(nodes.map((node) => [node, silent(node)]))));
    expect(found).to.equal("no member could be observed");
  });

  it("does not believe a lone member that boots a cluster of its own", async () => {
    const own = membership([first]);
    const given = {
      [first]: seenNode(first, voterEtcd(own, first)),
      [second]: silent(second),
      [third]: silent(third),
    };
    expect(await healthOf(quorumOver(given))).to.equal(
      "cp-0 answer, and it is not known whether that is the cluster: it lists 1 of 3 declared members, which is no majority of them",
    );
  });

  it("counts a voter that no instance stands behind as lost", async () => {
    const cluster = membership([...nodes, "cp-9"]);
    expect(await healthOf(quorumOver({}, cluster))).to.include("nobody false");
  });

  it("takes the snapshot from a follower other than the member that is about to be operated on, and remembers it", async () => {
    const over = quorumOver();
    expect(await over.quorum.takeSnapshot("pks", group, { group, id: second })).to.deep.equal({ kind: "kept" });
    expect(over.asked).to.deep.equal([third]);
    const found = await over.quorum.observeQuorum("pks", group);
    expect(found.kind === "known" && found.hasVerifiedSnapshot).to.equal(true);
  });

  it("takes none when no member is healthy, and says why", async () => {
    const over = quorumOver(Object.fromEntries(nodes.map((node) => [node, silent(node)])));
    const outcome = await over.quorum.takeSnapshot("pks", group);
    expect(outcome.kind === "not-kept" && outcome.message).to.contain("no healthy member could be asked");
    expect(over.asked).to.deep.equal([]);
  });
});
