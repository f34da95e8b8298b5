import type { Page } from 'playwright-core'
import { beforeEach, expect, test } from 'vitest'
import { axeInBothThemes, signIn } from './browser.ts'
import { usePage } from './harness.ts'

/** How servers did and what plugins cost, hour by hour. */

const watched = usePage()
let page: Page
beforeEach(() => {
  page = watched.page
})

test('the fleet is seen over the chosen time, and a bad hour leads to its runs', async () => {
  await signIn(page, 'viewer', '/')
  await page.getByRole('button', { name: 'Over time' }).click()
  await page.waitForURL(/by=history/)
  const row = page.getByRole('row', { name: /crm-01/ })
  // 24 hours, of which a part has just begun; away for five of them; one without any run.
  await row
    .getByRole('img', { name: /^Of 25 parts: most runs failed in 5, some failed in 0, nothing ran in [12]$/ })
    .waitFor()
  await page.getByRole('button', { name: /^Time range/ }).click()
  await page.getByRole('button', { name: 'Last 7 days' }).click()
  await row.getByRole('img', { name: /^Of 43 parts/ }).waitFor()
  expect(await axeInBothThemes(page)).toEqual([])
  await row.getByRole('link', { name: 'crm-01' }).click()
  await page.waitForURL(/\/servers\/crm-01\/plugins\?from=now-7d/)
  await page.getByRole('region', { name: 'Runs, per hour' }).locator('canvas').waitFor()
})

test('what a plugin costs is drawn by the hour, and compared with the time before', async () => {
  await signIn(page, 'viewer', '/plugins/pg_stat_database/costs?cmp=prev')
  const busy = page.getByRole('region', { name: 'Time spent, per hour' })
  await busy.locator('canvas').waitFor()
  await busy.getByText(/^servers answering: last /).waitFor({ state: 'attached' })
  await busy.getByRole('button', { name: /Show as table/ }).click()
  await busy.getByRole('columnheader', { name: 'probe computing (before)' }).waitFor()
  expect(await axeInBothThemes(page)).toEqual([])
})
