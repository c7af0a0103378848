// `npm run explore -- --minutes N`: tries fresh seeds with everything that draws at random. The tests try a small number of
// seeds at each push; here is where new ones are tried, by a person or every night.

import { runExplore } from "./explore/command";
import { everyExploration } from "./explore/every-exploration";

let isEnded = false;
// Only the first ^C: whoever does not want to wait for the turn to end presses it again.
process.once("SIGINT", () => {
  isEnded = true;
  process.stderr.write("it ends after this turn\n");
});

runExplore(process.argv.slice(2), {
  explorations: everyExploration,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  nowMs: Date.now,
  isEnded: () => isEnded,
}).then((code) => {
  process.exitCode = code;
});
