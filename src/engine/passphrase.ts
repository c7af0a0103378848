// The passphrase secrets provider of Pulumi: PBKDF2 and AES-256-GCM. Also where the passphrase comes from.

import { createCipheriv, createDecipheriv, createHash, pbkdf2, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { inputError, stateError } from "../model/errors";

const derive = promisify(pbkdf2);
/** What Pulumi uses; the key cannot be found again with any other number. Source: sdk/go/common/resource/config. */
const iterations = 1_000_000;
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const saltBytes = 8;
/** Encrypted beside the salt so that a wrong passphrase is noticed. */
const probe = "pulumi";

/** Encrypts and decrypts the secrets of one stack. */
export interface Crypter {
  /** `v1:<salt>:<encrypted probe>`: what the state and the stack's config file record. */
  readonly salt: string;
  /** `v1:<nonce>:<ciphertext>`, both base64. */
  encrypt(plaintext: string): string;
  /** @throws RecoveryError "state" when the text was not written with this key. */
  decrypt(ciphertext: string): string;
}

function encryptWith(key: Buffer, plaintext: string): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const sealed = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
}

function decryptWith(key: Buffer, ciphertext: string): string | undefined {
  const [version, nonce, sealed, ...more] = ciphertext.split(":");
  if (version !== "v1" || nonce === undefined || sealed === undefined || more.length > 0) return undefined;
  const bytes = Buffer.from(sealed, "base64");
  const nonceBuffer = Buffer.from(nonce, "base64");
  if (nonceBuffer.length !== nonceBytes || bytes.length < tagBytes) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, nonceBuffer);
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
  try {
    const body = bytes.subarray(0, bytes.length - tagBytes);
    return Buffer.concat([decipher.update(body), decipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
}

class PassphraseCrypter implements Crypter {
  constructor(
    readonly salt: string,
    private readonly key: Buffer,
  ) {}

  encrypt(plaintext: string): string {
    return encryptWith(this.key, plaintext);
  }

  decrypt(ciphertext: string): string {
    const plaintext = decryptWith(this.key, ciphertext);
    if (plaintext !== undefined) return plaintext;
    throw stateError("a secret could not be decrypted: it is damaged or was encrypted with another passphrase");
  }
}

/** Keys that this process has derived already, by a digest of passphrase and salt: one takes half a second. */
const knownKeys = new Map<string, Promise<Buffer>>();

function deriveKey(passphrase: string, salt: Buffer): Promise<Buffer> {
  const digest = createHash("sha256").update(salt).update("\0").update(passphrase).digest("hex");
  const known = knownKeys.get(digest);
  if (known !== undefined) return known;
  const key = derive(passphrase, salt, iterations, keyBytes, "sha256");
  knownKeys.set(digest, key);
  return key;
}

/** Makes the crypter of a new stack, with a salt of its own. */
export async function createCrypter(passphrase: string): Promise<Crypter> {
  const salt = randomBytes(saltBytes);
  const key = await deriveKey(passphrase, salt);
  return new PassphraseCrypter(`v1:${salt.toString("base64")}:${encryptWith(key, probe)}`, key);
}

/**
 * Makes the crypter of an existing stack from its recorded salt.
 *
 * @throws RecoveryError "input" when the passphrase is wrong, "state" when the recorded salt is not readable.
 */
export async function openCrypter(passphrase: string, salt: string): Promise<Crypter> {
  const [version, encoded, ...rest] = salt.split(":");
  if (version !== "v1" || encoded === undefined || rest.length !== 3) {
    throw stateError("the stack's encryption salt is not in the form v1:<salt>:<check>; restore it from a backup");
  }
  const key = await deriveKey(passphrase, Buffer.from(encoded, "base64"));
  if (decryptWith(key, rest.join(":")) !== probe) {
    throw inputError("the passphrase is not the one this stack was encrypted with", {
      hint: "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the stack's passphrase",
    });
  }
  return new PassphraseCrypter(salt, key);
}

/**
 * The passphrase from PULUMI_CONFIG_PASSPHRASE (an empty one counts) or the file that PULUMI_CONFIG_PASSPHRASE_FILE names.
 *
 * @throws RecoveryError "input" when neither is set or the file cannot be read.
 */
export function findPassphrase(env: NodeJS.ProcessEnv): string {
  const direct = env.PULUMI_CONFIG_PASSPHRASE;
  if (direct !== undefined) return direct;
  const file = env.PULUMI_CONFIG_PASSPHRASE_FILE;
  if (file !== undefined && file !== "") {
    try {
      return readFileSync(file, "utf8").trim();
    } catch (cause) {
      throw inputError(`PULUMI_CONFIG_PASSPHRASE_FILE names ${file}, which cannot be read`, {
        cause,
        hint: "name a readable file that holds the passphrase",
      });
    }
  }
  throw inputError("the stack's passphrase is not known: it encrypts secrets in state and config", {
    hint: "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
  });
}
