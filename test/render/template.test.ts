import { expect } from "chai";
import { isRecoveryError } from "../../src/model/errors";
import { etcdEffectsOfKind } from "../../src/model/etcd-step";
import { effectsOfKind } from "../../src/model/step";
import { pkiEffectsOfKind } from "../../src/model/transfer";
import { quotingHelpers, readTemplate, renderTemplate, shellText, templateNames } from "../../src/render/template";

const shellTemplates = [...templateNames("steps"), ...templateNames("probe")];
const tag = /\{\{\{?(?!!)([^}]*)\}?\}\}/g;
const control = /^([#/](each|if|unless)\b.*|else|> ?[a-z/0-9-]+)$/;

/** Interpolations of a template that go through no quoting helper. */
function unquoted(text: string): readonly string[] {
  return [...text.matchAll(tag)]
    .map((match) => ({ whole: match[0], inner: (match[1] ?? "").trim() }))
    .filter(({ inner }) => !control.test(inner))
    .filter(({ whole, inner }) => whole.startsWith("{{{") || !quotingHelpers.includes(inner.split(" ")[0] as "sh"))
    .map(({ whole }) => whole);
}

describe("shell templates", () => {
  for (const name of shellTemplates) {
    it(`${name} puts every value through a quoting helper`, () => {
      expect(unquoted(readTemplate(name))).to.deep.equal([]);
    });

    it(`${name} has heredoc at the end of a line and no quotes around a value`, () => {
      for (const line of readTemplate(name).split("\n")) {
        expect(line).not.to.match(/\{\{heredoc [^}]*\}\}./);
        expect(line).not.to.match(/["']\{\{sh [^}]*\}\}|\{\{sh [^}]*\}\}["'][^ ]/);
      }
    });
  }

  it("would notice an unquoted value, a triple one and one behind an unknown helper", () => {
    const text = "a {{sh x}} {{y}} {{{z}}} {{raw w}} {{#if q}}{{else}}{{/if}} {{> steps/parts/archive}}";
    expect(unquoted(text)).to.deep.equal(["{{y}}", "{{{z}}}", "{{raw w}}"]);
  });

  it("has one template for every kind of step and none besides", () => {
    const kinds = templateNames("steps").filter((name) => !name.includes("/parts/"));
    expect(kinds).to.deep.equal(
      Object.keys({ ...effectsOfKind, ...etcdEffectsOfKind, ...pkiEffectsOfKind })
        .map((kind) => `steps/${kind}`)
        .sort(),
    );
  });
});

describe("renderTemplate", () => {
  const complete = { node: "cp-0", service: "kubelet", reason: "it is down", isSystemd: true };

  function thrown(name: string, variables: object): string {
    try {
      renderTemplate(name, variables);
    } catch (error) {
      if (!isRecoveryError(error)) throw error;
      expect(error.code).to.equal("template");
      return error.message;
    }
    throw new Error("nothing was thrown");
  }

  it("renders a template whose variables are all given", () => {
    expect(renderTemplate("steps/startService", complete)).to.contain("systemctl start -- kubelet");
  });

  it("names the template and the variable that is missing", () => {
    const { service: _service, ...rest } = complete;
    expect(thrown("steps/startService", rest)).to.equal('template steps/startService: "service" is not given');
  });

  it("refuses a variable that only the prototype has", () => {
    expect(thrown("steps/startService", Object.create(complete))).to.contain("is not given");
  });

  it("refuses a value that is no text", () => {
    expect(thrown("steps/startService", { ...complete, service: { name: "x" } })).to.contain("has to be text");
  });

  it("refuses text as a script unless a template rendered it", () => {
    const script = { boundary: "b", holder: "h", host: "h", title: "t", hasInput: false };
    expect(thrown("steps/parts/script", { ...script, step: "rm -rf /" })).to.contain("only text that a template");
    expect(renderTemplate("steps/parts/script", { ...script, step: shellText("true\n") })).to.contain("\ntrue\n}");
  });

  it("names a template that does not exist", () => {
    expect(thrown("steps/nothing", {})).to.contain("no such file");
  });
});
