import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Paths of fresh PEM files: an authority, a certificate of its for localhost and 127.0.0.1, and that one's key. */
export interface Certificates {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
  remove(): void;
}

/** Made by the machine's openssl, so that no key is kept in the repository. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "postern-certificates-"));
  const openssl = (...words: readonly string[]): unknown =>
    execFileSync("openssl", words, { cwd: folder, stdio: "pipe" });
  const fresh = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  openssl(...fresh, "-keyout", "authority.key", "-out", "authority.pem", "-subj", "/CN=Postern test authority");
  const names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"];
  const signed = ["-CA", "authority.pem", "-CAkey", "authority.key"];
  openssl(...fresh, ...signed, "-keyout", "own.key", "-out", "own.pem", "-subj", "/CN=localhost", ...names);
  return {
    authority: join(folder, "authority.pem"),
    certificate: join(folder, "own.pem"),
    key: join(folder, "own.key"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
