import type { Page } from 'playwright-core'
import { beforeEach, expect, test } from 'vitest'
import { axeInBothThemes, cutTexts, overflow, signIn } from './browser.ts'
import { usePage } from './harness.ts'

/** On the screen of a phone one sees what one came for. */

const watched = usePage()
let page: Page
beforeEach(async () => {
  page = watched.page
  await page.setViewportSize({ width: 390, height: 844 })
})

test('a tab of a server begins on the first screen, and its list scrolls with the page', async () => {
  await signIn(page, 'viewer', '/servers/logistics-01/databases')
  const list = page.getByRole('list', { name: 'Databases' })
  await list.getByRole('listitem').first().waitFor()
  expect((await list.boundingBox())?.y).toBeLessThan(500)
  expect(await page.getByText('Free disk').isVisible()).toBe(false)
  const region = page.getByRole('region', { name: 'Databases' })
  expect(await region.evaluate((element) => element.scrollHeight - element.clientHeight)).toBe(0)
  await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)')
  await list.getByText('reports').waitFor()
  expect(await overflow(page)).toBe(0)
  await page.getByRole('link', { name: 'Overview' }).click()
  await page.getByText('Free disk').waitFor()
})

test('the last of a thousand servers is reached by scrolling the page', async () => {
  await page.request.get(`/mock/reset?world=${crypto.randomUUID()}&servers=1000`)
  await signIn(page, 'viewer', '/servers')
  await page.getByRole('link', { name: 'billing-01' }).waitFor()
  await expect
    .poll(async () => {
      await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)')
      return await page.getByRole('link', { name: 'stock-83' }).isVisible()
    })
    .toBe(true)
  expect(await page.evaluate<number>("document.querySelectorAll('*').length")).toBeLessThan(2_500)
})

test('columns are chosen where there are columns', async () => {
  await signIn(page, 'viewer', '/servers')
  const choice = page.getByRole('button', { name: 'Columns' })
  await page.setViewportSize({ width: 582, height: 844 })
  await page.getByRole('list', { name: 'Servers' }).waitFor()
  expect(await choice.isVisible()).toBe(false)
  await page.setViewportSize({ width: 583, height: 844 })
  await page.getByRole('table', { name: 'Servers' }).waitFor()
  await choice.click()
  await page.getByRole('menuitemcheckbox', { name: 'Uptime' }).click()
  await page.getByRole('columnheader', { name: 'Uptime' }).waitFor()
})

test('what one can do on a page stands at its right, in as many lines as it takes', async () => {
  const right = async (path: string, role: 'link' | 'button', name: string | RegExp) => {
    await page.goto(path)
    const box = await page.getByRole('main').getByRole(role, { name }).boundingBox()
    return Math.round((box?.x ?? 0) + (box?.width ?? 0))
  }
  await page.setViewportSize({ width: 320, height: 844 })
  await signIn(page, 'admin', '/runs')
  const ofRuns = await right('/runs', 'button', /^Live/)
  expect(await right('/servers', 'link', 'Add server')).toBe(ofRuns)
  expect(await right('/servers/billing-01', 'link', 'Edit')).toBe(ofRuns)
})

test('tabs that are out of sight are seen to be there', async () => {
  await page.setViewportSize({ width: 320, height: 844 })
  await signIn(page, 'viewer', '/servers/billing-01')
  const tabs = page.getByRole('navigation', { name: 'Parts of this server' })
  await tabs.and(page.locator('[data-more=end]')).waitFor()
  expect(await tabs.evaluate((element) => getComputedStyle(element).maskImage)).toContain('linear-gradient')
  await tabs.evaluate((element) => {
    element.scrollLeft = element.scrollWidth
  })
  await tabs.and(page.locator('[data-more=start]')).waitFor()
})

test('a metric that was chosen is what one sees, and the choice can be opened again', async () => {
  await signIn(page, 'viewer', '/explore?server=billing-01')
  const sets = page.getByRole('navigation', { name: 'Metrics' })
  await sets.getByRole('button', { name: /^pg_stat_database/ }).click()
  await page.getByRole('button', { name: /^Choose another/ }).click()
  await sets.getByRole('button', { name: 'xact_commit' }).click()
  const chart = page.getByRole('region', { name: 'xact_commit' })
  await chart.locator('canvas').waitFor()
  expect((await chart.boundingBox())?.y).toBeLessThan(600)
  expect(await sets.isVisible()).toBe(false)
  expect(await axeInBothThemes(page)).toEqual([])
})

test('why a server cannot be reached is told once', async () => {
  await page.route('**/api/servers/crm-01', async (route) => {
    const response = await route.fetch()
    const server = await response.json()
    await route.fulfill({
      response,
      json: { ...server, connections: null, connections_used: null, size_bytes: null, version: null },
    })
  })
  await page.route('**/api/series?*', async (route) => {
    const response = await route.fetch()
    const answer = await response.json()
    await route.fulfill({ response, json: { ...answer, timestamps: [], series: [] } })
  })
  await signIn(page, 'viewer', '/servers/crm-01')
  const chart = page.getByRole('region', { name: 'Size', exact: true })
  await chart.getByText('No samples in this range').waitFor()
  await chart.getByText('Unreachable').waitFor()
  expect(await page.getByText(/Connection refused/).count()).toBe(1)
  expect((await chart.boundingBox())?.height).toBeLessThan(150)
})

test('what a chart shows, and how closely, is read in full', async () => {
  await page.setViewportSize({ width: 320, height: 844 })
  await signIn(page, 'viewer', '/servers/billing-01')
  const chart = page.getByRole('region', { name: 'Connections' })
  await chart.getByText(/every sample$/).waitFor()
  expect(await cutTexts(chart)).toEqual([])
})

test('what a test of the connection says is within the window, however long its words', async () => {
  const key = `SHA256:${'nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8'.repeat(2)}`
  const said = {
    success: false,
    message: key,
    steps: [
      { name: 'authenticate', outcome: 'failed', detail: `shows the SSH host key ${key}`, duration_ms: 7 },
      {
        name: 'privileges',
        outcome: 'warning',
        detail: `grant execute on function f_${'x'.repeat(80)}() to pgmon`,
        duration_ms: 7,
      },
    ],
  }
  await page.route('**/api/servers/test', (route) => route.fulfill({ json: { postgres: said, ssh: said } }))
  await signIn(page, 'admin', '/servers/billing-01/edit')
  await page.getByRole('button', { name: 'Test connection' }).click()
  await page.getByText('SSH: The test has failed').waitFor()
  for (const width of [320, 390, 1280]) {
    await page.setViewportSize({ width, height: 844 })
    expect(await overflow(page), `${width} px`).toBe(0)
  }
})

test('why there are no filesystems stands beside what one can do, or above it', async () => {
  await page.setViewportSize({ width: 320, height: 844 })
  await page.addInitScript("localStorage.setItem('pgvigil.locale', 'ru')")
  await page.route('**/api/servers/logistics-01', async (route) => {
    const response = await route.fetch()
    await route.fulfill({ response, json: { ...(await response.json()), free_space: null, total_space: null } })
  })
  await page.route('**/api/servers/logistics-01/filesystems', (route) => route.fulfill({ json: [] }))
  await signIn(page, 'admin', '/servers/logistics-01')
  const card = page.getByRole('region', { name: 'Файловые системы' })
  await card.getByRole('link').first().waitFor()
  expect(await cutTexts(card)).toEqual([])
})
