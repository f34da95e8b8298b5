import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { axe, type Look, launch, open, overflow, screenshot, settled, signIn } from './browser.ts'

/** Every page, for every look: no violation of accessibility or of the CSP, no page error, nothing too wide. */

const PAGES: Record<string, string> = {
  servers: '/servers',
  'servers-filtered': '/servers?state=unreachable&sort=-connections',
  'servers-no-match': '/servers?q=nothing-is-called-so',
  'server-new': '/servers/new',
  'server-edit': '/servers/billing-01/edit',
  server: '/servers/billing-01',
  'server-year': '/servers/billing-01?from=now-365d',
  'server-unreachable': '/servers/crm-01',
  'server-warning': '/servers/logistics-01',
  'server-pending': '/servers/stock-01',
  'server-missing': '/servers/nobody',
  databases: '/servers/billing-01/databases',
  database: '/servers/billing-01/db/app',
  'database-denied': '/servers/billing-01/db/keycloak',
  'database-gone': '/servers/billing-01/db/old_shop',
  sessions: '/servers/billing-01/sessions',
  'sessions-away': '/servers/crm-01/sessions',
  'server-runs': '/servers/billing-01/runs',
  plugins: '/plugins',
  plugin: '/plugins/pg_stat_database',
  'plugin-refused': '/plugins/my_queries',
  runs: '/runs',
  'runs-no-match': '/runs?server=nobody',
  events: '/events',
  settings: '/settings',
  'not-found': '/no/such/page',
}

const LOOKS: Look[] = [
  { locale: 'en', theme: 'light' },
  { locale: 'ru', theme: 'dark' },
  { locale: 'ru', theme: 'light', width: 320, height: 640 },
  { locale: 'en', theme: 'dark', width: 390, height: 844 },
]

let browser: Browser
beforeAll(async () => {
  browser = await launch()
  await fetch(`${inject('baseUrl')}/mock/reset`)
})
afterAll(() => browser.close())

describe.each(LOOKS)('$locale $theme $width', (look) => {
  const name = `${look.locale}-${look.theme}${look.width ? `-${look.width}` : ''}`

  test('every page is accessible, within the CSP and not too wide', async () => {
    const { page, faults, close } = await open(browser, inject('baseUrl'), look)
    const found: string[] = []
    await page.goto('/login')
    await page.locator('input[name=username]').waitFor()
    found.push(...(await axe(page)).map((line) => `login: ${line}`))
    if ((await overflow(page)) > 0) found.push('login: too wide')
    await screenshot(page, `${name}-login`)
    await signIn(page, 'admin')
    for (const [id, path] of Object.entries(PAGES)) {
      await page.goto(path)
      await page.locator('h1').waitFor()
      await settled(page)
      found.push(...(await axe(page)).map((line) => `${id}: ${line}`))
      const wide = await overflow(page)
      if (wide > 0) found.push(`${id}: ${wide} px too wide`)
      await screenshot(page, `${name}-${id}`)
    }
    expect(found).toEqual([])
    expect(faults).toEqual([])
    await close()
  })
})
