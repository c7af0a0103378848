// A certificate authority for the lab's etcd, by openssl, so that certificates with faults can be made as well.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { outputOf } from "./run-process";

/** A certificate and its key, PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate is made for. */
export interface CertificateRequest {
  readonly commonName: string;
  /** Names and addresses it is valid for: "DNS:a.example", "IP:127.0.0.1". */
  readonly alternativeNames: readonly string[];
  /** Default: an hour ago. */
  readonly validFrom?: Date;
  /** Default: in ten years. */
  readonly validUntil?: Date;
}

const hourMs = 3_600_000;
const tenYearsMs = 10 * 365 * 24 * hourMs;

/** Issues certificates that clients, servers and peers of one etcd cluster trust. */
export class Authority {
  private constructor(
    private readonly directory: string,
    /** Its own certificate and key, PEM. */
    readonly own: Certificate,
  ) {}

  /** Makes an authority that keeps its files in `directory`, which must not exist. */
  static async create(directory: string): Promise<Authority> {
    mkdirSync(directory, { mode: 0o700 });
    const file = (name: string): string => join(directory, name);
    writeFileSync(file("index.txt"), "");
    writeFileSync(
      file("openssl.cnf"),
      `[ca]\ndefault_ca=lab\n[lab]\ndatabase=${file("index.txt")}\nrand_serial=yes\nunique_subject=no\nnew_certs_dir=${directory}\n` +
        `default_md=sha256\npolicy=any\ncertificate=${file("ca.crt")}\nprivate_key=${file("ca.key")}\n[any]\ncommonName=supplied\n`,
    );
    const subject = ["-subj", "/CN=lab-etcd-ca", "-days", "3650"];
    await outputOf("openssl", ["req", "-x509", ...newKey(file("ca.key")), ...subject, "-out", file("ca.crt")]);
    return new Authority(directory, pair(file("ca.crt"), file("ca.key")));
  }

  /** Issues a certificate for servers and clients alike. */
  async issue(request: CertificateRequest): Promise<Certificate> {
    const file = (suffix: string): string => join(this.directory, `issued.${suffix}`);
    const now = Date.now();
    writeFileSync(
      file("ext"),
      `subjectAltName=${request.alternativeNames.join(",")}\nextendedKeyUsage=serverAuth,clientAuth\nkeyUsage=digitalSignature\n`,
    );
    const subject = ["-subj", `/CN=${request.commonName}`];
    await outputOf("openssl", ["req", ...newKey(file("key")), ...subject, "-out", file("csr")]);
    await outputOf("openssl", [
      ...["ca", "-batch", "-notext", "-config", join(this.directory, "openssl.cnf")],
      ...["-startdate", asn1Time(request.validFrom ?? new Date(now - hourMs))],
      ...["-enddate", asn1Time(request.validUntil ?? new Date(now + tenYearsMs))],
      ...["-extfile", file("ext"), "-in", file("csr"), "-out", file("crt")],
    ]);
    return pair(file("crt"), file("key"));
  }
}

function newKey(path: string): readonly string[] {
  return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path];
}

function pair(certificatePath: string, keyPath: string): Certificate {
  return { certificate: readFileSync(certificatePath, "utf8"), key: readFileSync(keyPath, "utf8") };
}

/** openssl's YYYYMMDDHHMMSSZ. */
function asn1Time(date: Date): string {
  return `${date.toISOString().replaceAll(/[-:T]|\.\d+Z/g, "")}Z`;
}
