import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { findSecretsProvider, openCheckpoint, parseCheckpoint, renderCheckpoint } from "../../src/engine/checkpoint";
import { type Crypter, openCrypter } from "../../src/engine/passphrase";
import { SecretValue } from "../../src/engine/property-value";

const recordings = join(__dirname, "../conformance/pulumi");
const salts = {
  basic: "v1:SBn8034WIEg=:v1:I32Lp5IHjag4k3VN:Bc4chwaB1JKCl0XUH47LnwR/yQgMjg==",
  unhealthy: "v1:a9CG8ojClfE=:v1:sSrp1lhv5+GenXUC:aX5HDyk850HFqERBrbKlLI20pbRHKg==",
};
const now = new Date("2026-11-21T10:00:00Z");

type Json = Record<string, unknown>;

/** The recorded state after the first up, changed by a test. */
function changedState(change: (file: Json, latest: Json, resources: Json[]) => void): string {
  const file = JSON.parse(readFileSync(join(recordings, "basic/03-up-first.state.json"), "utf8")) as Json;
  const latest = (file.checkpoint as Json).latest as Json;
  change(file, latest, latest.resources as Json[]);
  return JSON.stringify(file);
}

describe("parseCheckpoint", () => {
  let crypter: Crypter;
  before(async function () {
    this.timeout(20_000);
    crypter = await openCrypter("correct-horse", salts.basic);
  });
  const parse = (text: string) => parseCheckpoint(openCheckpoint(text), crypter);

  it("and renderCheckpoint give back every recorded state byte for byte, except the manifest", async function () {
    this.timeout(60_000);
    const withoutManifest = (text: string) => text.replace(/"manifest":\{[^}]*\}/, "");
    for (const [scenario, salt] of Object.entries(salts)) {
      const own = await openCrypter("correct-horse", salt);
      const names = readdirSync(join(recordings, scenario)).filter((file) => file.endsWith(".state.json"));
      expect(names, scenario).to.not.deep.equal([]);
      for (const name of names) {
        const text = readFileSync(join(recordings, scenario, name), "utf8");
        const rendered = renderCheckpoint(parseCheckpoint(openCheckpoint(text), own), own, now);
        expect(withoutManifest(rendered), name).to.equal(withoutManifest(text));
      }
    }
  });

  it("decrypts secrets and keeps them marked", () => {
    const text = readFileSync(join(recordings, "basic/03-up-first.state.json"), "utf8");
    const scheduler = parse(text).resources.find(({ urn }) => urn.endsWith("::scheduler"));
    expect(scheduler?.inputs.token).to.deep.equal(new SecretValue("s3cr3t"));
  });

  it("keeps fields that it does not know, at every level", () => {
    const text = changedState((file, latest, resources) => {
      file.novel = 1;
      latest.novel = { a: [1] };
      Object.assign(resources[1] as Json, { novel: "kept", importID: "x" });
    });
    const again = JSON.parse(renderCheckpoint(parse(text), crypter, now)) as Json;
    const latest = (again.checkpoint as Json).latest as Json;
    expect(again.novel).to.equal(1);
    expect(latest.novel).to.deep.equal({ a: [1] });
    expect((latest.resources as Json[])[1]).to.include({ novel: "kept", importID: "x" });
  });

  it("writes a check sum that the Pulumi CLI accepts", () => {
    const { manifest } = (
      (JSON.parse(renderCheckpoint(parse(changedState(() => undefined)), crypter, now)) as Json).checkpoint as Json
    ).latest as { manifest: Json };
    expect(() => parse(changedState((_file, latest) => Object.assign(latest, { manifest })))).to.not.throw();
  });

  const refusals: readonly { name: string; change: Parameters<typeof changedState>[0]; words: string }[] = [
    { name: "version 5", change: (file) => Object.assign(file, { version: 5 }), words: "version 5" },
    { name: "version 2", change: (file) => Object.assign(file, { version: 2 }), words: "version 2" },
    {
      name: "a feature of another version",
      change: (file) => Object.assign(file, { version: 4, features: ["refreshBeforeUpdate", "views"] }),
      words: "feature views",
    },
    {
      name: "another secrets provider",
      change: (_file, latest) => Object.assign(latest, { secrets_providers: { type: "cloud", state: {} } }),
      words: 'secrets provider is "cloud"',
    },
    {
      name: "a resource that is external",
      change: (_file, _latest, resources) => Object.assign(resources[3] as Json, { external: true }),
      words: '"external"',
    },
  ];
  for (const { name, change, words } of refusals) {
    it(`refuses ${name} by name and points to the pulumi CLI`, () => {
      expect(() => parse(changedState(change)))
        .to.throw(words)
        .with.property("code", "unsupported");
    });
  }

  const damages: readonly { name: string; text: () => string; words: string }[] = [
    { name: "text that is not JSON", text: () => "{", words: "not JSON" },
    {
      name: "a wrong check sum",
      text: () => changedState((_file, latest) => Object.assign(latest.manifest as Json, { version: "v9" })),
      words: "check sum",
    },
    {
      name: "a child before its parent",
      text: () => changedState((_file, _latest, resources) => resources.reverse()),
      words: "not in order",
    },
    {
      name: "a dependency that is missing",
      text: () =>
        changedState((_file, _latest, resources) =>
          Object.assign(resources[3] as Json, { dependencies: ["urn:pulumi:x::y::z::w"] }),
        ),
      words: "which is not before it",
    },
    {
      name: "a resource that is there twice",
      text: () => changedState((_file, _latest, resources) => resources.push(resources[5] as Json)),
      words: "twice",
    },
    {
      name: "a resource that is no object",
      text: () => changedState((_file, latest) => Object.assign(latest, { resources: [1] })),
      words: "a resource is not an object",
    },
  ];
  for (const { name, text, words } of damages) {
    it(`refuses ${name}`, () => {
      expect(() => parse(text()))
        .to.throw(words)
        .with.property("code", "state");
    });
  }

  it("finds the salt without a passphrase", () => {
    const file = openCheckpoint(changedState(() => undefined));
    expect(findSecretsProvider(file)).to.deep.equal({ type: "passphrase", salt: salts.basic });
  });
});
