// How kept files are encrypted: by a tool that every system has, with words that a person can type at night.

/**
 * The program and the words that encrypt or decrypt from standard input to standard output, but for where the passphrase comes
 * from. Everything that a later version of openssl might take for granted otherwise is said: digest and iterations (600 000,
 * as OWASP advises for PBKDF2 with SHA-256; openssl's own default is 10 000).
 */
export function openSslWords(direction: "encrypt" | "decrypt"): readonly [string, ...string[]] {
  const flag = direction === "encrypt" ? ["-e", "-salt"] : ["-d"];
  return ["openssl", "enc", ...flag, "-aes-256-cbc", "-pbkdf2", "-iter", "600000", "-md", "sha256"];
}

/** openssl reads one line of so many bytes at most from a pipe. Source: openssl apps/lib/apps.c, APP_PASS_LEN. */
export const passphraseBytesMax = 1000;
