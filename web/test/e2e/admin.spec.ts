import type { Page } from 'playwright-core'
import { beforeEach, describe, expect, test } from 'vitest'
import { axeInBothThemes, cutTexts, screenshot, signIn } from './browser.ts'
import { usePage } from './harness.ts'

/** Users, keys, the trail, the log, the own account: by role and label. */

const watched = usePage()
let page: Page
beforeEach(() => {
  page = watched.page
})

const field = (label: string) => page.getByLabel(label, { exact: true })

describe('users', () => {
  test('what was typed for one is not lost by a key, nor by a press beside the dialog', async () => {
    await signIn(page, 'admin', '/users')
    const dialog = page.getByRole('dialog', { name: 'New user' })
    const question = page.getByRole('alertdialog', { name: 'Leave without saving?' })
    await page.getByRole('button', { name: 'Add user' }).click()
    await dialog.waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Add user' }).click()
    await field('User name').fill('petrov')
    await page.keyboard.press('Escape')
    await question.waitFor()
    expect(await axeInBothThemes(page)).toEqual([])
    await page.keyboard.press('Escape')
    await question.waitFor({ state: 'detached' })
    expect(await field('User name').inputValue()).toBe('petrov')
    await page.mouse.click(5, 5)
    await question.getByRole('button', { name: 'Leave' }).click()
    await dialog.waitFor({ state: 'detached' })
  })

  test('one is added with a password that is made here, changed, and deleted by its name', async () => {
    await signIn(page, 'admin', '/users')
    await page.getByRole('button', { name: 'Add user' }).click()
    const dialog = page.getByRole('dialog', { name: 'New user' })
    await dialog.getByRole('button', { name: 'Add user' }).click()
    await dialog.getByText('At least 8 characters are needed.').waitFor()
    expect(await axeInBothThemes(page)).toEqual([])
    await screenshot(page, 'flow-user-new')
    await field('User name').fill('petrov')
    await dialog.getByLabel('Role').selectOption('operator')
    await dialog.getByRole('button', { name: 'Make one' }).click()
    expect(await field('Password').inputValue()).toMatch(/^[A-Za-z2-9]{20}$/)
    await dialog.getByRole('button', { name: 'Add user' }).click()
    await page.getByText('petrov can sign in now.').waitFor()

    await page.getByRole('button', { name: 'petrov', exact: true }).click()
    await page.getByLabel('May sign in').uncheck()
    await page.getByRole('button', { name: 'Save' }).click()
    await page
      .getByRole('row', { name: /petrov/ })
      .getByText('locked')
      .waitFor()

    await page.getByRole('button', { name: 'Actions: petrov' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    const question = page.getByRole('alertdialog', { name: 'Delete user petrov?' })
    expect(await question.getByRole('button', { name: 'Delete' }).isDisabled()).toBe(true)
    expect(await axeInBothThemes(page)).toEqual([])
    await question.getByLabel('Type petrov to confirm').fill('petrov')
    await question.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('petrov is deleted.').waitFor()
    await page.getByRole('row', { name: /petrov/ }).waitFor({ state: 'detached' })
  })

  test('nobody locks themselves out', async () => {
    await signIn(page, 'admin', '/users')
    await page.getByRole('button', { name: 'Actions: admin' }).click()
    expect(await page.getByRole('menuitem', { name: 'Delete' }).getAttribute('aria-disabled')).toBe('true')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: /^admin · you/ }).click()
    expect(await page.getByRole('dialog').getByLabel('Role').isDisabled()).toBe(true)
    expect(await page.getByLabel('May sign in').isDisabled()).toBe(true)
  })

  test('a name that is taken is told, and the dialog stays', async () => {
    await signIn(page, 'admin', '/users')
    await page.getByRole('button', { name: 'Add user' }).click()
    await field('User name').fill('viewer')
    await page.getByRole('button', { name: 'Make one' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Add user' }).click()
    await page.getByRole('alert').getByText('A user with this name exists already.').waitFor()
  })
})

describe('SSH keys', () => {
  test('a key is made, shown with its public half, and used by a server', async () => {
    await signIn(page, 'operator', '/ssh-keys')
    await page.getByRole('button', { name: 'Generate a key' }).click()
    await field('Name').fill('fresh')
    expect(await axeInBothThemes(page)).toEqual([])
    await page.getByRole('dialog').getByRole('button', { name: 'Generate a key' }).click()
    await page
      .getByRole('dialog', { name: 'fresh' })
      .getByText(/^ssh-ed25519 /)
      .waitFor()
    await page.getByText('No server uses this key.').waitFor()
    expect(await axeInBothThemes(page)).toEqual([])
    await screenshot(page, 'flow-key')
    await page.getByRole('button', { name: 'Done' }).click()
    await page.goto('/servers/billing-01/edit')
    await page.getByRole('button', { name: 'Stored key' }).click()
    await field('SSH key').selectOption('fresh (ed25519)')
    expect(await axeInBothThemes(page)).toEqual([])
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('heading', { name: 'billing-01' }).waitFor()
  })

  test('a key in use names its servers instead of going', async () => {
    await signIn(page, 'admin', '/ssh-keys')
    await page.getByRole('button', { name: 'Actions: disks' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    const dialog = page.getByRole('alertdialog', { name: 'Key disks is in use' })
    await dialog.getByText(/billing-01, catalog-01/).waitFor()
    expect(await dialog.getByRole('button', { name: 'Delete' }).count()).toBe(0)
    await dialog.getByRole('link', { name: 'catalog-01' }).click()
    await page.getByRole('heading', { name: 'catalog-01' }).waitFor()
    await dialog.waitFor({ state: 'detached' })
  })

  test('a key that is brought along may come from a file, and a wrong one is told', async () => {
    await signIn(page, 'admin', '/ssh-keys')
    await page.getByRole('button', { name: 'Import a key' }).click()
    await field('Name').fill('brought')
    const asked = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Read from a file' }).click()
    await (await asked).setFiles({ name: 'id', mimeType: '', buffer: Buffer.from('no key') })
    await page.getByRole('dialog').getByRole('button', { name: 'Import a key' }).click()
    await page.getByRole('alert').getByText('is no private key that we know').waitFor()
    expect(await axeInBothThemes(page)).toEqual([])
  })

  test('a viewer is refused and not shown the way', async () => {
    await signIn(page, 'viewer', '/servers')
    expect(await page.getByRole('link', { name: 'SSH keys' }).count()).toBe(0)
    for (const path of ['/ssh-keys', '/users', '/audit', '/logs', '/settings']) {
      await page.goto(path)
      await page.getByRole('heading', { name: 'Not allowed' }).waitFor()
    }
  })
})

test('the trail is filtered by the URL and read page by page', async () => {
  await signIn(page, 'admin', '/audit?from=now-7d')
  const table = page.getByRole('region', { name: 'Audit' })
  // Each load of a page renews a session: they are left out, and the filter says so.
  await page.getByText('1–100 of 207').waitFor()
  const what = page.getByLabel('What', { exact: true })
  expect(await what.locator('option:checked').textContent()).toBe('What: all but renewals')
  await table.getByText('Server changed').first().waitFor()
  expect(await table.getByText('Session renewed').count()).toBe(0)
  await what.selectOption('Everything')
  await page.waitForURL(/kind=all/)
  await table.getByText('Session renewed').first().waitFor()
  await page.getByText('1–100 of 230').waitFor()
  await page.getByRole('button', { name: 'Next' }).click()
  await page.waitForURL(/page=2/)
  await page.getByText('101–200 of 230').waitFor()
  await what.selectOption('Sign-in failed')
  await page.waitForURL(/kind=login_failed/)
  // Rows by `root` stood there before too: it is the others' leaving that tells of the filter.
  await page.getByRole('cell', { name: 'admin' }).first().waitFor({ state: 'detached' })
  await page.getByRole('cell', { name: 'root' }).first().waitFor()
  // What is not among the choices would hide all, unseen.
  await page.goto('/audit?from=now-7d&kind=session.renewed')
  await page
    .getByText('The address had something that means nothing here, and it is left out: kind=session.renewed')
    .waitFor()
  await page.getByText('1–100 of 207').waitFor()
  expect(new URL(page.url()).search).toBe('?from=now-7d')
  await page.goto('/audit?q=nobody')
  await page.getByRole('heading', { name: 'Nothing was noted' }).waitFor()
  await page.getByRole('button', { name: 'Reset filters' }).click()
  await page.getByRole('cell', { name: 'root' }).first().waitFor()
})

test('an entry of the log with details opens, and one without them has nothing to open', async () => {
  await signIn(page, 'admin', '/logs')
  await page.getByRole('button', { name: 'the store was away for 12 s' }).first().click()
  await page.getByText(/pool timed out while waiting/).waitFor()
  const row = page
    .getByRole('row')
    .filter({ has: page.getByText('Info', { exact: true }) })
    .first()
  await row.waitFor()
  expect(await row.getByRole('button').count()).toBe(0)
  expect(await axeInBothThemes(page)).toEqual([])
})

describe('the own account', () => {
  test('the password is changed, and other sessions end', async () => {
    await signIn(page, 'viewer', '/account')
    await page.getByText('Chrome 131, Windows').waitFor()
    await field('Current password').fill('wrong')
    await field('New password').fill('correct horse 9')
    await field('New password again').fill('correct horse 8')
    await page.getByRole('button', { name: 'Change password' }).click()
    await page.getByText('The two are not the same.').waitFor()
    await field('New password again').fill('correct horse 9')
    await page.getByRole('button', { name: 'Change password' }).click()
    await page.getByText('This is not your password.').waitFor()
    expect(await axeInBothThemes(page)).toEqual([])
    await field('Current password').fill('viewer')
    await page.getByRole('button', { name: 'Change password' }).click()
    await page.getByText('The password is changed; your other sessions have ended.').waitFor()
    await page.getByText('Chrome 131, Windows').waitFor({ state: 'detached' })
  })

  test('times are shown in the zone that one prefers', async () => {
    await signIn(page, 'viewer', '/account')
    await page.getByLabel('Times in').selectOption('UTC')
    await page.goto('/servers/billing-01')
    await page.getByRole('button', { name: /^Time range/ }).click()
    expect(await page.getByLabel('Times in').inputValue()).toBe('utc')
  })
})

describe('plugins', () => {
  test('one is run, switched off and on, and rolled back, each after it was said what follows', async () => {
    await signIn(page, 'admin', '/plugins/pg_stat_database')
    await page.getByRole('button', { name: 'Run now' }).click()
    await page.getByRole('dialog').getByLabel('Server').selectOption('billing-01')
    expect(await axeInBothThemes(page)).toEqual([])
    await page.getByRole('dialog').getByRole('button', { name: 'Run now' }).click()
    await page.getByText('1 run started.').waitFor()
    const act = async (item: string, button: string) => {
      await page.getByRole('button', { name: 'Actions' }).click()
      await page.getByRole('menuitem', { name: item }).click()
      await page.getByRole('alertdialog').getByRole('button', { name: button }).click()
    }
    await act('Roll back', 'Roll back')
    await page.getByText('An earlier version of this plugin runs').waitFor()
    await act('Try the new version again', 'Try the new version again')
    await page.getByText('An earlier version of this plugin runs').waitFor({ state: 'detached' })
    await act('Switch off', 'Switch off')
    await page.getByText('Disabled').waitFor()
    expect(await page.getByRole('button', { name: 'Run now' }).isDisabled()).toBe(true)
    await act('Switch on', 'Switch on')
    await page.getByText('Loaded', { exact: true }).first().waitFor()
  })

  test('one that is switched off says so wherever it does nothing', async () => {
    await signIn(page, 'viewer', '/plugins/old_probe?tz=Asia/Tokyo')
    const main = page.getByRole('main')
    await main.getByText(/^switched off by admin at .*2026.*23:05:09$/).waitFor()
    await main.getByRole('region', { name: 'Grants and limits' }).getByText('unknown').waitFor()
    await main.getByRole('link', { name: 'Servers', exact: true }).click()
    await main.getByRole('heading', { name: 'Runs nowhere' }).waitFor()
    expect(await main.getByText(/^switched off by admin/).count()).toBe(2)
  })

  test('a reload says what it did, and a broken file that nothing has changed', async () => {
    await signIn(page, 'admin', '/plugins')
    const reload = page.getByRole('button', { name: 'Reload' })
    await reload.press('Enter')
    await page.getByRole('dialog', { name: 'plugins.toml is taken over' }).waitFor()
    expect(await axeInBothThemes(page)).toEqual([])
    await screenshot(page, 'flow-reload')
    await page.keyboard.press('Escape')
    await page.locator(':focus').and(reload).waitFor()
    await page.request.get('/mock/option?reload=refused')
    await reload.click()
    await page.getByText('plugins.toml:14:12: unknown field').waitFor()
    await page.getByText('Everything runs on as before.').waitFor()
    expect(await axeInBothThemes(page)).toEqual([])
  })

  test('an operator may run, a viewer may look', async () => {
    await signIn(page, 'operator', '/plugins/pg_stat_database/servers')
    await page.getByRole('button', { name: 'Run now on crm-01' }).click()
    await page.getByText('1 run started.').waitFor()
    expect(await page.getByRole('button', { name: 'Actions', exact: true }).count()).toBe(0)
    await page.getByRole('button', { name: 'Account: operator' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await signIn(page, 'viewer', '/plugins/pg_stat_database/servers')
    await page.getByRole('link', { name: 'crm-01' }).waitFor()
    expect(await page.getByRole('button', { name: /^Run now/ }).count()).toBe(0)
  })
})

describe('settings', () => {
  test('tell how the host does, how it is guarded, and what it is', async () => {
    await signIn(page, 'admin', '/settings')
    await page.getByText(/^plugins\.toml gives \d+ plugins? an interval of (its|their) own/).waitFor()
    const host = page.getByRole('region', { name: 'The host' })
    await host.getByText('6 loaded, 1 refused').waitFor()
    await host.getByText('can be written').waitFor()
    const about = page.getByRole('region', { name: 'About' })
    await about.getByText('pgvigil 0.1.0').waitFor()
    expect(await about.getByRole('link', { name: 'Redoc' }).getAttribute('href')).toBe('/redoc')
    await page.request.get('/mock/option?store=full')
    await page.reload()
    await host.getByText('cannot be written').waitFor()
    expect(await axeInBothThemes(page)).toEqual([])
    await page.getByRole('region', { name: 'Security' }).getByRole('link', { name: '3' }).click()
    await page.waitForURL(/\/audit\?.*kind=login_failed/)
  })
})

test('what a plugin wrote to the log is found by its source', async () => {
  await signIn(page, 'admin', '/logs')
  await page.getByLabel('Source').selectOption('collector_pg_stat_activity')
  await page.waitForURL(/source=collector_pg_stat_activity/)
  await page
    .getByRole('button', { name: /pg_stat_activity.*1/ })
    .first()
    .waitFor()
  await page.getByText('the store was away for 12 s').first().waitFor({ state: 'detached' })
})

test('a run that a filter took away does not hold the page still', async () => {
  await signIn(page, 'viewer', '/runs')
  await page
    .getByRole('button', { name: /^Details of the run of pg_stat_database/ })
    .first()
    .click()
  await page.getByRole('button', { name: /^Paused/ }).waitFor()
  await page.getByRole('button', { name: 'Not applicable' }).click()
  await page.waitForURL(/outcome=not-applicable/)
  await page.getByRole('button', { name: /^Live/ }).waitFor()
})

test('a click on a row of the runs opens it; one on what is in it, or the end of a selection, does not', async () => {
  await signIn(page, 'viewer', '/runs?outcome=failed')
  const row = page.getByRole('region', { name: 'Runs' }).getByRole('row').nth(1)
  const opener = row.getByRole('button', { name: /^Details of the run/ })
  const isOpen = () => opener.getAttribute('aria-expanded')
  const said = row.getByRole('cell').nth(4)
  await said.click()
  await expect.poll(isOpen).toBe('true')
  await said.click()
  await expect.poll(isOpen).toBe('false')
  await opener.click()
  await expect.poll(isOpen).toBe('true')
  await opener.press('Enter')
  await expect.poll(isOpen).toBe('false')
  // In a tab of its own, so that this page stays to be looked at.
  await row
    .getByRole('link')
    .first()
    .click({ modifiers: ['Control'] })
  expect(await isOpen()).toBe('false')
  const box = await said.locator('span').first().boundingBox()
  if (box === null) throw new Error('the run says nothing')
  await page.mouse.move(box.x + 2, box.y + box.height / 2)
  await page.mouse.down()
  await page.mouse.move(box.x + 60, box.y + box.height / 2)
  await page.mouse.up()
  expect(await page.evaluate('getSelection().toString().length')).toBeGreaterThan(3)
  expect(await isOpen()).toBe('false')
})

test('the longest reason and a long plugin are read in full beside all columns', async () => {
  await page.route('**/api/runs?*', async (route) => {
    const response = await route.fetch()
    const [run] = await response.json()
    const refused = { ...run, outcome: 'failed', reason: 'authentication-failed', plugin: 'top_tables_of_the_shop' }
    await route.fulfill({ response, json: [refused] })
  })
  await signIn(page, 'viewer', '/runs')
  const table = page.getByRole('region', { name: 'Runs' })
  await table.getByText('Sign-in to the server refused').waitFor()
  await table.getByRole('columnheader', { name: 'Values' }).waitFor()
  expect(await cutTexts(table)).toEqual([])
})

test('on a telephone what a run says begins below its last line', async () => {
  await page.setViewportSize({ width: 390, height: 844 })
  await signIn(page, 'viewer', '/runs')
  const card = page.getByRole('region', { name: 'Runs' }).getByRole('listitem').first()
  await card
    .locator('div')
    .first()
    .click({ position: { x: 200, y: 4 } })
  const details = card.getByText('Cost:')
  await details.waitFor()
  const gap = await card.evaluate((item) => {
    const [row, panel] = item.children
    return (panel?.getBoundingClientRect().top ?? 0) - (row?.getBoundingClientRect().bottom ?? 0)
  })
  expect(gap).toBeGreaterThan(4)
})
