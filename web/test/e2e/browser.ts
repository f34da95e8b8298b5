import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, chromium, type Page } from 'playwright-core'

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

export async function open(browser: Browser, baseURL: string, look: Look): Promise<Watched> {
  const context = await browser.newContext({
    baseURL,
    viewport: { width: look.width ?? 1280, height: look.height ?? 800 },
    reducedMotion: 'reduce',
    timezoneId: 'Europe/Moscow',
  })
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

export async function signIn(page: Page, login: string): Promise<void> {
  await page.goto('/login')
  await page.locator('input[name=username]').fill(login)
  await page.locator('input[name=password]').fill(login)
  await page.locator('button[type=submit]').click()
  await page.locator('header').waitFor()
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

interface AxeResult {
  violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[]
}

/** Violations of WCAG 2.2 AA, as lines to read in a failed test. */
export async function axe(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  const result = await page.evaluate<AxeResult>(
    // Popups stand beside the landmarks of the page on purpose, so that nothing clips them.
    `axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
      rules: { region: { enabled: false } },
    })`,
  )
  return result.violations.flatMap((violation) =>
    violation.nodes.map(
      (node) => `${violation.id}: ${node.html.slice(0, 200)} — ${node.failureSummary ?? violation.help}`,
    ),
  )
}

/** Pixels by which the page is wider than the window. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')

export async function screenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ fullPage: true, path: new URL(`../screenshots/${name}.png`, import.meta.url).pathname })
}
