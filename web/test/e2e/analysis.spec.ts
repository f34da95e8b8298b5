import type { Page } from 'playwright-core'
import { beforeEach, expect, test } from 'vitest'
import { axeInBothThemes, screenshot, signIn } from './browser.ts'
import { usePage } from './harness.ts'

/** Which databases nobody uses, by which criteria. */

const watched = usePage()
let page: Page
beforeEach(() => {
  page = watched.page
})

test('verdicts come with their reasons, are filtered by the URL, and lead to the database', async () => {
  await signIn(page, 'viewer', '/servers/billing-01/analysis')
  const table = page.getByRole('region', { name: 'Use of databases' })
  await table.getByText('no connections and no activity for 31.3 days').waitFor()
  await page.getByText('Databases that are dead or only held open take 235 GB').waitFor()
  expect(await page.getByRole('button', { name: 'Criteria' }).count()).toBe(0)
  await page.getByRole('button', { name: /^Static/ }).click()
  await page.waitForURL(/verdict=static/)
  await table.getByRole('link', { name: 'keycloak' }).click()
  await page.getByRole('heading', { name: 'keycloak' }).waitFor()
})

test('criteria are kept by the host, within the ranges that it gives', async () => {
  await signIn(page, 'operator', '/servers/billing-01/analysis')
  await page.getByRole('button', { name: 'Criteria' }).click()
  const days = page.getByLabel('Dead after days')
  await days.fill('400')
  await page.getByText('A whole number from 1 to 365.').waitFor()
  expect(await page.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true)
  await days.fill('7')
  expect(await axeInBothThemes(page)).toEqual([])
  await screenshot(page, 'flow-criteria')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The criteria are saved.').waitFor()
  await page.getByRole('button', { name: 'Criteria' }).click()
  expect(await days.inputValue()).toBe('7')
})
