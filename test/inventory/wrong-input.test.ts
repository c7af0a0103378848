import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { parseFacts } from "../../src/inventory/facts-file";
import { parseIniInventory } from "../../src/inventory/parse-ini";
import { parseVariables, parseYamlInventory } from "../../src/inventory/parse-yaml";
import { readInventory, readSite } from "../../src/inventory/read-site";
import { isRecoveryError } from "../../src/model/errors";

/** Every problem that reading reports. */
function problemsOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (!isRecoveryError(error)) throw error;
    return error.problems.length > 0 ? error.problems : [error.message];
  }
  return [];
}

describe("parseIniInventory", () => {
  const cases: readonly {
    readonly title: string;
    readonly lines: readonly string[];
    readonly want: readonly string[];
  }[] = [
    {
      title: "names prose that is no inventory by its first line",
      lines: ["Dear colleagues,", "the cluster is down."],
      want: [
        "f:1: expected key=value after the host 'Dear', found 'colleagues,'",
        "f:2: expected key=value after the host 'the', found 'cluster'",
      ],
    },
    {
      title: "names the line that closes a cycle of groups",
      lines: ["[a:children]", "b", "[b:children]", "c", "[c:children]", "a"],
      want: ["f:6: group 'c' cannot contain 'a', which contains 'c' already"],
    },
    {
      title: "names a group that contains itself",
      lines: ["[a:children]", "a"],
      want: ["f:2: group 'a' cannot contain itself"],
    },
    {
      title: "names a child group that is declared nowhere",
      lines: ["[a:children]", "b", "[c:vars]", "x=1"],
      want: [
        "f:2: [a:children] names the group 'b', which is declared nowhere: add a section [b]",
        "f:3: [c:vars] is for a group that is declared nowhere: add a section [c]",
      ],
    },
    {
      title: "names a quote that is never closed, an unknown part and a line without a value",
      lines: ["[a]", "h x='1", "[a:hosts]", "[a:var]", "[a:vars]", "x"],
      want: [
        "f:2: the host line cannot be read: a ' is opened and never closed",
        "f:4: section [a:var] has an unknown part; a section ends in :children, :vars or nothing",
        "f:6: expected key=value, found 'x'",
      ],
    },
    {
      title: "names ranges that cannot be",
      lines: ["n[1:]", "n[3:1]", "n[01:100]", "n[1:2:0]", "n[1", "n[1:999999999]", "n[1:400][1:400]", "n[a:3]", "n:"],
      want: [
        "f:1: the range in 'n[1:]' has no end",
        "f:2: the range in 'n[3:1]' must have begin <= end",
        "f:3: the range in 'n[01:100]' must have a begin and an end of the same length",
        "f:4: the range in 'n[1:2:0]' has the step '0', which is not a positive number",
        "f:5: the range in 'n[1' has no ']'",
        "f:6: the range in 'n[1:999999999]' stands for more than 100000 hosts",
        "f:7: the range stands for more than 100000 hosts",
        "f:8: the range in 'n[a:3]' must go from number to number or from letter to letter",
        "f:9: the host 'n:' ends in ':', which Ansible keeps for a port",
      ],
    },
    {
      title: "names a YAML file that is read as INI",
      lines: ["---"],
      want: ["f:1: '---' starts a YAML file, and this is read as INI"],
    },
    {
      title: "names a host that is also a group",
      lines: ["[etcd]", "etcd"],
      want: ["f:2: 'etcd' is a host and a group; Ansible would mix up their variables: rename one"],
    },
  ];
  for (const { title, lines, want } of cases) {
    it(title, () => expect(problemsOf(() => parseIniInventory("f", lines.join("\n")))).to.deep.equal(want));
  }

  it("finds one bad line among 200,000 within seconds of CPU", () => {
    const lines = ["[kube_node]"];
    for (let index = 1; index < 200_000; index++)
      lines.push(`worker${index} ip=10.0.0.1 ansible_host=w${index}.example.org`);
    lines[150_000] = "worker150000 ip 10.0.0.1";
    const started = process.cpuUsage();
    expect(problemsOf(() => parseIniInventory("big.ini", lines.join("\n")))).to.deep.equal([
      "big.ini:150001: expected key=value after the host 'worker150000', found 'ip'",
    ]);
    expect(process.cpuUsage(started).user, "microseconds of CPU").to.be.lessThan(15_000_000);
  }).timeout(30_000);

  it("lists twenty problems of a file that has thousands, and says how many are left", () => {
    const problems = problemsOf(() => parseIniInventory("f", "some prose here\n".repeat(5000)));
    expect(problems).to.have.length(21);
    expect(problems.at(-1)).to.equal("f: 4980 more lines like these");
  });
});

describe("parseYamlInventory", () => {
  const cases: readonly { readonly title: string; readonly text: string; readonly want: RegExp }[] = [
    {
      title: "names broken YAML by its line",
      text: "all:\n  hosts:\n   a: {\n",
      want: /^f:\d: the YAML cannot be read: /,
    },
    {
      title: "names a file that is no mapping",
      text: "- a\n- b\n",
      want: /^f:1: expected groups with hosts, children and vars/,
    },
    {
      title: "names a plugin's configuration",
      text: "plugin: aws_ec2\n",
      want: /^f:1: this configures an inventory plugin/,
    },
    {
      title: "names an unknown key of a group",
      text: "all:\n  host:\n    a:\n",
      want: /^f:2: 'host' in group 'all' is not hosts/,
    },
    {
      title: "names hosts that are a list",
      text: "all:\n  hosts:\n    - a\n",
      want: /^f:2: 'hosts' of group 'all' must be a mapping/,
    },
    {
      title: "names variables that are no mapping",
      text: "all:\n  hosts:\n    a: 5\n",
      want: /^f:3: the variables of host 'a' must be/,
    },
    {
      title: "names a key given twice",
      text: "all:\n  vars:\n    a: 1\n    a: 2\n",
      want: /^f:4: the YAML cannot be read: Map keys must be unique/,
    },
    {
      title: "names a group that contains itself",
      text: "a:\n  children:\n    a:\n",
      want: /^f:3: group 'a' cannot contain itself/,
    },
    {
      title: "ends at an alias of itself",
      text: "a: {vars: &x {y: *x}}\n",
      want: /^f:1: the value is nested too deeply/,
    },
  ];
  for (const { title, text, want } of cases) {
    it(title, () => expect(problemsOf(() => parseYamlInventory("f", text))[0]).to.match(want));
  }

  it("reads scalars as PyYAML does", () => {
    const text = "[y, yes, 010, 1e3, 1.5e+3, 0x1F, 1:30, ~, 'yes', !!str 5, 12345678901234567890, 1_000, .5, -.inf]";
    const value = parseVariables("f", `a: ${text}\n`)?.[0]?.value;
    expect(value).to.deep.equal([
      "y",
      true,
      8,
      "1e3",
      1500,
      31,
      90,
      null,
      "yes",
      "5",
      12345678901234567890n,
      1000,
      0.5,
      -Infinity,
    ]);
  });
});

describe("readSite", () => {
  let folder: string;
  const write = (files: Readonly<Record<string, string>>): void => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "quorate-site-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const problem = (name: string): string | undefined =>
    problemsOf(() => readInventory(join(folder, name)))[0]?.replace(`${folder}/`, "");

  it("names files that are no inventory", () => {
    write({ "run.sh": "#!/bin/sh\n", "secret.ini": "$ANSIBLE_VAULT;1.1;AES256\n", "disk.ini": "a\u0000b" });
    chmodSync(join(folder, "run.sh"), 0o755);
    expect(problem("none.ini")).to.equal("the inventory none.ini does not exist");
    expect(problem("run.sh")).to.equal("run.sh:1: this is a script that prints an inventory");
    expect(problem("secret.ini")).to.equal("secret.ini is vaulted as a whole");
    expect(problem("disk.ini")).to.equal("disk.ini:1: this is a binary file, not an inventory");
    expect(problem("")).to.match(/is a folder; name one file as the inventory$/);
  });

  it("takes a file without an extension for YAML when it looks like it", () => {
    write({ yaml: "# c\nall:\n  hosts:\n    a:\n", ini: "[all]\na\n" });
    expect(readInventory(join(folder, "yaml")).format).to.equal("yaml");
    expect(readInventory(join(folder, "ini")).format).to.equal("ini");
  });

  it("reads group_vars and host_vars as Ansible finds them: a folder before a file, no hidden and no backup files", () => {
    write({
      "hosts.ini": "[g]\na\n",
      "group_vars/all/1.yml": "x: 1\n",
      "group_vars/all/sub/2": "x: 2\n",
      "group_vars/all/.hidden.yml": "x: 3\n",
      "group_vars/all/old.yml~": "x: 4\n",
      "group_vars/all/readme.md": "x: 5\n",
      "group_vars/g.yml": "y: 1\n",
      "group_vars/g.json": '{"y": 2}',
      "host_vars/a": "z: 1\n",
    });
    const site = readSite(join(folder, "hosts.ini"), { paths: [], playbookFolder: undefined });
    expect(site.variablesFiles.map((file) => `${file.kind} ${file.owner} ${file.path}`)).to.deep.equal([
      "group all group_vars/all/1.yml",
      "group all group_vars/all/sub/2",
      "group g group_vars/g.yml",
      "host a host_vars/a",
    ]);
  });

  it("names a variables file that cannot be read, with its line", () => {
    write({ "hosts.ini": "[g]\na\n", "group_vars/g.yml": "a: 1\n b: 2\n" });
    const problems = problemsOf(() => readSite(join(folder, "hosts.ini"), { paths: [], playbookFolder: undefined }));
    expect(problems[0]).to.match(/group_vars\/g\.yml:\d: the YAML cannot be read/);
  });

  it("looks for extra variables where the playbook runs, too", () => {
    write({ "hosts.ini": "[g]\na\n", "tree/extra.yml": "a: 1\n" });
    const site = readSite(join(folder, "hosts.ini"), { paths: ["extra.yml"], playbookFolder: join(folder, "tree") });
    expect(site.extraVars.map((file) => [file.path, file.variables?.length])).to.deep.equal([["extra.yml", 1]]);
    expect(
      problemsOf(() => readSite(join(folder, "hosts.ini"), { paths: ["no.yml"], playbookFolder: undefined })),
    ).to.deep.equal(["the extra variables no.yml does not exist"]);
  });
});

describe("parseFacts", () => {
  it("keeps every digit of a raft index and names what is wrong by its path", () => {
    const facts = parseFacts(
      "f",
      '{"verdict":"healthy","hosts":[{"host":"a","isReachable":true,"isHealthyVoter":true,"raftIndex":"18446744073709551615"}]}',
    );
    expect(facts.hosts[0]?.raftIndex).to.equal(18446744073709551615n);
    const problems = problemsOf(() => parseFacts("f", '{"verdict":"fine","hosts":[{"host":"a"}]}'));
    expect(problems.map((problem) => problem.split(": ").slice(0, 2).join(": "))).to.deep.equal([
      "f: verdict",
      "f: hosts.0.isReachable",
      "f: hosts.0.isHealthyVoter",
    ]);
    expect(problemsOf(() => parseFacts("f", "{"))).to.deep.equal(["f is no JSON"]);
  });
});
