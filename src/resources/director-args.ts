// How a BOSH director is reached, and how its credentials stay out of plain state.

import * as pulumi from "@pulumi/pulumi";

/** What is left out comes from BOSH_ENVIRONMENT, BOSH_CLIENT, BOSH_CLIENT_SECRET, BOSH_CA_CERT and ~/.bosh/config. */
export interface DirectorArgs {
  /** URL, host, host:port, or an alias of ~/.bosh/config. */
  readonly environment?: pulumi.Input<string>;
  readonly client?: pulumi.Input<string>;
  /** Kept as a secret, whether it is given as one or not. */
  readonly clientSecret?: pulumi.Input<string>;
  /** PEM text or a path. Kept as a secret too. */
  readonly caCert?: pulumi.Input<string>;
}

/** The access with its credentials marked as secrets. */
export function secretDirector(director: DirectorArgs = {}): DirectorArgs {
  const { clientSecret, caCert, ...rest } = director;
  return {
    ...rest,
    ...(clientSecret === undefined ? {} : { clientSecret: pulumi.secret(clientSecret) }),
    ...(caCert === undefined ? {} : { caCert: pulumi.secret(caCert) }),
  };
}
