import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, chromium, type Locator, type Page } from 'playwright-core'
import { inject } from 'vitest'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })

export interface Look {
  locale: 'en' | 'ru'
  theme: 'light' | 'dark'
  width?: number
  height?: number
}

/** A page that remembers everything that must not happen. */
export interface Watched {
  page: Page
  /** Exceptions that nobody caught and violations of the CSP. */
  faults: string[]
  close: () => Promise<void>
}

/** A wait that is in vain fails a test; one that is long only tells of a busy machine. */
const PATIENCE_MS = 90_000

export async function open(browser: Browser, baseURL: string, look: Look): Promise<Watched> {
  const context = await browser.newContext({
    baseURL,
    viewport: { width: look.width ?? 1280, height: look.height ?? 800 },
    reducedMotion: 'reduce',
    timezoneId: 'Europe/Moscow',
  })
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(`page error: ${error.message}`))
  await page.exposeFunction('reportViolation', (text: string) => faults.push(`CSP: ${text}`))
  // As text: a bundler's helpers do not exist in the page.
  await page.addInitScript(`
    document.addEventListener('securitypolicyviolation', (event) =>
      window.reportViolation(event.effectiveDirective + ' ' + event.blockedURI + ' ' + event.sample))
    localStorage.setItem('pgvigil.locale', ${JSON.stringify(look.locale)})
    localStorage.setItem('pgvigil.theme', ${JSON.stringify(look.theme)})
  `)
  return { page, faults, close: () => context.close() }
}

/** A backend of its own for this browser, so that tests beside it are not disturbed; a real host is as it is. */
export async function freshWorld(page: Page, options: Record<string, string | number> = {}): Promise<void> {
  if (inject('host') !== undefined) return
  const query = new URLSearchParams({ world: crypto.randomUUID() })
  for (const [key, value] of Object.entries(options)) query.set(key, String(value))
  await page.request.get(`/mock/reset?${query}`)
}

/** What the host tells all open pages. */
export async function push(page: Page, event: 'run' | 'event' | 'missed', data: object): Promise<void> {
  await page.request.post(`/mock/push?event=${event}`, { data: JSON.stringify(data) })
}

/** With the cookie of a sign-in; how one signs in by the form, and returns to where the link led, has tests of its own. */
export async function signIn(page: Page, login: string, path = '/servers'): Promise<void> {
  const password = inject('host')?.password ?? login
  await page.request.post('/api/token', { form: { username: login, password } })
  await page.goto(path)
  // Drawn, and its keys are listened to.
  await page.locator('[data-page]:not([data-page=""])').waitFor({ state: 'attached' })
  await page.locator('main h1').waitFor()
}

/** To another page without loading anew, as a link does it. */
export async function go(page: Page, path: string): Promise<void> {
  const before = await page.locator('[data-page]').getAttribute('data-page')
  if (before === path) return
  await page.evaluate(`history.pushState({}, '', ${JSON.stringify(path)})`)
  await page.locator(`[data-page]:not([data-page=${JSON.stringify(before ?? '')}])`).waitFor({ state: 'attached' })
  await page.locator('main h1').waitFor()
}

/** Skeletons are gone. Charts load when they come into view, so each is brought there once. */
export async function settled(page: Page): Promise<void> {
  const skeleton = page.locator('[aria-busy=true]')
  for (let left = await skeleton.count(); left > 0; left = await skeleton.count()) {
    const first = await skeleton
      .first()
      .elementHandle({ timeout: 1_000 })
      .catch(() => null)
    await first?.scrollIntoViewIfNeeded().catch(() => undefined) // It may just have been replaced.
    await first?.waitForElementState('hidden', { timeout: 10_000 })
  }
  await page.evaluate('scrollTo(0, 0)')
}

/** Shows the page in the other theme, as a choice in another tab does. */
export async function setTheme(page: Page, theme: 'light' | 'dark'): Promise<void> {
  await page.evaluate(`
    localStorage.setItem('pgvigil.theme', '${theme}')
    dispatchEvent(new StorageEvent('storage', { key: 'pgvigil.theme', newValue: '${theme}' }))
  `)
  // A page that did not follow would be looked at twice in the same colours.
  const isIn = await page.evaluate<boolean>("document.documentElement.classList.contains('dark')")
  if (isIn !== (theme === 'dark')) throw new Error(`the page does not follow the theme ${theme} of another tab`)
}

interface Violation {
  id: string
  help: string
  nodes: { html: string; failureSummary?: string }[]
}

const WCAG_AA = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
/** What another theme can change: all else stands in the same elements. */
const OF_COLOURS = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] }

/**
 * Violations of WCAG 2.2 AA, as lines to read in a failed test. A popup that covers half of a button below it is no
 * fault of the button: there one looks `within` the popup.
 */
export const axe = (page: Page, within = 'html'): Promise<string[]> => violationsOf(page, within, WCAG_AA)

/** For a page of which all else was looked at in the other theme. */
export const axeOfColours = (page: Page, within = 'html'): Promise<string[]> => violationsOf(page, within, OF_COLOURS)

async function violationsOf(page: Page, within: string, rules: object): Promise<string[]> {
  if (await page.evaluate('typeof axe === "undefined"')) await page.evaluate(AXE)
  const found = await page.evaluate<Violation[]>(
    // What passed is most of the answer, and nobody reads it.
    `axe.run({ include: ${JSON.stringify(within)} }, {
      runOnly: ${JSON.stringify(rules)},
      // Popups stand beside the landmarks of the page on purpose, so that nothing clips them.
      rules: { region: { enabled: false } },
      resultTypes: ['violations'],
      preload: false,
    }).then(({ violations }) => violations)`,
  )
  return found.flatMap((violation) =>
    violation.nodes.map(
      (node) => `${violation.id}: ${node.html.slice(0, 200)} — ${node.failureSummary ?? violation.help}`,
    ),
  )
}

/** The same in both themes, as a popup or a dialog is seen in either. */
export async function axeInBothThemes(page: Page, within = 'html'): Promise<string[]> {
  const [before, other] = (await isDark(page)) ? (['dark', 'light'] as const) : (['light', 'dark'] as const)
  const found = (await axe(page, within)).map((line) => `${before}: ${line}`)
  await setTheme(page, other)
  found.push(...(await axeOfColours(page, within)).map((line) => `${other}: ${line}`))
  await setTheme(page, before)
  return found
}

const isDark = (page: Page): Promise<boolean> => page.evaluate("localStorage.getItem('pgvigil.theme') === 'dark'")

/** Pixels by which the page is wider than the window. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')

/** Texts in it that end before their end. */
export const cutTexts = (within: Locator): Promise<string[]> =>
  within.evaluate((element) =>
    [...element.querySelectorAll('*')]
      .filter((one) => one.clientWidth > 1 && one.scrollWidth > one.clientWidth)
      .map((one) => one.textContent),
  )

/** Pictures cost more time than all else; `SCREENSHOTS=1` wants them. */
export async function screenshot(page: Page, name: string, of: 'page' | 'window' = 'page'): Promise<void> {
  if (process.env.SCREENSHOTS === undefined) return
  await page.screenshot({
    fullPage: of === 'page',
    path: new URL(`../screenshots/${name}.png`, import.meta.url).pathname,
  })
}
