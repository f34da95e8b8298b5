import type { Page } from 'playwright-core'
import { beforeEach, describe, expect, test } from 'vitest'
import { axeInBothThemes, cutTexts, freshWorld, screenshot, signIn } from './browser.ts'
import { problem, usePage } from './harness.ts'

/** What is around every page: palette, keys, sessions, banners. */

const watched = usePage()
let page: Page
beforeEach(() => {
  page = watched.page
})

/** The banner tells only this: a page that has something to show says itself how old it is. */
const AWAY = /^The host cannot be reached\. We keep trying\.$/

describe('the palette', () => {
  test('finds servers, plugins, metrics, pages and actions, and runs them by keyboard alone', async () => {
    await signIn(page, 'admin')
    await page.keyboard.press('Control+k')
    const field = page.getByRole('combobox', { name: 'Search everything' })
    await field.waitFor()
    expect(await axeInBothThemes(page)).toEqual([])
    await field.fill('orders')
    await page.getByRole('option', { name: /^orders-01/, selected: true }).waitFor()
    await screenshot(page, 'flow-palette')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'orders-01' }).waitFor()

    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Search everything' }).waitFor()
    await page.keyboard.type('audit')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Audit' }).waitFor()

    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Search everything' }).waitFor()
    await page.keyboard.type('7 days')
    await page.keyboard.press('Enter')
    await page.waitForURL(/from=now-7d/)

    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Search everything' }).waitFor()
    await page.keyboard.type('zzz')
    await page.getByText('Nothing has such a name.').waitFor()
    await page.keyboard.press('Escape')
    await field.waitFor({ state: 'detached' })
  })

  test('finds a tab of a server by words of both', async () => {
    await signIn(page, 'admin', '/servers?from=now-7d')
    await page.keyboard.press('Control+k')
    const field = page.getByRole('combobox', { name: 'Search everything' })
    await field.fill('orders sess')
    await page.getByRole('option', { name: 'orders-01, Sessions', selected: true }).waitFor()
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/servers\/orders-01\/sessions\?from=now-7d/)
  })

  test('finds databases of all servers, wherever one is', async () => {
    await signIn(page, 'admin')
    await page.keyboard.press('Control+k')
    const field = page.getByRole('combobox', { name: 'Search everything' })
    await field.fill('KEYCL')
    await page.getByRole('option', { name: /^keycloak billing-01/, selected: true }).waitFor()
    // A name that several have is narrowed down by that of the server.
    await field.fill('keycloak catalog')
    await page.getByRole('option', { name: /^keycloak catalog-01/, selected: true }).waitFor()
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/servers\/catalog-01\/db\/keycloak/)
  })

  test('takes what is typed while its code is on the way', async () => {
    let resolve = () => {}
    const typed = new Promise<void>((done) => {
      resolve = done
    })
    await page.route('**/assets/palette-*', async (route) => {
      await typed
      await route.continue()
    })
    await signIn(page, 'admin', '/servers/orders-01')
    const { href } = new URL(page.url())
    await page.getByRole('heading', { name: 'orders-01' }).waitFor()
    await page.keyboard.press('Control+k')
    await page.keyboard.type('crmx')
    await page.keyboard.press('Backspace')
    expect(page.url()).toBe(href)
    resolve()
    const field = page.getByRole('combobox', { name: 'Search everything' })
    await expect.poll(() => field.inputValue()).toBe('crm')
    await page.keyboard.type('-01')
    expect(await field.inputValue()).toBe('crm-01')
    await page.keyboard.press('Escape')
    await field.waitFor({ state: 'detached' })
    // The keys are shortcuts again.
    await page.keyboard.press('c')
    await page.waitForURL(/cmp=prev/)
  })

  test('offers a viewer nothing that a viewer cannot open', async () => {
    await signIn(page, 'viewer')
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Search everything' }).waitFor()
    await page.keyboard.type('users')
    await page.getByText('Nothing has such a name.').waitFor()
  })
})

describe('a phone', () => {
  test('shows the rows of a page that was opened there', async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    await signIn(page, 'admin')
    for (const path of ['/servers', '/plugins', '/users', '/logs']) {
      await page.goto(new URL(path, page.url()).href)
      await page.locator('main li[data-index="0"]').waitFor()
    }
  })

  test('shows which of many tabs one is on', async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    await signIn(page, 'viewer', '/plugins/pg_stat_database/reloads')
    const tab = page.getByRole('link', { name: 'Reloads' })
    await tab.waitFor()
    const box = await tab.boundingBox()
    expect(box?.x).toBeGreaterThanOrEqual(0)
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(390)
  })
})

describe('keys', () => {
  test('go to pages, walk through rows, and open them', async () => {
    await signIn(page, 'admin')
    await page.getByRole('link', { name: 'billing-01' }).waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toBe('catalog-01')
    await page.keyboard.press('k')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'catalog-01' }).waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('v')
    await page.getByRole('heading', { name: 'Events' }).waitFor()
  })

  test('can all be switched off', async () => {
    await signIn(page, 'admin')
    await page.keyboard.press('?')
    await page.getByLabel('Single keys are shortcuts').uncheck()
    await page.keyboard.press('Escape')
    await page.keyboard.press('g')
    await page.keyboard.press('v')
    await page.keyboard.press('?')
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Search everything' }).waitFor()
    expect(new URL(page.url()).pathname).toBe('/servers')
    expect(await page.getByRole('dialog').count()).toBe(1)
  })
})

/** The lid is closed for longer than a token lasts: `renewed` when it is open again, and what was `ended` until then. */
async function asleep(before: () => Promise<unknown> = async () => {}) {
  const ended: string[] = []
  page.on('request', (request) => {
    if (request.url().endsWith('/api/logout')) ended.push(request.url())
  })
  await page.clock.install()
  await signIn(page, 'admin')
  await before()
  const renewed = page.waitForResponse('**/api/refresh')
  await page.clock.fastForward('01:30:00')
  return { renewed, ended }
}

test('code that comes after it was waited for, and before anybody looked again, is drawn', async () => {
  // React draws and looks again in two messages: between them, as on a busy machine, there is time here.
  await page.addInitScript(`
    const send = MessagePort.prototype.postMessage
    MessagePort.prototype.postMessage = function (...message) { setTimeout(() => send.apply(this, message), 1000) }
  `)
  const found = page.waitForResponse('**/api/users/me')
  await page.route('**/assets/en-*.js', async (route) => {
    await found
    await route.continue()
  })
  await page.route('**/assets/signed-in-*.js', async (route) => {
    await page.getByRole('status').getByText('Loading').waitFor({ state: 'attached' })
    await route.continue()
  })
  await signIn(page, 'admin')
})

describe('a session', () => {
  test('is renewed in silence while one works', async () => {
    await freshWorld(page, { token: 60 })
    const renewed = page.waitForRequest('**/api/refresh', { timeout: 15_000 })
    await signIn(page, 'admin')
    await renewed
    expect(await page.getByRole('alertdialog').count()).toBe(0)
  })

  test('that was signed out of while the host was away is ended when it is back, also after a reload', async () => {
    await signIn(page, 'admin', '/account')
    await page.route('**/api/**', (route) => route.abort())
    await page.getByRole('button', { name: /^Account: / }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    const notice = page.getByText('The host could not be reached, so it has not ended this session yet.')
    await notice.waitFor()
    expect(await axeInBothThemes(page)).toEqual([])
    await screenshot(page, 'flow-unended')
    await page.reload()
    await notice.waitFor()
    const ended = page.waitForResponse('**/api/logout')
    await page.unroute('**/api/**')
    await ended
    await notice.waitFor({ state: 'detached' })
    await page.reload()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  })

  test('of a wall screen that slept over its end goes on', async () => {
    await page.addInitScript("localStorage.setItem('pgvigil.preferences', JSON.stringify({ keepSignedIn: true }))")
    const { renewed, ended } = await asleep()
    await renewed
    expect(ended).toEqual([])
  })

  test('that nobody was asked about is not ended by a sleep', async () => {
    const { renewed, ended } = await asleep()
    await renewed
    expect(ended).toEqual([])
  })

  test('outlives a host that is away over its end', async () => {
    const { renewed, ended } = await asleep(() => page.route('**/api/**', (route) => route.abort()))
    await page.getByText(AWAY).waitFor({ timeout: 20_000 })
    await page.unroute('**/api/**')
    await renewed
    expect(ended).toEqual([])
  })

  test('that is idle ends, in time and after one was asked', async () => {
    await page.clock.install()
    await signIn(page, 'admin')
    await page.clock.fastForward('00:58:00')
    const dialog = page.getByRole('alertdialog', { name: 'Your session is about to end' })
    await dialog.waitFor()
    await dialog.locator('button:focus').getByText('Stay signed in').waitFor()
    await page.clock.fastForward('00:03:00')
    await page.getByText('Your session has ended.').waitFor()
  })

  test('asks for the password where the host does not renew it, and the page stays', async () => {
    await freshWorld(page, { token: 200 })
    await signIn(page, 'admin', '/servers/new')
    await page.route('**/api/refresh', (route) =>
      route.fulfill({ status: 401, contentType: 'application/json', body: '{"detail":"no cookie"}' }),
    )
    await page.getByLabel('Name', { exact: true }).fill('half-typed')
    const dialog = page.getByRole('alertdialog', { name: 'Your session is about to end' })
    await dialog.waitFor()
    await dialog
      .getByRole('timer')
      .getByText(/^3:\d\d$/)
      .waitFor()
    expect(await axeInBothThemes(page)).toEqual([])
    await screenshot(page, 'flow-session-ending')
    await dialog.getByLabel('Password (admin)').fill('wrong')
    await dialog.getByRole('button', { name: 'Sign in' }).click()
    await dialog.getByText('The user name or the password is wrong.').waitFor()
    // From here on tokens last.
    await page.request.get('/mock/option?token=3600')
    await dialog.getByLabel('Password (admin)').fill('admin')
    await dialog.getByRole('button', { name: 'Sign in' }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('half-typed')
  })
})

/** The host serves another build from now on. */
const newPages = () =>
  page.route(
    (url) => url.pathname === '/',
    async (route) => {
      const response = await route.fetch()
      const body = (await response.text()).replace(/\/assets\/index-[^"]+\.js/, '/assets/index-new.js')
      await route.fulfill({ response, body })
    },
  )

test('the tab of the page stays in view when a phone is turned', async () => {
  await page.setViewportSize({ width: 844, height: 390 })
  await signIn(page, 'viewer', '/servers/billing-01/events')
  const tabs = page.getByRole('navigation', { name: 'Parts of this server' })
  const isInView = () =>
    tabs.evaluate((nav) => {
      const current = nav.querySelector('[aria-current=page]')?.getBoundingClientRect()
      return current !== undefined && current.right <= nav.getBoundingClientRect().right + 1
    })
  await tabs.waitFor()
  await page.setViewportSize({ width: 390, height: 844 })
  await expect.poll(isInView).toBe(true)
})

describe('banners', () => {
  test('a host that is away is told everywhere, and so is its return', async () => {
    await signIn(page, 'admin')
    await page.getByRole('link', { name: 'billing-01' }).waitFor()
    await page.route('**/api/**', (route) => route.abort())
    await page.getByRole('link', { name: 'Events' }).click()
    await page.getByText(AWAY).waitFor({ timeout: 20_000 })
    expect(await axeInBothThemes(page)).toEqual([])
    await screenshot(page, 'flow-offline')
    const retry = page.getByRole('alert').getByRole('button', { name: 'Try again' }).first()
    await retry.waitFor()
    await page.unroute('**/api/**')
    // Unless the page itself has noticed meanwhile.
    await retry.click({ timeout: 3_000 }).catch(() => undefined)
    await page.getByText(AWAY).waitFor({ state: 'detached' })
  })

  test('what is cancelled while the network is away is never done', async () => {
    await signIn(page, 'admin', '/servers/mail-01/edit')
    const sent: string[] = []
    page.on('request', (request) => {
      if (request.method() === 'DELETE') sent.push(request.url())
    })
    await page.getByRole('button', { name: 'Delete this server' }).click()
    const dialog = page.getByRole('alertdialog', { name: 'Delete server mail-01?' })
    await dialog.getByLabel('Type mail-01 to confirm').fill('mail-01')
    await page.context().setOffline(true)
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await dialog.getByRole('alert').getByText('The host cannot be reached').waitFor()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    expect(sent.length).toBe(1)
    await page.context().setOffline(false)
    await page.getByRole('link', { name: 'Servers' }).click()
    await page.getByRole('link', { name: 'mail-01' }).waitFor()
    await page.getByText(AWAY).waitFor({ state: 'detached' })
    expect(sent.length).toBe(1)
  })

  test('where the network is away, pages say how old they are', async () => {
    await page.clock.install()
    await signIn(page, 'admin')
    await page.getByRole('link', { name: 'billing-01' }).waitFor()
    await page.context().setOffline(true)
    await page.clock.fastForward('01:10')
    await page
      .getByText(/Could not be updated; this is what was known/)
      .first()
      .waitFor()
    await page.context().setOffline(false)
    await page.getByRole('alert').first().waitFor({ state: 'detached' })
  })

  test('a host that was updated offers its new pages', async () => {
    await newPages()
    await signIn(page, 'admin')
    await page.getByText('The host has been updated.').waitFor()
    expect(await axeInBothThemes(page)).toEqual([])
  })
})

/** What a screen reader was told last of where one is. */
const heard = (title: string) =>
  page
    .locator('[data-page]')
    .and(page.getByText(`${title} · pgvigil`, { exact: true }))
    .waitFor({ state: 'attached' })

test('a page whose code takes its time is told when it is there', async () => {
  await signIn(page, 'admin')
  await page.route('**/assets/audit-page-*.js', async (route) => {
    await heard('Loading')
    await route.continue()
  })
  await page.getByRole('link', { name: 'Audit' }).click()
  await heard('Audit')
})

describe('code that cannot be loaded', () => {
  test('of a page leaves shell and data, and is tried again', async () => {
    await signIn(page, 'admin')
    await page.getByRole('link', { name: 'billing-01' }).waitFor()
    const away = /\/(api|assets)\//
    await page.route(away, (route) => route.abort())
    await page.keyboard.press('g')
    await page.keyboard.press('v')
    await page.getByRole('heading', { name: 'This could not be loaded' }).waitFor()
    expect(await page.getByText('The host has been updated.').count()).toBe(0)
    expect(await axeInBothThemes(page)).toEqual([])
    await screenshot(page, 'flow-part-missing')
    await page.getByRole('link', { name: 'Servers' }).click()
    await page.getByRole('link', { name: 'billing-01' }).waitFor()
    await page.getByRole('link', { name: 'Events' }).click()
    await page.getByRole('heading', { name: 'This could not be loaded' }).waitFor()
    await heard('This could not be loaded')
    await page.getByText(AWAY).waitFor()
    await page.locator('main').getByRole('button', { name: 'Try again' }).waitFor()
    await page.unroute(away)
    // By itself: the reader may be elsewhere.
    await page.getByRole('heading', { name: 'Events', exact: true }).waitFor()
    await heard('Events')
    await page.getByText(AWAY).waitFor({ state: 'detached' })
  })

  test('of a chart is told in its place', async () => {
    await page.route('**/assets/time-chart-*', (route) => route.abort())
    await signIn(page, 'viewer', '/servers/billing-01')
    const chart = page.getByRole('region', { name: 'Connections' })
    await chart.getByRole('alert').getByText('The host is away, or has been updated meanwhile').waitFor()
    expect(await axeInBothThemes(page)).toEqual([])
    await page.unroute('**/assets/time-chart-*')
    await chart.getByRole('button', { name: 'Try again' }).click()
    await chart.locator('canvas').waitFor()
  })

  test('that never comes is told as well, and trying again asks for it anew', async () => {
    await page.clock.install()
    // The first request is never answered; the next one is.
    await page.route('**/assets/audit-page-*.js', () => undefined, { times: 1 })
    await signIn(page, 'admin')
    await page.getByRole('link', { name: 'Audit' }).click()
    await page.locator('main h1').getByText('Loading').waitFor()
    await page.clock.fastForward(29_000)
    expect(await page.getByText('The host is away, or has been updated meanwhile').count()).toBe(0)
    await page.clock.fastForward(2_000)
    await page.getByRole('alert').getByText('The host is away, or has been updated meanwhile').waitFor()
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.locator('main h1').getByText('Audit').waitFor()
  })

  test('of the palette is told, and the palette opens later', async () => {
    await page.route('**/assets/palette-*', (route) => route.abort())
    await signIn(page, 'viewer')
    await page.keyboard.press('Control+k')
    await page.getByRole('region', { name: 'Notices' }).getByText('This could not be loaded').waitFor()
    await page.unroute('**/assets/palette-*')
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Search everything' }).waitFor()
  })

  test('of everything waits for the host', async () => {
    await page.route('**/assets/signed-in-*', (route) => route.abort())
    await page.request.post('/api/token', { form: { username: 'admin', password: 'admin' } })
    await page.goto('/servers')
    await page.getByRole('heading', { name: 'The host cannot be reached' }).waitFor()
    await page.unroute('**/assets/signed-in-*')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.locator('main h1').getByText('Servers').waitFor()
  })

  test('because the host was updated offers its new pages', async () => {
    await signIn(page, 'admin')
    await page.getByRole('link', { name: 'billing-01' }).waitFor()
    await page.route('**/assets/**', (route) => route.fulfill({ status: 404, body: '' }))
    await newPages()
    await page.keyboard.press('g')
    await page.keyboard.press('v')
    await page.getByText('The host has been updated.').waitFor()
  })
})

test('a store that takes nothing is told on every page', async () => {
  await freshWorld(page, { store: 'full' })
  await signIn(page, 'viewer')
  await page.getByRole('alert').getByText('The disk of the store is full.').waitFor()
  expect(await axeInBothThemes(page)).toEqual([])
})

test.each([
  ['/servers?state=bogus&version=99&sort=bogus&tag=none&q=-01', '/servers?q=-01', 'crm-01'],
  ['/runs?before=zz&outcome=bogus', '/runs', 'pg_stat_database'],
  ['/events?before=zz', '/events', 'crm-01'],
  ['/audit?page=999&q=admin', '/audit?q=admin', 'admin'],
  ['/logs?page=0&level=loud', '/logs', 'All'],
  ['/plugins?state=bogus', '/plugins', 'pg_stat_database'],
  ['/?by=bogus', '/', 'crm-01'],
])('what means nothing in %s leaves it, and is told', async (from, to, shown) => {
  await signIn(page, 'admin', from)
  await page.getByText(shown).filter({ visible: true }).first().waitFor()
  await page
    .getByRole('region', { name: 'Notices' })
    .getByText(/means nothing here/)
    .waitFor()
  await expect.poll(() => page.url().slice(new URL(page.url()).origin.length)).toBe(to)
})

test('an address that leads nowhere says so', async () => {
  await signIn(page, 'viewer', '/no/such/page')
  await page.getByRole('heading', { name: 'Nothing here' }).waitFor()
})

test('what is not there is named, and the way leads to its like', async () => {
  const main = page.getByRole('main')
  await signIn(page, 'viewer', '/plugins/nothere')
  await main.getByText('nothere').last().waitFor()
  await main.getByRole('link', { name: 'Plugins', exact: true }).last().click()
  await page.getByRole('link', { name: 'pg_stat_database' }).first().waitFor()
  await page.route('**/api/events?*server=zz*', (route) =>
    route.fulfill(problem(404, 'there is no server called `zz`')),
  )
  await page.goto('/events?server=zz')
  await main.getByText('there is no server called “zz”').waitFor()
  await main.getByRole('link', { name: 'Events' }).click()
  await page.waitForURL(({ search }) => !search.includes('zz'))
})

test('what is not there is of no time', async () => {
  await signIn(page, 'viewer', '/plugins/nothere/runs')
  for (const path of ['/plugins/nothere/runs', '/servers/nobody', '/servers/billing-01/db/nobody']) {
    await page.goto(path)
    await page.getByRole('heading', { name: 'Nothing here' }).waitFor()
    expect(await page.getByRole('button', { name: /^Live|^Time range/ }).count()).toBe(0)
  }
})

test('a metric is found by its help in the language of the reader', async () => {
  await page.addInitScript("localStorage.setItem('pgvigil.locale', 'ru')")
  await page.route('**/api/plugins', async (route) => {
    const response = await route.fetch()
    const plugins = await response.json()
    const { metadata } = plugins[0]
    const [set] = metadata.sets
    metadata.attrs[`help_ru:${set.name}.${set.metrics[0].name}`] = 'Сколько ожидающих'
    await route.fulfill({ response, json: plugins })
  })
  await signIn(page, 'viewer', '/servers')
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'Поиск по всему' }).fill('ожидающих')
  await page.getByRole('option', { name: /Сколько ожидающих/ }).waitFor()
})

test('the role is read in full beside the login, in the longer language too', async () => {
  await page.addInitScript("localStorage.setItem('pgvigil.locale', 'ru')")
  await signIn(page, 'admin')
  const account = page.getByRole('complementary').getByRole('button', { name: /admin/ })
  await account.getByText('администратор').waitFor()
  expect(await cutTexts(account)).toEqual([])
})
