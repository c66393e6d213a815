export default {
  extensionsToTreatAsEsm: [".ts"],
  transform: { "^.+\\.ts$": "<rootDir>/test/esbuild-transform.js" },
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/", "<rootDir>/test/conformance/"],
  modulePathIgnorePatterns: ["<rootDir>/dist/"],
  testTimeout: 60000,
};
