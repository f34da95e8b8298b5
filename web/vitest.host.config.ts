import { defineConfig } from 'vitest/config'

/** Against a running host; see test/e2e/host.spec.ts for what it takes from the environment. */
export default defineConfig({
  test: {
    include: ['test/e2e/host.spec.ts'],
    testTimeout: 300_000,
    hookTimeout: 60_000,
    // Read here: in the tests themselves BASE_URL is Vite's own.
    provide: { baseUrl: process.env.BASE_URL ?? '' },
  },
})
