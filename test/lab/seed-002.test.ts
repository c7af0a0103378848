// Seed 002 on a real kubeadm control plane: a misspelled command, a wrong kubeconfig, a wrong hostPath, and what else
// happens to manifests.

import { expect } from "chai";
import { chooseCases } from "../matrix";
import { type KubeadmLab, type LabHost, labOrSkip, openKubeadmLab, openTimeoutMs, waitUntil } from "./lab";
import { type CommandEnd, Project } from "./project";

const manifests = "/etc/kubernetes/manifests";
const pod = (name: string) => `nodes["cp-0"].staticPods["${name}"]`;

interface Fault {
  readonly name: string;
  readonly kind: string;
  /** Shell that makes it. */
  readonly inject: string;
  /** What a preview has to say, as expressions on its text. */
  readonly shows: readonly RegExp[];
  /** Text of the crash that the preview has to show, once the container has crashed. */
  readonly crash?: string;
}

const misspelled: Fault = {
  name: "the scheduler's command is misspelled",
  kind: "one thing",
  inject: `sed -i 's/- kube-scheduler$/- kube-schedulerrrr/' ${manifests}/kube-scheduler.yaml`,
  shows: [/"kube-schedulerrrr" => "kube-scheduler"/, /spec\.containers\[0\]\.command\[0\]/],
  crash: 'exec: "kube-schedulerrrr": executable file not found in $PATH',
};
const wrongKubeconfig: Fault = {
  name: "the controller manager's kubeconfig has a wrong name",
  kind: "one thing",
  inject: `sed -i 's#--kubeconfig=/etc/kubernetes/controller-manager.conf#--kubeconfig=/etc/kubernetes/controller-manager-XXXX.conf#' ${manifests}/kube-controller-manager.yaml`,
  shows: [
    /"--kubeconfig=\/etc\/kubernetes\/controller-manager-XXXX\.conf" => "--kubeconfig=\/etc\/kubernetes\/controller-manager\.conf"/,
  ],
  crash: "stat /etc/kubernetes/controller-manager-XXXX.conf: no such file or directory",
};
const wrongHostPath: Fault = {
  name: "the controller manager's certificates are mounted from a wrong directory",
  kind: "one thing",
  inject: `sed -i 's#path: /etc/kubernetes/pki$#path: /etc/kubernetes/WRONG-PKI-DIRECTORY#' ${manifests}/kube-controller-manager.yaml`,
  shows: [/"\/etc\/kubernetes\/WRONG-PKI-DIRECTORY" => "\/etc\/kubernetes\/pki"/, /hostPath\.path/],
  crash: "unable to load client CA provider: open /etc/kubernetes/pki/ca.crt: no such file or directory",
};
const all: Fault = {
  name: "all three at once",
  kind: "all three",
  inject: [misspelled, wrongKubeconfig, wrongHostPath].map((fault) => fault.inject).join("; "),
  shows: [misspelled, wrongKubeconfig, wrongHostPath].flatMap((fault) => fault.shows),
  crash: misspelled.crash ?? "",
};

const scheduler = `${manifests}/kube-scheduler.yaml`;
const files: readonly Fault[] = [
  {
    name: "a manifest is missing",
    kind: "one thing",
    inject: `rm ${scheduler}`,
    shows: [/kube-scheduler: its manifest is missing/],
  },
  {
    name: "a manifest is empty",
    kind: "one thing",
    inject: `: > ${scheduler}`,
    shows: [/kube-scheduler: the file is empty/],
  },
  {
    name: "a manifest is not YAML",
    kind: "one thing",
    inject: `printf 'a: [b\\n' > ${scheduler}`,
    shows: [/kube-scheduler: the file is not YAML/],
  },
  {
    name: "a manifest belongs to somebody else",
    kind: "one thing",
    inject: `chown ops:ops ${scheduler}`,
    shows: [/ops:ops \(kube-scheduler\.yaml\)" => "root:root"/],
  },
  {
    name: "a manifest has a key that is not declared",
    kind: "one thing",
    inject: `sed -i 's/^spec:$/spec:\\n  terminationGracePeriodSeconds: 7/' ${scheduler}`,
    shows: [/terminationGracePeriodSeconds: 7 => \(not declared\)/],
  },
  {
    name: "a .bak lies beside the manifests",
    kind: "one thing",
    inject: `cp ${scheduler} ${scheduler}.bak`,
    shows: [/"kube-scheduler\.yaml\.bak"/],
  },
  {
    name: "the kubelet is stopped",
    kind: "kubelet",
    inject: "systemctl stop kubelet",
    shows: [/service kubelet: stopped/, /"stopped" => "running"/],
  },
];

describe("seed 002 on a real kubeadm control plane", function () {
  this.timeout(10 * 60_000);
  let lab: KubeadmLab;
  let host: LabHost;
  let project: Project;
  let replicas = 1;

  const expectExit = (end: CommandEnd, code: number) => expect(end.exitCode, end.output).to.equal(code);

  before(async function () {
    this.timeout(openTimeoutMs);
    lab = labOrSkip(this, await openKubeadmLab({ nodes: 1 }));
    const [first] = lab.hosts;
    if (first === undefined) throw new Error("the lab has no host");
    host = first;
    project = new Project("lab");
    await project.capture(lab.sshConfig, "cp-0=root@cp-0");
    await project.succeed("stack", "init", "lab");
    await lab.kubectl("create deployment app --image=registry.local/app:1 --replicas=1");
    // Each case is a change of what is known; a first preview has a case of its own elsewhere.
    expectExit(await project.up(), 0);
  });

  after(async () => {
    project?.remove();
    await lab?.close();
  });

  const podRuns = async (name: string) => {
    const line = await lab.kubectl(`get pod -n kube-system ${name}-cp-0 --no-headers`);
    return /\s1\/1\s+Running\s/.test(line);
  };

  /** Scaling needs the scheduler and the controller manager both: a deployment that grows proves them. */
  const expectScaling = async () => {
    replicas += 1;
    await lab.kubectl(`scale deployment app --replicas=${replicas}`);
    await waitUntil(
      `${replicas} replicas`,
      async () => (await lab.kubectl("get deployment app --no-headers")).includes(`${replicas}/${replicas}`),
      { deadlineMs: 120_000 },
    );
  };

  const expectRepaired = async () => {
    expectExit(await project.up(), 0);
    for (const name of ["kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd"]) {
      await waitUntil(`${name} to run by the API's account`, () => podRuns(name), { deadlineMs: 60_000 });
    }
    const again = await project.preview("--expect-no-changes");
    expectExit(again, 0);
    return again;
  };

  it("changes nothing on a healthy control plane, and has nothing to do afterwards", async () => {
    const before = await host.run(`stat -c '%n %Y %i' ${manifests}/*`);
    expectExit(await project.up(), 0);
    expectExit(await project.preview("--expect-no-changes"), 0);
    expect(await host.run(`stat -c '%n %Y %i' ${manifests}/*`)).to.equal(before);
  });

  for (const fault of chooseCases(
    "seed 002 on a real control plane",
    [misspelled, wrongKubeconfig, wrongHostPath, all, ...files],
    (one) => one.kind,
  )) {
    it(`names and restores when ${fault.name}`, async () => {
      await host.run(fault.inject);
      const crash = fault.crash;
      if (crash !== undefined) {
        await waitUntil("the preview to show the crash", async () => (await project.preview()).output.includes(crash), {
          deadlineMs: 180_000,
        });
      }
      const preview = await project.preview("--expect-no-changes");
      expectExit(preview, 7);
      for (const pattern of fault.shows) expect(preview.output).to.match(pattern);
      await expectRepaired();
      await expectScaling();
    });
  }

  const besides = [
    {
      name: "notes the directory that a wrong hostPath leaves behind, with the command that removes it, and leaves it there",
      kind: "words",
      run: async () => {
        await host.run("mkdir -p /etc/kubernetes/WRONG-PKI-DIRECTORY");
        const preview = await project.preview("--expect-no-changes");
        expectExit(preview, 0);
        const up = await project.up();
        expectExit(up, 0);
        expect(await host.run("ls -d /etc/kubernetes/WRONG-PKI-DIRECTORY")).to.contain("WRONG");
        expect(preview.output + up.output).to.contain("rmdir /etc/kubernetes/WRONG-PKI-DIRECTORY");
        await host.run("rmdir /etc/kubernetes/WRONG-PKI-DIRECTORY");
      },
    },
    {
      name: "shows the crash with the API server down too, from what the node itself keeps",
      kind: "evidence",
      run: async () => {
        await host.run(
          `mkdir -p /root/aside; mv ${manifests}/kube-apiserver.yaml /root/aside/; ${misspelled.inject}; ${wrongKubeconfig.inject}`,
        );
        await waitUntil(
          "the API server to be gone",
          async () => (await host.ssh("pgrep -x kube-apiserver")).exitCode !== 0,
          { deadlineMs: 120_000 },
        );
        const texts = [misspelled.crash ?? "", wrongKubeconfig.crash ?? ""];
        await waitUntil(
          "both crashes to show",
          async () => {
            const { output } = await project.preview();
            return texts.every((text) => output.includes(text));
          },
          { deadlineMs: 240_000 },
        );
        await host.run("rm -r /root/aside");
        await expectRepaired();
        await expectScaling();
      },
    },
    {
      name: "restarts the kubelet only when it does not act on a repaired manifest in time",
      kind: "evidence",
      run: async () => {
        await project.succeed("config", "set", "--stack", "lab", "quorate:containerStartTimeoutSeconds", "40");
        const startedAt = () => host.run("systemctl show -p ExecMainStartTimestampMonotonic --value kubelet");
        const before = await startedAt();
        await host.run(misspelled.inject);
        await waitUntil("the scheduler to crash", async () => !(await podRuns("kube-scheduler")), {
          deadlineMs: 120_000,
        });
        await host.run("pkill -STOP -x kubelet");
        const up = await project.up();
        expectExit(up, 0);
        expect(up.output).to.match(/restart kubelet \(kube-scheduler: .*40 s after its manifest was written/);
        expect(await startedAt()).not.to.equal(before);
        await expectRepaired();
        await expectScaling();
      },
    },
    {
      name: `says what is declared at ${pod("kube-scheduler")} in the detailed difference as JSON`,
      kind: "words",
      run: async () => {
        await host.run(misspelled.inject);
        const { output } = await project.preview("--json");
        const text = output.slice(output.indexOf("{"));
        const { steps } = JSON.parse(text) as {
          steps: readonly { op: string; detailedDiff?: Record<string, unknown> }[];
        };
        const update = steps.find((step) => step.op === "update");
        expect(Object.keys(update?.detailedDiff ?? {})).to.deep.equal([
          `${pod("kube-scheduler")}.spec.containers[0].command[0]`,
        ]);
        await expectRepaired();
      },
    },
  ];
  for (const { name, run } of chooseCases("what seed 002 asks for besides", besides, (one) => one.kind)) it(name, run);
});
