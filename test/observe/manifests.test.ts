import { expect } from "chai";
import { parseManifests, parseManifestText } from "../../src/observe/manifests";
import { expectHolds } from "../property/parameters";
import { readsAnyManifest, readsAnyManifestBytes } from "../property/text-properties";

const base64 = (text: string | Buffer) => Buffer.from(text).toString("base64");

function record(name: string, type: string, attributes: string, ...rest: readonly string[]): string {
  return ["file", base64(name), type, base64(`${attributes}\n`), ...rest].join(" ");
}

const usual = "root root 0 0 600 1795255497";

describe("parseManifests", () => {
  it("tells name, owner, mode with four digits, time with its fraction, and the Pod", () => {
    const text = "apiVersion: v1\nkind: Pod\n";
    const stdout = `${record("a.yaml", "file", `${usual} ${text.length}`, base64("1795255497.25\n"), base64(text))}\n`;
    expect(parseManifests(stdout, new Set())).to.deep.equal([
      {
        fileName: "a.yaml",
        owner: "root:root",
        mode: "0600",
        modifiedAtSeconds: 1795255497.25,
        content: { kind: "pod", pod: { apiVersion: "v1", kind: "Pod" } },
      },
    ]);
  });

  it("keeps hostile names as they are and tells ids where an owner has no name", () => {
    const name = "it's\na $(name) `x`.yaml";
    const [file] = parseManifests(record(name, "file", "UNKNOWN UNKNOWN 4242 7 644 1795255497 0", "", ""), new Set());
    expect([file?.fileName, file?.owner, file?.content.kind]).to.deep.equal([name, "4242:7", "empty"]);
  });

  it("tells of what is no file only where it stands in a declared manifest's place", () => {
    const stdout = [
      record("old", "directory", `${usual} 4096`, ""),
      record("etcd.yaml", "directory", `${usual} 4096`, ""),
      record("kube-scheduler.yaml", "dangling", `${usual} 8`),
      record("pipe", "other", `${usual} 0`, ""),
    ].join("\n");
    const files = parseManifests(stdout, new Set(["etcd.yaml", "kube-scheduler.yaml"]));
    expect(files.map(({ fileName, content }) => [fileName, content])).to.deep.equal([
      ["etcd.yaml", { kind: "unread", reason: "it is a directory" }],
      ["kube-scheduler.yaml", { kind: "unread", reason: "it is a symbolic link that leads nowhere" }],
    ]);
  });

  it("tells that a file is unread when it is too long, changes while it is read, or may not be read", () => {
    const cut = record("a", "file", `${usual} 9`, "", base64("a: b"));
    const denied = record("b", "file", `${usual} 9`, "");
    expect(parseManifests(`${cut}\n${denied}`, new Set()).map(({ content }) => content)).to.deep.equal([
      { kind: "unread", reason: "it has 9 bytes, of which 4 could be read" },
      { kind: "unread", reason: "there is no right to read it" },
    ]);
  });

  it("knows no files where the directory is missing", () => {
    expect(parseManifests("missing\n", new Set(["etcd.yaml"]))).to.deep.equal([]);
  });

  it("refuses a record without attributes", () => {
    expect(() => parseManifests(`file ${base64("a.yaml")} file `, new Set())).to.throw("a.yaml");
  });
});

describe("parseManifestText", () => {
  for (const { name, text, want } of [
    { name: "empty for no text", text: "", want: { kind: "empty" } },
    { name: "empty for comments and markers alone", text: "---\n# nothing\n\n---\n", want: { kind: "empty" } },
    { name: "empty for null", text: "null\n", want: { kind: "empty" } },
    {
      name: "not a Pod for a list",
      text: "- a\n",
      want: { kind: "not-a-pod", reason: "it is a list" },
    },
    {
      name: "not a Pod for another kind",
      text: "apiVersion: apps/v1\nkind: Deployment\n",
      want: { kind: "not-a-pod", reason: 'it is "Deployment" of "apps/v1", not Pod of v1' },
    },
  ]) {
    it(`says ${name}`, () => {
      expect(parseManifestText(text)).to.deep.equal(want);
    });
  }

  it("says not YAML with the place for a text that is none", () => {
    const content = parseManifestText("apiVersion: v1\nkind: [Pod\nspec: x\n");
    expect(content).to.have.property("kind", "not-yaml");
    expect(content)
      .to.have.property("reason")
      .that.matches(/line 3/);
  });

  it("refuses aliases that multiply without end", () => {
    const bomb = [
      "a: &a [x,x,x,x,x,x,x,x,x]",
      "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]",
      "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]",
      "d: [*c,*c,*c,*c,*c,*c,*c,*c,*c]",
    ];
    expect(parseManifestText(bomb.join("\n")).kind).to.equal("not-yaml");
  });

  it("reads YAML 1.1 as the kubelet does: JSON, CRLF, the first document, the last of two equal keys", () => {
    const pod = { apiVersion: "v1", kind: "Pod", on: true };
    expect(parseManifestText(JSON.stringify(pod))).to.deep.equal({ kind: "pod", pod });
    const two = "---\r\napiVersion: v1\r\nkind: Pod\r\non: no\r\non: yes\r\n---\r\nkind: Other\r\n";
    expect(parseManifestText(two)).to.deep.equal({ kind: "pod", pod: { apiVersion: "v1", kind: "Pod", true: true } });
  });

  it("keeps every digit of a number beyond 2^53", () => {
    expect(parseManifestText("apiVersion: v1\nkind: Pod\nid: 9007199254740993\n")).to.deep.equal({
      kind: "pod",
      pod: { apiVersion: "v1", kind: "Pod", id: "9007199254740993" },
    });
  });

  for (const [name, text] of [
    ["a million quotes", '"'.repeat(1_000_000)],
    ["a million brackets", "[".repeat(1_000_000)],
    ["five thousand quotes", `a: ${'"'.repeat(5000)}`],
  ] as const) {
    it(`leaves ${name} unparsed: the parser would take minutes`, () => {
      expect(parseManifestText(text).kind).to.equal("unread");
    });
  }

  it("never throws, whatever the text", () => {
    expectHolds(readsAnyManifest);
    expectHolds(readsAnyManifestBytes);
  });
});
