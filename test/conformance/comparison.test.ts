// The comparison itself: a recording that differs in one field has to be told from one that does not.

import { expect } from "chai";
import { compareCalls, compareOrder, compareStates } from "./compare";
import type { PluginCall } from "./plugin/wire-json";
import { readStep } from "./recording";

const step = readStep("basic", "08-up-drift");

function change(
  calls: readonly PluginCall[],
  method: string,
  edit: (request: Record<string, unknown>) => void,
): readonly PluginCall[] {
  const copies = structuredClone(calls) as unknown as { method: string; request: Record<string, unknown> }[];
  const call = copies.find((candidate) => candidate.method === method);
  if (call === undefined) throw new Error(`no ${method} was recorded`);
  edit(call.request);
  return copies as unknown as readonly PluginCall[];
}

describe("compareCalls", () => {
  it("finds no difference between a recording and itself", () => {
    expect(compareCalls(step.calls, step.calls, step.before)).to.deep.equal([]);
  });

  const mutations: readonly { name: string; calls: readonly PluginCall[] }[] = [
    { name: "a missing field", calls: change(step.calls, "diff", (request) => delete request.oldinputs) },
    {
      name: "an additional field",
      calls: change(step.calls, "update", (request) => Object.assign(request, { preview: true })),
    },
    {
      name: "a changed value deep inside",
      calls: change(step.calls, "read", (request) => Object.assign(request.properties as object, { health: "bad" })),
    },
    {
      name: "another id of a known provider",
      calls: change(step.calls, "configure", (request) => Object.assign(request, { id: "x" })),
    },
    {
      name: "a shorter random seed",
      calls: change(step.calls, "check", (request) => Object.assign(request, { randomseed: "AAAA" })),
    },
    { name: "a missing call", calls: step.calls.filter(({ method }) => method !== "update") },
    {
      name: "a repeated call",
      calls: step.calls.flatMap((call) => (call.method === "update" ? [call, call] : [call])),
    },
    {
      name: "a call to another process",
      calls: step.calls.map((call) => (call.method === "update" ? { ...call, pid: 2 } : call)),
    },
    { name: "a process too many", calls: [...step.calls, { pid: 3, method: "cancel", request: {} }] },
    {
      name: "the calls of a resource in another order",
      calls: [...step.calls].sort((a, b) => (a.method < b.method ? 1 : -1)),
    },
  ];
  for (const { name, calls } of mutations) {
    it(`finds ${name}`, () => {
      expect(compareCalls(step.calls, calls, step.before)).to.not.deep.equal([]);
    });
  }

  it("finds that a phase began before the one before it had ended", () => {
    const read = step.calls.findIndex(({ method }) => method === "read");
    const moved = step.calls.filter((_call, index) => index !== read);
    moved.splice(-2, 0, step.calls[read] as PluginCall);
    expect(compareCalls(step.calls, moved, step.before).join()).to.include("read came after");
  });
});

describe("compareOrder", () => {
  it("finds that a resource began before one that it needs had ended", () => {
    expect(compareOrder(step.calls, step.after)).to.deep.equal([]);
    expect(compareOrder([...step.calls].reverse(), step.after)).to.not.deep.equal([]);
  });
});

describe("compareStates", function () {
  this.timeout(20_000);

  it("finds no difference between a recording and itself", async () => {
    expect(await compareStates(step.after, step.after, step.before)).to.deep.equal([]);
  });

  const mutations: readonly { name: string; edit: (state: string) => string }[] = [
    { name: "a changed output", edit: (state) => state.replace('"health":"ok"', '"health":"bad"') },
    {
      name: "a changed time of a resource that was left alone",
      edit: (state) => state.replace("2026-11-21T08:57:31.335290044Z", "2026-11-21T09:00:00Z"),
    },
    { name: "a missing field", edit: (state) => state.replace('"protect":true,', "") },
    { name: "a secret in the clear", edit: (state) => state.replace(/\{"4dabf[^}]*\}/, '"s3cr3t"') },
    { name: "another order of keys", edit: (state) => state.replace(/("custom":true),("id":"[^"]*")/, "$2,$1") },
    {
      name: "a pending operation that was not cleared",
      edit: (state) => state.replace('"metadata":{}', '"pending_operations":[],"metadata":{}'),
    },
    {
      name: "another state version",
      edit: (state) => state.replace('{"version":3', '{"version":4,"features":["refreshBeforeUpdate"]'),
    },
  ];
  for (const { name, edit } of mutations) {
    it(`finds ${name}`, async () => {
      const edited = edit(step.after);
      expect(edited).to.not.equal(step.after);
      expect(await compareStates(step.after, edited, step.before)).to.not.deep.equal([]);
    });
  }
});
