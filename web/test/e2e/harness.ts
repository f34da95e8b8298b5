import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject } from 'vitest'
import { freshWorld, launch, open, type Watched } from './browser.ts'

/** One browser for the file and a page of its own for each test, in which nothing may go wrong unseen. */
export function usePage(): { readonly page: Page } {
  let browser: Browser
  let watched: Watched
  beforeAll(async () => {
    browser = await launch()
  })
  afterAll(() => browser.close())
  beforeEach(async () => {
    watched = await open(browser, inject('baseUrl'), { locale: 'en', theme: 'light' })
    await freshWorld(watched.page)
  })
  afterEach(async () => {
    expect(watched.faults).toEqual([])
    // An answer that a test stands in for may still be on its way, and is nobody's any more.
    await watched.page.unrouteAll({ behavior: 'ignoreErrors' })
    await watched.close()
  })
  return {
    get page() {
      return watched.page
    },
  }
}

/** An answer of the host that refuses. */
export const problem = (status: number, detail: string) => ({
  status,
  contentType: 'application/problem+json',
  body: JSON.stringify({ type: 'about:blank', title: 'x', status, detail, request_id: 'req-4711' }),
})
