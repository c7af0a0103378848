// The availability rules of seed 004 as findings: pure, all at once, each with its figures. The declaration says which of
// them fail the check.
// Source: seed 004; cloudfoundry/docs-cloudfoundry-concepts high-availability; docs.pivotal.io key-cap-scaling.
import type {
  CellCapacity,
  FoundationDeclaration,
  FoundationFinding,
  FoundationObservation,
  FoundationRule,
} from "../model/bosh-foundation";
import { unreachable } from "../model/errors";
import { type InstanceCountRule, instanceCountRules } from "./foundation-counts";

type Finding = Omit<FoundationFinding, "severity"> & { readonly isNotice?: boolean };

/** All findings, the mandatory ones first, then by rule as listed in the model. */
export function checkFoundation(
  declaration: FoundationDeclaration,
  observation: FoundationObservation,
): readonly FoundationFinding[] {
  const found: readonly Finding[] = [
    ...checkLoadBalancer(declaration, observation),
    ...checkBlobstore(declaration),
    ...checkZones(declaration),
    ...checkCounts(declaration, observation),
    ...(declaration.cells === undefined ? [] : checkCells(declaration.cells)),
    ...checkResurrector(declaration, observation),
  ];
  const rank = { mandatory: 0, warning: 1, notice: 2 } as const;
  return found
    .map(({ isNotice, ...finding }): FoundationFinding => {
      if (isNotice === true) return { ...finding, severity: "notice" };
      return { ...finding, severity: declaration.mandatory.includes(finding.rule) ? "mandatory" : "warning" };
    })
    .sort((a, b) => rank[a.severity] - rank[b.severity]);
}

function checkLoadBalancer(declaration: FoundationDeclaration, observation: FoundationObservation): readonly Finding[] {
  if (declaration.hasExternalLoadBalancer) return [];
  const haProxies = countOf(observation, ["ha_proxy"]);
  const zones = zonesOf(observation, ["ha_proxy"]);
  const where =
    haProxies === 1
      ? `, and the one HAProxy is in zone ${zones[0] ?? "unknown"}: with that zone all apps are out of reach`
      : "";
  return [
    {
      rule: "external-load-balancer",
      message: `no external load balancer is declared in front of the routers${where}`,
      advice: "put a redundant external load balancer in front of all router VMs",
    },
  ];
}

function checkBlobstore({ blobstore }: FoundationDeclaration): readonly Finding[] {
  switch (blobstore.kind) {
    case "external":
      return [];
    case "internal-with-restore-plan":
      return [
        {
          rule: "blobstore",
          message: `the blobstore is internal and single; its restore plan is ${blobstore.plan}`,
          advice: "practise that plan before the zone of the blobstore is lost",
          isNotice: true,
        },
      ];
    case "internal":
      return [
        {
          rule: "blobstore",
          message:
            "the blobstore is internal, always one instance, and has no restore plan: without its zone nothing can be pushed or rescheduled",
          advice: "use an external S3-compatible blobstore, or declare where its restore plan is",
        },
      ];
    default:
      return unreachable(blobstore);
  }
}

function checkZones({ zones }: FoundationDeclaration): readonly Finding[] {
  const advice = "use three zones, or another odd number above";
  if (zones.length < 3) {
    const message = `${zones.length} availability zone(s): a quorum of three cannot survive the loss of each zone`;
    return [{ rule: "zone-count", message, advice }];
  }
  if (zones.length % 2 === 1) return [];
  const message = `${zones.length} availability zones: an even number survives no more losses than ${zones.length - 1} would`;
  return [{ rule: "zone-count", message, advice }];
}

function checkCounts(declaration: FoundationDeclaration, observation: FoundationObservation): readonly Finding[] {
  const rules = instanceCountRules(declaration.release);
  if (rules === undefined) {
    const message = `there is no table of instance counts for release ${declaration.release ?? ""}`;
    return [{ rule: "instance-counts", message, advice: "declare a release from 2.0 on, such as 2.4", isNotice: true }];
  }
  return rules.flatMap((rule) => checkCount(declaration, observation, rule));
}

function checkCount(
  declaration: FoundationDeclaration,
  observation: FoundationObservation,
  rule: InstanceCountRule,
): readonly Finding[] {
  const count = countOf(observation, rule.groups);
  // A group that is not there is not used here (or is colocated): nothing can be said of its count.
  if (count === 0) return [];
  const zones = zonesOf(observation, rule.groups);
  const findings: Finding[] = [];
  const complaint = countComplaint(rule, count, declaration);
  if (complaint !== undefined) {
    findings.push({
      rule: "instance-counts",
      message: `${rule.job}: ${complaint}`,
      advice: `scale ${rule.groups[0] ?? rule.job} out`,
    });
  }
  const perZone = rule.perZone ?? (rule.isOnePerZone === true ? 1 : 0);
  const short = declaration.zones.filter((zone) => zones.filter((used) => used === zone).length < perZone);
  if (short.length > 0) {
    findings.push({
      rule: "zone-spread",
      message: `${rule.job}: fewer than ${perZone} in zone(s) ${short.join(", ")}`,
      advice: `spread ${rule.groups[0] ?? rule.job} over all zones`,
    });
  } else if (count > 1 && declaration.zones.length > 1 && new Set(zones).size === 1) {
    findings.push({
      rule: "zone-spread",
      message: `${rule.job}: all ${count} are in zone ${zones[0] ?? "unknown"}`,
      advice: `spread ${rule.groups[0] ?? rule.job} over all zones`,
    });
  }
  return findings;
}

function countComplaint(
  rule: InstanceCountRule,
  count: number,
  declaration: FoundationDeclaration,
): string | undefined {
  if (rule.isDatabase === true && declaration.hasExternalDatabase) {
    return `${count} although an external database is declared, which needs none`;
  }
  if (rule.condition === "singleton") return count === 1 ? undefined : `${count}, it cannot be scaled beyond 1`;
  if (rule.condition === "exactly" && count !== rule.recommended) {
    return `${count}, exactly ${rule.recommended} are needed for a majority`;
  }
  if (count < rule.recommended) return `${count}, at least ${rule.recommended} are recommended`;
  if (rule.condition === "odd" && count % 2 === 0) return `${count}, an odd number is needed`;
  return undefined;
}

function checkCells({ cells, largestInstanceMb }: CellCapacity): readonly Finding[] {
  const zones = [...new Set(cells.map(({ zone }) => zone))].sort();
  const lossOf = (zone: string): Finding | undefined => {
    const lost = cells.filter((cell) => cell.zone === zone);
    return roomFor(
      lost,
      cells.filter((cell) => cell.zone !== zone),
      largestInstanceMb,
      "cell-capacity",
      `zone ${zone} is lost`,
    );
  };
  // The zone whose loss hurts most says it all.
  const byLoad = [...zones].sort((a, b) => allocated(cells, b) - allocated(cells, a));
  const zoneFinding = byLoad.map(lossOf).find((finding) => finding !== undefined);
  const byAllocation = [...cells].sort((a, b) => b.allocatedMb - a.allocatedMb);
  const [fullest] = byAllocation;
  const scaleFinding =
    fullest === undefined
      ? undefined
      : roomFor(
          [fullest],
          byAllocation.slice(1),
          largestInstanceMb,
          "cell-scale-up",
          "a cell is scaled up and its apps move",
        );
  return [zoneFinding, scaleFinding].filter((finding) => finding !== undefined);
}

function allocated(cells: CellCapacity["cells"], zone: string): number {
  return cells.filter((cell) => cell.zone === zone).reduce((sum, { allocatedMb }) => sum + allocatedMb, 0);
}

function roomFor(
  lost: CellCapacity["cells"],
  left: CellCapacity["cells"],
  largestInstanceMb: number,
  rule: FoundationRule,
  when: string,
): Finding | undefined {
  const neededMb = lost.reduce((sum, { allocatedMb }) => sum + allocatedMb, 0);
  const freeMb = left.reduce((sum, { totalMb, allocatedMb }) => sum + Math.max(0, totalMb - allocatedMb), 0);
  if (freeMb < neededMb) {
    return {
      rule,
      message: `when ${when}, ${neededMb} MB have to move and the other cells have ${freeMb} MB free`,
      advice: `add cells with at least ${neededMb - freeMb} MB in the other zones`,
    };
  }
  const largestFreeMb = Math.max(0, ...left.map(({ totalMb, allocatedMb }) => totalMb - allocatedMb));
  if (neededMb === 0 || largestFreeMb >= largestInstanceMb) return undefined;
  return {
    rule,
    message: `when ${when}, the largest app instance (${largestInstanceMb} MB) fits on no single cell: the most free is ${largestFreeMb} MB`,
    advice: "use larger cells, or leave more room on one",
  };
}

function checkResurrector(declaration: FoundationDeclaration, observation: FoundationObservation): readonly Finding[] {
  if (!observation.isResurrectionOn) {
    return [
      {
        rule: "resurrector",
        message: "the resurrector is off for the whole director",
        advice: "bosh update-resurrection on",
      },
    ];
  }
  if (observation.groupsNotResurrected.length === 0) return [];
  const groups = observation.groupsNotResurrected.join(", ");
  return [
    {
      rule: "resurrector",
      message: `resurrection configs keep the resurrector off ${groups} of '${declaration.deployment}'`,
      advice: "look at `bosh configs --type=resurrection`",
    },
  ];
}

function countOf({ instances }: FoundationObservation, groups: readonly string[]): number {
  return instances.filter(({ group }) => groups.includes(group)).length;
}

function zonesOf({ instances }: FoundationObservation, groups: readonly string[]): readonly string[] {
  return instances.filter(({ group }) => groups.includes(group)).map(({ zone }) => zone ?? "unknown");
}
