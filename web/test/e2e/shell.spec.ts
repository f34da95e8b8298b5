import type { Page } from 'playwright-core'
import { beforeEach, describe, expect, test } from 'vitest'
import { axeInBothThemes, freshWorld, screenshot, signIn } from './browser.ts'
import { usePage } from './harness.ts'

/** What is around every page: palette, keys, sessions, banners. */

const watched = usePage()
let page: Page
beforeEach(() => {
  page = watched.page
})

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

describe('a session', () => {
  test('is renewed in silence while one works', async () => {
    await freshWorld(page, { token: 60 })
    const renewed = page.waitForRequest('**/api/refresh', { timeout: 15_000 })
    await signIn(page, 'admin')
    await renewed
    expect(await page.getByRole('alertdialog').count()).toBe(0)
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

describe('banners', () => {
  test('a host that is away is told everywhere, and so is its return', async () => {
    await signIn(page, 'admin')
    await page.getByRole('link', { name: 'billing-01' }).waitFor()
    await page.route('**/api/**', (route) => route.abort())
    await page.getByRole('link', { name: 'Events' }).click()
    await page.getByText('What you see is the last that was known').waitFor({ timeout: 20_000 })
    expect(await axeInBothThemes(page)).toEqual([])
    await screenshot(page, 'flow-offline')
    const retry = page.getByRole('alert').getByRole('button', { name: 'Try again' }).first()
    await retry.waitFor()
    await page.unroute('**/api/**')
    // Unless the page itself has noticed meanwhile.
    await retry.click({ timeout: 3_000 }).catch(() => undefined)
    await page.getByText('What you see is the last that was known').waitFor({ state: 'detached' })
  })

  test('a host that was updated offers its new pages', async () => {
    await page.route(
      (url) => url.pathname === '/',
      (route) => route.fulfill({ contentType: 'text/html', body: '<script type="module" src="/assets/index-new.js">' }),
    )
    await signIn(page, 'admin')
    await page.getByText('The host has been updated.').waitFor()
    expect(await axeInBothThemes(page)).toEqual([])
  })
})

test('a store that takes nothing is told on every page', async () => {
  await freshWorld(page, { store: 'full' })
  await signIn(page, 'viewer')
  await page.getByRole('alert').getByText('The disk of the store is full.').waitFor()
  expect(await axeInBothThemes(page)).toEqual([])
})

test('an address that leads nowhere says so', async () => {
  await signIn(page, 'viewer', '/no/such/page')
  await page.getByRole('heading', { name: 'Nothing here' }).waitFor()
})
