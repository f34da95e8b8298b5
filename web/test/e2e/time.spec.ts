import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { beforeEach, describe, expect, test } from 'vitest'
import { axeInBothThemes, freshWorld, go, push, screenshot, settled, signIn } from './browser.ts'
import { problem, usePage } from './harness.ts'

/** The time context: one for all pages, in the URL, by mouse and by keyboard. */

const watched = usePage()
let page: Page
beforeEach(async () => {
  page = watched.page
  await signIn(page, 'admin', '/servers/billing-01')
})

const search = () => new URL(page.url()).searchParams
const range = () => page.getByRole('button', { name: /^Time range/ })
const chart = () => page.getByRole('region', { name: 'Connections' })

test('moments to the second are seen whole, on a phone too', async () => {
  for (const width of [1280, 768, 390, 320]) {
    await page.setViewportSize({ width, height: 800 })
    await page.goto('/runs?from=2026-01-20T10:00:01Z&to=2026-01-21T12:34:56Z')
    await range().click()
    for (const name of ['From', 'To']) {
      const field = page.getByRole('textbox', { name, exact: true })
      expect(await field.inputValue()).toMatch(/^2026-01-2\d \d\d:\d\d:\d\d$/)
      const cut = await field.evaluate((input) => input.scrollWidth - input.clientWidth)
      expect(cut, `${name} at ${width} px`).toBe(0)
    }
  }
})

test('lengths, sections, zone and comparison are chosen in one place, and the link holds them all', async () => {
  await range().click()
  await page.getByRole('button', { name: 'Last 6 hours' }).waitFor()
  expect(await axeInBothThemes(page, '[role=dialog]')).toEqual([])
  await screenshot(page, 'flow-time')
  await page.getByLabel('From', { exact: true }).fill('2026-01-01 10:00')
  await page.getByLabel('To', { exact: true }).fill('tomorrow')
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await page.getByText('This is not a time.').waitFor()
  await page.getByLabel('To', { exact: true }).fill('01.01.2026 09:00')
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await page.getByText('The end must be after the beginning.').waitFor()
  expect(await axeInBothThemes(page, '[role=dialog]')).toEqual([])
  await page.getByLabel('Compare with').selectOption('a day earlier')
  await page.getByLabel('Times in').selectOption('UTC')
  await page.getByLabel('To', { exact: true }).fill('2026-01-01 12:00 UTC')
  await page.keyboard.press('Enter')
  // Ten o'clock in Moscow.
  await page.waitForURL(/from=2026-01-01T07:00:00Z&to=2026-01-01T12:00:00Z/)
  expect([search().get('tz'), search().get('cmp')]).toEqual(['utc', '-1d'])
  await page.reload()
  await page.getByRole('button', { name: /Jan 1, 2026, 07:00:00 – Jan 1, 2026, 12:00:00 compared: a day/ }).waitFor()
})

test('another zone is another name of the same moments', async () => {
  await page.goto('/servers/billing-01?from=2026-01-01T10:00:00Z&to=2026-01-01T12:00:00Z&tz=utc')
  await range().click()
  await page.getByLabel('Times in').selectOption('Asia/Tokyo')
  expect(await page.getByLabel('From', { exact: true }).inputValue()).toMatch(/^2026-01-01 19:00/)
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  expect([search().get('from'), search().get('to')]).toEqual(['2026-01-01T10:00:00Z', '2026-01-01T12:00:00Z'])
})

test('in the hour that comes twice each moment says which it is, and none moves where nothing is touched', async () => {
  const section = 'from=2026-10-25T00:10:00Z&to=2026-10-25T01:10:05Z'
  for (const width of [1280, 320]) {
    await page.setViewportSize({ width, height: 800 })
    await page.goto(`/runs?${section}&tz=Europe/Berlin`)
    await page.getByRole('button', { name: 'Oct 25, 2026, 02:10:00 +02:00 – Oct 25, 2026, 02:10:05 +01:00' }).waitFor()
    await range().click()
    for (const [name, text] of [
      ['From', '2026-10-25 02:10 +02:00'],
      ['To', '2026-10-25 02:10:05 +01:00'],
    ]) {
      const field = page.getByRole('textbox', { name, exact: true })
      expect(await field.inputValue()).toBe(text)
      const cut = await field.evaluate((input) => input.scrollWidth - input.clientWidth)
      expect(cut, `${name} at ${width} px`).toBe(0)
    }
    await screenshot(page, `flow-time-twice-${width}`, 'window')
    await page.getByRole('button', { name: 'Show', exact: true }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(page.url()).toContain(section)
  }
})

test('a length up to now goes on following the clock where nothing is touched', async () => {
  await page.goto('/runs?from=now-6h')
  await range().click()
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Time range: Last 6 hours' }).waitFor()
})

test('what the host does not answer is refused at its field, and leaves the address with a word', async () => {
  await range().click()
  await page.getByLabel('From', { exact: true }).fill('1900-01-01')
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await page.getByText('At most 20 years can be shown.').waitFor()
  expect(await page.getByLabel('From', { exact: true }).getAttribute('aria-invalid')).toBe('true')
  expect(await axeInBothThemes(page, '[role=dialog]')).toEqual([])
  const left = (part: string) =>
    page.getByText(`The address had something that means nothing here, and it is left out: ${part}`)
  await page.goto('/servers/billing-01?from=1900-01-01&to=2026-11-01&q=x')
  await left('from=1900-01-01, to=2026-11-01').waitFor()
  await page.getByRole('button', { name: 'Time range: Last 24 hours' }).waitFor()
  await chart().locator('canvas').waitFor()
  expect(search().toString()).toBe('q=x')
  await go(page, '/events?tz=Mars/Olympus&cmp=-7d')
  await left('tz=Mars/Olympus').waitFor()
  expect(search().toString()).toBe('cmp=-7d')
})

test('the context goes along to other pages, and back returns to the one before', async () => {
  await range().click()
  await page.getByRole('button', { name: 'Last 7 days' }).click()
  await page.waitForURL(/from=now-7d/)
  await page.getByRole('link', { name: 'Databases' }).click()
  await page.waitForURL(/databases\?from=now-7d/)
  await page.getByRole('link', { name: 'app', exact: true }).click()
  await page.waitForURL(/db\/app\?from=now-7d/)
  await page.getByRole('button', { name: 'Time range: Last 7 days' }).waitFor()
  await page.goBack()
  await page.goBack()
  await page.goBack()
  await page.getByRole('button', { name: 'Time range: Last 24 hours' }).waitFor()
})

test('keys shift, widen, compare and pause, also on a Russian keyboard', async () => {
  await chart().locator('canvas').waitFor()
  await page.keyboard.press('[')
  await page.waitForURL(/from=\d{4}-.*&to=\d{4}-/)
  await page.keyboard.press(']')
  await page.getByRole('button', { name: 'Time range: Last 24 hours' }).waitFor()
  await page.keyboard.press('z')
  await page.waitForURL(/from=now-2d/)
  await page.keyboard.press('c')
  await page.waitForURL(/cmp=prev/)
  await page.keyboard.press(' ')
  await page.waitForURL(/live=0/)
  await page.getByRole('button', { name: /^Paused/ }).waitFor()
  await page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', { key: 'д', code: 'KeyL', bubbles: true }))")
  await page.getByRole('button', { name: /^Live/ }).waitFor()
  expect(search().get('live')).toBeNull()
})

describe('live', () => {
  test('what the host tells is fetched; what is paused is not', async () => {
    await chart().locator('canvas').waitFor()
    let asked = 0
    page.on('request', (request) => {
      if (request.url().endsWith('/api/servers/billing-01')) asked += 1
    })
    await push(page, 'run', { server: 'billing-01', plugin: 'pg_stat_database' })
    await expect.poll(() => asked, { timeout: 10_000 }).toBeGreaterThan(0)
    await page.keyboard.press(' ')
    await page.getByRole('button', { name: /^Paused/ }).waitFor()
    asked = 0
    await push(page, 'run', { server: 'billing-01', plugin: 'pg_stat_database' })
    // Longer than the time within which it was asked before.
    await page.waitForTimeout(4_000)
    expect(asked).toBe(0)
    await page.getByRole('button', { name: /^Paused/ }).click()
    await expect.poll(() => asked, { timeout: 10_000 }).toBeGreaterThan(0)
  })

  test('a host that does not tell any more is not called live', async () => {
    await page.getByRole('button', { name: 'Live. Pause' }).waitFor()
    await page.route('**/api/stream', (route) => route.abort())
    await page.request.get('/mock/hang-up')
    await page.getByRole('button', { name: 'Connecting…. Pause' }).waitFor()
    expect(await axeInBothThemes(page)).toEqual([])
    await screenshot(page, 'flow-connecting')
    await page.route('**/api/stream', (route) => route.fulfill({ status: 404, body: '' }))
    await page.getByRole('button', { name: 'Live (asking). Pause' }).waitFor({ timeout: 40_000 })
  })

  test('an open dialog holds the page still', async () => {
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    await page.getByRole('button', { name: /^Paused/, includeHidden: true }).waitFor()
    expect(await axeInBothThemes(page)).toEqual([])
    await screenshot(page, 'flow-shortcuts')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: /^Live/ }).waitFor()
  })
})

test('runs are those of the chosen time, and a long list is read on to its end', async () => {
  await freshWorld(page, { runs: 450 })
  await signIn(page, 'admin', '/runs')
  const runs = page.getByRole('region', { name: 'Runs' })
  const newest = runs.getByRole('button', { name: 'Details of the run of pg_stat_database on billing-01' }).first()
  await newest.waitFor()
  await page.getByText('The newest 200 of this time').waitFor()
  expect(await page.getByRole('button', { name: 'Newest' }).isDisabled()).toBe(true)
  await page.getByRole('button', { name: 'Older' }).click()
  await page.waitForURL(/before=/)
  await page.getByText('200 older ones').waitFor()
  await runs.getByText(/h ago/).first().waitFor()
  await page.getByRole('button', { name: 'Older' }).click()
  await page.getByText('50 older ones').waitFor()
  expect(await page.getByRole('button', { name: 'Older' }).isDisabled()).toBe(true)
  expect(await axeInBothThemes(page)).toEqual([])
  await page.goBack()
  await page.getByText('200 older ones').waitFor()
  await page.getByRole('button', { name: 'Newest' }).click()
  await page.getByText('The newest 200 of this time').waitFor()
  await page.waitForURL((url) => !url.searchParams.has('before'))

  await range().click()
  await page.getByRole('button', { name: 'Last 15 minutes' }).click()
  await page.waitForURL(/from=now-15m/)
  await page.getByText('The newest 200 of this time').waitFor({ state: 'detached' })
  await page.goto('/runs?from=2026-01-01T10:00:00Z&to=2026-01-01T12:00:00Z')
  await page.getByText('No runs in this time').waitFor()
})

test('a long list of events is read on to its end', async () => {
  await freshWorld(page, { events: 450 })
  await signIn(page, 'admin', '/events?from=now-60d')
  await page.getByText('The newest 200 of this time').waitFor()
  expect(await page.getByRole('button', { name: 'Newest' }).isDisabled()).toBe(true)
  const events = page.getByRole('main').getByRole('listitem')
  // Its age goes on.
  const newest = events.first().getByText(/^\d+ s ago$/)
  await newest.waitFor()
  for (const count of [200, 50]) {
    await page.getByRole('button', { name: 'Older' }).click()
    await page.getByText(`${count} older ones`).waitFor()
    expect(await events.count()).toBe(count)
  }
  expect(await page.getByRole('button', { name: 'Older' }).isDisabled()).toBe(true)
  expect(await axeInBothThemes(page)).toEqual([])
  await page.getByRole('button', { name: 'Newest' }).click()
  await page.getByText('The newest 200 of this time').waitFor()
  await newest.waitFor()
  // What is no event falls back to the newest.
  await page.goto('/servers/billing-01/events?before=x')
  await events.first().waitFor()
})

test('events are those of the chosen time, on all pages that list them', async () => {
  await page.goto('/events')
  const listed = page.getByRole('main').getByRole('list')
  await listed.getByText('old_shop').first().waitFor()
  await range().click()
  await page.getByRole('button', { name: 'Last 15 minutes' }).click()
  await listed.getByText('old_shop').nth(1).waitFor({ state: 'detached' })
  await page.goto('/servers/billing-01/events?from=2026-01-01T10:00:00Z&to=2026-01-01T12:00:00Z')
  await page.getByText('No events in this time').waitFor()
})

describe('a chart', () => {
  test('says what its cursor is on, when keys move it', async () => {
    await page.goto('/servers/billing-01?from=now-6h')
    const load = page.getByRole('region', { name: 'Transactions' })
    await load.locator('canvas').scrollIntoViewIfNeeded()
    await load.getByRole('group', { name: /^Transactions/ }).focus()
    await page.keyboard.press('ArrowLeft')
    const said = load.getByRole('status')
    await expect.poll(() => said.textContent()).toMatch(/\d\d:\d\d.*, commits [\d.,]+/)
    const before = await said.textContent()
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => said.textContent()).not.toBe(before)
  })

  test('lays the window before under its lines, and says so in words and numbers', async () => {
    await page.goto('/servers/billing-01?from=now-6h&cmp=prev')
    const load = page.getByRole('region', { name: 'Transactions' })
    await load.locator('canvas').scrollIntoViewIfNeeded()
    await load.getByRole('group', { name: /^Transactions/ }).focus()
    await page.keyboard.press('ArrowLeft')
    await load
      .getByTestId('chart-tooltip')
      .getByText(/\(before /)
      .first()
      .waitFor()
    await load.getByRole('button', { name: 'Transactions: Show as table' }).click()
    await load.getByRole('columnheader', { name: 'commits (before)' }).waitFor()
  })

  test('of many lines says how to compare one of them', async () => {
    await page.goto('/servers/billing-01?from=now-6h&cmp=prev')
    await chart().getByText('Choose one of the lines to compare it with the time before.').waitFor()
    await chart().getByRole('button', { name: 'analytics' }).click()
    await chart()
      .getByRole('group', { name: /^Connections/ })
      .focus()
    await page.keyboard.press('ArrowLeft')
    await chart()
      .getByTestId('chart-tooltip')
      .getByText(/\(before /)
      .first()
      .waitFor()
  })

  test('of more than twenty databases finds the one that grew in the time before, where it was not among the greatest', async () => {
    const DAY = 86_400
    const size = (index: number, isNow: boolean) => (index === 24 ? (isNow ? 500 : 1) : 25 - index) * 1024 ** 3
    // As the host answers: the greatest of the window that is asked for, the others added up.
    await page.route('**/api/series?*set=pg_database_size*', async (route) => {
      const asked = new URL(route.request().url()).searchParams
      const response = await route.fetch()
      const answer = await response.json()
      const isNow = asked.get('to') === 'now'
      const at = Math.floor(Date.now() / 60_000) * 60 - 600 - (isNow ? 0 : DAY)
      const names = Array.from({ length: 25 }, (_, index) => ({ size: size(index, isNow), datname: `db${index}` }))
      const series = names
        .toSorted((a, b) => b.size - a.size)
        .map((one) => ({ metric: 'bytes', labels: { datname: one.datname }, values: [one.size, one.size] }))
      const one = series.filter(({ labels }) => asked.get('labels') === `datname:${labels.datname}`)
      const shown = asked.has('labels')
        ? { series: one, rest: null }
        : { series: series.slice(0, 20), rest: { series_count: 5, values: [1, 1] } }
      await route.fulfill({ response, json: { ...answer, timestamps: [at, at + 60], ...shown } })
    })
    await page.goto('/servers/billing-01?cmp=-1d')
    const sizes = page.getByRole('region', { name: 'Size', exact: true })
    await sizes.getByText('Other series are not compared: they may not have been the same.').waitFor()
    await sizes.getByText(/^other \(15\): last /).waitFor({ state: 'attached' })
    await sizes.getByRole('button', { name: 'db24' }).click()
    await sizes.getByRole('group', { name: /^Size/ }).focus()
    await page.keyboard.press('ArrowLeft')
    await sizes.getByTestId('chart-tooltip').getByText('(before 1 GB)').waitFor()
    expect(await axeInBothThemes(page)).toEqual([])
  })

  test('promises no lines of a time before in which nothing was collected, however many lines there are', async () => {
    await page.route('**/api/series?*to=now-*', async (route) => {
      const response = await route.fetch()
      await route.fulfill({ response, json: { ...(await response.json()), timestamps: [], series: [] } })
    })
    await page.goto('/servers/billing-01?from=now-6h&cmp=prev&live=1')
    for (const title of ['Connections', 'Transactions']) {
      const one = page.getByRole('region', { name: title, exact: true })
      await one.locator('canvas').scrollIntoViewIfNeeded()
      await one.getByText('no samples in the time before').waitFor()
      expect(await one.getByText(/dotted|Choose one of the lines/).count()).toBe(0)
    }
    await page.getByRole('button', { name: /^Live/ }).waitFor()
    expect(search().get('live')).toBe('1')
  })

  test('says that the time before could not be loaded', async () => {
    await page.route('**/api/series?*to=now-*', (route) => route.fulfill(problem(500, 'the store is away')))
    await page.goto('/servers/billing-01?cmp=prev')
    await chart().getByText('The time before could not be loaded.').waitFor({ timeout: 20_000 })
  })

  test('that has one point for an hour offers to look closer', async () => {
    await page.route('**/api/series?*', async (route) => {
      const response = await route.fetch()
      if (!route.request().url().includes('now-24h')) return await route.fulfill({ response })
      const answer = await response.json()
      const series = answer.series.map((one: object) => ({ ...one, values: [null] }))
      await route.fulfill({
        response,
        json: { ...answer, resolution: 'hour', timestamps: [answer.timestamps[0]], series },
      })
    })
    await page.goto('/servers/billing-01')
    await page.getByRole('button', { name: 'Transactions: Show the last hour' }).click()
    await page.waitForURL(/from=now-1h/)
    await page.getByRole('region', { name: 'Transactions' }).locator('canvas').waitFor()
  })

  test('of a server that was added just now offers to look closer', async () => {
    await page.route('**/api/series?*', async (route) => {
      const response = await route.fetch()
      if (!route.request().url().includes('now-24h')) return await route.fulfill({ response })
      const answer = await response.json()
      const series = answer.series.map((one: { values: unknown[] }) => ({ ...one, values: one.values.slice(-3) }))
      await route.fulfill({ response, json: { ...answer, timestamps: answer.timestamps.slice(-3), series } })
    })
    await page.goto('/servers/billing-01')
    await chart().getByText('Watched for only a small part of this range yet.').waitFor()
    await page.getByRole('button', { name: 'Connections: Show the last hour' }).click()
    await page.waitForURL(/from=now-1h/)
    await chart().getByText('Watched for only a small part').waitFor({ state: 'detached' })
  })

  test('of a server that was added within the hour changes the time of no other page', async () => {
    await page.route('**/api/servers/billing-01', async (route) => {
      const response = await route.fetch()
      const created_at = new Date(Date.now() - 600_000).toISOString()
      await route.fulfill({ response, json: { ...(await response.json()), created_at } })
    })
    await page.goto('/servers/billing-01')
    await chart().locator('canvas').waitFor()
    await page.getByRole('link', { name: 'Audit' }).click()
    await page.getByRole('button', { name: 'Time range: Last 24 hours' }).waitFor()
    expect(new URL(page.url()).search).toBe('')
  })

  test('shows nothing of another database while its own is loaded', async () => {
    await page.goto('/servers/billing-01/db/app')
    const load = page.getByRole('region', { name: 'Transactions' })
    await load.locator('canvas').waitFor()
    await load.getByText(/^commits: last/).waitFor({ state: 'attached' })
    await page.route('**/api/series?*', () => new Promise(() => {}))
    await go(page, '/servers/billing-01/db/analytics')
    await page.getByRole('heading', { name: 'analytics' }).waitFor()
    await load.getByTestId('skeleton').waitFor()
    expect(await load.getByText(/^commits: last/).count()).toBe(0)
  })

  test('that does not count all says so, where it can be read', async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    await page.route('**/api/series?*', async (route) => {
      const response = await route.fetch()
      await route.fulfill({ response, json: { ...(await response.json()), series_left_out: 1_143 } })
    })
    await page.goto('/servers/billing-01')
    const warning = chart().getByText(/^Not all are counted here: 1,?143 series more/)
    await warning.waitFor()
    expect(await warning.evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true)
    await screenshot(page, 'flow-left-out')
  })

  test('without what the role may not read says why, and so does the header', async () => {
    const absence = { set: 'pg_stat_database', labels: [], reason: 'denied', detail: 'grant pg_monitor to weak' }
    await page.route('**/api/runs?*limit=1', async (route) => {
      const [run] = await (await route.fetch()).json()
      const absences = [
        absence,
        { ...absence, set: 'pg_stat_activity' },
        { ...absence, labels: ['other'], detail: 'no' },
      ]
      await route.fulfill({ json: [{ ...run, outcome: 'collected', reason: null, detail: null, absences }] })
    })
    await page.route('**/api/series?*', async (route) => {
      const response = await route.fetch()
      await route.fulfill({ response, json: { ...(await response.json()), timestamps: [], series: [] } })
    })
    await page.route('**/api/servers/billing-01', async (route) => {
      const response = await route.fetch()
      await route.fulfill({ response, json: { ...(await response.json()), connections: null } })
    })
    await page.goto('/servers/billing-01')
    await chart().getByText('No samples in this range').waitFor()
    await chart().getByText('denied: grant pg_monitor to weak', { exact: true }).waitFor()
    await page.locator('dd').getByText('denied: grant pg_monitor to weak').waitFor()
    expect(await axeInBothThemes(page)).toEqual([])
    await screenshot(page, 'flow-denied')
  })

  const save = async (item: string) => {
    await chart().getByRole('button', { name: 'Connections: more' }).click()
    const download = page.waitForEvent('download')
    await page.getByRole('menuitem', { name: item }).click()
    return await download
  }

  test('that is seen as a table is saved as a picture too', async () => {
    await chart().getByRole('button', { name: 'Connections: Show as table' }).click()
    await chart().getByRole('table').waitFor()
    const picture = readFileSync(await (await save('Save as picture (PNG)')).path())
    expect(picture.subarray(1, 4).toString()).toBe('PNG')
  })

  test('without values has nothing to save', async () => {
    await page.route('**/api/series?*', async (route) => {
      const response = await route.fetch()
      await route.fulfill({ response, json: { ...(await response.json()), timestamps: [], series: [] } })
    })
    await page.goto('/servers/billing-01')
    await chart().getByText('No samples in this range').waitFor()
    await chart().getByRole('button', { name: 'Connections: more' }).click()
    const item = page.getByRole('menuitem', { name: 'Save as picture (PNG)' })
    expect(await item.getAttribute('aria-disabled')).toBe('true')
  })

  test('is saved as a table and as a picture', async () => {
    await chart().locator('canvas').waitFor()
    const table = await save('Save as table (CSV)')
    expect(table.suggestedFilename()).toMatch(/^pgvigil_billing-01_connections_.*\.csv$/)
    const text = readFileSync(await table.path(), 'utf8')
    expect(text.split('\r\n')[0]).toMatch(/Time,analytics,app,.*,shared objects$/)
    expect(text.split('\r\n')[1]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+03:00,\d+,\d+/)
    const picture = readFileSync(await (await save('Save as picture (PNG)')).path())
    expect(picture.subarray(1, 4).toString()).toBe('PNG')
    expect(picture.length).toBeGreaterThan(5_000)
    await page.waitForTimeout(100)
    expect(await axeInBothThemes(page)).toEqual([])
  })

  test('shows what happened as marks, and tells them', async () => {
    await settled(page)
    await chart()
      .getByText(/: Database gone: old_shop/)
      .first()
      .waitFor({ state: 'attached' })
  })

  test('has marks of the host as a whole beside its own, and none of other servers', async () => {
    await page.goto('/servers/billing-01?from=now-7d')
    const marks = chart()
      .getByRole('listitem')
      .filter({ hasText: /: .*(Database gone|New database|Plugins reloaded|Database made anew)/ })
    await marks.filter({ hasText: 'Plugins reloaded: plugins.toml' }).first().waitFor({ state: 'attached' })
    expect(await marks.filter({ hasText: 'Database made anew' }).count()).toBe(0)
  })

  test('of an earlier time has its marks, however much happened since', async () => {
    await page.route('**/api/events?*', async (route) => {
      const query = new URL(route.request().url()).searchParams
      const events = await (await route.fetch()).json()
      const at = new Date().toISOString()
      const many = Array.from({ length: 60 }, () => ({
        ...events[0],
        at,
        kind: 'entity.appeared',
        subject: 'database:x',
      }))
      await route.fulfill({ json: query.has('from') ? events : [...many, ...events] })
    })
    const hours = (count: number) => new Date(Date.now() - count * 3_600_000).toISOString()
    await page.goto(`/servers/billing-01?from=${hours(36)}&to=${hours(12)}`)
    await chart()
      .getByText(/: Database gone: old_shop/)
      .first()
      .waitFor({ state: 'attached' })
  })
})
