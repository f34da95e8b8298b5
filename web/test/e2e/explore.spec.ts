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
  await page.getByLabel('Name', { exact: true }).fill('connections of a week')
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
