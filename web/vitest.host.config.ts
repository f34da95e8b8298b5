import { defineConfig } from 'vitest/config'

/** Against a running host; see test/e2e/host.spec.ts for what it takes from the environment. */
export default defineConfig({
  test: {
    // First a server is added; then what asks for nothing that only the mock has runs on what is there.
    projects: [project('flow', 0, ['host']), project('pages', 1, ['pages'])],
    disableConsoleIntercept: true,
  },
})

function project(name: string, groupOrder: number, specs: string[]) {
  const { BASE_URL = '', ADMIN_PASSWORD, SERVER_NAME = 'ui-test' } = process.env
  return {
    test: {
      name,
      include: specs.map((spec) => `test/e2e/${spec}.spec.ts`),
      sequence: { groupOrder },
      testTimeout: 600_000,
      hookTimeout: 60_000,
      // Read here: in the tests themselves BASE_URL is Vite's own.
      provide: { baseUrl: BASE_URL, host: { password: ADMIN_PASSWORD ?? '', server: SERVER_NAME } },
    },
  }
}
