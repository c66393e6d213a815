export default {
  extensionsToTreatAsEsm: [".ts"],
  transform: { "^.+\\.ts$": "<rootDir>/test/esbuild-transform.js" },
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/", "<rootDir>/test/conformance/"],
  modulePathIgnorePatterns: ["<rootDir>/dist/"],
  testTimeout: 60000,
  // Two cores would otherwise run one file after the other, and one process would keep what all of them leave behind.
  maxWorkers: "100%",
  workerIdleMemoryLimit: "1GB",
};
