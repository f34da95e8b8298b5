import type { Browser, Page, Route } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { hold } from '../goals/measure.ts'
import {
  axe,
  axeOfColours,
  freshWorld,
  go,
  launch,
  open,
  overflow,
  screenshot,
  setTheme,
  settled,
  signIn,
} from './browser.ts'
import { problem } from './harness.ts'

/**
 * Every page while it loads, when it could not be loaded, when what it shows is old, when there is nothing, and when
 * one may not see it: each is told apart from the others, accessible in both themes, and not too wide.
 */

const PAGES: Record<string, string> = {
  fleet: '/',
  servers: '/servers',
  server: '/servers/billing-01',
  'server-edit': '/servers/billing-01/edit',
  databases: '/servers/billing-01/databases',
  database: '/servers/billing-01/db/app',
  analysis: '/servers/billing-01/analysis',
  sessions: '/servers/billing-01/sessions',
  'server-metrics': '/servers/billing-01/metrics?set=pg_connections',
  'server-plugins': '/servers/billing-01/plugins',
  'server-events': '/servers/billing-01/events',
  plugins: '/plugins',
  plugin: '/plugins/pg_stat_database',
  'plugin-servers': '/plugins/pg_stat_database/servers',
  'plugin-runs': '/plugins/pg_stat_database/runs',
  'plugin-logs': '/plugins/pg_stat_database/logs',
  'plugin-costs': '/plugins/pg_stat_database/costs',
  'plugin-reloads': '/plugins/pg_stat_database/reloads',
  runs: '/runs',
  events: '/events',
  explore: '/explore?set=pg_connections',
  settings: '/settings',
  users: '/users',
  'ssh-keys': '/ssh-keys',
  audit: '/audit',
  logs: '/logs',
  account: '/account',
}

const wanted = process.env.PAGES?.split(',')
const pages = Object.entries(PAGES).filter(([id]) => wanted === undefined || wanted.includes(id))

/** Who one is and how the host does: without these nobody would be in. */
const OF_THE_SESSION = /\/api\/(login|logout|refresh|token|stream|health|version|users\/me$)/

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

/** What was asked for just now is not asked for again. */
const FRESH_MS = 5_100

type Answer = (route: Route) => Promise<unknown>

/** From now on the host answers so, whatever it is asked. */
async function answers(page: Page, answer: Answer) {
  await page.route(
    (url) => url.pathname.startsWith('/api/') && !OF_THE_SESSION.test(url.pathname),
    (route) => answer(route),
  )
}

const fails: Answer = (route) => route.fulfill(problem(500, 'the store is away'))

/** As on a host that has just been started: every list is empty. */
const hasNothing: Answer = async (route) => {
  const response = await route.fetch()
  const body: unknown = await response.json()
  await route.fulfill({ response, json: emptied(body) })
}

function emptied(body: unknown): unknown {
  if (Array.isArray(body)) return []
  if (typeof body !== 'object' || body === null) return body
  return Object.fromEntries(Object.entries(body).map(([key, value]) => [key, Array.isArray(value) ? [] : value]))
}

let views = 0
const violations: string[] = []
const faults: string[] = []

async function look(page: Page, state: string, id: string): Promise<string[]> {
  const found: string[] = []
  for (const [theme, looked] of [
    ['light', axe],
    ['dark', axeOfColours],
  ] as const) {
    await setTheme(page, theme)
    found.push(...(await looked(page)).map((line) => `${id} ${state} ${theme}: ${line}`))
    views += 1
    await screenshot(page, `state-${state}-${id}-${theme}`)
  }
  await page.setViewportSize({ width: 320, height: 800 })
  const wide = await overflow(page)
  await screenshot(page, `state-${state}-${id}-320`)
  await page.setViewportSize({ width: 1280, height: 800 })
  await setTheme(page, 'light')
  return wide > 0 ? [...found, `${id} ${state}: ${wide} px too wide at 320`] : found
}

/** Signs in at a page that asks for nothing, and walks from there. */
async function walk(login: string, name: string, steps: (page: Page, found: string[]) => Promise<void>) {
  const watched = await open(browser, inject('baseUrl'), { locale: 'en', theme: 'light' })
  await freshWorld(watched.page)
  await signIn(watched.page, login, '/no/such/page')
  const found: string[] = []
  await steps(watched.page, found)
  violations.push(...found)
  faults.push(...watched.faults)
  expect(found, name).toEqual([])
  expect(watched.faults, name).toEqual([])
  await watched.close()
}

test('while it loads, a page has the shape of what comes', () =>
  walk('admin', 'loading', async (page, found) => {
    await answers(page, () => new Promise(() => {}))
    for (const [id, path] of pages) {
      await go(page, path)
      await page.locator('[aria-busy=true]').first().waitFor({ timeout: 5_000 })
      found.push(...(await look(page, 'loading', id)))
    }
  }))

test('what could not be loaded says why, by which request, and offers to try again', () =>
  walk('admin', 'failed', async (page, found) => {
    await answers(page, fails)
    for (const [id, path] of pages) {
      await go(page, path)
      const alert = page.getByRole('alert').first()
      await alert.getByText('the store is away').waitFor({ timeout: 10_000 })
      await alert.getByText('req-4711').waitFor()
      await alert.getByRole('button', { name: 'Try again' }).waitFor()
      found.push(...(await look(page, 'failed', id)))
    }
  }))

test('what was known stays where it cannot be updated, and says how old it is', () =>
  walk('admin', 'stale', async (page, found) => {
    for (const [, path] of pages) {
      await go(page, path)
      await settled(page)
    }
    await go(page, '/no/such/page')
    await page.waitForTimeout(FRESH_MS)
    await answers(page, fails)
    for (const [id, path] of pages) {
      await go(page, path)
      await page
        .getByText(/Could not be updated; this is what was known/)
        .first()
        .waitFor({ timeout: 15_000 })
      found.push(...(await look(page, 'stale', id)))
    }
  }))

test('where there is nothing yet, that is said and not drawn as zero', () =>
  walk('admin', 'empty', async (page, found) => {
    await answers(page, hasNothing)
    for (const [id, path] of pages) {
      await go(page, path)
      await settled(page)
      expect(await page.getByRole('alert').count(), id).toBe(0)
      found.push(...(await look(page, 'empty', id)))
    }
  }))

test('what one may not see is told apart from what is not there', () =>
  walk('viewer', 'forbidden', async (page, found) => {
    for (const path of [
      '/users',
      '/audit',
      '/logs',
      '/settings',
      '/servers/new',
      '/servers/billing-01/edit',
      '/setup',
    ]) {
      await go(page, path)
      await page.getByRole('heading', { name: 'Not allowed' }).waitFor()
      found.push(...(await look(page, 'forbidden', path.replaceAll('/', '-'))))
    }
    await go(page, '/servers/nobody')
    await page.getByText('No server called “nobody” is watched.').waitFor()
    for (const path of ['/servers/nobody', '/servers/billing-01/db/nothing', '/plugins/nothing', '/no/such/thing']) {
      await go(page, path)
      await page.getByRole('heading', { name: /Not found|Nothing here/ }).waitFor()
      found.push(...(await look(page, 'missing', path.replaceAll('/', '-'))))
    }
  }))

test('of all that was seen, nothing was wrong', () => {
  hold(
    { what: `violations of WCAG and overflows at 320 px in ${views} views of states`, limit: 0, unit: '' },
    violations.length,
  )
  hold({ what: 'page errors and violations of the CSP there', limit: 0, unit: '' }, faults.length)
})
