// The practice mode of a drill: it stops at each event, and a person chooses among the steps or asks for the plan. Works on a
// terminal and on a pipe; the end of the input plays the rest without anybody.

import * as readline from "node:readline";
import type { DrillResult } from "../model/drill";
import { describeEvent } from "../render/drill-text";
import type { DrillChoice, DrillSession } from "../simulator/drill";

/** Where a person is asked. */
export interface Conversation {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** Plays a drill with a person. */
export async function playInteractively(session: DrillSession, { input, output }: Conversation): Promise<DrillResult> {
  const say = (text: string) => void output.write(`${text}\n`);
  const lines = readline.createInterface({ input, terminal: false });
  const answers = lines[Symbol.asyncIterator]();
  const { startsAt } = session.result();
  say("Enter goes on; a name does that step; plan, status, quit.");
  try {
    for (;;) {
      const events = await session.next();
      if (events.length === 0) return session.result();
      for (const event of events) say(describeEvent(event, startsAt));
      if (events.some(({ kind }) => kind === "end")) continue;
      if ((await ask(session, answers, output, say, startsAt)) === "quit") return session.result();
    }
  } finally {
    lines.close();
  }
}

async function ask(
  session: DrillSession,
  answers: AsyncIterator<string>,
  output: NodeJS.WritableStream,
  say: (text: string) => void,
  startsAt: string | undefined,
): Promise<"on" | "quit"> {
  for (const line of session.quorums()) say(`    ${line}`);
  for (;;) {
    const choices = session.choices();
    for (const choice of choices) sayChoice(choice, say);
    output.write("> ");
    const { value, done } = await answers.next();
    const answer = done === true ? "" : String(value).trim();
    if (answer === "") return "on";
    if (answer === "quit") return "quit";
    if (answer === "plan") for (const [index, line] of session.plan().entries()) say(`    ${index + 1}. ${line}`);
    else if (answer === "status")
      for (const { name, health, why } of session.status())
        say(`    ${name}: ${health}${why === "" ? "" : `, ${why}`}`);
    else if (choices.some(({ id }) => id === answer)) {
      for (const event of await session.choose(answer)) say(describeEvent(event, startsAt));
      for (const line of session.quorums()) say(`    ${line}`);
    } else
      say(
        `there is no step "${answer}" now; one of: ${["Enter", ...choices.map(({ id }) => id), "plan", "status", "quit"].join(", ")}`,
      );
  }
}

function sayChoice({ id, title, command, quorum }: DrillChoice, say: (text: string) => void): void {
  say(`  ${id}: ${title}`);
  if (command !== undefined) say(`      $ ${command}`);
  say(`      quorum: ${quorum}`);
}
