// Every command by what is loaded for it. The list is all that is read before one is chosen.

import type { Command } from "commander";

/** Commands that are loaded together. */
export interface CommandGroup {
  /** The words they are called by. */
  readonly commands: readonly string[];
  /** Loads them and adds them to the program. */
  register(program: Command): void;
}

const context = () => engine().processContext();
const engine = () => require("./engine") as typeof import("./engine");

/** All commands, in the order in which `--help` lists them. */
export const commandGroups: readonly CommandGroup[] = [
  {
    commands: ["preview", "up", "refresh", "destroy", "stack", "cancel", "config"],
    register: (program) => engine().registerEngineCommands(program, context()),
  },
  {
    commands: ["doctor"],
    register: (program) => (require("./doctor") as typeof import("./doctor")).registerDoctorCommand(program),
  },
  {
    commands: ["drill"],
    register: (program) => (require("./drill") as typeof import("./drill")).registerDrillCommand(program),
  },
  {
    commands: ["capture"],
    register: (program) => (require("./capture") as typeof import("./capture")).registerCaptureCommand(program),
  },
  {
    commands: ["inventory"],
    register: (program) => {
      const { registerInventoryCommand } = require("./inventory") as typeof import("./inventory");
      const { observeSite } = require("../provider/observe-site") as typeof import("../provider/observe-site");
      registerInventoryCommand(program, { observe: observeSite });
    },
  },
  {
    commands: ["restore-pki"],
    register: (program) =>
      (require("./restore-pki") as typeof import("./restore-pki")).registerRestorePkiCommand(program),
  },
  {
    commands: ["runbook"],
    register: (program) =>
      (require("./runbook") as typeof import("./runbook")).registerRunbookCommand(program, context()),
  },
  {
    commands: ["rehearse"],
    register: (program) =>
      (require("./rehearse") as typeof import("./rehearse")).registerRehearseCommand(program, context()),
  },
  {
    commands: ["trust"],
    register: (program) => (require("./trust") as typeof import("./trust")).registerTrustCommand(program),
  },
];
