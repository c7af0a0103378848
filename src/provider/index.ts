// The plugin's process: serves the provider and prints its port, as every Pulumi plugin does.

import { localBackupStore } from "../adapters/local-backup-store";
import { packageVersion } from "../model/package-folder";
import { boshDeploymentResource } from "./bosh-deployment";
import { boshResurrectionResource } from "./bosh-resurrection";
import { controlPlaneResource } from "./control-plane";
import { controlPlaneBackupResource } from "./control-plane-backup";
import { endWithEngine } from "./end-with-engine";
import { EngineLog } from "./engine-log";
import { foundationResource } from "./foundation";
import { nodeServiceResource } from "./node-service";
import { observeSite } from "./observe-site";
import { openBoshFrom } from "./open-bosh";
import { openDirector } from "./open-director";
import { openNodes } from "./open-nodes";
import { recoveryInventoryResource } from "./recovery-inventory";
import { serveProvider } from "./server";
import { staticPodResource } from "./static-pod";

async function main(): Promise<void> {
  endWithEngine();
  const port = await serveProvider({
    version: packageVersion(),
    types: [
      controlPlaneResource(openNodes),
      staticPodResource(openNodes),
      nodeServiceResource(openNodes),
      recoveryInventoryResource(observeSite),
      controlPlaneBackupResource(openNodes, localBackupStore),
      boshDeploymentResource(openBoshFrom(openDirector)),
      boshResurrectionResource(openDirector),
      foundationResource(openDirector),
    ],
    // The engine passes its address as the last argument; the handshake repeats it.
    engineLog: new EngineLog(process.argv.at(-1)),
  });
  process.stdout.write(`${port}\n`);
}

void main();
