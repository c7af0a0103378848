// What an operator could do in a foundation at this moment, what quorate would do, and what each does to the quorums.

import { explainMeltdown } from "../../plan/bosh-meltdown";
import type { Foundation } from "../foundation/foundation";
import type { FoundationAction } from "./drill-scenario";
import { describeAction } from "./foundation-operator";
import type { DrillChoice } from "./session";

/** A choice with what it does. */
export type FoundationChoice = DrillChoice & { readonly action: FoundationAction };

/** What could be done now, the safest first. */
export function foundationChoices(foundation: Foundation, isBusy: boolean): readonly FoundationChoice[] {
  const actions: readonly { readonly id: string; readonly action: FoundationAction }[] = [
    { id: "entry", action: { kind: "switch-entry" } },
    { id: "reboot", action: { kind: "bosh-cck", resolutions: ["reboot_vm", "recreate_vm"] } },
    { id: "recreate", action: { kind: "bosh-cck", resolutions: ["recreate_vm"] } },
    { id: "bootstrap", action: { kind: "bootstrap-galera" } },
  ];
  return actions
    .filter(({ action }) => isPossible(action, foundation, isBusy))
    .map(({ id, action }) => ({
      id,
      action,
      ...describeAction(action, foundation),
      quorum: quorumEffect(action, foundation),
    }));
}

function isPossible(action: FoundationAction, foundation: Foundation, isBusy: boolean): boolean {
  const services = foundation.services();
  switch (action.kind) {
    case "switch-entry":
      return services.entry.health === "down" && !foundation.isEntrySwitched;
    case "bosh-cck":
      return !isBusy && foundation.silentVms().length > 0;
    case "bootstrap-galera":
      return !isBusy && !foundation.isGaleraPrimary();
    case "drain-cell":
      return false;
  }
}

function quorumEffect(action: FoundationAction, foundation: Foundation): string {
  const { up, all } = foundation.count("mysql");
  const dark = foundation.silentVms().filter(({ zone }) => foundation.director.world.zonesDown.has(zone));
  switch (action.kind) {
    case "switch-entry":
      return `none: MySQL stays at ${up} of ${all} votes`;
    case "bosh-cck": {
      if (!foundation.isDirectorUp()) return "none: there is no director to ask";
      if (dark.length > 0) {
        return `none: ${dark.length} VMs are in a zone without power; each is waited for up to ${foundation.parameters.agentWait} s, under the deployment's lock`;
      }
      const silent = foundation.silentVms().filter(({ group }) => group === "mysql").length;
      return `MySQL goes from ${up} to ${up + silent} of ${all} votes; no VM that answers is touched`;
    }
    case "bootstrap-galera":
      return up < all
        ? `refused until all ${all} MySQL VMs answer, now ${up}`
        : `MySQL gets its majority back: ${all} of ${all}`;
    case "drain-cell":
      return "none";
  }
}

/** How the quorums stand. */
export function foundationQuorums(foundation: Foundation): readonly string[] {
  const { up, all } = foundation.count("mysql");
  const majority = Math.floor(all / 2) + 1;
  const left = up - majority;
  const mysql = foundation.isGaleraPrimary()
    ? `MySQL: ${up} of ${all} votes, ${majority} needed${left === 0 ? "; the next loss stops it" : `; it survives ${left} more`}`
    : `MySQL: majority lost, ${up} of ${all} answer; it has to be bootstrapped`;
  const isActive = (group: "diego_database" | "diego_brain") =>
    foundation.diego.isActive(group) ? "active" : "no holder of the lock";
  return [mysql, `BBS: ${isActive("diego_database")}; auctioneer: ${isActive("diego_brain")} (one of them is enough)`];
}

/** What quorate would do now. */
export function foundationPlan(foundation: Foundation, isBusy: boolean): readonly string[] {
  const services = foundation.services();
  const silent = foundation.silentVms();
  const zones = [...new Set(silent.map(({ zone }) => zone))].filter((zone) =>
    foundation.director.world.zonesDown.has(zone),
  );
  const lines: string[] = [];
  if (services.entry.health === "down")
    lines.push("lead the traffic around the lost HAProxy: nothing else brings the apps back");
  if (silent.length > 0) {
    lines.push(explainMeltdown(foundation.deployment.name, foundation.count("*").all).text);
    lines.push(
      "leave `bosh vms` and `bosh logs` alone: each silent agent holds a worker of the director until it times out",
    );
  }
  if (!foundation.isDirectorUp())
    lines.push("wait for the director: without it there is no cck, no resurrector and no bosh ssh");
  if (zones.length > 0)
    lines.push(`wait for power in ${zones.join(", ")}: before that no VM there can be rebooted (blocker zone-down)`);
  else if (silent.length > 0 && foundation.isDirectorUp()) {
    lines.push(
      isBusy
        ? "wait for the cloud check that runs; do not interrupt it"
        : `bosh cck -d ${foundation.deployment.name} --resolution=reboot_vm --resolution=recreate_vm -n: ${silent.length} VMs`,
    );
  }
  if (!foundation.isGaleraPrimary()) lines.push("bootstrap MySQL once all its VMs answer");
  return lines.length > 0 ? lines : ["nothing to do: every VM answers"];
}
