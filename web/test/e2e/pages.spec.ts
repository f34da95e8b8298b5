import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { hold } from '../goals/measure.ts'
import { PAGES } from './all-pages.ts'
import {
  axe,
  freshWorld,
  go,
  type Look,
  launch,
  open,
  overflow,
  screenshot,
  setTheme,
  settled,
  signIn,
} from './browser.ts'

/**
 * Every page in both languages, both themes and three widths: no violation of accessibility or of the CSP, no page
 * error, nothing too wide.
 */

/** Only these, where one works on them: `PAGES=servers,server`. */
const wanted = process.env.PAGES?.split(',')
const pages = Object.entries(PAGES).filter(([id]) => wanted === undefined || wanted.includes(id))

const LOOKS: (Look & { narrow: number })[] = [
  { locale: 'en', theme: 'light', narrow: 390 },
  { locale: 'ru', theme: 'dark', narrow: 320 },
]

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

/** One line for each fault, with the first place and the number of all: the same element stands on every page. */
function distinct(found: readonly string[]): string[] {
  const faults = new Map<string, string[]>()
  for (const line of found) {
    const [place = '', ...rest] = line.split(': ')
    const fault = rest.join(': ')
    faults.set(fault, [...(faults.get(fault) ?? []), place])
  }
  return [...faults].map(([fault, places]) => `${places[0]} (${places.length} places): ${fault}`)
}

async function check(page: Page, id: string, look: Look & { narrow: number }): Promise<string[]> {
  const name = `${look.locale}-${id}`
  const found = (await axe(page)).map((line) => `${id} ${look.theme}: ${line}`)
  await screenshot(page, `${name}-${look.theme}`)
  await page.setViewportSize({ width: look.narrow, height: 800 })
  const other = look.theme === 'light' ? 'dark' : 'light'
  await setTheme(page, other)
  const wide = await overflow(page)
  if (wide > 0) found.push(`${id}: ${wide} px too wide at ${look.narrow}`)
  found.push(...(await axe(page)).map((line) => `${id} ${other} ${look.narrow}: ${line}`))
  await screenshot(page, `${name}-${other}-${look.narrow}`)
  await setTheme(page, look.theme)
  await page.setViewportSize({ width: 1280, height: 800 })
  return found
}

describe.each(LOOKS)('$locale', (look) => {
  test('every page is accessible, within the CSP and not too wide', async () => {
    const { page, faults, close } = await open(browser, inject('baseUrl'), look)
    await freshWorld(page)
    const found: string[] = []
    await page.goto('/login')
    await page.locator('input[name=username]').waitFor()
    found.push(...(await check(page, 'login', look)))
    await signIn(page, 'admin')
    for (const [id, path] of pages) {
      await go(page, path)
      await settled(page)
      found.push(...(await check(page, id, look)))
    }
    const seen = `${pages.length + 1} pages, ${look.locale}`
    hold({ what: `violations of WCAG in both themes and overflows, ${seen}`, limit: 0, unit: '' }, found.length)
    hold({ what: `page errors and violations of the CSP, ${seen}`, limit: 0, unit: '' }, faults.length)
    expect(distinct(found)).toEqual([])
    expect(faults).toEqual([])
    await close()
  })
})
