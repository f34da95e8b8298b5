import { defineConfig } from 'vitest/config'

/** Against the build in dist, served with the mock backend under the host's CSP. */
export default defineConfig({
  test: {
    include: ['test/e2e/*.spec.ts', 'test/goals/*.spec.ts'],
    exclude: ['test/e2e/host.spec.ts'],
    globalSetup: ['test/e2e/serve.ts'],
    // Each browser has a mock backend of its own, so files do not disturb each other; more would not be faster.
    maxWorkers: 2,
    // Figures are printed as they are.
    disableConsoleIntercept: true,
    testTimeout: 300_000,
    hookTimeout: 60_000,
  },
})
