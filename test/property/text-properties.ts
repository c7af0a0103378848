// What must hold for text that is read or written, whatever is in it: manifests, and words for a shell.

import { execFileSync } from "node:child_process";
import { expect } from "chai";
import * as fc from "fast-check";
import { isEqualJson, type JsonObject } from "../../src/model/json";
import { parseManifestText } from "../../src/observe/manifests";
import { renderManifest } from "../../src/render/manifest";
import { quoteDocument, quoteWord } from "../../src/render/quote";
import type { RandomProperty } from "./random-property";

export const readsAnyManifest: RandomProperty<string> = {
  name: "reads any text as a manifest or says what it is instead",
  inputs: fc.string({ unit: "binary" }),
  check: (text) => {
    expect(parseManifestText(text).kind).not.to.equal("");
  },
};

export const readsAnyManifestBytes: RandomProperty<Uint8Array> = {
  name: "reads any bytes as a manifest or says what they are instead",
  inputs: fc.uint8Array({ maxLength: 300 }),
  check: (bytes) => {
    expect(parseManifestText(Buffer.from(bytes).toString("utf8")).kind).not.to.equal("");
  },
};

/** A Pod with a spec. */
export function podWith(spec: JsonObject): JsonObject {
  return { kind: "Pod", apiVersion: "v1", spec };
}

const leaf = fc.oneof(fc.string({ unit: "binary" }), fc.integer(), fc.boolean(), fc.constant(null));

export const readsBackPod: RandomProperty<JsonObject> = {
  name: "reads a rendered Pod back as the same",
  inputs: fc.dictionary(fc.string(), fc.oneof(leaf, fc.array(leaf))),
  check: (spec) => {
    const pod = podWith(spec);
    const parsed = parseManifestText(renderManifest(pod));
    expect(parsed.kind).to.equal("pod");
    if (parsed.kind === "pod") expect(isEqualJson(parsed.pod, pod)).to.equal(true);
  },
};

const anyText = fc.string({ unit: "binary" }).filter((text) => !text.includes("\0"));

/** What a script prints in that shell. */
export function echoed(shell: string, script: string): string {
  return execFileSync(shell, ["-c", script], { encoding: "utf8" });
}

export const quotesAnyWord: RandomProperty<string> = {
  name: "quotes any text so that a shell gives it back as one word",
  inputs: anyText,
  check: (text) => {
    expect(echoed("dash", `printf '[%s]' ${quoteWord(text)}`)).to.equal(`[${text}]`);
  },
};

export const quotesAnyDocument: RandomProperty<string> = {
  name: "quotes any text so that a shell gives it back as lines",
  inputs: anyText,
  check: (text) => {
    expect(echoed("dash", `cat ${quoteDocument(`${text}\n`)}\n`)).to.equal(`${text}\n`);
  },
};
