import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createCrypter, findPassphrase, openCrypter } from "../../src/engine/passphrase";

// Written by the Pulumi CLI with the passphrase "correct-horse" (recordings/pulumi/basic/Pulumi.prod.yaml).
const salt = "v1:SBn8034WIEg=:v1:I32Lp5IHjag4k3VN:Bc4chwaB1JKCl0XUH47LnwR/yQgMjg==";
const ciphertext = "v1:8bPQdtDpwP6aqwHq:97r00Hk6Eo4CWjjAeAKwUKI8HCxGqw==";

async function rejection(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

describe("openCrypter", () => {
  it("decrypts what the Pulumi CLI encrypted", async () => {
    expect((await openCrypter("correct-horse", salt)).decrypt(ciphertext)).to.equal("s3cr3t");
  });

  it("refuses a wrong passphrase before anything is decrypted", async () => {
    expect(await rejection(openCrypter("wrong", salt))).to.include("not the one this stack was encrypted with");
  });

  it("refuses a salt that is not one", async () => {
    expect(await rejection(openCrypter("correct-horse", "v2:x"))).to.include("encryption salt");
  });

  it("refuses a damaged ciphertext", async () => {
    const crypter = await openCrypter("correct-horse", salt);
    for (const damaged of [ciphertext.replace("97r0", "97r1"), "v1:short:x", "plain", "v2:a:b", ""]) {
      expect(() => crypter.decrypt(damaged)).to.throw("could not be decrypted");
    }
  });
});

describe("createCrypter", () => {
  it("makes a salt that opens with the same passphrase and no other", async () => {
    const made = await createCrypter("new one");
    const sealed = made.encrypt("päss ☂");
    expect((await openCrypter("new one", made.salt)).decrypt(sealed)).to.equal("päss ☂");
    expect(await rejection(openCrypter("other", made.salt))).to.equal(
      "the passphrase is not the one this stack was encrypted with",
    );
  });

  it("encrypts the same text differently each time", async () => {
    const crypter = await openCrypter("correct-horse", salt);
    expect(crypter.encrypt("x")).to.not.equal(crypter.encrypt("x"));
  });
});

describe("findPassphrase", () => {
  it("takes the variable, also an empty one, before the file", () => {
    expect(findPassphrase({ PULUMI_CONFIG_PASSPHRASE: "", PULUMI_CONFIG_PASSPHRASE_FILE: "/nowhere" })).to.equal("");
  });

  it("takes the file's content without its last newline", () => {
    const folder = mkdtempSync(join(tmpdir(), "quorate-pass-"));
    const file = join(folder, "passphrase");
    writeFileSync(file, "from file\n");
    expect(findPassphrase({ PULUMI_CONFIG_PASSPHRASE_FILE: file })).to.equal("from file");
    rmSync(folder, { recursive: true });
  });

  it("names the variables when neither is set, and the file when it cannot be read", () => {
    expect(() => findPassphrase({})).to.throw("passphrase is not known");
    expect(() => findPassphrase({ PULUMI_CONFIG_PASSPHRASE_FILE: "/nowhere" })).to.throw("/nowhere");
  });
});
