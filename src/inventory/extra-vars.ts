// Variables given with -e win over everything, for all hosts at once: a value that must differ from host to host cannot
// be among them.

import type { ExtraVarsFile } from "../model/inventory";
import type { DataSource, Violation } from "../model/inventory-recovery";

/** Variables that differ from host to host and that the recovery depends on. */
const perHostVariables: ReadonlySet<string> = new Set([
  "etcd_member_name",
  "ip",
  "access_ip",
  "main_ip",
  "main_access_ip",
]);

/** Extra variables that would override a per-host value, or bring in a snapshot that nobody named. */
export function extraVarsViolations(files: readonly ExtraVarsFile[], source: DataSource): readonly Violation[] {
  return files.flatMap((file) =>
    (file.variables ?? []).flatMap(({ name, position }): readonly Violation[] => {
      const where = `${position.file}:${position.line}`;
      if (perHostVariables.has(name)) {
        return [
          {
            code: "extra-vars-override",
            message: `${where}: the extra variable '${name}' would give every host the same value`,
            smallestChange: `delete '${name}' there; it belongs beside each host in the inventory`,
            position,
          },
        ];
      }
      if (name === "etcd_snapshot" && source.kind !== "snapshot") {
        return [
          {
            code: "extra-vars-override",
            message: `${where}: the extra variable 'etcd_snapshot' would restore from a file that was not named here`,
            smallestChange: `delete it there; to restore from that file, name it with --snapshot`,
            position,
          },
        ];
      }
      return [];
    }),
  );
}
