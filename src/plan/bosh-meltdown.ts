// The resurrector's brake, explained for one deployment: with many VMs down it stands aside, and somebody has to know that
// before the night. Source: cloudfoundry/bosh hm lib/bosh/monitor/plugins/resurrector_helper.rb.
import { defaultMeltdownLimits, type MeltdownLimits } from "../model/bosh-resurrection";

/** How the brake works for a deployment. */
export interface MeltdownExplanation {
  /** VMs that have to be down at the same time; undefined when so many do not exist. */
  readonly vmsDown: number | undefined;
  /** One or two sentences for the operator. */
  readonly text: string;
}

/** From how many VMs down on the resurrector stops helping this deployment. */
export function explainMeltdown(
  deployment: string,
  vms: number,
  limits: MeltdownLimits = defaultMeltdownLimits,
): MeltdownExplanation {
  // Both limits are inclusive in the code, although the documentation says "greater".
  const vmsDown = Math.max(limits.minimumDownJobs, Math.ceil(vms * limits.percentThreshold - 1e-9));
  if (vmsDown > vms) {
    return {
      vmsDown: undefined,
      text: `The resurrector never stands down for '${deployment}': it has ${vms} VMs, and the brake needs ${vmsDown} down. It recreates them all by itself, quorum or not.`,
    };
  }
  const minutes = limits.timeThresholdSecs / 60;
  return {
    vmsDown,
    text: `The resurrector stands down for '${deployment}' once ${vmsDown} of its ${vms} VMs were down within ${minutes} minutes; from then on they are recovered by hand (cck) only.`,
  };
}
