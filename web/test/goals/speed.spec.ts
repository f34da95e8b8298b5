import type { Page } from 'playwright-core'
import { beforeEach, describe, test } from 'vitest'
import { freshWorld, push, signIn } from '../e2e/browser.ts'
import { usePage } from '../e2e/harness.ts'
import { manyPoints } from './many.ts'
import { hold, Meter } from './measure.ts'

/**
 * Figures of CPU and memory, each beside its goal. The ancestor cannot be run here: a goal that is a part of its figure
 * is that part of what was measured then, on a machine that was busy too.
 */

const watched = usePage()
let page: Page
let meter: Meter
beforeEach(async () => {
  page = watched.page
  meter = await Meter.on(page)
})

const rows = () => page.locator('tbody a').first().waitFor()

/** Remembers when the first row stood there, and for how long the page could not answer a click. */
const WATCH_LOADING = `
  window.blocked = 0
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) window.blocked += Math.max(0, task.duration - 50)
  }).observe({ type: 'longtask', buffered: true })
  new MutationObserver((_, observer) => {
    if (document.querySelector('tbody a') === null) return
    window.rowsReady = performance.now()
    observer.disconnect()
  }).observe(document, { childList: true, subtree: true })
`

/** Within the page: finding an element by its role would be measured too. */
const press = (selector: string) => page.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`)

/** Moves the mouse over the first chart, once in each frame; within the page, so that nothing else is measured. */
const sweep = (moves: number) => `new Promise((done) => {
  const over = document.querySelector('.u-over')
  const box = over.getBoundingClientRect()
  let move = 0
  const step = () => {
    if (move === ${moves}) return done()
    move += 1
    const clientX = box.left + ((box.width - 20) * move) / ${moves} + 10
    const at = { clientX, clientY: box.top + 40, movementX: 1, bubbles: true }
    over.dispatchEvent(new MouseEvent('mousemove', at))
    requestAnimationFrame(step)
  }
  requestAnimationFrame(step)
})`

const median = (figures: readonly number[]): number =>
  figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN

/** Of 1,000 servers. */
const RUNS_PER_SECOND = 20
/** As long as the slowest of what follows pushes, twice. */
const IDLE_SECONDS = 60

/** The reader does nothing, while the host tells of run after run. */
async function pushed(seconds: number) {
  const every = 1_000 / RUNS_PER_SECOND
  const until = Date.now() + seconds * 1_000
  for (let run = 0; Date.now() < until; run += 1) {
    const server = `billing-${String((run % 80) + 1).padStart(2, '0')}`
    await push(page, 'run', { server, plugin: 'pg_stat_database', outcome: 'collected' })
    await new Promise((done) => setTimeout(done, every))
  }
}

async function reloadList(): Promise<{ ready: number; blocked: number }> {
  await page.reload()
  await rows()
  await meter.drawn()
  return await page.evaluate('({ ready: window.rowsReady, blocked: window.blocked })')
}

describe('the list of servers', () => {
  test('of 12', async () => {
    await page.addInitScript(WATCH_LOADING)
    await signIn(page, 'admin')
    await rows()
    const { ready, blocked } = await reloadList()
    hold({ what: 'list of 12: rows ready', ancestor: 2_168, limit: 1_300, unit: 'ms' }, ready)
    hold({ what: 'list of 12: blocking time', ancestor: 760, limit: 200, unit: 'ms' }, blocked)
  })

  test('of 1,000', async () => {
    await page.addInitScript(WATCH_LOADING)
    await freshWorld(page, { servers: 1_000 })
    await signIn(page, 'admin', '/account')
    const render = await meter.cpu(async () => {
      await page.getByRole('link', { name: 'Servers' }).click()
      await rows()
    })
    hold({ what: '1,000 servers: CPU to render', ancestor: 4_146, limit: 400, unit: 'ms' }, render)
    const elements = await page.evaluate<number>("document.querySelectorAll('*').length")
    hold({ what: '1,000 servers: elements', ancestor: 29_132, limit: 2_500, unit: '' }, elements)
    hold({ what: '1,000 servers: JavaScript heap', ancestor: 140, limit: 40, unit: 'MB' }, await meter.heap())

    const text = 'production'
    await page.getByRole('searchbox').focus()
    const typed = await meter.cpu(async () => {
      for (const letter of text) {
        await page.keyboard.press(letter)
        await meter.drawn()
      }
      await page.waitForURL(/q=production/)
    })
    hold(
      { what: '1,000 servers: CPU per key of a search', ancestor: 1_395, limit: 80, unit: 'ms' },
      typed / text.length,
    )
    await page.getByRole('searchbox').fill('')
    await page.getByRole('link', { name: 'billing-02' }).waitFor()
    await page.waitForURL((url) => !url.searchParams.has('q'))

    const sorts: number[] = []
    for (let sort = 0; sort < 5; sort += 1) sorts.push(await meter.cpu(() => press('th:nth-child(4) button')))
    hold({ what: '1,000 servers: CPU per sort', ancestor: 3_020, limit: 100, unit: 'ms' }, median(sorts))
    // Sparklines of the rows that came into view are asked for and drawn.
    await page.locator('tbody svg[role=img]').nth(9).waitFor()
    const idle = await meter.cpu(() => page.waitForTimeout(10_000))
    hold({ what: '1,000 servers: CPU in 10 s of idling', ancestor: 1_213, limit: 60, unit: 'ms' }, idle)
    const told = await meter.cpu(() => pushed(IDLE_SECONDS))
    const what = `1,000 servers: CPU in 10 s of idling, ${RUNS_PER_SECOND} runs pushed a second`
    hold({ what, limit: 60, unit: 'ms' }, told / (IDLE_SECONDS / 10))
    const { ready } = await reloadList()
    hold({ what: '1,000 servers: rows ready', ancestor: 13_700, limit: 1_370, unit: 'ms' }, ready)
  })
})

describe('a chart', () => {
  test('of 20 lines with 4,320 points each', async () => {
    const body = manyPoints()
    await page.route('**/api/series?*', (route) => route.fulfill({ contentType: 'application/json', body }))
    await signIn(page, 'viewer', '/explore?server=billing-01&set=shop_orders&metric=count&from=now-30d')
    const chart = page.getByRole('region', { name: 'count', exact: true })
    const canvas = chart.locator('.u-over')
    await canvas.waitFor()
    await chart.getByRole('button', { name: 'count: Show as table' }).click()
    await chart.getByRole('table').waitFor()
    const made = await meter.cpu(() => press('[aria-label="count: Show as chart"]'))
    await canvas.waitFor()
    hold(
      { what: 'chart of 20 x 4,320: CPU to create, with legend and words', ancestor: 134, limit: 70, unit: 'ms' },
      made,
    )

    const box = await canvas.boundingBox()
    if (box === null) throw new Error('the chart is not on the page')
    await page.mouse.move(box.x + 10, box.y + 40)
    const moves = 100
    const hovered = await meter.cpu(() => page.evaluate(sweep(moves)))
    await chart.getByTestId('chart-tooltip').getByText('region').first().waitFor()
    hold(
      { what: 'chart of 20 x 4,320: CPU of a frame of hovering, with tooltip', ancestor: 22, limit: 8, unit: 'ms' },
      hovered / moves,
    )
  })
})
