import { expect } from "chai";
import { etcdEffectsOfKind } from "../../../src/model/etcd-step";
import { stepRows } from "./step-contract";

describe("the contract of etcd's steps", () => {
  it("has a row for every kind of step", () => {
    const covered = new Set(stepRows.flatMap(({ kinds }) => kinds));
    expect([...covered].sort()).to.deep.equal(Object.keys(etcdEffectsOfKind).sort());
  });
});
