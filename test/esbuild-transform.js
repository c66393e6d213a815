import { createHash } from "node:crypto";
import { transformSync, version } from "esbuild";

const options = { loader: "ts", format: "esm", target: "node20", sourcemap: "inline", sourcesContent: false };

export default {
  process: (source, path) => transformSync(source, { ...options, sourcefile: path }),
  getCacheKey: (source, path) =>
    createHash("sha1")
      .update(version + path + source)
      .digest("hex"),
};
