// What a declaration says of its BOSH director. Nothing: all of it comes from BOSH_* variables and ~/.bosh/config.

import { z } from "zod";

const nonEmpty = z.string().min(1, "must not be empty");

/** The access to a director. */
export const directorSchema = z.strictObject({
  environment: nonEmpty.optional().describe("URL, host, host:port, or an alias of ~/.bosh/config."),
  client: nonEmpty.optional(),
  clientSecret: nonEmpty.optional(),
  caCert: nonEmpty.optional().describe("PEM text or a path."),
});

/** The access to a director. */
export type DirectorInput = Readonly<z.infer<typeof directorSchema>>;
