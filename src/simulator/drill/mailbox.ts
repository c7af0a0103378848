// Mails of the health monitor. The first of each kind is news, the many after it are not.
// Source: cloudfoundry/bosh src/bosh-monitor/lib/bosh/monitor/plugins/email.rb (queued, sent at intervals).

import type { DrillEvent } from "../../model/drill";
import type { SimulatedAlert } from "../director/health-monitor";
import type { Foundation } from "../foundation/foundation";

/** See the head of this file. */
export class Mailbox {
  private readonly underway: { readonly atSeconds: number; readonly text: string; readonly id: string }[] = [];
  private readonly known = new Set<string>();
  private seen: number;

  constructor(private readonly foundation: Foundation) {
    this.seen = foundation.director.monitor.alerts.length;
  }

  /** Is no mail on its way? */
  isEmpty(): boolean {
    return this.underway.length === 0;
  }

  /** What arrives now. */
  read(nowSeconds: number): readonly Omit<DrillEvent, "atSeconds">[] {
    const { alerts } = this.foundation.director.monitor;
    for (const alert of alerts.slice(this.seen)) this.queue(alert, nowSeconds);
    this.seen = alerts.length;
    const due = this.underway.filter(({ atSeconds }) => atSeconds <= nowSeconds);
    for (const mail of due) this.underway.splice(this.underway.indexOf(mail), 1);
    const parameters = ["heartbeat", "agentTimeout", "analysis", "mailInterval"];
    return due.map(({ text, id }) => ({ kind: "alert", text, id, parameters }));
  }

  private queue({ severity, title }: SimulatedAlert, nowSeconds: number): void {
    const what = severity === 2 ? "VMs that do not answer" : title;
    if (this.known.has(what)) return;
    this.known.add(what);
    const nowMs = this.foundation.nowMs();
    const delaySeconds = Math.round((this.foundation.mailAtMs(nowMs) - nowMs) / 1000);
    const id = severity === 2 ? "alert" : title === "We are in meltdown" ? "meltdown" : "resurrector";
    this.underway.push({ atSeconds: nowSeconds + delaySeconds, text: `mail from the health monitor: ${what}`, id });
  }
}
