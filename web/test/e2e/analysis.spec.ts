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
  const table = page.getByRole('region', { name: 'Usage of databases' })
  await table.getByText('no activity for 31 d, and hardly any connections or none').waitFor()
  await page.getByText('Databases that are dead or only held open take 235 GB').waitFor()
  expect(await page.getByRole('button', { name: 'Criteria' }).count()).toBe(0)
  await page.getByRole('button', { name: /^Static/ }).click()
  await page.waitForURL(/verdict=static/)
  await table.getByRole('link', { name: 'keycloak' }).click()
  await page.getByRole('heading', { name: 'keycloak' }).waitFor()
})

test('a window that one chose is judged, and one that is too short for a verdict says so', async () => {
  const asked: URLSearchParams[] = []
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (url.pathname === '/api/analysis') asked.push(url.searchParams)
  })
  await signIn(page, 'viewer', '/servers/billing-01/analysis')
  await page.getByText(/^What was done from /).waitFor()
  expect(asked[0]?.has('from')).toBe(false)
  await page.getByText(/^Shorter than/).waitFor({ state: 'detached' })
  // What the host chose by its criteria is not the time of other pages, and is not said to be.
  expect(await page.getByRole('group', { name: 'Time' }).count()).toBe(0)
  await page.goto('/servers/billing-01/analysis?from=now-7d')
  await page.getByText('Shorter than the 30 days of the criteria').waitFor()
  expect(asked.at(-1)?.get('from')).toBe('now-7d')
  await page.getByRole('group', { name: 'Time' }).waitFor()
})

test('of a server that was added just now, no month is claimed', async () => {
  await page.route('**/api/analysis?*', async (route) => {
    const response = await route.fetch()
    const answer = await response.json()
    for (const one of answer.items) one.observed_days = 0
    await route.fulfill({ response, json: answer })
  })
  await signIn(page, 'viewer', '/servers/billing-01/analysis')
  await page.getByText('Known are < 2 h of the 31 d that are looked at').waitFor()
  await page.getByText(/^Shorter than the 30 days/).waitFor()
  expect(await page.getByText(/^What was done from /).count()).toBe(0)
})

test('of more databases than one answer may have, none is left out', async () => {
  await signIn(page, 'viewer', '/servers/dwh-01/analysis')
  await page.getByRole('button', { name: /^All 1,209/ }).waitFor()
  const table = page.getByRole('table', { name: 'Usage of databases' })
  expect(await table.getAttribute('aria-rowcount')).toBe('1210')
  await page.getByLabel('Search by name or owner').fill('tenant_1203')
  await table.getByRole('link', { name: 'tenant_1203' }).waitFor()
  // What the choices count follows what is searched for.
  await page.getByRole('button', { name: /^All 1$/ }).waitFor()
})

test('criteria are kept by the host, within the ranges that it gives', async () => {
  await signIn(page, 'operator', '/servers/billing-01/analysis')
  const dialog = page.getByRole('dialog', { name: 'Criteria' })
  await page.route('**/api/analysis/criteria', async (route) => {
    // There before its form is.
    await dialog.locator(':focus').waitFor()
    await route.continue()
  })
  await page.getByRole('button', { name: 'Criteria' }).click()
  await dialog.locator('form input').first().and(page.locator(':focus')).waitFor()
  await page.unroute('**/api/analysis/criteria')
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
  await expect.poll(() => days.inputValue()).toBe('7')
})
