// What makes a Cloud Foundry foundation available, as declared and as found. The rules are in src/plan/foundation.ts.

/** Rules that can be checked. */
export const foundationRules = [
  "external-load-balancer",
  "blobstore",
  "zone-count",
  "instance-counts",
  "zone-spread",
  "cell-capacity",
  "cell-scale-up",
  "resurrector",
] as const;

/** A rule that can be checked. */
export type FoundationRule = (typeof foundationRules)[number];

/** How the blobstore is kept. */
export type BlobstorePlan =
  | { readonly kind: "external" }
  | { readonly kind: "internal-with-restore-plan" /** Where the plan is written. */; readonly plan: string }
  | { readonly kind: "internal" };

/** What is declared about a foundation. */
export interface FoundationDeclaration {
  /** The cf deployment on the director. */
  readonly deployment: string;
  /** Names of the availability zones. */
  readonly zones: readonly string[];
  /** Is an external, redundant load balancer in front of the routers? */
  readonly hasExternalLoadBalancer: boolean;
  readonly blobstore: BlobstorePlan;
  /** Is an external database used? Then MySQL has no instances. */
  readonly hasExternalDatabase: boolean;
  /** Release of PAS, such as "2.4"; undefined: the newest table. */
  readonly release: string | undefined;
  /** Allocation of the Diego cells; undefined: capacity is not judged. */
  readonly cells: CellCapacity | undefined;
  /** Rules whose violation fails the check. */
  readonly mandatory: readonly FoundationRule[];
}

/** Memory of the Diego cells. */
export interface CellCapacity {
  readonly cells: readonly { readonly zone: string; readonly totalMb: number; readonly allocatedMb: number }[];
  /** Memory of the largest app instance: it needs room on one cell, not in sum. */
  readonly largestInstanceMb: number;
}

/** What was found on the director. */
export interface FoundationObservation {
  readonly instances: readonly { readonly group: string; readonly zone: string | undefined }[];
  readonly isResurrectionOn: boolean;
  /** Resurrection rules keep the resurrector off these groups of the deployment. Sorted. */
  readonly groupsNotResurrected: readonly string[];
}

/** A rule that does not hold, or something worth knowing. */
export interface FoundationFinding {
  readonly rule: FoundationRule;
  /** "mandatory" fails the check, "warning" does not, "notice" needs nothing done. */
  readonly severity: "mandatory" | "warning" | "notice";
  /** One sentence: what is wrong, with figures. */
  readonly message: string;
  /** What to do about it. */
  readonly advice: string;
}
