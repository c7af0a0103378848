// Debian's Chromium for the tests of the report: installed when this is root on Debian, else the tests say why they are skipped.

import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { type BrowserContext, chromium } from "playwright-core";

const run = promisify(execFile);
const candidates = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];
// It must ask nobody anything: what it requests is part of what is tested.
const flags = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

/** Where the browser is, or why there is none. */
export async function findChromium(): Promise<{ readonly path: string } | { readonly missing: string }> {
  const found = () => candidates.find((candidate) => fs.existsSync(candidate));
  const there = found();
  if (there !== undefined) return { path: there };
  if (process.getuid?.() !== 0 || !fs.existsSync("/usr/bin/apt-get"))
    return { missing: "no Chromium, and this is not root on Debian to install it" };
  const environment = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
  try {
    await run("apt-get", ["update", "-qq"], environment);
    await run(
      "apt-get",
      ["install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"],
      environment,
    );
  } catch (error) {
    return { missing: `Chromium could not be installed: ${String(error).split("\n")[0]}` };
  }
  const installed = found();
  return installed === undefined ? { missing: "apt-get installed no Chromium" } : { path: installed };
}

/** A browser with a profile of its own. */
export interface OpenBrowser {
  readonly context: BrowserContext;
  readonly close: () => Promise<void>;
}

/** Opens the browser as somebody with these wishes has it. */
export async function openBrowser(
  executablePath: string,
  look: { readonly colorScheme: "light" | "dark"; readonly width: number },
): Promise<OpenBrowser> {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: flags,
    colorScheme: look.colorScheme,
    viewport: { width: look.width, height: 900 },
  });
  return {
    context,
    close: async () => {
      await context.close();
      fs.rmSync(profile, { recursive: true, force: true });
    },
  };
}
