import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { replaceFile } from "../../src/engine/durable-file";

describe("replaceFile", () => {
  it("leaves the old file whole when the disk has room for a part of the new one only", function () {
    if (process.getuid?.() !== 0) return this.skip();
    const folder = mkdtempSync(join(tmpdir(), "quorate-small-disk-"));
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "none", folder], { stdio: "ignore" });
    } catch {
      rmSync(folder, { recursive: true });
      return this.skip();
    }
    try {
      const file = join(folder, "state.json");
      writeFileSync(file, "old");
      writeFileSync(join(folder, "other"), "x".repeat(40 * 1024));
      expect(() => replaceFile(file, "n".repeat(30_000), { backup: true })).to.throw(/ENOSPC/);
      expect(readFileSync(file, "utf8")).to.equal("old");
      expect(readdirSync(folder).sort()).to.deep.equal(["other", "state.json"]);
    } finally {
      execFileSync("umount", [folder]);
      rmSync(folder, { recursive: true });
    }
  });
});
