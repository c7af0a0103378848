// The resurrector as it can be declared: one global switch and named rule files ("resurrection configs").

/** Which instances a rule speaks of. Undefined lists mean "any"; both lists must match when both are given. */
export interface ResurrectionFilter {
  readonly deployments: readonly string[] | undefined;
  readonly instanceGroups: readonly string[] | undefined;
}

/** One rule. Several matching rules are ANDed, so that one `enabled: false` wins. */
export interface ResurrectionRule {
  readonly enabled: boolean;
  /** Undefined means everywhere. */
  readonly include: ResurrectionFilter | undefined;
  /** Undefined, or a filter without lists, excludes nothing. */
  readonly exclude: ResurrectionFilter | undefined;
}

/** A named resurrection config as read from the director. */
export interface ResurrectionConfig {
  readonly name: string;
  /** The director's id of this version, a decimal string. */
  readonly id: string;
  readonly rules: readonly ResurrectionRule[];
  /** True for a pause whose repair still runs; undefined for any other config. */
  readonly isHeld?: boolean;
}

/** The run that set a pause, so that the next one can tell a live repair from one that was killed. */
export interface PauseHolder {
  /** Host that quorate runs on. */
  readonly host: string;
  readonly pid: number;
  /** When the pause was set, milliseconds since the epoch. */
  readonly sinceMs: number;
}

/** All that decides whether the resurrector acts. */
export interface ResurrectionState {
  /** The global switch (`bosh update-resurrection`). */
  readonly isOn: boolean;
  /** Sorted by name. */
  readonly configs: readonly ResurrectionConfig[];
}

/** Which rules the health monitor brakes by. Source: cloudfoundry/bosh jobs/health_monitor/spec, hm.resurrector. */
export interface MeltdownLimits {
  /** At least so many VMs down... */
  readonly minimumDownJobs: number;
  /** ...and at least this part of the deployment (0 to 1)... */
  readonly percentThreshold: number;
  /** ...each alerted within this many seconds. */
  readonly timeThresholdSecs: number;
}

/** The job's defaults. */
export const defaultMeltdownLimits: MeltdownLimits = {
  minimumDownJobs: 5,
  percentThreshold: 0.2,
  timeThresholdSecs: 600,
};
