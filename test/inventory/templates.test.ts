import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { renderInventoryTemplate } from "../../src/render/inventory";
import { quoteIniWord, quoteMarkdown, quoteShell, quoteYaml } from "../../src/render/inventory-quoting";

const folder = join(__dirname, "..", "..", "templates", "inventory");

describe("templates/inventory", () => {
  for (const name of readdirSync(folder)) {
    it(`${name} prints every value through the quoting helper`, () => {
      const text = readFileSync(join(folder, name), "utf8");
      const printed = [...text.matchAll(/\{\{(?!\{)(?![#/]|else\b)([^}]*)\}\}/g)].map(
        (match) => match[1]?.trim() ?? "",
      );
      expect(printed).to.not.be.empty;
      for (const expression of printed) expect(expression).to.match(/^(?:q "[a-z-]+" (?:\.\.\/)?[\w.]+|j "[^"]+")$/);
    });
  }

  it("fail when a value is not given, and never print it as nothing", () => {
    expect(() => renderInventoryTemplate("recovery-vars.yml.hbs", {})).to.throw(
      /template recovery-vars\.yml\.hbs: .*not given/,
    );
    expect(() => renderInventoryTemplate("recovery-vars.yml.hbs", { variables: [{ name: "a" }] })).to.throw(
      /not given/,
    );
  });
});

describe("the quoting helper", () => {
  it("keeps words that need no quotes and quotes the others", () => {
    expect(["a-b.c:1", "a b", "it's", "#x", "", "{{ x }}", "$HOME"].map(quoteIniWord)).to.deep.equal([
      "a-b.c:1",
      "'a b'",
      `'it'"'"'s'`,
      "'#x'",
      "''",
      "'{{ x }}'",
      "'$HOME'",
    ]);
    expect(["/a/b", "a b", "it's", "$(reboot)"].map(quoteShell)).to.deep.equal([
      "/a/b",
      "'a b'",
      `'it'\\''s'`,
      "'$(reboot)'",
    ]);
    expect(["cp-1", "yes", "1.0", "a: b", "{{ x }}"].map(quoteYaml)).to.deep.equal([
      "cp-1",
      '"yes"',
      '"1.0"',
      '"a: b"',
      '"{{ x }}"',
    ]);
    expect(quoteMarkdown("a|b <c>\n*d* `rm *x*`")).to.equal("a\\|b \\<c\\> \\*d\\* `rm *x*`");
  });
});
