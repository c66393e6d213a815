// NODE_OPTIONS=--experimental-vm-modules npx jest --config examples/jest-test/jest.config.js
export default {
  extensionsToTreatAsEsm: [".ts"],
  transform: { "^.+\\.ts$": "<rootDir>/../../test/esbuild-transform.js" },
};
