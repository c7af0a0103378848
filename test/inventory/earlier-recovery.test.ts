import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { findEarlierRecoveries, setAsideStarted } from "../../src/inventory/earlier-recovery";

describe("earlier recoveries", () => {
  let parent: string;
  let folder: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), "quorate-earlier-"));
    folder = join(parent, "out");
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  function write(id: string, ...marks: readonly string[]): void {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "prepare.yml"), `    quorate_kept: /var/lib/quorate/${id}\n`);
    for (const mark of marks) writeFileSync(join(folder, mark), "2026-01-02T03:04:05Z\n");
  }

  it("are none where nothing was started", () => {
    const none = { attempt: 0, isHalfDone: false, isFinished: false, finished: undefined, restoreTokens: [] };
    expect(findEarlierRecoveries(folder)).to.deep.equal(none);
    write("aaa");
    expect(findEarlierRecoveries(folder)).to.deep.equal(none);
    expect(setAsideStarted(folder)).to.equal(undefined);
    expect(existsSync(folder)).to.equal(true);
  });

  it("are counted, the half done one and those that were moved aside, with the tokens of their restores", () => {
    write("aaa", "started");
    expect(findEarlierRecoveries(folder)).to.deep.include({ attempt: 1, isHalfDone: true, isFinished: false });
    expect(setAsideStarted(folder)).to.equal(`${folder}.earlier-1`);
    write("bbb", "started", "finished");
    expect(findEarlierRecoveries(folder)).to.deep.equal({
      attempt: 2,
      isHalfDone: false,
      isFinished: true,
      finished: "2026-01-02T03:04:05Z",
      restoreTokens: ["k8s_etcd", "quorate-bbb", "quorate-aaa"],
    });
  });

  it("keep what is in them when they are moved aside, each under a name of its own", () => {
    for (const id of ["aaa", "bbb"]) {
      write(id, "started");
      mkdirSync(join(folder, "preserved"));
      writeFileSync(join(folder, "preserved/etcd-snapshot.db"), id);
      setAsideStarted(folder);
    }
    const kept = (index: number) => readFileSync(`${folder}.earlier-${index}/preserved/etcd-snapshot.db`, "utf8");
    expect([kept(1), kept(2)]).to.deep.equal(["aaa", "bbb"]);
    expect(existsSync(folder)).to.equal(false);
  });
});
