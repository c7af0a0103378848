import { expect } from "chai";
import type { ProblemTarget } from "../../src/model/bosh-step";
import { chooseAnswers, rebootFirst, recreateFirst } from "../../src/plan/bosh-resolution";
import { masters, problem, ref, worker } from "./bosh-builders";

const target = (instance = worker, preferences = rebootFirst): ProblemTarget => ({ instance, preferences });

describe("chooseAnswers", () => {
  it("reboots what is silent and recreates what is missing, in one go (seed 004's mixture)", () => {
    const cell = ref("cell", 7);
    const problems = [problem(4, "unresponsive_agent", worker), problem(5, "missing_vm", cell)];
    expect(chooseAnswers(problems, [target(), target(cell)], []).answers).to.deep.equal([
      { problemId: 4, resolution: "reboot_vm" },
      { problemId: 5, resolution: "recreate_vm" },
    ]);
  });

  it("never gives an answer that the director does not offer for that problem", () => {
    const rebootOnly: ProblemTarget = { instance: worker, preferences: [{ type: "missing_vm", names: ["reboot_vm"] }] };
    const { answers, unanswered } = chooseAnswers([problem(5, "missing_vm", worker)], [rebootOnly], []);
    expect(answers).to.deep.equal([{ problemId: 5, resolution: "ignore" }]);
    expect(unanswered).to.deep.equal([{ instance: worker, why: "not-offered" }]);
  });

  it("takes the name that an old director has for the same thing", () => {
    const old = problem(1, "missing_vm", worker, "recreate_vm_skip_post_start");
    const withoutWait = { ...old, resolutions: old.resolutions.filter(({ name }) => name !== "recreate_vm") };
    expect(chooseAnswers([withoutWait], [target(worker, recreateFirst)], []).answers[0]?.resolution).to.equal(
      "recreate_vm_skip_post_start",
    );
  });

  it("ignores by name what it was not asked for, so that the director's own choice never applies", () => {
    const problems = [problem(1, "missing_vm", worker), problem(2, "missing_disk", masters[0])];
    expect(chooseAnswers(problems, [target()], []).answers[1]).to.deep.equal({ problemId: 2, resolution: "ignore" });
  });

  it("answers one of a quorum group and says who waits", () => {
    const problems = [problem(1, "unresponsive_agent", masters[0]), problem(2, "unresponsive_agent", masters[1])];
    const { answers, unanswered } = chooseAnswers(problems, [target(masters[0]), target(masters[1])], ["master"]);
    expect(answers.map(({ resolution }) => resolution)).to.deep.equal(["reboot_vm", "ignore"]);
    expect(unanswered).to.deep.equal([{ instance: masters[1], why: "one-of-group" }]);
  });

  it("says so when the agent is back and there is no problem any more", () => {
    expect(chooseAnswers([], [target()], [])).to.deep.equal({
      answers: [],
      unanswered: [{ instance: worker, why: "no-problem" }],
    });
  });
});
