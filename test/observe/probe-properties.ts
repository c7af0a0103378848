// The probe's output of a real node, whole and damaged, and what must hold for the reading of it.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import * as fc from "fast-check";
import type { ControlPlaneDeclaration } from "../../src/model/declaration";
import type { ObservedNode } from "../../src/model/node-observation";
import { parseProbe } from "../../src/observe/probe";
import { etcdPod, plane, pod } from "../builders";
import type { RandomProperty } from "../property/random-property";

// What the probe printed on a real kubeadm node (v1.33.13, containerd 1.6.20, no crictl), by fault and by whether the API
// server answered the kubelet's questions. Recorded with this boundary.
export const boundary = "0".repeat(32);
const folder = join(__dirname, "samples");
const samples = new Map(
  readdirSync(folder).map((name) => [name.replace(".txt.gz", ""), gunzipSync(readFileSync(join(folder, name)))]),
);
const names = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];
const declared: ControlPlaneDeclaration = plane(["cp-0"], [etcdPod(), ...names.map((name) => pod(name))]);
export const parts = ["host", "manifests", "containers", "services", "leftovers"] as const;

/** What the probe printed in one of the recorded troubles. */
export function sample(name: string): Buffer {
  const bytes = samples.get(name);
  if (bytes === undefined) throw new Error(`no sample ${name}`);
  return bytes;
}

/** What is read of it. */
export function parse(bytes: Uint8Array): ObservedNode {
  return parseProbe(declared, "cp-0", boundary, bytes);
}

export const whole = sample("healthy-api-up");
export const truth = parse(whole);

/** Parts that are said to be seen and are not as they were. */
export function invented(seen: ObservedNode): readonly string[] {
  return parts.filter(
    (part) => seen[part].kind === "seen" && JSON.stringify(seen[part]) !== JSON.stringify(truth[part]),
  );
}

export const survivesCut: RandomProperty<number> = {
  name: "invents nothing from a probe's output that was cut off",
  inputs: fc.integer({ min: 0, max: whole.length - 1 }),
  check: (length) => {
    expect(invented(parse(whole.subarray(0, length)))).to.deep.equal([]);
  },
};

export const noticesHole: RandomProperty<[number, number]> = {
  name: "notices a hole in a section of a probe's output",
  inputs: fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 2000 })),
  check: ([start, length]) => {
    const holed = Buffer.concat([whole.subarray(0, start), whole.subarray(start + length)]);
    expect(invented(parse(holed))).to.deep.equal([]);
  },
};

export const seesNothingInGarbage: RandomProperty<Uint8Array> = {
  name: "sees nothing in garbage instead of a probe's output",
  inputs: fc.uint8Array({ maxLength: 500 }),
  check: (bytes) => {
    const seen = parse(bytes);
    expect(parts.map((part) => seen[part].kind)).to.deep.equal(parts.map(() => "unknown"));
  },
};

export const survivesChangedBytes: RandomProperty<[number, number][]> = {
  name: "reads a probe's output of which bytes are changed",
  inputs: fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 40 }),
  check: (edits) => {
    const changed = Buffer.from(whole);
    for (const [at, value] of edits) changed[at] = value;
    expect(parse(changed).kind).to.equal("observed");
  },
};
