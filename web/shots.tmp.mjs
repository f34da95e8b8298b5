import { chromium } from 'playwright-core'

const b = await chromium.launch({
  executablePath: '/usr/bin/chromium',
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
const base = 'http://127.0.0.1:8111'
for (const [theme, locale, width] of [
  ['light', 'en', 1280],
  ['dark', 'ru', 1280],
  ['light', 'ru', 390],
]) {
  const c = await b.newContext({ baseURL: base, viewport: { width, height: 900 } })
  const p = await c.newPage()
  p.on('pageerror', (e) => console.log('pageerror', e.message))
  p.on('console', (m) => {
    if (m.type() === 'error') console.log('console', m.text())
  })
  await p.addInitScript(
    `localStorage.setItem('pgvigil.locale','${locale}');localStorage.setItem('pgvigil.theme','${theme}')`,
  )
  await p.goto('/login')
  await p.screenshot({ path: `/tmp/shots/${theme}-${width}-login.png` })
  await p.locator('input[name=username]').fill('admin')
  await p.locator('input[name=password]').fill('demo12345')
  await p.keyboard.press('Enter')
  await p.waitForURL((u) => !u.pathname.startsWith('/login'))
  for (const path of [
    '/servers',
    '/servers/demo?from=now-1h&to=now',
    '/servers/demo?tab=databases',
    '/servers/demo/db/shop?from=now-1h&to=now',
    '/probes',
    '/events',
    '/settings',
    '/servers/new',
    '/nope',
  ]) {
    await p.goto(path)
    await p.waitForTimeout(2500)
    await p.screenshot({
      path: `/tmp/shots/${theme}-${width}-${path.replace(/[^a-z0-9]+/gi, '_')}.png`,
      fullPage: true,
    })
  }
  await c.close()
}
await b.close()
