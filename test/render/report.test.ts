import { expect } from "chai";
import { reportOfDrill } from "../../src/render/drill-report";
import { renderReport } from "../../src/render/report";
import { play } from "../simulator/drill/drills";
import { hostileReport } from "./reports";

describe("renderReport", function () {
  // The chart library takes a while to load on a busy machine.
  this.timeout(60_000);

  it("makes one page with its charts in it and nothing to fetch or to run", async () => {
    const html = renderReport([reportOfDrill(await play("seed-004-outage-2"))]);
    expect(html.match(/<svg/g)).to.have.length(4);
    expect(html).not.to.match(/<script|<link rel="stylesheet"|<img|@import|src=|<iframe/);
    // The only addresses are names: of SVG, and pages within the page.
    const addresses = [...html.matchAll(/(?:href|url)[=(]"?([^")\s>]+)/g)].map(([, address = ""]) => address);
    expect(addresses.filter((address) => !/^(#|data:,)/.test(address))).to.deep.equal([]);
    expect(
      [...html.matchAll(/https?:\/\/[^"\s<]+/g)]
        .map(([address]) => address)
        .filter((one) => !one.startsWith("http://www.w3.org/")),
    ).to.deep.equal([]);
  });

  it("is the same for the same report", () => {
    expect(renderReport([hostileReport()])).to.equal(renderReport([hostileReport()]));
  });

  it("escapes whatever it is given, in the page and in the charts", () => {
    const html = renderReport([hostileReport()]);
    expect(html).not.to.match(/<script|<img|<iframe|onerror="/);
    expect(html).to.include("&lt;script&gt;");
  });

  it("leaves out the parts that a report does not have", () => {
    const empty = {
      ...hostileReport(),
      tallies: [],
      lanes: [],
      figures: [],
      events: [],
      topologies: [],
      steps: [],
      tables: [],
      notes: [],
    };
    const html = renderReport([empty]);
    expect(html).not.to.match(/<svg|<section/);
  });

  it("shows the two designs of a comparison one after the other", async () => {
    const report = reportOfDrill(await play("seed-004-outage-2"));
    const html = renderReport([report, { ...report, title: "the other design" }]);
    expect(html).to.include("the other design");
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(ids).to.deep.equal([...new Set(ids)]);
  });
});
