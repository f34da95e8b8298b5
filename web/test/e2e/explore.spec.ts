import type { Page } from 'playwright-core'
import { beforeEach, expect, test } from 'vitest'
import { axeInBothThemes, screenshot, signIn } from './browser.ts'
import { usePage } from './harness.ts'

/** Anything that a probe declares, with no code of ours for it. */

const watched = usePage()
let page: Page
beforeEach(async () => {
  page = watched.page
  await signIn(page, 'viewer', '/explore')
})

const search = () => new URL(page.url()).searchParams

test('a metric of an own probe is found, drawn, filtered, split, and its address holds it all', async () => {
  await page.getByRole('heading', { name: 'Choose a metric' }).waitFor()
  await page.getByLabel('Metric, label, plugin').fill('orders region')
  await page.getByRole('button', { name: 'count', exact: true }).click()
  const chart = page.getByRole('region', { name: 'count', exact: true })
  await chart.locator('canvas').waitFor()
  await chart.getByRole('button', { name: /^other \(14\)/ }).waitFor()
  await page.getByLabel('payment').selectOption('paid')
  await page.getByLabel('Lines').selectOption('lines by region')
  await page.waitForURL(/l=payment:paid/)
  await chart.getByRole('button', { name: /^north/ }).waitFor()
  await chart.getByRole('button', { name: /^other/ }).waitFor({ state: 'detached' })
  expect(search().get('by')).toBe('region')
  expect(await axeInBothThemes(page)).toEqual([])
  await page.reload()
  await chart.getByRole('button', { name: /^north/ }).waitFor()
})

test('a metric shows nothing of the one before while it is loaded', async () => {
  await page.goto('/explore?server=billing-01&set=pg_stat_database&metric=xact_commit')
  await page.getByRole('region', { name: 'xact_commit' }).locator('canvas').waitFor()
  await page.route('**/api/series?*', () => new Promise(() => {}))
  await page.getByRole('button', { name: 'numbackends', exact: true }).click()
  const chart = page.getByRole('region', { name: 'numbackends' })
  await chart.getByTestId('skeleton').waitFor()
  expect(await chart.locator('canvas').count()).toBe(0)
})

test('views of one tab and choices of another do not undo each other', async () => {
  const other = await page.context().newPage()
  await other.goto('/account')
  await other.getByLabel('Single keys are shortcuts').waitFor()
  await page.goto('/explore?server=orders-01&set=pg_connections')
  await page.getByRole('button', { name: 'Views' }).click()
  await page.getByRole('menuitem', { name: 'Save this view' }).click()
  await page.getByLabel('Name', { exact: true }).fill('mine')
  await page.keyboard.press('Enter')
  await other.getByLabel('Single keys are shortcuts').uncheck()
  await page.reload()
  await page.getByRole('button', { name: 'Views' }).click()
  await page.getByRole('menuitem', { name: 'mine', exact: true }).waitFor()
  // And what the other chose counts here without a reload.
  await other.getByLabel('Single keys are shortcuts').check()
  await page.keyboard.press('Escape')
  const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
  const opened = async () => {
    await page.keyboard.press('?')
    return await help.isVisible()
  }
  await expect.poll(opened, { timeout: 15_000 }).toBe(true)
})

test('a view is saved under a name and opened again', async () => {
  await page.goto('/explore?server=orders-01&set=pg_connections&from=now-7d')
  await page.getByRole('button', { name: 'Views' }).click()
  await page.getByRole('menuitem', { name: 'Save this view' }).click()
  await page
    .locator(':focus')
    .and(page.getByLabel('Name', { exact: true }))
    .waitFor()
  await page.keyboard.type('connections of a week')
  expect(await axeInBothThemes(page)).toEqual([])
  await screenshot(page, 'flow-save-view')
  await page.keyboard.press('Enter')
  await page.goto('/explore')
  await page.getByRole('button', { name: 'Views' }).click()
  await page.getByRole('menuitem', { name: 'connections of a week' }).click()
  await page.waitForURL(/server=orders-01&set=pg_connections/)
  expect(search().get('from')).toBe('now-7d')
  await page.getByRole('button', { name: 'Views' }).click()
  await page.getByRole('menuitem', { name: 'Forget connections of a week' }).click()
})

/** The set of an own probe that runs on one server only. */
async function runsOnOrders() {
  await page.route('**/api/plugins/my_queries', async (route) => {
    const response = await route.fetch()
    const plugin = await response.json()
    await route.fulfill({
      response,
      json: { ...plugin, on_servers: [{ ...plugin.on_servers[0], server: 'orders-01' }] },
    })
  })
  await noSamples(/server=(?!orders-01).*set=shop_orders/)
}

async function noSamples(of: RegExp) {
  await page.route('**/api/series?*', async (route) => {
    const response = await route.fetch()
    if (!of.test(route.request().url())) return await route.fulfill({ response })
    await route.fulfill({ response, json: { ...(await response.json()), timestamps: [], series: [], rest: null } })
  })
}

test('a set that does not run on a server says so, and opens on one on which it does', async () => {
  await runsOnOrders()
  for (const path of ['/explore?server=billing-01&set=shop_orders', '/servers/billing-01/metrics?set=shop_orders']) {
    await page.goto(path)
    const chart = page.getByRole('region', { name: 'age', exact: true })
    await chart.getByText('No samples in this range').waitFor()
    await chart.getByText('my_queries does not run on billing-01').waitFor()
    expect(await chart.getByRole('link', { name: 'my_queries' }).getAttribute('href')).toMatch(/^\/plugins\/my_queries/)
  }
  expect(await axeInBothThemes(page)).toEqual([])
  await screenshot(page, 'flow-runs-elsewhere')
  await page.goto('/explore?set=shop_orders')
  await page.getByRole('region', { name: 'age', exact: true }).locator('canvas').waitFor()
  expect(await page.getByLabel('Server', { exact: true }).inputValue()).toBe('orders-01')
  // What one chose oneself stays chosen.
  await page.getByLabel('Server', { exact: true }).selectOption('billing-01')
  await page.getByText('my_queries does not run on billing-01').first().waitFor()
})

test('a server that is not reached says why, beside its name and in each chart', async () => {
  await noSamples(/./)
  await page.goto('/explore?server=crm-01&set=pg_stat_activity')
  await page.getByRole('region', { name: 'count' }).getByText('Unreachable', { exact: true }).waitFor()
  await page.getByRole('link', { name: /^No connection, for/ }).waitFor()
  expect(await axeInBothThemes(page)).toEqual([])
})

test('facts of which there are none say so', async () => {
  await noSamples(/./)
  await page.route('**/api/metric-sets', async (route) => {
    const response = await route.fetch()
    await route.fulfill({ response, body: (await response.text()).replaceAll('"gauge"', '"info"') })
  })
  await page.goto('/explore?server=billing-01&set=pg_connections')
  await page.getByText('No samples in this range').waitFor()
})

test('a filter that fits nothing says so, and is taken back', async () => {
  await page.goto('/explore?server=billing-01&set=shop_orders&metric=count&l=payment:nope')
  const chart = page.getByRole('region', { name: 'count', exact: true })
  await chart.getByText('No samples in this range have the labels that are chosen').waitFor()
  expect(await page.getByLabel('payment').inputValue()).toBe('nope')
  expect(await axeInBothThemes(page)).toEqual([])
  await screenshot(page, 'flow-no-such-labels')
  await chart.getByRole('button', { name: 'Reset filters' }).click()
  await chart.locator('canvas').waitFor()
  expect(search().has('l')).toBe(false)
})

test('what the address names and a set does not have is told, and no chart fails by it', async () => {
  const refused: string[] = []
  page.on('response', (response) => {
    if (response.url().includes('/api/series') && !response.ok()) refused.push(response.url())
  })
  const metric = '/explore?server=billing-01&set=shop_orders&metric=count'
  const told = (part: string) => page.getByText(`means nothing here, and it is left out: ${part}`)
  await page.goto(`${metric}&l=zz:1&by=zz`)
  await told('l=zz:1, by=zz').waitFor()
  await page.getByRole('region', { name: 'count', exact: true }).locator('canvas').waitFor()
  await expect.poll(() => search().toString()).toBe('server=billing-01&set=shop_orders&metric=count')
  await page.goto('/explore?server=billing-01&set=shop_orders&l=payment:paid')
  await told('l=payment:paid').waitFor()
  await page.goto('/explore?metric=count')
  await told('metric=count').waitFor()
  await page.goto('/explore?server=billing-01&set=shop_orders&metric=zz&by=region')
  await page.getByText('The set “shop_orders” declares no metric “zz”.').waitFor()
  expect(await axeInBothThemes(page)).toEqual([])
  await page.getByRole('button', { name: 'Reset filters' }).click()
  await page.getByRole('region', { name: 'age', exact: true }).locator('canvas').waitFor()
  expect(search().toString()).toBe('server=billing-01&set=shop_orders')
  await page.goto('/explore?server=zz&set=shop_orders')
  await page.getByText('No server called “zz” is watched.').waitFor()
  await page.getByRole('button', { name: 'Reset filters' }).click()
  await page.getByRole('region', { name: 'age', exact: true }).locator('canvas').waitFor()
  expect(refused).toEqual([])
})

test('what no probe declares is told, and a chart elsewhere leads here', async () => {
  await page.goto('/explore?set=gone')
  await page.getByRole('heading', { name: 'No probe declares this' }).waitFor()
  await page.goto('/servers/billing-01')
  const chart = page.getByRole('region', { name: 'Connections' })
  await chart.locator('canvas').waitFor()
  await chart.getByRole('button', { name: 'Connections: more' }).click()
  await page.getByRole('menuitem', { name: 'Look closer' }).click()
  await page.waitForURL(/explore\?.*set=pg_stat_database&metric=numbackends/)
  await page.getByRole('region', { name: 'numbackends' }).locator('canvas').waitFor()
})
