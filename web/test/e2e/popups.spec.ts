import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Messages } from '../../src/i18n/en/en.ts'
import { en } from '../../src/i18n/en/en.ts'
import { ru } from '../../src/i18n/ru/ru.ts'
import { hold } from '../goals/measure.ts'
import { axe, freshWorld, type Look, launch, open, overflow, screenshot, setTheme, settled, signIn } from './browser.ts'

/** Every dialog, menu and panel, in both languages, both themes and three widths: accessible, and within the window. */

interface Popup {
  path: string
  show: (page: Page, t: Messages) => Promise<void>
  /** Only where there is no room for what it holds. */
  narrowOnly?: true
}

const press = (page: Page, name: string | RegExp) =>
  page
    .getByRole('button', { name, ...(typeof name === 'string' ? { exact: true } : {}) })
    .first()
    .click()
const choose = (page: Page, name: string) => page.getByRole('menuitem', { name, exact: true }).click()
/** By the first menu of a row. */
const act = async (page: Page, label: string | RegExp, name: string) => {
  await press(page, label)
  await choose(page, name)
}

const SERVER = '/servers/billing-01'
const PLUGIN = '/plugins/pg_stat_database'

const POPUPS: Record<string, Popup> = {
  account: { path: '/account', show: (page) => press(page, /admin/) },
  shortcuts: { path: '/account', show: (page) => page.keyboard.press('?') },
  palette: { path: SERVER, show: (page) => page.keyboard.press('Control+k') },
  'palette-found': {
    path: SERVER,
    show: async (page) => {
      await page.keyboard.press('Control+k')
      await page.getByRole('combobox').fill('bill')
      await page.getByRole('option').first().waitFor()
    },
  },
  time: { path: `${SERVER}?from=now-6h`, show: (page, t) => press(page, new RegExp(`^${t.time.range}`)) },
  columns: { path: '/servers', show: (page, t) => press(page, t.table.columns) },
  chart: { path: SERVER, show: (page, t) => press(page, new RegExp(`: ${t.charts.more}$`)) },
  views: { path: '/explore?server=billing-01&set=shop_orders', show: (page, t) => press(page, t.explore.views) },
  'fleet-partial': {
    path: '/',
    show: async (page, t) => {
      await press(page, new RegExp(`^${t.fleet.connections}: ${t.fleet.without(2)}$`))
      await page.getByRole('dialog').getByRole('link', { name: 'crm-01' }).waitFor()
    },
  },
  'views-save': {
    path: '/explore?server=billing-01&set=shop_orders',
    show: (page, t) => act(page, t.explore.views, t.explore.saveView),
  },
  criteria: { path: `${SERVER}/analysis`, show: (page, t) => press(page, t.analysis.criteria) },
  'server-delete': { path: `${SERVER}/edit`, show: (page, t) => press(page, t.form.dangerZone) },
  'server-host-key': { path: `${SERVER}/edit`, show: (page, t) => press(page, t.form.forgetKey) },
  'user-new': { path: '/users', show: (page, t) => press(page, t.users.add) },
  'user-menu': { path: '/users', show: (page, t) => press(page, `${t.common.actions}: operator`) },
  'user-edit': { path: '/users', show: (page, t) => act(page, `${t.common.actions}: operator`, t.common.edit) },
  'user-delete': { path: '/users', show: (page, t) => act(page, `${t.common.actions}: operator`, t.common.delete) },
  'key-import': { path: '/ssh-keys', show: (page, t) => press(page, t.keys.import) },
  'key-new': { path: '/ssh-keys', show: (page, t) => press(page, t.keys.generate) },
  'key-show': { path: '/ssh-keys', show: (page, t) => act(page, new RegExp(`^${t.common.actions}`), t.keys.show) },
  'key-edit': { path: '/ssh-keys', show: (page, t) => act(page, new RegExp(`^${t.common.actions}`), t.common.edit) },
  'key-delete': {
    path: '/ssh-keys',
    show: (page, t) => act(page, new RegExp(`^${t.common.actions}`), t.common.delete),
  },
  'plugins-reload': { path: '/plugins', show: (page, t) => press(page, t.plugins.reload) },
  'plugin-run': { path: PLUGIN, show: (page, t) => press(page, t.plugins.runNow) },
  'plugin-menu': { path: PLUGIN, show: (page, t) => press(page, t.common.actions) },
  'plugin-disable': { path: PLUGIN, show: (page, t) => act(page, t.common.actions, t.plugins.disable) },
  'plugin-rollback': { path: PLUGIN, show: (page, t) => act(page, t.common.actions, t.plugins.rollback) },
  'plugin-enable': { path: '/plugins/old_probe', show: (page, t) => act(page, t.common.actions, t.plugins.enable) },
  navigation: { path: SERVER, narrowOnly: true, show: (page, t) => press(page, t.nav.menu) },
  leave: {
    path: '/settings',
    show: async (page, t) => {
      await page.getByRole('spinbutton').or(page.getByRole('textbox')).first().fill('77')
      await page.getByRole('link', { name: t.nav.servers, exact: true }).first().click()
    },
  },
}

const wanted = process.env.POPUPS?.split(',')
const popups = Object.entries(POPUPS).filter(([id]) => wanted === undefined || wanted.includes(id))

const LOOKS: (Look & { narrow: number; t: Messages })[] = [
  { locale: 'en', theme: 'light', narrow: 390, t: en },
  { locale: 'en', theme: 'dark', narrow: 390, t: en },
  { locale: 'ru', theme: 'light', narrow: 320, t: ru },
]

const POPUP = '[role=dialog]:visible, [role=alertdialog]:visible, [role=menu]:visible'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

/** What of the popup cannot be seen: it is longer or wider than its place, and does not scroll there. */
const cut = (page: Page): Promise<string[]> =>
  page
    .locator(POPUP)
    .last()
    .evaluate((popup) => {
      const box = popup.getBoundingClientRect()
      const found: string[] = []
      if (box.left < 0 || box.right > innerWidth) found.push(`from ${box.left} to ${box.right} of ${innerWidth} px`)
      if (box.top < 0 || box.bottom > innerHeight)
        found.push(`from ${box.top} to ${box.bottom} of ${innerHeight} px down`)
      if (popup.scrollWidth > popup.clientWidth)
        found.push(`${popup.scrollWidth - popup.clientWidth} px too wide within`)
      return found
    })

async function check(page: Page, place: string): Promise<string[]> {
  const found = [...(await axe(page, POPUP.replaceAll(':visible', ''))), ...(await cut(page))]
  const wide = await overflow(page)
  if (wide > 0) found.push(`the page is ${wide} px too wide`)
  return found.map((line) => `${place}: ${line}`)
}

describe.each(LOOKS)('$locale, $theme', (look) => {
  test('every dialog and menu is accessible and within the window', async () => {
    const { page, faults, close } = await open(browser, inject('baseUrl'), look)
    await freshWorld(page)
    await signIn(page, 'admin', '/account')
    const found: string[] = []
    const see = async (id: string, theme: 'light' | 'dark', width: number) => {
      await page.locator(POPUP).last().waitFor()
      found.push(...(await check(page, `${id} ${theme} ${width}`)))
      await screenshot(page, `popup-${look.locale}-${id}-${theme}-${width}`, 'window')
    }
    const other = look.theme === 'light' ? 'dark' : 'light'
    for (const [id, popup] of popups) {
      if (popup.narrowOnly === true) await page.setViewportSize({ width: look.narrow, height: 800 })
      await page.goto(popup.path)
      await page.locator('main h1').waitFor()
      await settled(page)
      await popup.show(page, look.t)
      if (popup.narrowOnly !== true) await see(id, look.theme, 1280)
      await page.setViewportSize({ width: look.narrow, height: 800 })
      await setTheme(page, other)
      // The menu of a row goes with the row, which is a card now.
      if ((await page.locator(POPUP).count()) === 0) await popup.show(page, look.t)
      await see(id, other, look.narrow)
      await setTheme(page, look.theme)
      await page.setViewportSize({ width: 1280, height: 800 })
    }
    const seen = `${popups.length} popups, ${look.locale}, ${look.theme} first`
    hold({ what: `violations of WCAG, what is cut and overflows, ${seen}`, limit: 0, unit: '' }, found.length)
    expect(found).toEqual([])
    expect(faults).toEqual([])
    await close()
  })
})

test('a form takes what one types as it opens, and what is only read is closed by the same key', async () => {
  const { page, faults, close } = await open(browser, inject('baseUrl'), { locale: 'en', theme: 'light' })
  await freshWorld(page)
  await signIn(page, 'admin', '/account')
  const focusAfter = async (id: string) => {
    await page.goto(POPUPS[id]?.path ?? id)
    await page.locator('main h1').waitFor()
    await settled(page)
    await POPUPS[id]?.show(page, en)
    const focus = page.getByRole('dialog').locator(':focus')
    await focus.waitFor()
    return await focus.evaluate((one) => one.ariaLabel ?? document.querySelector(`label[for="${one.id}"]`)?.textContent)
  }
  expect(await focusAfter('views-save')).toBe('Name')
  expect(await focusAfter('user-new')).toBe('User name')
  expect(await focusAfter('user-edit')).toBe('Role')
  expect(await focusAfter('key-import')).toBe('Name')
  expect(await focusAfter('key-new')).toBe('Name')
  expect(await focusAfter('key-edit')).toBe('Name')
  expect(await focusAfter('plugin-run')).toBe('Server')
  for (const read of ['shortcuts', 'key-show', 'plugins-reload']) expect(await focusAfter(read), read).toBe('Close')
  expect(faults).toEqual([])
  await close()
})
