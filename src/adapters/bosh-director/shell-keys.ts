// A throw-away RSA key in the two forms that OpenSSH wants, and a user name that nobody else has.
import { createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";

/** A key pair for one shell. */
export interface ShellKeyPair {
  /** PKCS#1 PEM. */
  readonly privateKey: string;
  /** authorized_keys line without a comment, ending in a newline. */
  readonly publicKey: string;
}

/** A new RSA-2048 key pair: what the bosh CLI makes and what every agent takes. */
export function generateShellKeyPair(): ShellKeyPair {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwk = createPublicKey(privateKey).export({ format: "jwk" });
  const parts = [
    Buffer.from("ssh-rsa"),
    mpint(Buffer.from(jwk.e ?? "", "base64url")),
    mpint(Buffer.from(jwk.n ?? "", "base64url")),
  ];
  const blob = Buffer.concat(parts.flatMap((part) => [lengthOf(part), part]));
  return {
    privateKey: privateKey.export({ type: "pkcs1", format: "pem" }).toString(),
    publicKey: `ssh-rsa ${blob.toString("base64")}\n`,
  };
}

/** "bosh_" and 15 hex digits: agents remove users of that prefix only, and Windows allows 20 characters. */
export function generateShellUserName(): string {
  return `bosh_${randomBytes(8).toString("hex").slice(0, 15)}`;
}

function lengthOf(part: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(part.length);
  return length;
}

/** SSH's integers are signed: a set top bit needs a zero byte before it (RFC 4251, section 5). */
function mpint(bytes: Buffer): Buffer {
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
}
