import type { Page } from 'playwright-core'
import { beforeEach, expect, test } from 'vitest'
import type { ServerStatus } from '../../src/api/types.ts'
import { axeInBothThemes, overflow, signIn } from './browser.ts'
import { usePage } from './harness.ts'

/** The fleet at a glance: one rule for how bad things are, and a reason for what is not known. */

const watched = usePage()
let page: Page
beforeEach(() => {
  page = watched.page
})

/** The host tells of its servers as `change` makes them. */
const servers = (change: (server: ServerStatus) => Partial<ServerStatus>) =>
  page.route(/\/api\/servers(\/[^/]+)?$/, async (route) => {
    const response = await route.fetch()
    const body: ServerStatus | ServerStatus[] = await response.json()
    const changed = (server: ServerStatus) => ({ ...server, ...change(server) })
    await route.fulfill({ response, json: Array.isArray(body) ? body.map(changed) : changed(body) })
  })

test('a server is as bad in the totals as on the map, in the lists and on its page', async () => {
  await signIn(page, 'viewer', '/')
  const map = page.getByRole('list', { name: 'Servers' })
  await map.waitFor()
  const tiles = await map.getByRole('link').evaluateAll((links) => links.map((link) => link.getAttribute('title')))
  for (const state of ['Unreachable', 'Critical', 'Warning', 'OK']) {
    const total = page.locator('dl > div').filter({ has: page.getByRole('link', { name: state, exact: true }) })
    const count = tiles.filter((text) => text?.includes(`: ${state}`)).length
    expect([state, await total.locator('dd > span').first().textContent()]).toEqual([state, String(count)])
    await page.getByRole('list', { name: 'What the colours mean' }).getByText(state, { exact: true }).waitFor()
  }
  // It answers, and its disk is full: that is critical, and nowhere all well, nor only a warning.
  const worst = page.getByRole('region', { name: 'Needs attention' }).getByRole('listitem')
  expect(await worst.filter({ hasText: 'mail-01' }).textContent()).toMatch(/^mail-01Criticaldisk \d/)
  expect(tiles.filter((text) => text?.startsWith('mail-01'))).toEqual([expect.stringMatching(/: Critical, disk \d/)])
  await page.getByRole('link', { name: 'Critical', exact: true }).click()
  await page.waitForURL(/\/servers\?.*state=critical/)
  const rows = page.getByRole('table', { includeHidden: true }).locator('tbody tr')
  await rows.first().waitFor()
  expect(await rows.allTextContents()).toEqual([expect.stringMatching(/^mail-01.*Critical/)])
  await page.getByRole('link', { name: 'mail-01' }).click()
  await page.getByRole('main').getByText('Critical', { exact: true }).waitFor()
})

test('a number of each server stands on its tile, with what the colours mean and why one is missing', async () => {
  await servers(({ name }) =>
    name === 'geo-01'
      ? {
          free_space: null,
          not_collected: [{ plugin: 'filesystem', sets: ['filesystem'], reason: 'denied', detail: 'x', places: 1 }],
        }
      : {},
  )
  await signIn(page, 'viewer', '/?by=disk')
  const tile = (name: string) => page.getByRole('list', { name: 'Servers' }).getByRole('link', { name })
  await tile('mail-01').waitFor()
  expect(await tile('mail-01').textContent()).toMatch(/^mail-019\d(\.\d)? %$/)
  // As red as everywhere else.
  expect(await tile('mail-01').getAttribute('class')).toContain('bg-bar-bad')
  expect(await tile('geo-01').textContent()).toBe('geo-01denied')
  expect(await tile('dwh-01').textContent()).toMatch(/ %$/)
  expect(await tile('identity-01').textContent()).toBe('identity-01SSH not set up')
  const legend = page.getByRole('list', { name: 'What the colours mean' })
  expect(await legend.getByRole('listitem').allTextContents()).toEqual(['< 70 %', '≥ 70 %', '≥ 85 %', 'no value'])
  expect(await axeInBothThemes(page)).toEqual([])
  await page.getByRole('button', { name: 'Transactions', exact: true }).click()
  await tile('crm-01').getByText('Unreachable').waitFor()
  expect(await tile('billing-01').textContent()).toMatch(/^billing-01[\d.]+\/s$/)
  await page.setViewportSize({ width: 320, height: 800 })
  expect(await overflow(page)).toBe(0)
})

test('a name that is too long for its place ends in dots, and is told in full', async () => {
  const long = 'warehouse-analytics-replica-of-the-whole-company-eu-central-1.internal'
  await servers(({ name }) =>
    name === 'crm-01' ? { name: long } : name === 'logistics-01' ? { name: long.slice(0, 49) } : {},
  )
  await page.setViewportSize({ width: 390, height: 844 })
  await signIn(page, 'viewer', '/')
  const link = page.getByRole('region', { name: 'Needs attention' }).getByRole('link', { name: long })
  const look = await link.evaluate((element) => {
    const { display, textOverflow } = getComputedStyle(element)
    return { display, textOverflow, isCut: element.scrollWidth > element.clientWidth }
  })
  expect(look).toEqual({ display: 'block', textOverflow: 'ellipsis', isCut: true })
  expect(await link.getAttribute('title')).toBe(long)
  // Where there is room, it is not cut.
  await page.setViewportSize({ width: 1800, height: 900 })
  const shorter = page
    .getByRole('region', { name: 'Needs attention' })
    .getByRole('link', { name: long.slice(0, 49), exact: true })
  expect(await shorter.evaluate((element) => element.scrollWidth > element.clientWidth)).toBe(false)
})

test('SSH that fails is not SSH that nobody set up', async () => {
  await servers(({ name }) => (name === 'logistics-01' ? { free_space: null, total_space: null } : {}))
  await page.route('**/api/servers/logistics-01/filesystems', (route) => route.fulfill({ json: [] }))
  await signIn(page, 'admin', '/servers/logistics-01')
  const card = page.getByRole('region', { name: 'Filesystems' })
  await card.getByText('Disk usage is not collected: SSH failed.').waitFor()
  await card.getByRole('link', { name: 'Settings of SSH' }).waitFor()
  expect(await card.getByRole('link', { name: 'Set up SSH' }).count()).toBe(0)
  await page.locator('dl').getByText('SSH failed', { exact: true }).waitFor()
  await page.goto(new URL('/servers/identity-01', page.url()).href)
  await card.getByRole('link', { name: 'Set up SSH' }).waitFor()
})

test('sums tell how old their numbers are, and bars over time how long each is', async () => {
  await signIn(page, 'viewer', '/?by=history&from=now-1h')
  await page.getByText(/^numbers up to 2 d( 1 h)? old$/).waitFor()
  await page.getByText('a bar is 1 h').waitFor()
})
