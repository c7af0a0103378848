// The report of a rehearsal, for the browser.

import * as fs from "node:fs";
import * as path from "node:path";
import type { Report } from "../../src/model/report";
import { renderEtcdStep } from "../../src/render/etcd-step-command";
import { reportOfRehearsal } from "../../src/render/rehearsal-report";
import { guideStep } from "../../src/render/step-guidance";
import { sceneOf } from "../../src/simulator/rehearsal/scenario-subject";
import { rehearse } from "../../src/simulator/rehearsal/search";
import { summariseRehearsal } from "../../src/simulator/rehearsal/summarise";
import { parseScenario } from "../../src/simulator/scenario";

const file = path.join(__dirname, "../scenarios/rehearse/seed-001.yaml");
let made: Report | undefined;

/** The report of seed 001's rehearsal. */
export function rehearsedReport(): Report {
  if (made !== undefined) return made;
  const scenario = parseScenario(fs.readFileSync(file, "utf8"), file);
  const { subject, world } = sceneOf(scenario);
  const summary = summariseRehearsal(scenario.name, scenario.title, rehearse(subject, world), (step) => ({
    title: guideStep(step).title,
    command: renderEtcdStep(step),
  }));
  made = reportOfRehearsal(summary);
  return made;
}
