// A certificate for a director to practise on: RSA, because the bosh CLI offers RSA suites only over TLS 1.2, and with a
// subject alternative name, because it refuses a bare common name.

/** A key with its certificate, both PEM. The certificate is its own CA. */
export interface ServerCertificate {
  readonly privateKey: string;
  readonly certificate: string;
}

/** A new self-signed certificate for these names and addresses. */
export async function createServerCertificate(hosts: readonly string[]): Promise<ServerCertificate> {
  const altNames = hosts.map((host) =>
    /^[\d.]+$|:/.test(host) ? { type: 7 as const, ip: host } : { type: 2 as const, value: host },
  );
  // Loaded when it is asked for: it takes half as long as all else of a command's start.
  const { generate } = await import("selfsigned");
  const made = await generate([{ name: "commonName", value: hosts[0] ?? "localhost" }], {
    keySize: 2048,
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "subjectAltName", altNames },
    ],
  });
  return { privateKey: made.private, certificate: made.cert };
}
