// Held to the model: every kind of step has its commands, and each command's marked lines are the step's effects.

import { expect } from "chai";
import { type BoshStep, boshEffects } from "../../src/model/bosh-step";
import { boshCommandLines, renderBoshStep } from "../../src/render/bosh-step-command";
import { readTemplate, templateNames } from "../../src/render/template";

const instance = { group: "master", id: "774bfafe-67a2-406b-9ee5-a8db68f2e694" };
const name = `master/${instance.id}`;
const at = { deployment: "pks", reason: "it has to be", instance };
const target = {
  instance,
  preferences: [{ type: "unresponsive_agent", names: ["reboot_vm", "recreate_vm"] }],
} as const;

const commands: Readonly<Record<BoshStep["kind"], readonly (readonly [step: BoshStep, lines: readonly string[]])[]>> = {
  undoPause: [
    [
      { ...at, kind: "undoPause", configName: "quorate-pause-pks" },
      ["bosh -n delete-config --type=resurrection --name=quorate-pause-pks"],
    ],
  ],
  pauseResurrection: [
    [
      { ...at, kind: "pauseResurrection", configName: "quorate-pause-pks" },
      [
        "printf %s 'rules:",
        "  - enabled: false",
        "    include:",
        "      deployments:",
        "        - pks",
        "' | bosh -n update-config --type=resurrection --name=quorate-pause-pks /dev/stdin",
      ],
    ],
  ],
  waitForMonitor: [[{ ...at, kind: "waitForMonitor", waitMs: 65_000 }, ["sleep 65"]]],
  resumeResurrection: [
    [
      { ...at, kind: "resumeResurrection", configName: "quorate-pause-pks" },
      ["bosh -n delete-config --type=resurrection --name=quorate-pause-pks"],
    ],
  ],
  waitForTask: [[{ ...at, kind: "waitForTask", taskId: 7 }, ["bosh task 7"]]],
  waitForInstance: [
    [
      { ...at, kind: "waitForInstance", timeoutMs: 90_000 },
      [`# until ${name} is running, 90 s at most`, "bosh -d pks instances --ps"],
    ],
  ],
  restartProcess: [
    [
      { ...at, kind: "restartProcess", process: "fluentd" },
      [`bosh -d pks ssh ${name} -c 'sudo /var/vcap/bosh/bin/monit restart fluentd'`],
    ],
  ],
  startInstance: [[{ ...at, kind: "startInstance" }, [`bosh -n -d pks start --no-converge ${name}`]]],
  takeEtcdSnapshot: [
    [
      { ...at, kind: "takeEtcdSnapshot" },
      [
        `# on a healthy member of master other than ${name}; keep the file off every member`,
        "bosh -d pks ssh master/HEALTHY_MEMBER -c 'sudo env ETCDCTL_API=3 LOCAL=true /var/vcap/jobs/etcd/bin/etcdctl snapshot save /var/vcap/store/snapshot.db'",
      ],
    ],
  ],
  recreateInstance: [
    [{ ...at, kind: "recreateInstance", scope: "converge" }, [`bosh -n -d pks recreate ${name}`]],
    [{ ...at, kind: "recreateInstance", scope: "one-instance" }, [`bosh -n -d pks recreate --no-converge ${name}`]],
  ],
  deleteVm: [[{ ...at, kind: "deleteVm", vmCid: "vm-1;a" }, ["bosh -n -d pks delete-vm 'vm-1;a'"]]],
  resolveProblems: [
    [
      { ...at, kind: "resolveProblems", targets: [target], oneOfGroups: [] },
      [
        "bosh -d pks cloud-check",
        `# answer ${name}: unresponsive_agent reboot_vm or recreate_vm`,
        "# answer every other problem: ignore",
      ],
    ],
  ],
};

describe("renderBoshStep", () => {
  for (const [kind, rows] of Object.entries(commands)) {
    it(`gives the commands of ${kind}, with the reason and one marked line an effect`, () => {
      for (const [step, lines] of rows) {
        expect(boshCommandLines(step)).to.deep.equal(lines);
        const text = renderBoshStep(step);
        expect(text).to.contain("# why: it has to be");
        const marked = [...text.matchAll(/^# effect: (\w+)$/gm)].map(([, effect]) => effect);
        expect(marked).to.deep.equal(boshEffects(step));
      }
    });
  }

  it("has a template for every kind and none besides", () => {
    expect(templateNames("bosh/steps").map((path) => path.replace("bosh/steps/", ""))).to.deep.equal(
      Object.keys(commands).sort(),
    );
  });

  it("lets no value into a command but through the quoting helpers", () => {
    for (const template of templateNames("bosh")) {
      const loose = [...readTemplate(template).matchAll(/\{\{(?!#|\/|>|sh |comment )[^}]*\}\}/g)].map(([all]) => all);
      expect(loose, template).to.deep.equal([]);
    }
  });
});
