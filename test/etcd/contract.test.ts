// Every behaviour of etcd that the simulator models, held to real etcd on loopback. A version whose binaries are not there is
// skipped.

import { expect } from "chai";
import { chooseCases } from "../matrix";
import { type Behaviour, behaviours } from "../simulator/etcd/behaviours";
import type { EtcdSide, MemberFacts } from "../simulator/etcd/side";
import { SimulatedSide } from "../simulator/etcd/simulated-side";
import { RealSide } from "./real-side";
import { useEtcd } from "./use-etcd";

// A slow machine has its time: what is waited for is a state, not a moment.
const untilMs = 90_000;

async function factsOf(side: EtcdSide): Promise<Readonly<Record<string, MemberFacts>>> {
  const facts: Record<string, MemberFacts> = {};
  for (const name of side.names) facts[name] = await side.facts(name);
  return facts;
}

/** Real members take their time: looked at until they show what is expected, and once more after that. */
async function expectFacts(real: EtcdSide, want: Readonly<Record<string, MemberFacts>>): Promise<void> {
  const endMs = Date.now() + untilMs;
  for (;;) {
    const seen = await factsOf(real);
    const isSame = JSON.stringify(seen) === JSON.stringify(want);
    if (!isSame && Date.now() > endMs) expect(seen).to.deep.equal(want);
    if (isSame) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(await factsOf(real), "a moment later").to.deep.equal(want);
}

const attemptsMax = 4;

/** Holds a row to a real side; false when a slow machine took its premise away, so that it proves nothing. */
async function holdsAgainst(
  real: RealSide,
  row: Behaviour,
  said: readonly string[],
  facts: Readonly<Record<string, MemberFacts>>,
  isLast: boolean,
): Promise<boolean> {
  try {
    expect(await row.play(real), "answers of its requests").to.deep.equal(said);
    await expectFacts(real, facts);
    return true;
  } catch (difference) {
    if (isLast || row.isUnderOneLeader !== true || !real.hasLeaderMoved()) throw difference;
    return false;
  }
}

const isKnownTo = (version: string, { from }: Behaviour) => from === undefined || version.slice(0, 3) >= from;

for (const minor of ["3.3", "3.4", "3.5", "3.6"] as const) {
  describe(`etcd ${minor} behaves as the simulator says`, function () {
    this.timeout(300_000);
    const etcd = useEtcd(minor);
    let real: RealSide | undefined;

    afterEach(async () => {
      await real?.close();
      real = undefined;
    });

    const rows = behaviours.filter((row) => isKnownTo(minor, row));
    const chosen = chooseCases(`etcd ${minor} against the simulator`, rows, (row) =>
      String(behaviours.indexOf(row) % 4),
    );
    for (const row of chosen) {
      it(row.name, async () => {
        const simulated = new SimulatedSide(row.members, etcd().version, row.begun);
        const said = await row.play(simulated);
        for (let attempt = 1; ; attempt += 1) {
          real = await RealSide.begin(etcd(), row.members, row.begun);
          if (await holdsAgainst(real, row, said, await factsOf(simulated), attempt === attemptsMax)) break;
          await real.close();
        }
      });
    }
  });
}
