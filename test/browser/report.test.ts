// The report in a real browser: charts drawn, no console message, no request, every fact as text, usable by keyboard.

import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as os from "node:os";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import type { Page } from "playwright-core";
import { reportOfDrill } from "../../src/render/drill-report";
import { renderReport } from "../../src/render/report";
import { reportOfUp } from "../../src/render/up-report";
import { waitUntil } from "../lab/wait-until";
import { hostileReport, textsOf } from "../render/reports";
import { upRun } from "../render/up-runs";
import { play } from "../simulator/drill/drills";
import { findChromium, type OpenBrowser, openBrowser } from "./chromium";
import { rehearsedReport } from "./rehearsed";

const axe = fs.readFileSync(createRequire(__filename).resolve("axe-core"), "utf8");
const looks = [
  { colorScheme: "light", width: 1200 },
  { colorScheme: "dark", width: 1200 },
  { colorScheme: "light", width: 390 },
] as const;

interface Visit {
  readonly page: Page;
  readonly messages: string[];
  readonly requests: string[];
}

/** The colours of all shapes that are drawn and shown. */
function shapesOf(page: Page): Promise<unknown> {
  return page.evaluate(`[...document.querySelectorAll("figure svg path, figure svg rect, figure svg polygon")]
    .filter((shape) => shape.getBoundingClientRect().width > 0).map((shape) => getComputedStyle(shape).fill)`);
}

/** A colour of the page, as the browser has it. */
function colourOf(page: Page, name: string): Promise<unknown> {
  return page.evaluate(`(() => { const probe = document.createElement("i"); probe.style.color = "var(--${name})";
    document.body.append(probe); const it = getComputedStyle(probe).color; probe.remove(); return it; })()`);
}

describe("a report in the browser", function () {
  this.timeout(120_000);
  let executable = "";
  let folder = "";
  let browser: OpenBrowser | undefined;

  before(async function () {
    this.timeout(600_000);
    const found = await findChromium();
    if ("missing" in found) {
      console.log(`    skipped: ${found.missing}`);
      return this.skip();
    }
    executable = found.path;
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-report-"));
  });
  afterEach(async () => {
    await browser?.close();
    browser = undefined;
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  async function visit(html: string, look: (typeof looks)[number]): Promise<Visit> {
    const file = path.join(folder, "report.html");
    fs.writeFileSync(file, html);
    browser = await openBrowser(executable, look);
    const page = await browser.context.newPage();
    const messages: string[] = [];
    const requests: string[] = [];
    page.on("console", (message) => messages.push(message.text()));
    page.on("pageerror", (error) => messages.push(error.message));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    return { page, messages, requests };
  }

  for (const look of looks) {
    it(`draws its charts, asks for nothing and fits (${look.colorScheme}, ${look.width} wide)`, async () => {
      const report = reportOfDrill(await play("seed-004-outage-2"));
      const { page, messages, requests } = await visit(renderReport([report]), look);
      expect(messages).to.deep.equal([]);
      expect(requests).to.deep.equal([page.url()]);
      // Two charts are shown, the drawings for the other width are not; each shape has a colour that is not the page's own.
      const charts = await page.locator("figure:visible").all();
      expect(charts.length).to.equal(2);
      for (const chart of charts) {
        const box = await chart.boundingBox();
        expect(box?.width ?? 0).to.be.above(look.width === 390 ? 280 : 900);
        expect(box?.height ?? 0).to.be.above(100);
      }
      const drawn = await shapesOf(page);
      for (const name of ["up", "partial", "down"]) expect(drawn, name).to.include(await colourOf(page, name));
      expect(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).to.equal(true);
    });
  }

  it("has every fact as text, on the screen and on paper", async () => {
    const report = reportOfDrill(await play("seed-004-outage-1"));
    const { page } = await visit(renderReport([report]), looks[0]);
    for (const media of ["screen", "print"] as const) {
      await page.emulateMedia({ media });
      const shown = ((await page.evaluate("document.body.innerText")) as string).replace(/\s+/g, " ");
      const missing = textsOf(report).filter((text) => !shown.includes(text.replace(/\s+/g, " ").trim()));
      expect(missing, media).to.deep.equal([]);
    }
  });

  const others = [
    { name: "a rehearsal", make: async () => rehearsedReport(), colours: ["up", "partial"] },
    { name: "a real up", make: async () => reportOfUp(await upRun()), colours: ["up", "partial", "down"] },
  ] as const;
  for (const { name, make, colours } of others) {
    for (const look of looks) {
      it(`of ${name} draws, asks for nothing, fits, and has every fact as text (${look.colorScheme}, ${look.width} wide)`, async () => {
        const report = await make();
        const { page, messages, requests } = await visit(renderReport([report]), look);
        const charts = await page.locator("figure:visible").all();
        expect(charts.length).to.equal(1);
        expect((await charts[0]?.boundingBox())?.width ?? 0).to.be.above(look.width === 390 ? 280 : 900);
        const drawn = await shapesOf(page);
        for (const colour of colours) expect(drawn, colour).to.include(await colourOf(page, colour));
        expect(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).to.equal(true);
        const shown = ((await page.evaluate("document.body.innerText")) as string).replace(/\s+/g, " ");
        expect(textsOf(report).filter((text) => !shown.includes(text.replace(/\s+/g, " ").trim()))).to.deep.equal([]);
        await page.evaluate(axe);
        const { violations } = (await page.evaluate("axe.run()")) as { violations: { id: string }[] };
        expect(violations.map(({ id }) => id)).to.deep.equal([]);
        expect([messages, requests]).to.deep.equal([[], [page.url()]]);
      });
    }
  }

  it("is dark for those who want it dark, and white on paper all the same", async () => {
    const { page } = await visit(renderReport([reportOfDrill(await play("seed-004-outage-2"))]), looks[1]);
    const background = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(await background()).to.equal("rgb(18, 22, 28)");
    await page.emulateMedia({ media: "print" });
    expect(await background()).to.equal("rgb(255, 255, 255)");
  });

  for (const look of looks) {
    it(`has nothing that keeps somebody out, by axe's rules (${look.colorScheme}, ${look.width} wide)`, async () => {
      const { page } = await visit(renderReport([reportOfDrill(await play("seed-004-outage-1"))]), look);
      // The page forbids scripts; axe is put in from outside of it.
      await page.evaluate(axe);
      const { violations } = (await page.evaluate("axe.run()")) as {
        violations: { id: string; nodes: { html: string }[] }[];
      };
      expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).to.deep.equal([]);
    });
  }

  it("is walked through by the keyboard alone: every link and every region that scrolls, seen when it is reached", async () => {
    const { page } = await visit(renderReport([reportOfDrill(await play("seed-004-outage-2"))]), looks[2]);
    const wanted = (await page.evaluate(`document.querySelectorAll("a[href], [tabindex='0']").length`)) as number;
    const seen: string[] = [];
    for (let press = 0; press < wanted; press += 1) {
      await page.keyboard.press("Tab");
      seen.push(
        (await page.evaluate(`(() => { const it = document.activeElement; const style = getComputedStyle(it);
        return it.tagName + " " + style.outlineStyle + " " + (it.getAttribute("aria-label") ?? it.textContent); })()`)) as string,
      );
    }
    expect(new Set(seen).size).to.equal(wanted);
    expect(seen.filter((one) => !/^(A|DIV|PRE) solid /.test(one))).to.deep.equal([]);
    await page.keyboard.press("Shift+Tab");
    const scrolled = page.locator("div.scroll").last();
    await scrolled.focus();
    await page.keyboard.press("ArrowRight");
    // Playwright's own wait evaluates text in the page, which the page forbids.
    const hasScrolled = async () => (await page.evaluate("document.activeElement.scrollLeft > 0")) === true;
    await waitUntil("the region has scrolled", hasScrolled);
  });

  it("takes hostile names for what they are: text", async () => {
    const report = hostileReport();
    const { page, messages, requests } = await visit(renderReport([report, report]), looks[0]);
    expect([messages, requests]).to.deep.equal([[], [page.url()]]);
    expect(await page.evaluate("[document.scripts.length, document.images.length, 'owned' in window]")).to.deep.equal([
      0,
      0,
      false,
    ]);
    const shown = ((await page.evaluate("document.body.innerText")) as string).replace(/\s+/g, " ");
    expect(textsOf(report).filter((text) => !shown.includes(text.replace(/\s+/g, " ").trim()))).to.deep.equal([]);
  });
});
