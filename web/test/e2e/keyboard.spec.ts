import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { PAGES } from './all-pages.ts'
import { go, settled, signIn } from './browser.ts'
import { usePage } from './harness.ts'

/** Whoever has no mouse reaches everything, and sees where it is. */

const watched = usePage()

/** Other data in the same controls. */
const ALIKE =
  /-(no-match|empty|missing|unknown|filtered|columns|year|compared|unreachable|warning|pending|denied|gone|away|search|metric|disk|quarantined|off|grants|refused)$/
const wanted = process.env.PAGES?.split(',')
const pages = Object.entries(PAGES).filter(([id]) => (wanted === undefined ? !ALIKE.test(id) : wanted.includes(id)))

/** More stops no page has: beyond these the focus goes round. */
const STOPS_MAX = 400

interface Stop {
  name: string
  /** Seen, and marked as the one that has the focus. */
  shown: boolean
}

/** What can be pressed or filled in and is drawn; within a group that arrows walk through, one stands for all. */
const CONTROLS = `[...document.querySelectorAll('a[href], button, input, select, textarea, summary')].filter((one) =>
  !one.disabled && one.tabIndex >= 0 && one.checkVisibility({ visibilityProperty: true }) && one.type !== 'hidden' &&
  one.closest('[inert], [aria-hidden=true]') === null && !(one.type === 'radio' && !one.checked))`

const NUMBER_THEM = `${CONTROLS}.forEach((one, index) => { one.dataset.stop = String(index) })`

const CURRENT = `(() => {
  const one = document.activeElement
  if (one === null || one === document.body) return null
  const box = one.getBoundingClientRect()
  const style = getComputedStyle(one)
  const marked = style.outlineStyle !== 'none' || style.boxShadow !== 'none'
  const within = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth
  if (one.dataset.stop !== undefined) one.dataset.reached = 'yes'
  return { name: one.outerHTML.slice(0, 160), shown: marked && within }
})()`

const MISSED = `${CONTROLS}.filter((one) => one.dataset.stop !== undefined && one.dataset.reached === undefined)
  .map((one) => one.outerHTML.slice(0, 160))`

/** Tab by Tab through the page, and what is wrong on the way. */
async function walkThrough(page: Page): Promise<string[]> {
  await page.evaluate(`document.activeElement.blur(); ${NUMBER_THEM}`)
  const wrong: string[] = []
  for (let stops = 0; stops < STOPS_MAX; stops += 1) {
    await page.keyboard.press('Tab')
    const stop = await page.evaluate<Stop | null>(CURRENT)
    if (stop === null) return [...wrong, ...(await missed(page))]
    if (!stop.shown) wrong.push(`not seen to have the focus: ${stop.name}`)
  }
  return [...wrong, 'the focus does not leave the page']
}

const missed = async (page: Page): Promise<string[]> =>
  (await page.evaluate<string[]>(MISSED)).map((name) => `not reached: ${name}`)

test('every control of every page is reached by Tab, and is seen to have the focus', async () => {
  const { page } = watched
  await signIn(page, 'admin')
  const found: string[] = []
  for (const [id, path] of pages) {
    await go(page, path)
    await settled(page)
    // What moves by itself would take the focus along.
    await page.keyboard.press('Escape')
    found.push(...(await walkThrough(page)).map((line) => `${id}: ${line}`))
  }
  expect(found).toEqual([])
})
