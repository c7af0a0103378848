import { expect } from "chai";
import { type Checkpoint, emptyCheckpoint } from "../../src/engine/checkpoint";
import { emptyState, type ResourceState } from "../../src/engine/resource-state";
import { SnapshotStore } from "../../src/engine/snapshot-store";

const named = (name: string, fields: Partial<ResourceState> = {}): ResourceState => ({
  ...emptyState,
  urn: `urn:pulumi:prod::demo::demo:index:Thing::${name}`,
  ...fields,
});

describe("SnapshotStore", () => {
  const written: Checkpoint[] = [];
  const store = (...resources: readonly ResourceState[]) => {
    written.splice(0);
    return new SnapshotStore({ ...emptyCheckpoint("x"), resources }, (checkpoint) => written.push(checkpoint));
  };
  const names = (checkpoint: Checkpoint | undefined) => checkpoint?.resources.map(({ urn }) => urn.split("::").at(-1));

  it("writes the operation before it begins and without it when it has ended", () => {
    const old = named("a");
    const snapshot = store(old);
    const operation = { resource: old, type: "updating" } as const;
    snapshot.begin(operation);
    snapshot.finish(operation, old, { ...old, id: "new" });
    expect(written.map(({ pendingOperations }) => pendingOperations.map(({ type }) => type))).to.deep.equal([
      ["updating"],
      [],
    ]);
    expect(written.at(-1)?.resources).to.deep.equal([{ ...old, id: "new" }]);
  });

  it("keeps what was there before, behind what is new, until it has been dealt with", () => {
    const [a, b] = [named("a"), named("b")];
    const snapshot = store(a, b);
    snapshot.keep(b, b, true);
    expect(names(written.at(-1))).to.deep.equal(["b", "a"]);
  });

  it("forgets an operation that failed and keeps the old resource", () => {
    const old = named("a");
    const snapshot = store(old);
    const operation = { resource: { ...old, id: "x" }, type: "updating" } as const;
    snapshot.begin(operation);
    snapshot.abandon(operation);
    expect(written.at(-1)).to.deep.include({ resources: [old], pendingOperations: [] });
  });

  it("does not write what does not matter until something does, or the run ends", () => {
    const old = named("a");
    const snapshot = store(old);
    snapshot.keep(old, { ...old, sourcePosition: "moved" }, false);
    expect(written).to.deep.equal([]);
    snapshot.flush();
    expect(written.at(-1)?.resources[0]?.sourcePosition).to.equal("moved");
    snapshot.flush();
    expect(written).to.have.length(1);
  });

  it("refuses to write a state in which something comes before what it needs", () => {
    const snapshot = store();
    const orphan = named("b", { dependencies: [named("a").urn] });
    const operation = { resource: orphan, type: "creating" } as const;
    snapshot.begin(operation);
    expect(() => snapshot.finish(operation, undefined, orphan)).to.throw("not in order");
    expect(written).to.have.length(1);
  });

  it("carries an interrupted creation on until the resource has been made", () => {
    const lost = { resource: named("lost"), type: "creating" } as const;
    const updating = { resource: named("other"), type: "updating" } as const;
    const before = { ...emptyCheckpoint("x"), pendingOperations: [lost, updating] };
    const snapshot = new SnapshotStore(before, undefined);
    expect(snapshot.current().pendingOperations).to.deep.equal([lost]);
    const operation = { resource: named("lost"), type: "creating" } as const;
    snapshot.finish(operation, undefined, named("lost", { id: "found" }));
    expect(snapshot.current().pendingOperations).to.deep.equal([]);
  });
});
