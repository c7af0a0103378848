import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { removeLocks, takeLock } from "../../src/engine/lock";

describe("takeLock", () => {
  let root: string;
  let folder: string;
  const backend = () => ({ url: `file://${root}`, root });
  const hold = (fields: object) => writeFileSync(join(folder, "11111111.json"), JSON.stringify(fields));
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "quorate-lock-"));
    folder = join(root, ".pulumi/locks/organization/demo/prod");
    mkdirSync(folder, { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("writes a file in the form of the Pulumi CLI and removes it on release", () => {
    const lock = takeLock(backend(), "demo", "prod");
    const [name] = readdirSync(folder);
    expect(name).to.match(/^[0-9a-f-]{36}\.json$/);
    const holder = JSON.parse(readFileSync(join(folder, name ?? ""), "utf8")) as Record<string, unknown>;
    expect(Object.keys(holder)).to.deep.equal(["pid", "username", "hostname", "timestamp"]);
    expect(holder).to.include({ pid: process.pid, hostname: hostname() });
    lock.release();
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it("refuses while a process of this host holds it, and names who", () => {
    hold({ pid: process.ppid, username: "ann", hostname: hostname(), timestamp: "2026-11-21T10:00:00Z" });
    expect(() => takeLock(backend(), "demo", "prod"))
      .to.throw(`locked by ann@${hostname()} (pid ${process.ppid}) since 2026-11-21T10:00:00Z`)
      .with.property("code", "locked");
    expect(readdirSync(folder)).to.deep.equal(["11111111.json"]);
  });

  it("takes over from a process of this host that is dead, with a note", () => {
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    hold({ pid, username: "ann", hostname: hostname(), timestamp: "2026-11-21T10:00:00Z" });
    const lock = takeLock(backend(), "demo", "prod");
    expect(lock.notes.join()).to.include(`took over the lock of ann@${hostname()} (pid ${pid})`);
    lock.release();
  });

  it("does not take over from another host, nor from a file that it cannot read", () => {
    hold({ pid: 999_999_999, username: "ann", hostname: "elsewhere", timestamp: "now" });
    expect(() => takeLock(backend(), "demo", "prod")).to.throw("ann@elsewhere");
    writeFileSync(join(folder, "11111111.json"), "{");
    expect(() => takeLock(backend(), "demo", "prod")).to.throw("unreadable lock file");
  });

  it("does not mind locks of other stacks", () => {
    takeLock(backend(), "demo", "test");
    takeLock(backend(), "demo", "prod").release();
  });

  it("is refused to the second of two holders", () => {
    const first = takeLock(backend(), "demo", "prod");
    expect(() => takeLock(backend(), "demo", "prod")).to.throw(`pid ${process.pid}`);
    first.release();
    takeLock(backend(), "demo", "prod").release();
  });
});

describe("removeLocks", () => {
  it("removes every lock of the stack and says whose they were", () => {
    const root = mkdtempSync(join(tmpdir(), "quorate-lock-"));
    const backend = { url: `file://${root}`, root };
    takeLock(backend, "demo", "prod");
    expect(removeLocks(backend, "demo", "prod")).to.have.length(1);
    expect(removeLocks(backend, "demo", "prod")).to.deep.equal([]);
    rmSync(root, { recursive: true });
  });
});
