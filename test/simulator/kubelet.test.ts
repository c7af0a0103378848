import { expect } from "chai";
import { advance, injectFault, type World } from "../../src/simulator";
import { restartService } from "../../src/simulator/services";
import { commandIn, containersNamed, newestContainer, serviceNamed } from "./sight";
import { kubeadmWorld } from "./worlds";

const scheduler = { node: "cp-0", fileName: "kube-scheduler.yaml" } as const;
const typo = {
  ...scheduler,
  kind: "manifest-set",
  path: ["spec", "containers", 0, "command", 0],
  value: "kube-schedulerrrr",
} as const;
const verbose = {
  ...scheduler,
  kind: "manifest-edited",
  from: "--leader-elect=true",
  to: "--leader-elect=false",
} as const;

/** The seconds until something holds, at most `limit`. */
function secondsUntil(world: World, holds: (world: World) => boolean, limit = 400): number {
  for (let seconds = 0, next = world; seconds <= limit; seconds += 1, next = advance(next, 1))
    if (holds(next)) return seconds;
  throw new Error(`not within ${limit} s`);
}

const runs = (word: string) => (world: World) => {
  const container = newestContainer(world, "kube-scheduler");
  return container?.state === "running" && container.command?.includes(word) === true;
};

describe("the simulated kubelet", () => {
  it("shows a changed manifest after 10 to 20 seconds, when the old pod is gone and it tries again", () => {
    const changed = injectFault(kubeadmWorld(1), verbose);
    expect(secondsUntil(changed, runs("--leader-elect=false"))).to.be.within(10, 20);
  });

  it("starts nothing anew when a manifest is written again with the same meaning", () => {
    const world = kubeadmWorld(1);
    const before = newestContainer(world, "kube-scheduler")?.createdAtSeconds;
    const again = injectFault(world, { ...scheduler, kind: "manifest-edited", from: "none", to: "none" });
    expect(newestContainer(advance(again, 60), "kube-scheduler")?.createdAtSeconds).to.equal(before);
  });

  it("fails to start a program that the image does not have, with the words of seed 002, and backs off", () => {
    const broken = advance(injectFault(kubeadmWorld(1), typo), 45);
    const container = newestContainer(broken, "kube-scheduler");
    expect(container).to.include({ state: "waiting", reason: "CrashLoopBackOff", exitCode: 128 });
    expect(container?.message).to.contain('exec: "kube-schedulerrrr": executable file not found in $PATH');
    expect(containersNamed(broken, "kube-scheduler")[1]).to.include({ state: "exited", reason: "StartError" });
  });

  it("doubles the back-off from 10 seconds to 300 and starts anew after a restart of itself", () => {
    let world = advance(injectFault(kubeadmWorld(1), typo), 20);
    const starts: number[] = [];
    for (let second = 0; second < 1500; second += 1) {
      const before = newestContainer(world, "kube-scheduler")?.restartCount;
      world = advance(world, 1);
      if (newestContainer(world, "kube-scheduler")?.restartCount !== before) starts.push(second);
    }
    const delays = starts.slice(1).map((start, index) => start - (starts[index] ?? 0));
    expect(delays.slice(0, 6)).to.deep.equal([20, 40, 80, 160, 300, 300]);
    const restarted = restartService(world, "cp-0", "kubelet").world;
    const count = newestContainer(restarted, "kube-scheduler")?.restartCount;
    expect(
      secondsUntil(restarted, (now) => newestContainer(now, "kube-scheduler")?.restartCount !== count),
    ).to.be.below(3);
  });

  it("keeps the old container through a change that it ignores, until it is restarted", () => {
    const deaf = injectFault(kubeadmWorld(1), { kind: "kubelet-ignores", node: "cp-0", what: "changes" });
    const later = advance(injectFault(deaf, verbose), 600);
    expect(commandIn(later, "kube-scheduler.yaml")).to.include("--leader-elect=false");
    expect(runs("--leader-elect=true")(later)).to.equal(true);
    const stopped = injectFault(later, { kind: "service-stopped", node: "cp-0", service: "kubelet" });
    expect(runs("--leader-elect=true")(advance(stopped, 60)), "containers go on without a kubelet").to.equal(true);
  });

  it("ends the old pod and never starts the new one when it ignores starts", () => {
    const deaf = injectFault(kubeadmWorld(1), { kind: "kubelet-ignores", node: "cp-0", what: "starts" });
    const later = advance(injectFault(deaf, verbose), 600);
    expect(containersNamed(later, "kube-scheduler")).to.deep.equal([]);
  });

  it("ends a pod at once when its file is removed, and at the next listing when it is made unreadable", () => {
    const world = kubeadmWorld(1);
    const isGone = (now: World) => containersNamed(now, "kube-scheduler").length === 0;
    expect(secondsUntil(injectFault(world, { ...scheduler, kind: "manifest-removed" }), isGone)).to.be.below(4);
    const emptied = injectFault(world, { ...scheduler, kind: "manifest-content", content: { kind: "empty" } });
    expect(secondsUntil(emptied, isGone)).to.be.within(2, 23);
  });

  it("takes 31 seconds to end an API server, whose port has to be free before the next one", () => {
    const gone = injectFault(kubeadmWorld(1), {
      kind: "manifest-removed",
      node: "cp-0",
      fileName: "kube-apiserver.yaml",
    });
    expect(secondsUntil(gone, (now) => containersNamed(now, "kube-apiserver").length === 0)).to.be.within(31, 33);
  });

  it("runs the later one of two files that hold the same pod, so that a backup takes over", () => {
    const copied = injectFault(kubeadmWorld(1), {
      ...scheduler,
      kind: "manifest-copied",
      to: "kube-scheduler.yaml.bak",
    });
    const edited = advance(injectFault(copied, verbose), 120);
    expect(commandIn(edited, "kube-scheduler.yaml")).to.include("--leader-elect=false");
    expect(runs("--leader-elect=true")(edited)).to.equal(true);
  });

  it("ignores hidden files", () => {
    const world = kubeadmWorld(1);
    const hidden = advance(
      injectFault(world, { ...scheduler, kind: "manifest-copied", to: ".kube-scheduler.yaml.swp" }),
      60,
    );
    expect(newestContainer(hidden, "kube-scheduler")).to.deep.equal(newestContainer(world, "kube-scheduler"));
  });

  it("cannot start without its container runtime and comes up by itself when that is back", () => {
    const dark = injectFault(kubeadmWorld(1), {
      kind: "service-broken",
      node: "cp-0",
      service: "containerd",
      message: "no binary",
    });
    const off = injectFault(dark, { kind: "power-lost", node: "cp-0" });
    const booted = advance(injectFault(off, { kind: "power-back", node: "cp-0" }), 60);
    expect(serviceNamed(booted, "kubelet")?.state).to.equal("starting");
    expect(serviceNamed(booted, "containerd")?.state).to.equal("failed");
  });
});
