// The script of an acceptance check, run by a real shell: what makes it pass and what it says when it does not.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { checkScript } from "../../src/resources";

const listing = "printf 'pod/wordpress-5787  1/1  Running\\nservice/wordpress  LoadBalancer\\n'";

describe("checkScript", () => {
  const run = (check: Omit<Parameters<typeof checkScript>[0], "name">) => {
    const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", checkScript({ name: "shop", ...check })]);
    return { status, stdout: stdout.toString(), stderr: stderr.toString() };
  };

  it("passes and shows what the command printed when it ends well and every line is there", () => {
    const { status, stdout, stderr } = run({
      command: listing,
      expect: ["^pod/.* 1/1 +Running", "^service/wordpress +"],
    });
    expect([status, stderr]).to.deep.equal([0, ""]);
    expect(stdout).to.equal("pod/wordpress-5787  1/1  Running\nservice/wordpress  LoadBalancer\n");
  });

  const failures: readonly (readonly [string, Parameters<typeof run>[0], RegExp])[] = [
    ["a line is missing", { command: listing, expect: ["^service/shop "] }, /no line that matches \^service\/shop $/m],
    ["one of two lines is missing", { command: listing, expect: ["^pod", "^node"] }, /no line that matches \^node$/m],
    ["the command fails", { command: "echo no route >&2; exit 7" }, /^no route\n(.|\n)*exit code 7$/m],
    ["the command is not there", { command: "no-such-program-here" }, /exit code 127$/m],
    ["the expected text starts with a dash", { command: "true", expect: ["--all"] }, /no line that matches --all$/m],
    ["a quote is in the pattern", { command: "echo x", expect: ["it's"] }, /no line that matches it's$/m],
  ];
  for (const [name, check, want] of failures) {
    it(`fails with the check's name and what was printed when ${name}`, () => {
      const { status, stderr } = run(check);
      expect(status).to.equal(1);
      expect(stderr)
        .to.match(/check shop: /)
        .and.to.match(want);
    });
  }

  it("tries again until it holds, as long as it is given time", () => {
    const folder = mkdtempSync(join(tmpdir(), "quorate-test-"));
    const tries = join(folder, "tries");
    try {
      const command = `echo once more >> '${tries}'; test "$(wc -l < '${tries}')" -ge 2`;
      expect(run({ command, timeoutSeconds: 60 }).status).to.equal(0);
      expect(readFileSync(tries, "utf8")).to.equal("once more\nonce more\n");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
