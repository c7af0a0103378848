// The real Ansible for tests: ansible-core in a virtual environment that is kept outside the work tree.

import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The bound of kubespray v2.31 and of the recordings. */
const ansibleVersion = "2.18";

/** Ansible's programs, or why there are none. */
export type AnsibleTools =
  | { readonly kind: "ready"; readonly inventory: string; readonly playbook: string; readonly home: string }
  | { readonly kind: "missing"; readonly reason: string };

/** A kubespray tree with the Ansible that it asks for, or why there is none. */
export type KubesprayTools =
  | { readonly kind: "ready"; readonly directory: string; readonly tools: AnsibleTools & { readonly kind: "ready" } }
  | { readonly kind: "missing"; readonly reason: string };

let found: Promise<AnsibleTools> | undefined;

/** Finds or installs ansible-core; the first call on a machine takes about ten seconds. */
export function ansibleTools(): Promise<AnsibleTools> {
  // netaddr is what kubespray's own checks need beside it.
  found ??= install(`ansible-${ansibleVersion}`, [`ansible-core==${ansibleVersion}.*`, "netaddr==1.3.0"]);
  return found;
}

/** The tree named by QUORATE_TEST_KUBESPRAY, with what its requirements.txt lists; installing that takes a minute once. */
export async function kubesprayTools(): Promise<KubesprayTools> {
  const directory = process.env.QUORATE_TEST_KUBESPRAY;
  if (directory === undefined) return { kind: "missing", reason: "QUORATE_TEST_KUBESPRAY names no kubespray tree" };
  const requirements = join(directory, "requirements.txt");
  if (!existsSync(requirements)) return { kind: "missing", reason: `${directory} has no requirements.txt` };
  const digest = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12);
  const tools = await install(`ansible-kubespray-${digest}`, ["-r", requirements]);
  return tools.kind === "missing" ? tools : { kind: "ready", directory, tools };
}

async function install(name: string, packages: readonly string[]): Promise<AnsibleTools> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "quorate");
  const folder = join(cache, name);
  const mark = join(folder, "complete");
  try {
    if (!existsSync(mark)) {
      mkdirSync(cache, { recursive: true });
      // An environment cannot be moved once made, so a half made one is thrown away.
      rmSync(folder, { recursive: true, force: true });
      await run("python3", ["-m", "venv", folder]);
      const options = ["install", "--quiet", "--disable-pip-version-check"];
      await run(join(folder, "bin", "pip"), [...options, ...packages], { timeout: 400_000 });
      writeFileSync(join(folder, "ansible.cfg"), "[defaults]\n");
      writeFileSync(mark, "");
    }
  } catch (error) {
    const lines = error instanceof Error ? error.message.trim().split("\n") : [String(error)];
    return { kind: "missing", reason: `${name} cannot be installed: ${lines.at(-1)}` };
  }
  const bin = join(folder, "bin");
  return {
    kind: "ready",
    inventory: join(bin, "ansible-inventory"),
    playbook: join(bin, "ansible-playbook"),
    home: folder,
  };
}

/** What `ansible-inventory --list` says. */
export interface AnsibleListing {
  readonly _meta: { readonly hostvars: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
  readonly [group: string]: { readonly hosts?: readonly string[]; readonly children?: readonly string[] } | object;
}

/** Reads an inventory with the real Ansible. A vaulted value is shown unopened. */
export async function listWithAnsible(
  tools: AnsibleTools & { readonly kind: "ready" },
  path: string,
): Promise<AnsibleListing> {
  const { stdout } = await run(tools.inventory, ["-i", path, "--list"], {
    maxBuffer: 256 * 1024 * 1024,
    env: ansibleEnvironment(tools),
  });
  return JSON.parse(stdout) as AnsibleListing;
}

/** Ansible's listing of many inventories, its program loaded once. */
export interface AnsibleLister {
  list(path: string): Promise<AnsibleListing>;
  close(): void;
}

/** Loads ansible-inventory. One inventory is listed at a time. */
export function openLister(tools: AnsibleTools & { readonly kind: "ready" }): AnsibleLister {
  const script = join(__dirname, "list-inventories.py");
  const child = spawn(join(dirname(tools.inventory), "python"), [script], {
    env: ansibleEnvironment(tools),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    list: async (path) => {
      child.stdin.write(`${path}\n`);
      const answer = await answers.next();
      if (answer.done === true) throw new Error(`${script} ended`);
      const [exitCode, output, errors] = JSON.parse(answer.value) as readonly [number, string, string];
      if (exitCode !== 0) throw new Error(`ansible-inventory fails at ${path}: exit ${exitCode}, ${errors}`);
      return JSON.parse(output) as AnsibleListing;
    },
    close: () => child.stdin.end(),
  };
}

/** An environment in which no configuration of the machine reaches Ansible. */
export function ansibleEnvironment(tools: AnsibleTools & { readonly kind: "ready" }): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return {
    PATH,
    HOME,
    LC_ALL: "C.UTF-8",
    ANSIBLE_CONFIG: join(tools.home, "ansible.cfg"),
    ANSIBLE_LOCALHOST_WARNING: "False",
    ANSIBLE_INVENTORY_UNPARSED_FAILED: "True",
  };
}
