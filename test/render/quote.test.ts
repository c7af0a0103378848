import { expect } from "chai";
import { quoteComment, quoteDocument, quoteWord } from "../../src/render/quote";
import { expectHolds } from "../property/parameters";
import { echoed, quotesAnyDocument, quotesAnyWord } from "../property/text-properties";

const shells = ["dash", "bash"];

describe("quoteWord", () => {
  for (const value of ["", "a b", "it's", "$(touch /tmp/x)", "`id`", "a\nb", "-n", "*", "~", "a=b", "\\", "\t", "é€"]) {
    it(`gives the shell back ${JSON.stringify(value)} as one word`, () => {
      for (const shell of shells) expect(echoed(shell, `printf '[%s]' ${quoteWord(value)}`)).to.equal(`[${value}]`);
    });
  }

  it("gives the shell back any text as one word", () => {
    expectHolds(quotesAnyWord, { numRuns: 60 });
  });

  it("leaves a plain path as it is, so that a person can read it", () => {
    expect(quoteWord("/etc/kubernetes/manifests/kube-scheduler.yaml")).to.equal(
      "/etc/kubernetes/manifests/kube-scheduler.yaml",
    );
  });

  it("refuses a NUL", () => {
    expect(() => quoteWord("a\0b")).to.throw("NUL");
  });
});

describe("quoteDocument", () => {
  for (const value of ["a: $(id)\n", "", "no newline", "END_OF_FILE\nEND_OF_FILE_2\n", "\\\n`x`\n$HOME\n"]) {
    it(`gives the shell back ${JSON.stringify(value)} as lines`, () => {
      const want = value === "" || value.endsWith("\n") ? value : `${value}\n`;
      for (const shell of shells) expect(echoed(shell, `cat ${quoteDocument(value)}\n`)).to.equal(want);
    });
  }

  it("gives the shell back any text as lines", () => {
    expectHolds(quotesAnyDocument, { numRuns: 60 });
  });
});

describe("quoteComment", () => {
  it("makes one line of text with newlines and other control characters", () => {
    expect(quoteComment("a\nrm -rf /\r\u0085b\u2028c\u001b[2J")).to.equal("a rm -rf / b c [2J");
  });
});
