// What the simulator does that has no real counterpart here, and where upstream does it: the director, its agents, its health
// monitor and resurrector, Diego's cells, the zones. A behaviour is whatever a file of these folders exports that acts.

/** Where a behaviour is from: repository and file, or why there is nothing upstream to it. */
export type Upstream =
  | { readonly repository: string; readonly file: string }
  | { readonly ours: "wiring" | "practice" | "arithmetic" };

const director = (file: string): Upstream => ({
  repository: "cloudfoundry/bosh",
  file: `src/bosh-director/lib/bosh/director/${file}`,
});
const monitor = (file: string): Upstream => ({
  repository: "cloudfoundry/bosh",
  file: `src/bosh-monitor/lib/bosh/monitor/${file}`,
});
const agent = (file: string): Upstream => ({ repository: "cloudfoundry/bosh-agent", file });
const cli = (file: string): Upstream => ({ repository: "cloudfoundry/bosh-cli", file });
const wiring: Upstream = { ours: "wiring" };
const practice: Upstream = { ours: "practice" };
const arithmetic: Upstream = { ours: "arithmetic" };
const zonesLost: Upstream = {
  repository: "cloudfoundry/docs-cloudfoundry-concepts",
  file: "high-availability.html.md.erb",
};

/** "file: export" -> where it is from. */
export const upstreamSources: Readonly<Record<string, Upstream>> = {
  "director/answers.ts: jsonAnswer": director("api/controllers/base_controller.rb"),
  "director/answers.ts: plainAnswer": director("api/controllers/base_controller.rb"),
  "director/answers.ts: taskStarted": director("api/controllers/base_controller.rb"),
  "director/answers.ts: taskOutputAnswer": director("api/controllers/tasks_controller.rb"),
  "director/certificate.ts: createServerCertificate": practice,
  "director/configs.ts: ConfigBook": director("api/controllers/configs_controller.rb"),
  "director/configs.ts: diffLines": director("api/controllers/configs_controller.rb"),
  "director/context.ts: drawUuid": wiring,
  "director/context.ts: drawHex": wiring,
  "director/context.ts: tracked": director("event_log.rb"),
  "director/context.ts: pause": wiring,
  "director/converge.ts: converge": director("jobs/update_deployment.rb"),
  "director/delete-vm.ts: deleteVmByCid": director("jobs/delete_vm.rb"),
  "director/face-authentication.ts: identify": director("api/local_identity_provider.rb"),
  "director/health-monitor.ts: HealthMonitor": monitor("instance_manager.rb"),
  "director/health-monitor.ts: monitorTimingsOf": arithmetic,
  "director/https-face.ts: serveDirector": practice,
  "director/listings.ts: listFully": director("jobs/vm_state.rb"),
  "director/listings.ts: placementRows": director("api/controllers/deployments_controller.rb"),
  "director/listings.ts: vmRows": director("api/controllers/deployments_controller.rb"),
  "director/locks.ts: LockTable": director("lock.rb"),
  "director/logs.ts: fetchLogs": director("jobs/fetch_logs.rb"),
  "director/pace.ts: followClock": practice,
  "director/practice.ts: practiceScenarios": practice,
  "director/practice.ts: servePracticeDirector": practice,
  "director/problems.ts: offeredResolutions": director("problem_handlers/unresponsive_agent.rb"),
  "director/problems.ts: autoResolution": director("problem_handlers/missing_vm.rb"),
  "director/problems.ts: ProblemBook": director("problem_scanner/problem_register.rb"),
  "director/request-handlers.ts: taskRow": director("api/controllers/tasks_controller.rb"),
  "director/request-handlers.ts: parseBody": wiring,
  "director/request-handlers.ts: listTasks": director("api/controllers/tasks_controller.rb"),
  "director/request-handlers.ts: changeState": director("api/controllers/deployments_controller.rb"),
  "director/request-handlers.ts: changeOne": director("api/controllers/deployments_controller.rb"),
  "director/request-handlers.ts: scanAndFix": director("api/controllers/deployments_controller.rb"),
  "director/request-handlers.ts: startShell": director("api/controllers/deployments_controller.rb"),
  "director/request-handlers.ts: startLogs": director("api/controllers/deployments_controller.rb"),
  "director/request-handlers.ts: writeConfig": director("api/controllers/configs_controller.rb"),
  "director/resolutions.ts: applyAnswers": director("jobs/cloud_check/apply_resolutions.rb"),
  "director/resolutions.ts: scanAndFix": director("jobs/cloud_check/scan_and_fix.rb"),
  "director/routes.ts: answerRequest": director("api/controllers/deployments_controller.rb"),
  "director/scan.ts: scanAll": director("jobs/cloud_check/scan.rb"),
  "director/scan.ts: scannedInstances": director("problem_scanner/vm_scan_stage.rb"),
  "director/scan.ts: scanVms": director("problem_scanner/vm_scan_stage.rb"),
  "director/scenarios.ts: layOutDeployment": practice,
  "director/scenarios.ts: pksDeployment": practice,
  "director/scenarios.ts: cfDeployment": practice,
  "director/shells.ts: runShellCommand": director("jobs/ssh.rb"),
  "director/simulated-access.ts: SimulatedDirectorAccess": wiring,
  "director/simulated-director.ts: RequestError": wiring,
  "director/simulated-director.ts: SimulatedDirector": wiring,
  "director/simulated-instances.ts: SimulatedInstanceAccess": {
    repository: "cloudfoundry/bosh-linux-stemcell-builder",
    file: "stemcell_builder/stages/bosh_monit/assets/monitrc",
  },
  "director/simulated-quorum.ts: hasEtcdVote": wiring,
  "director/simulated-quorum.ts: SimulatedQuorum": wiring,
  "director/single-instance.ts: changeSingle": director("jobs/update_instance.rb"),
  "director/tasks.ts: TaskError": director("job_runner.rb"),
  "director/tasks.ts: TaskEngine": director("job_runner.rb"),
  "director/timings.ts: scaleTimings": arithmetic,
  "director/translate.ts: toTask": wiring,
  "director/translate.ts: toPlacement": wiring,
  "director/translate.ts: toBoshInstance": wiring,
  "director/translate.ts: decodeEvent": director("event_log.rb"),
  "director/vm-lifecycle.ts: stopJobs": agent("agent/action/stop.go"),
  "director/vm-lifecycle.ts: deleteVmOf": director("vm_deleter.rb"),
  "director/vm-lifecycle.ts: createVmFor": director("vm_creator.rb"),
  "director/vm-lifecycle.ts: startJobs": director("instance_updater/state_applier.rb"),
  "director/vm-lifecycle.ts: rebootVm": director("problem_handlers/base.rb"),
  "director/vm-lifecycle.ts: agentTimeout": director("agent_client.rb"),
  "director/world.ts: doesAgentAnswer": zonesLost,
  "director/world.ts: isVmExpected": director("models/instance.rb"),
  "director/world.ts: jobState": agent("jobsupervisor/monit_job_supervisor.go"),
  "director/world.ts: unstoppableProcesses": agent("jobsupervisor/monit_job_supervisor.go"),
  "director/world.ts: cutZonePower": zonesLost,
  "director/world.ts: restoreZonePower": zonesLost,
  "director/world.ts: nameOf": wiring,
  "director/world.ts: labelOf": wiring,
  "director/world.ts: shortName": wiring,
  "foundation/cloud-check.ts: CloudCheck": cli("cmd/cloud_check.go"),
  "foundation/create-parts.ts: createDirector": wiring,
  "foundation/create-parts.ts: createDiego": wiring,
  "foundation/diego.ts: Diego": { repository: "cloudfoundry/bbs", file: "converger/converger.go" },
  "foundation/foundation.ts: Foundation": zonesLost,
  "foundation/parameters.ts: chooseParameters": arithmetic,
  "foundation/services.ts: judgeServices": zonesLost,
  "foundation/topology.ts: layOutFoundation": practice,
  "foundation/topology.ts: withZones": practice,
};
