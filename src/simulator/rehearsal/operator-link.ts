// What an operator reaches a simulated director through, so that the operator can be killed or cut off at any moment: every
// call passes here.

import { hostUnreachableError } from "../../model/errors";
import { OperatorKilled } from "../simulated-nodes";

/** One operator's link. */
export class OperatorLink {
  private state: "up" | "cut" | "dead" = "up";
  private readonly waiting = new Set<(error: Error) => void>();

  /** `onCall`: told of every call that gets through, before it is made. */
  constructor(private readonly onCall: (method: string, args: readonly unknown[]) => void) {}

  /** The operator's machine dies: nothing that it does reaches anybody any more. */
  kill(): void {
    this.break("dead");
  }

  /** The director is out of reach; what it was told to do it goes on with. */
  cut(): void {
    this.break("cut");
  }

  /** The same methods, as this link carries them. */
  carry<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => this.call(String(name), args, () => member.apply(target, args));
      },
    });
  }

  private async call<T>(method: string, args: readonly unknown[], make: () => Promise<T>): Promise<T> {
    this.refuseIfBroken();
    this.onCall(method, args);
    // What is told of the call may have broken the link.
    this.refuseIfBroken();
    let giveUp: ((error: Error) => void) | undefined;
    const loss = new Promise<never>((_resolve, reject) => {
      giveUp = reject;
      this.waiting.add(reject);
    });
    try {
      return await Promise.race([make(), loss]);
    } finally {
      if (giveUp !== undefined) this.waiting.delete(giveUp);
    }
  }

  private refuseIfBroken(): void {
    const broken = this.brokenBy();
    if (broken !== undefined) throw broken;
  }

  private break(state: "cut" | "dead"): void {
    this.state = state;
    const error = this.brokenBy();
    if (error === undefined) return;
    for (const giveUp of this.waiting) giveUp(error);
    this.waiting.clear();
  }

  private brokenBy(): Error | undefined {
    switch (this.state) {
      case "up":
        return undefined;
      case "cut":
        return hostUnreachableError("timeout", "the director does not answer", { nodeName: "director" });
      case "dead":
        return new OperatorKilled();
    }
  }
}
