import type { Page } from 'playwright-core'
import { beforeEach, expect, test } from 'vitest'
import type { LiveQuery, LiveSessions } from '../../src/api/types.ts'
import { axeInBothThemes, freshWorld, overflow, screenshot, signIn } from './browser.ts'
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
const tree = () => page.getByRole('region', { name: 'Who keeps whom waiting' })

/** Changes what the server says of its sessions. */
const answerWith = (change: (queries: LiveQuery[]) => LiveQuery[]) =>
  page.route('**/api/server_stats/*', async (route) => {
    const response = await route.fetch()
    const answer: LiveSessions = await response.json()
    await route.fulfill({ response, json: { ...answer, queries: change(answer.queries) } })
  })

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
  await table().getByRole('button', { name: 'Session 4205: details' }).click()
  await page.getByText('Connected for').waitFor()
  await page.getByRole('button', { name: /^Paused/ }).waitFor()
  await page.getByRole('button', { name: 'Copy the statement' }).waitFor()
  expect(await axeInBothThemes(page)).toEqual([])
  await screenshot(page, 'flow-session')
  asked = 0
  // Longer than the time within which it was read before.
  await page.waitForTimeout(3_000)
  expect(asked).toBe(0)
  await table().getByRole('button', { name: 'Session 4205: details' }).click()
  await expect.poll(() => asked, { timeout: 15_000 }).toBeGreaterThan(0)
})

test('a click on the row of a session opens it, and one on its details leaves it open', async () => {
  await signIn(page, 'operator', '/servers/billing-01/sessions?every=0')
  const ofSession = { has: page.getByRole('button', { name: 'Session 4205: details' }) }
  const row = table().getByRole('row').filter(ofSession)
  const opener = table().getByRole('button', { name: 'Session 4205: details' })
  const isOpen = () => opener.getAttribute('aria-expanded')
  await row.getByRole('cell').nth(1).click()
  await expect.poll(isOpen).toBe('true')
  await opener.click()
  await expect.poll(isOpen).toBe('false')
  await page.setViewportSize({ width: 390, height: 844 })
  const card = table().getByRole('listitem').filter(ofSession)
  await card.locator('code').click()
  await expect.poll(isOpen).toBe('true')
  // To read what is told below it, and to mark it, closes nothing.
  await card.getByText('Connected for').click()
  expect(await isOpen()).toBe('true')
})

test('a session that ended does not hold the page still', async () => {
  await signIn(page, 'operator', '/servers/billing-01/sessions?every=0')
  await table().getByRole('button', { name: 'Session 4205: details' }).click()
  await page.getByRole('button', { name: /^Paused/ }).waitFor()
  await answerWith((queries) => queries.filter(({ pid }) => pid !== 4205))
  await page.getByRole('button', { name: 'Read again' }).click()
  await table().getByRole('button', { name: 'Session 4205: details' }).waitFor({ state: 'detached' })
  await page.getByText('Session 4205, which you looked at, is not there any more.').waitFor()
  await page.getByRole('button', { name: /^Live/ }).waitFor()
})

test('who keeps others waiting comes first, then who is blocked, and what is waited for is a filter in the URL', async () => {
  await signIn(page, 'operator', '/servers/billing-01/sessions?every=0')
  await table().getByRole('button').filter({ hasText: '4205' }).first().waitFor()
  const row = async (index: number) => table().locator('tbody tr').nth(index).textContent()
  expect(await row(0)).toMatch(/4203.*blocks 3 · idle in transaction/)
  expect(await row(1)).toMatch(/4220.*by 4203, 4205 · Lock: transactionid/)
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

test('who keeps others waiting stands above them, with what they wait for and since when', async () => {
  await signIn(page, 'operator', '/servers/billing-01/sessions?every=0')
  const item = (pid: number) =>
    tree()
      .getByRole('listitem')
      .filter({ has: page.getByRole('button', { name: `Session ${pid}: details` }) })
  await item(4203).getByText('transaction open for 10 min').waitFor()
  expect(await item(4203).first().textContent()).toMatch(/^4203blocks 3app · analytics.*4205/)
  await item(4203)
    .getByRole('listitem')
    .filter({ hasText: /^4205blocks 2.*waits for 15 s.*transactionid · ShareLock · public\.stock/ })
    .getByRole('listitem')
    .filter({ hasText: /^4210.*tuple · ExclusiveLock · public\.stock/ })
    .waitFor()
  await item(4203)
    .getByRole('listitem')
    .filter({ hasText: /^4220.*since when is not known; its statement runs for 1 min.*also waits for 4205/ })
    .waitFor()
  await tree()
    .getByRole('listitem')
    .filter({ hasText: /^a prepared transaction/ })
    .getByRole('listitem')
    .filter({ hasText: /^4215.*relation · AccessShareLock · analytics oid 24601/ })
    .waitFor()

  await tree().getByRole('button', { name: 'Session 4203: details' }).focus()
  await page.keyboard.press('Enter')
  await tree().getByRole('button', { name: 'Copy the statement' }).waitFor()
  await page.getByRole('button', { name: /^Paused/ }).waitFor()
  expect(await axeInBothThemes(page)).toEqual([])
  await screenshot(page, 'flow-blocking')
  await page.setViewportSize({ width: 320, height: 800 })
  expect(await overflow(page)).toBe(0)
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: /^Live/ }).waitFor()
  expect(await overflow(page)).toBe(0)
  await screenshot(page, 'flow-blocking-320')
})

test('a long queue is told by its beginning, and in full where one looks at who is blocked', async () => {
  await answerWith((queries) => queries.map((one, index) => ({ ...one, blocked_by: index === 0 ? [] : [4200] })))
  await signIn(page, 'operator', '/servers/billing-01/sessions?every=0')
  await tree().getByRole('button', { name: '18 more' }).click()
  await page.waitForURL(/state=blocked/)
  await expect.poll(() => tree().getByRole('listitem').count()).toBe(24)
  await tree().getByText('blocks 23').waitFor()
})

test('that nobody waits is said, and is not that nothing matches', async () => {
  await answerWith((queries) => queries.map((one) => ({ ...one, wait_event_type: null, blocked_by: [] })))
  await signIn(page, 'operator', '/servers/billing-01/sessions?every=0&state=blocked')
  await page.getByRole('heading', { name: 'Nobody waits for a lock' }).waitFor()
  expect(await tree().count()).toBe(0)
  expect(await axeInBothThemes(page)).toEqual([])
})

test('without pg_monitor it is said what is not known, and who blocks whom is known', async () => {
  await answerWith((queries) =>
    queries.map((one) => ({
      ...one,
      state: null,
      wait_event_type: null,
      wait_event: null,
      xact_start: null,
      query_start: null,
      query: null,
    })),
  )
  await signIn(page, 'operator', '/servers/billing-01/sessions?every=0')
  await page.getByText(/Of 24 sessions the server does not say what they do: the role lacks pg_monitor/).waitFor()
  await tree()
    .getByRole('listitem')
    .filter({ hasText: /^4203blocks 3.*transaction open for –/ })
    .waitFor()
  await page.getByRole('button', { name: /^Blocked\s*5$/ }).waitFor()
})
