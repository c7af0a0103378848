import { expect } from "chai";
import { parseManifestText } from "../../src/observe/manifests";
import { renderManifest } from "../../src/render/manifest";
import { expectHolds } from "../property/parameters";
import { podWith, readsBackPod } from "../property/text-properties";

describe("renderManifest", () => {
  it("gives the same text whatever the order of keys", () => {
    const one = renderManifest({ b: 1, a: { d: [{ z: 1, x: 2 }], c: 3 } });
    expect(one).to.equal(renderManifest({ a: { c: 3, d: [{ x: 2, z: 1 }] }, b: 1 }));
    expect(one).to.equal("a:\n  c: 3\n  d:\n  - x: 2\n    z: 1\nb: 1\n");
  });

  it("quotes words that YAML 1.1 takes for something else", () => {
    const words = ["yes", "off", "0777", "08", "1e3", "1:30", "null", "~", "", "2026-11-21", "=", "<<"];
    const parsed = parseManifestText(renderManifest(podWith({ words })));
    expect(parsed).to.deep.equal({ kind: "pod", pod: podWith({ words }) });
  });

  it("does not break a long word over lines", () => {
    const text = renderManifest({ word: `--flag=${"a b ".repeat(100)}end` });
    expect(text.trimEnd().split("\n")).to.have.length(1);
  });

  it("is read back as the same Pod, whatever is in it", () => {
    expectHolds(readsBackPod);
  });
});
