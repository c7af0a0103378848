import { expect } from "chai";
import { parseContainers } from "../../src/observe/containers";
import { lastWords, parseJournal } from "../../src/observe/containers/last-words";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const declared = new Map([["kube-scheduler", ["kube-scheduler"]]]);
const startError =
  'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "kube-schedulerrrr": executable file not found in $PATH: unknown';

const labels = {
  "io.kubernetes.pod.name": "kube-scheduler-cp-0",
  "io.kubernetes.pod.namespace": "kube-system",
  "io.kubernetes.pod.uid": "f813",
  "io.kubernetes.container.name": "kube-scheduler",
};

// As crictl 1.33 prints them, cut to what is read.
const crictlList = {
  containers: [
    {
      id: "b304",
      metadata: { name: "kube-scheduler", attempt: 3 },
      image: { image: "sha256:66f" },
      state: "CONTAINER_EXITED",
      createdAt: "1795255497243385555",
      labels,
    },
  ],
};
const crictlDetail = {
  status: {
    id: "b304",
    state: "CONTAINER_EXITED",
    createdAt: "2026-11-21T10:04:57.243385555Z",
    startedAt: "1970-01-01T00:00:00Z",
    exitCode: 128,
    reason: "StartError",
    message: startError,
    image: { image: "registry.k8s.io/kube-scheduler:v1.33.13" },
    mounts: [
      { containerPath: "/etc/kubernetes/scheduler.conf", hostPath: "/etc/kubernetes/scheduler.conf" },
      { containerPath: "/etc/hosts", hostPath: "/var/lib/kubelet/pods/f813/etc-hosts" },
    ],
  },
  info: { runtimeSpec: { process: { args: ["kube-schedulerrrr", "--leader-elect=true"] } } },
};

const ctrInfo = (spec: object = {}) => ({
  ID: "b304",
  Labels: { ...labels, "io.cri-containerd.kind": "container" },
  Image: "registry.k8s.io/kube-scheduler:v1.33.13",
  CreatedAt: "2026-11-21T10:04:57.2433Z",
  Extensions: {
    "io.cri-containerd.container.metadata": {
      value: base64(JSON.stringify({ Version: "v1", Metadata: { Config: { metadata: { attempt: 3 } } } })),
    },
  },
  Spec: { process: { args: ["kube-scheduler"] }, mounts: [], ...spec },
});

const status = (fields: object) => ({
  Version: "v1",
  Pid: 0,
  StartedAt: 0,
  FinishedAt: 0,
  ExitCode: 0,
  Reason: "",
  Message: "",
  ...fields,
});

function kubeletPods(containerStatus: object): string {
  const pod = {
    metadata: { name: "kube-scheduler-cp-0", namespace: "kube-system", uid: "f813" },
    spec: { containers: [{ name: "kube-scheduler", image: "registry.k8s.io/kube-scheduler:v1.33.13" }] },
    status: { containerStatuses: [{ name: "kube-scheduler", ...containerStatus }] },
  };
  return JSON.stringify({ kind: "PodList", apiVersion: "v1", items: [pod] });
}

const logPath = base64("/var/log/pods/kube-system_kube-scheduler-cp-0_f813/kube-scheduler");
const logLine = (text: string) => base64(`2026-11-21T10:04:56.612685144Z stderr F ${text}\n`);
const lines = (...records: readonly string[]) => `time 1795255500\n${records.join("\n")}\n`;

describe("parseContainers", () => {
  it("takes crictl where it answers", () => {
    const stdout = lines(
      `crictl-ps ${base64(`time="2026" level=warning msg="default endpoints"\n${JSON.stringify(crictlList)}`)}`,
      `crictl-inspect ${base64(JSON.stringify(crictlDetail))}`,
    );
    expect(parseContainers(stdout, declared)).to.deep.equal({
      source: "crictl",
      skipped: [],
      containers: [
        {
          pod: "kube-scheduler-cp-0",
          namespace: "kube-system",
          name: "kube-scheduler",
          state: "exited",
          reason: "StartError",
          message: startError,
          exitCode: 128,
          restartCount: 3,
          createdAtSeconds: 1795255497.243385,
          command: ["kube-schedulerrrr", "--leader-elect=true"],
          image: "registry.k8s.io/kube-scheduler:v1.33.13",
          hostPaths: ["/etc/kubernetes/scheduler.conf"],
        },
      ],
    });
  });

  it("takes the kubelet's API next, with what really runs from containerd", () => {
    const running = {
      containerID: "containerd://b304",
      ready: true,
      restartCount: 3,
      state: { running: { startedAt: "2026-11-21T10:04:58Z" } },
    };
    const stdout = lines(
      `skip crictl ${base64("crictl is not installed")}`,
      `kubelet-api ${base64(kubeletPods(running))}`,
      "containerd",
      `container b304 ${base64(JSON.stringify(ctrInfo()))}`,
      `state b304 yes ${base64(JSON.stringify(status({ Pid: 7, StartedAt: 1 })))}`,
    );
    const seen = parseContainers(stdout, declared);
    expect([seen.source, seen.skipped]).to.deep.equal(["kubelet-api", ["crictl: crictl is not installed"]]);
    expect(seen.containers[0]).to.deep.include({
      state: "running",
      ready: true,
      restartCount: 3,
      command: ["kube-scheduler"],
    });
    expect(seen.containers[0]?.createdAtSeconds).to.be.greaterThan(1795255497);
  });

  it("tells of a back-off what ended the last try, not when the next one is", () => {
    const waiting = {
      state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 10s restarting failed container" } },
      lastState: { terminated: { exitCode: 128, reason: "StartError", message: startError } },
    };
    const [container] = parseContainers(lines(`kubelet-api ${base64(kubeletPods(waiting))}`), declared).containers;
    expect(container).to.include({ state: "waiting", reason: "CrashLoopBackOff", exitCode: 128, message: startError });
  });

  it("takes a process's last words from its log where the kubelet has none", () => {
    const words =
      'E1121 10:04:56.612292       1 run.go:72] "command failed" err="stat /etc/kubernetes/x.conf: no such file"';
    const waiting = {
      state: { waiting: { reason: "CrashLoopBackOff", message: "back-off" } },
      lastState: { terminated: { exitCode: 1, reason: "Error" } },
    };
    const stdout = lines(`kubelet-api ${base64(kubeletPods(waiting))}`, `log ${logPath} 2 ${logLine(words)}`);
    expect(parseContainers(stdout, declared).containers[0]?.message).to.equal(words);
  });

  it("falls through to containerd when the kubelet refuses, and says so", () => {
    const stdout = lines(
      `skip crictl ${base64("crictl is not installed")}`,
      `skip kubelet-api ${base64("Authorization error (user=x)\n\n500")}`,
      "containerd",
      `container b304 ${base64(JSON.stringify(ctrInfo()))}`,
      `state b304 no ${base64(
        JSON.stringify(status({ CreatedAt: 1, FinishedAt: 2, ExitCode: 1 }))
          .replace('"CreatedAt":1', '"CreatedAt":1795255497243385555')
          .replace('"FinishedAt":2', '"FinishedAt":1795255497315439492'),
      )}`,
      `log ${logPath} 3 ${logLine("E1121 boom")}`,
    );
    const seen = parseContainers(stdout, declared);
    expect([seen.source, seen.skipped]).to.deep.equal([
      "containerd",
      ["crictl: crictl is not installed", "the kubelet's API: HTTP 500: Authorization error (user=x)"],
    ]);
    expect(seen.containers[0]).to.include({
      state: "exited",
      exitCode: 1,
      reason: "Error",
      message: "E1121 boom",
      createdAtSeconds: 1795255497.243385,
    });
  });

  it("does not show an older attempt's log as the cause", () => {
    const stdout = lines(
      "containerd",
      `container b304 ${base64(JSON.stringify(ctrInfo()))}`,
      `state b304 no ${base64(JSON.stringify(status({ FinishedAt: 5000, ExitCode: 1 })))}`,
      `log ${logPath} 2 ${logLine("E1121 another matter")}`,
    );
    expect(parseContainers(stdout, declared).containers[0]).not.to.have.property("message");
  });

  it("tells of containers that go on while containerd is down, by their bundles", () => {
    const bundle = {
      annotations: {
        "io.kubernetes.cri.container-type": "container",
        "io.kubernetes.cri.container-name": "kube-scheduler",
        "io.kubernetes.cri.sandbox-name": "kube-scheduler-cp-0",
        "io.kubernetes.cri.sandbox-namespace": "kube-system",
        "io.kubernetes.cri.image-name": "registry.k8s.io/kube-scheduler:v1.33.13",
      },
      process: { args: ["kube-scheduler"] },
    };
    const sandbox = { annotations: { "io.kubernetes.cri.container-type": "sandbox" } };
    const stdout = lines(
      `skip containerd ${base64("there is no socket")}`,
      `bundle b304 ${base64(JSON.stringify(bundle))}`,
      `state b304 yes ${base64(JSON.stringify(status({ Pid: 7, StartedAt: 5000 })))}`,
      `bundle aaaa ${base64(JSON.stringify(sandbox))}`,
    );
    const seen = parseContainers(stdout, declared);
    expect(seen.containers).to.have.length(1);
    expect(seen.containers[0]).to.include({ state: "running", image: "registry.k8s.io/kube-scheduler:v1.33.13" });
  });

  it("is unknown of a container whose process is gone although its record says that it runs", () => {
    const stdout = lines(
      "containerd",
      `container b304 ${base64(JSON.stringify(ctrInfo()))}`,
      `state b304 no ${base64(JSON.stringify(status({ Pid: 7, StartedAt: 5000 })))}`,
    );
    expect(parseContainers(stdout, declared).containers[0]?.state).to.equal("unknown");
  });

  it("tells of a container that could not be made, by the kubelet's journal", () => {
    const line =
      '1795255490.1 cp-0 kubelet[5]: E1121 10:04:50.1 5 nestedpendingoperations.go:348] Operation failed. Error: MountVolume.SetUp failed for volume "k8s-certs" (UniqueName: "kubernetes.io/host-path/x") pod "kube-scheduler-cp-0" (UID: "x") : hostPath type check failed: /etc/kubernetes/nowhere is not a directory';
    const seen = parseContainers(lines("containerd", `journal ${base64(line)}`), declared);
    expect(seen.containers).to.deep.equal([
      {
        pod: "kube-scheduler-cp-0",
        namespace: "kube-system",
        name: "kube-scheduler",
        state: "waiting",
        reason: "FailedMount",
        message:
          'MountVolume.SetUp failed for volume "k8s-certs": hostPath type check failed: /etc/kubernetes/nowhere is not a directory',
      },
    ]);
  });

  it("passes over an answer that is no answer, with the reason", () => {
    const stdout = lines(`crictl-ps ${base64("{broken")}`, `kubelet-api ${base64("<html>")}`, "containerd");
    const seen = parseContainers(stdout, declared);
    expect([seen.source, seen.skipped.length]).to.deep.equal(["containerd", 2]);
    expect(seen.skipped[0]).to.contain("crictl: its answer cannot be read");
  });

  it("refuses when no source answered, with the reason of each", () => {
    const stdout = lines(`skip crictl ${base64("not installed")}`, `skip containerd ${base64("no socket")}`);
    expect(() => parseContainers(stdout, declared)).to.throw("crictl: not installed; containerd: no socket");
  });

  it("refuses a list that was given up half-way", () => {
    const stdout = lines("containerd", `container b304 ${base64(JSON.stringify(ctrInfo()))}`, "late");
    expect(() => parseContainers(stdout, declared)).to.throw("too slowly");
  });
});

describe("lastWords", () => {
  it("are the last error, else the last line, else nothing", () => {
    const line = (text: string) => `2026-11-21T10:04:56Z stderr F ${text}`;
    expect(lastWords([line("E1121 x"), line("I1121 bye")].join("\n"))).to.equal("E1121 x");
    expect(lastWords([line("one"), line("two"), line(" ")].join("\n"))).to.equal("two");
    expect(lastWords('cut off\n2026 stderr F {"level":"fatal","msg":"no"}\n')).to.equal('{"level":"fatal","msg":"no"}');
    expect(lastWords("")).to.equal(undefined);
  });
});

describe("parseJournal", () => {
  const message = `failed to "StartContainer" for "kube-scheduler" with RunContainerError: ${JSON.stringify(startError)}`;
  const line = (at: number) =>
    `${at}.3 cp-0 kubelet[5]: E1121 10:04:57.3 576 pod_workers.go:1301] "Error syncing pod, skipping" err=${JSON.stringify(message)} pod="kube-system/kube-scheduler-cp-0" podUID="f"`;

  it("unquotes what Go quoted twice", () => {
    expect(parseJournal(line(1000), 1010)).to.deep.equal([
      { pod: "kube-scheduler-cp-0", container: "kube-scheduler", reason: "RunContainerError", message: startError },
    ]);
  });

  it("passes over what is old, cut off or only a back-off", () => {
    expect(parseJournal(line(1000), 2000)).to.deep.equal([]);
    expect(parseJournal(line(1000).slice(0, 200), 1010)).to.deep.equal([]);
    expect(parseJournal(line(1000).replace("RunContainerError", "CrashLoopBackOff"), 1010)).to.deep.equal([]);
    expect(parseJournal("-- No entries --", 1010)).to.deep.equal([]);
  });
});
