// The checks of an outage's end as seed 004's operators made them, each only when the configuration asks for it: no task left,
// a second cloud check without problems, the pages, `cf login`, `cf push`, the containers of an app.

import { z } from "zod";
import type { AcceptanceCheck } from "../src/resources";

const url = z.string().regex(/^https?:\/\/[^\s'"]+$/, "must be a URL");
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "must be a name of letters, digits, '.', '_' and '-'");

/** Which of the usual checks are made. */
export const standardChecks = z.strictObject({
  boshTasks: z.boolean().optional(),
  cloudCheck: z.boolean().optional(),
  appsManager: url.optional(),
  healthwatch: url.optional(),
  opsManager: url.optional(),
  service: url.optional(),
  // The user and password come from CF_USERNAME and CF_PASSWORD, which `cf auth` reads.
  cfLogin: z.strictObject({ api: url }).optional(),
  cfPush: z.strictObject({ app: name, path: z.string().min(1, "must be a folder") }).optional(),
  // The app's instances have to run, all of them.
  containers: z.strictObject({ app: name }).optional(),
});

/** The checks that a configuration asks for, the cheapest first; each is tried for five minutes. */
export function cloudFoundryChecks(
  asked: z.infer<typeof standardChecks>,
  deployment: string,
): readonly (Omit<AcceptanceCheck, "command" | "expect"> & { readonly command: string; readonly expect?: string[] })[] {
  const timeoutSeconds = 300;
  const page = (check: string, address: string | undefined) =>
    address === undefined
      ? []
      : [{ name: check, command: `curl -fsS -o /dev/null --max-time 20 ${quote(address)}`, timeoutSeconds }];
  return [
    ...(asked.boshTasks === true
      ? [{ name: "bosh-tasks", command: "bosh tasks --json", expect: ['"Rows": (\\[\\]|null)'], timeoutSeconds }]
      : []),
    // With problems left it ends with exit code 1.
    ...(asked.cloudCheck === true
      ? [{ name: "cloud-check", command: `bosh -d ${quote(deployment)} cloud-check --report`, timeoutSeconds }]
      : []),
    ...page("service", asked.service),
    ...page("apps-manager", asked.appsManager),
    ...page("healthwatch", asked.healthwatch),
    ...page("ops-manager", asked.opsManager),
    ...(asked.cfLogin === undefined
      ? []
      : [{ name: "cf-login", command: `cf api ${quote(asked.cfLogin.api)} && cf auth`, timeoutSeconds }]),
    ...(asked.cfPush === undefined
      ? []
      : [{ name: "cf-push", command: `cf push ${asked.cfPush.app} -p ${quote(asked.cfPush.path)}`, timeoutSeconds }]),
    ...(asked.containers === undefined
      ? []
      : [
          {
            name: "containers",
            command: `cf app ${asked.containers.app}`,
            expect: ["^instances: +([0-9]+)/\\1$"],
            timeoutSeconds,
          },
        ]),
  ];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
