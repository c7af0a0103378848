// What must hold for every plan of an etcd cluster, over one to nine members in any mix of states.

import { expect } from "chai";
import type { EtcdPlan } from "../../src/model/etcd-plan";
import { planEtcd } from "../../src/plan/etcd/plan";
import { violationsOf } from "./etcd-rules";
import { type Scene, type Spec, sceneOf, specs } from "./etcd-scene";
import type { RandomProperty } from "./random-property";

/** A planner of etcd that is given the truth of the scene too, so that it can be wrong on purpose. */
export type ScenePlanner = (scene: Scene) => EtcdPlan;

/** The real planner. */
export const right: ScenePlanner = (scene) => planEtcd(scene.input);

/** The planner breaks no safety rule, or just not this one. */
export function keepsRules(planner: ScenePlanner, only?: string): RandomProperty<Spec> {
  return {
    name: "breaks no safety rule",
    inputs: specs,
    check: (spec) => {
      const scene = sceneOf(spec);
      const found = violationsOf(scene, planner(scene)).filter(
        (violation) => only === undefined || violation.rule === only,
      );
      if (found.length > 0)
        throw new Error(found.map((violation) => `${violation.rule}: ${violation.text}`).join("\n"));
    },
  };
}

export const sameInAnyOrder: RandomProperty<Spec> = {
  name: "gives the same plan in whatever order the views come",
  inputs: specs,
  check: (spec) => {
    const { input } = sceneOf(spec);
    expect(planEtcd({ ...input, views: [...input.views].reverse() })).to.deep.equal(planEtcd(input));
  },
};
