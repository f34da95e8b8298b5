import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { axe, launch, open, screenshot, settled } from './browser.ts'

/**
 * The UI on a real host with a real PostgreSQL server and a real sshd, from the sign-in to charts, disks and sessions.
 *
 * Takes from the environment: BASE_URL, ADMIN_PASSWORD, PG_HOST, PG_PORT, PG_USER, PG_PASSWORD, SSH_HOST, SSH_PORT,
 * SSH_USER, SSH_KEY_FILE (a private key without passphrase), and optionally SERVER_NAME (`ui-test`) and SAMPLES_TIMEOUT_S (180), which must be longer than two intervals of the host's plugins.
 */
function need(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`the environment variable ${name} is not set`)
  return value
}

const name = process.env.SERVER_NAME ?? 'ui-test'
const samplesTimeout = Number(process.env.SAMPLES_TIMEOUT_S ?? 180) * 1_000

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test('a server is tested, added, and drawn', async () => {
  const baseUrl = inject('baseUrl')
  if (baseUrl === '') throw new Error('the environment variable BASE_URL is not set')
  const { page, faults, close } = await open(browser, baseUrl, { locale: 'en', theme: 'light' })

  await page.goto('/ssh-keys')
  await page.getByLabel('User name').fill('admin')
  await page.getByLabel('Password').fill(need('ADMIN_PASSWORD'))
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Import a key' }).first().click()
  await page.getByLabel('Name', { exact: true }).fill('disks')
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Read from a file' }).click()
  await (await chooser).setFiles(need('SSH_KEY_FILE'))
  await page.getByRole('dialog').getByRole('button', { name: 'Import a key' }).click()
  await page
    .getByRole('dialog', { name: 'disks' })
    .getByText(/^ssh-ed25519 /)
    .waitFor()
  await page.getByRole('button', { name: 'Done' }).click()

  await page.goto('/servers/new')
  await page.getByRole('heading', { name: 'Add server', level: 1 }).waitFor()
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByLabel('Host', { exact: true }).fill(need('PG_HOST'))
  await page.getByLabel('Port', { exact: true }).fill(need('PG_PORT'))
  await page.getByLabel('User', { exact: true }).fill(need('PG_USER'))
  await page.getByLabel('Password', { exact: true }).fill(`${need('PG_PASSWORD')}-wrong`)
  await page.getByRole('button', { name: 'Test connection' }).click()
  await page.getByText('PostgreSQL: The test has failed').waitFor({ timeout: 60_000 })
  await page.getByLabel('Password', { exact: true }).fill(need('PG_PASSWORD'))
  await page.getByRole('button', { name: 'Test connection' }).click()
  await page.getByText('PostgreSQL: The test has passed').waitFor({ timeout: 60_000 })
  await page.getByLabel('Collect over SSH').check()
  await page.getByLabel('SSH host', { exact: true }).fill(need('SSH_HOST'))
  await page.getByLabel('SSH port', { exact: true }).fill(need('SSH_PORT'))
  await page.getByLabel('SSH user', { exact: true }).fill(need('SSH_USER'))
  await page.getByRole('button', { name: 'Stored key' }).click()
  await page.getByLabel('SSH key', { exact: true }).selectOption('disks (ed25519)')
  await page.getByRole('button', { name: 'Test connection' }).click()
  await page.getByText('SSH: The test has passed').waitFor({ timeout: 60_000 })
  await page.getByRole('button', { name: 'Add server' }).click()

  await page.waitForURL(new RegExp(`/servers/${name}$`))
  await page.getByRole('heading', { name, level: 1 }).waitFor()
  await page.getByRole('button', { name: /^Time range/ }).click()
  await page.getByRole('button', { name: 'Last 1 hour', exact: true }).click()

  // The overview replaces the waiting note as soon as the server has been collected from.
  const chart = page.getByRole('region', { name: 'Connections' })
  await chart.locator('canvas').waitFor({ timeout: samplesTimeout })
  await chart
    .getByText(/: last \d+, least \d+, most \d+\.$/)
    .first()
    .waitFor({ state: 'attached' })
  expect(await axe(page)).toEqual([])

  await page.getByRole('link', { name: 'Databases', exact: true }).click()
  await page.getByRole('link', { name: 'postgres', exact: true }).waitFor({ timeout: samplesTimeout })

  // Disks come over SSH, sessions when one asks for them, and any metric without code of ours.
  await page.goto(`/servers/${name}`)
  await page
    .getByRole('region', { name: 'Filesystems' })
    .getByText('data', { exact: true })
    .waitFor({ timeout: samplesTimeout })
  await settled(page)
  await screenshot(page, 'host-server')
  await page.getByRole('link', { name: 'Sessions', exact: true }).click()
  await page.getByText('The server itself is asked').waitFor()
  await page.getByText('just now').first().waitFor()
  await page.goto(`/explore?server=${name}&set=pg_stat_database&metric=numbackends&from=now-1h`)
  await page.getByRole('region', { name: 'numbackends' }).locator('canvas').waitFor()
  for (const path of [
    '/',
    '/plugins',
    '/plugins/pg_stat_database',
    '/events',
    '/settings',
    '/audit',
    '/logs',
    '/account',
  ]) {
    await page.goto(path)
    await page.locator('main h1').waitFor()
    await settled(page)
    expect(await axe(page), path).toEqual([])
    await screenshot(page, `host-${path.replaceAll('/', '-')}`)
  }

  await page.goto('/runs?outcome=collected')
  await page.getByRole('link', { name }).first().waitFor({ timeout: samplesTimeout })

  // The host tells of a run as it ends. By itself the page would ask again only after a minute.
  const live = page.getByRole('button', { name: /^Live/ })
  await expect.poll(() => live.getAttribute('title'), { timeout: 15_000 }).toContain('The host tells what is new')
  const other = await page.context().newPage()
  await other.goto('/plugins/pg_stat_database/servers')
  await other.getByRole('button', { name: `Run now on ${name}` }).waitFor()
  let asked = 0
  page.on('request', (request) => {
    if (new URL(request.url()).pathname === '/api/runs') asked += 1
  })
  await other.getByRole('button', { name: `Run now on ${name}` }).click()
  await other.getByText('1 run started.').waitFor()
  await expect.poll(() => asked, { timeout: 15_000 }).toBeGreaterThan(0)
  await other.close()

  // What monitoring costs is drawn from its first hour on, for the server and for the fleet.
  await page.goto(`/servers/${name}/plugins`)
  await page.getByRole('region', { name: 'Runs, per hour' }).waitFor()
  await page.goto('/?by=history')
  await page
    .getByRole('row', { name: new RegExp(name) })
    .getByRole('img', { name: /^Of \d+ parts/ })
    .waitFor()

  // A reload takes the session up from the cookie.
  await page.goto('/servers')
  await page.getByRole('link', { name }).waitFor()
  await page.reload()
  await page.getByRole('link', { name }).waitFor()
  expect(faults).toEqual([])
  await close()
})
