import { Alias } from "@pulumi/pulumi/proto/alias_pb";
import { Callback } from "@pulumi/pulumi/proto/callback_pb";
import { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import { expect } from "chai";
import { parseGoal } from "../../src/engine/goal";

const request = () => new RegisterResourceRequest().setType("demo:index:Thing").setName("a").setCustom(true);
const timeouts = (create: string) => new RegisterResourceRequest.CustomTimeouts().setCreate(create);

describe("parseGoal", () => {
  const refusals: readonly { name: string; made: () => RegisterResourceRequest }[] = [
    { name: "import", made: () => request().setImportid("x") },
    { name: "aliases", made: () => request().setAliasesList([new Alias().setUrn("urn:pulumi:a::b::c::d")]) },
    { name: "deletedWith", made: () => request().setDeletedwith("urn") },
    { name: "replaceOnChanges", made: () => request().setReplaceonchangesList(["*"]) },
    { name: "deleteBeforeReplace", made: () => request().setDeletebeforereplace(true) },
    { name: "transforms", made: () => request().setTransformsList([new Callback()]) },
    { name: "a remote component", made: () => request().setRemote(true) },
    { name: "hideDiffs", made: () => request().setHidediffsList(["x"]) },
    { name: "a parameterized package", made: () => request().setPackageref("x") },
    { name: "pluginDownloadURL", made: () => request().setPlugindownloadurl("https://x") },
    {
      name: "hooks",
      made: () => request().setHooks(new RegisterResourceRequest.ResourceHooksBinding().setBeforeCreateList(["h"])),
    },
  ];
  for (const { name, made } of refusals) {
    it(`refuses ${name} by name`, () => {
      expect(() => parseGoal(made()))
        .to.throw(name)
        .with.property("code", "unsupported");
    });
  }

  it("takes a plain registration with all that it allows", () => {
    const plain = request().setProtect(true).setIgnorechangesList(["note"]).setDependenciesList(["b", "a", "b"]);
    expect(parseGoal(plain)).to.deep.include({
      protect: true,
      retainOnDelete: undefined,
      ignoreChanges: ["note"],
      dependencies: ["a", "b"],
      customTimeouts: undefined,
    });
  });

  const durations = [
    { text: "90s", want: 90 },
    { text: "1h30m", want: 5400 },
    { text: "1.5m", want: 90 },
    { text: "250ms", want: 0.25 },
  ];
  for (const { text, want } of durations) {
    it(`reads the timeout ${text} as ${want} seconds`, () => {
      expect(parseGoal(request().setCustomtimeouts(timeouts(text))).customTimeouts).to.deep.equal({ create: want });
    });
  }

  it("refuses a timeout that is none", () => {
    expect(() => parseGoal(request().setCustomtimeouts(timeouts("soon")))).to.throw("customTimeouts of a");
  });
});
