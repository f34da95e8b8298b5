import type { Page } from 'playwright-core'
import { beforeEach, expect, test } from 'vitest'
import { axeInBothThemes, freshWorld, screenshot, signIn } from './browser.ts'
import { problem, usePage } from './harness.ts'

/** Who is connected and does what: read again and again, but not while one looks at a session. */

const watched = usePage()
let page: Page
let asked = 0
beforeEach(async () => {
  page = watched.page
  asked = 0
  page.on('request', (request) => {
    if (request.url().includes('/api/server_stats/')) asked += 1
  })
})

const table = () => page.getByRole('region', { name: 'Sessions' })

test('a browser whose clock is wrong shows how long things last by the clock of the host', async () => {
  await page.clock.install({ time: Date.now() + 3_600_000 })
  await signIn(page, 'admin', '/servers/billing-01/sessions')
  await page.getByRole('row', { name: /4203/ }).getByText('10 min', { exact: true }).waitFor()
  await page.getByRole('main').getByText('just now').first().waitFor()
})

test('sessions are read again by themselves, and stand still while one is open', async () => {
  await signIn(page, 'operator', '/servers/billing-01/sessions?every=1')
  await table().waitFor()
  await expect.poll(() => asked, { timeout: 15_000 }).toBeGreaterThan(2)
  await page.getByRole('button', { name: 'Session 4205: details' }).click()
  await page.getByText('Connected for').waitFor()
  await page.getByRole('button', { name: /^Paused/ }).waitFor()
  await page.getByRole('button', { name: 'Copy the statement' }).waitFor()
  expect(await axeInBothThemes(page)).toEqual([])
  await screenshot(page, 'flow-session')
  asked = 0
  // Longer than the time within which it was read before.
  await page.waitForTimeout(3_000)
  expect(asked).toBe(0)
  await page.getByRole('button', { name: 'Session 4205: details' }).click()
  await expect.poll(() => asked, { timeout: 15_000 }).toBeGreaterThan(0)
})

test('a session that ended does not hold the page still', async () => {
  await signIn(page, 'operator', '/servers/billing-01/sessions?every=0')
  await page.getByRole('button', { name: 'Session 4205: details' }).click()
  await page.getByRole('button', { name: /^Paused/ }).waitFor()
  await page.route('**/api/server_stats/*', async (route) => {
    const response = await route.fetch()
    const answer = await response.json()
    const queries = answer.queries.filter((session: { pid: number }) => session.pid !== 4205)
    await route.fulfill({ response, json: { ...answer, queries } })
  })
  await page.getByRole('button', { name: 'Read again' }).click()
  await page.getByRole('button', { name: 'Session 4205: details' }).waitFor({ state: 'detached' })
  await page.getByRole('button', { name: /^Live/ }).waitFor()
})

test('who keeps others waiting comes first, then who is blocked, and what is waited for is a filter in the URL', async () => {
  await signIn(page, 'operator', '/servers/billing-01/sessions?every=0')
  await table().getByRole('button').filter({ hasText: '4205' }).first().waitFor()
  const row = async (index: number) => table().locator('tbody tr').nth(index).textContent()
  expect(await row(0)).toMatch(/4203.*blocks 1 · idle in transaction/)
  expect(await row(1)).toMatch(/4205.*by 4203 · Lock: transactionid/)
  await page.getByRole('button', { name: /^Idle in transaction/ }).click()
  await page.getByLabel('Waits for').selectOption({ label: 'Client: ClientRead (5)' })
  await page.waitForURL(/state=in-transaction/)
  await page.waitForURL(/wait=Client:(%20|\+)ClientRead/)
  await page.reload()
  await table().waitFor()
  expect(await table().locator('tbody tr').count()).toBe(5)
  const before = asked
  await page.getByRole('button', { name: 'Read again' }).click()
  await expect.poll(() => asked).toBe(before + 1)
})

test('a viewer is told that texts are hidden, and a server that went away leaves its last sessions', async () => {
  await freshWorld(page)
  await signIn(page, 'viewer', '/servers/billing-01/sessions?every=1')
  await page.getByText('Texts of statements are hidden from your role').waitFor()
  await page.route('**/api/server_stats/*', (route) => route.fulfill(problem(503, 'the server cannot be reached')))
  await page.getByText(/Could not be updated; this is what was known/).waitFor()
  await table().waitFor()
  expect(await axeInBothThemes(page)).toEqual([])
})
