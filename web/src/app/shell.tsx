import { Dialog } from '@base-ui/react/dialog'
import { useQueryClient } from '@tanstack/react-query'
import { Link, Navigate, Outlet, useLocation, useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useEffectEvent, useState } from 'react'
import { session } from '../api/client'
import { LOCALES, useI18n } from '../i18n'
import { paths } from '../lib/paths'
import { useShortcut } from '../lib/shortcuts'
import { setTheme, THEMES, toggleTheme, useTheme } from '../lib/theme'
import { unsaved } from '../lib/unsaved'
import { cx } from '../ui/classes'
import { Icon } from '../ui/icon'
import { Kbd } from '../ui/kbd'
import { MenuButton, MenuChoice, MenuItem, MenuSeparator } from '../ui/menu'
import { Toasts, toast } from '../ui/toasts'
import { Announcer } from './announcer'
import { Banners } from './banners'
import { Freshness } from './live'
import { Logo } from './logo'
import { useNav } from './nav'
import { useUser } from './session-context'
import { EndingDialog, SessionGuard } from './session-guard'
import { ZonedTimes } from './time'
import { holdKeys, releaseKeys } from './typed-ahead'

const LANGUAGE_NAMES = { en: 'English', ru: 'Русский' } as const

const loadPalette = () => import('./palette').then((module) => ({ default: module.Palette }))
const loadHelp = () => import('./shortcuts-help').then((module) => ({ default: module.ShortcutsHelp }))
const Palette = lazy(loadPalette)
const ShortcutsHelp = lazy(loadHelp)

/** What a key opens must be there at once, or the next keys are lost. */
function useOverlaysAhead() {
  useEffect(() => {
    // Safari has no idle callbacks; a moment later does as well.
    const later = 'requestIdleCallback' in window ? requestIdleCallback : (run: () => void) => setTimeout(run, 2_000)
    later(() => {
      // Where they cannot be loaded now, opening them tries again and tells.
      void loadPalette().catch(() => undefined)
      void loadHelp().catch(() => undefined)
      void EndingDialog.preload?.()
    })
  }, [])
}

export function Shell() {
  const path = useLocation({ select: (location) => location.pathname })
  if (path === paths.login()) return <Navigate to={paths.home()} replace />
  return (
    <ZonedTimes>
      <Announcer />
      <Freshness />
      <SessionGuard />
      <Frame />
    </ZonedTimes>
  )
}

function Frame() {
  const { t } = useI18n()
  const toldMissing = () => toast(t.states.errorTitle, 'bad')
  const [palette, setPalette] = useState(false)
  const [help, setHelp] = useState(false)
  useOverlaysAhead()
  useGoShortcuts()
  const showHelp = () => void loadHelp().then(() => setHelp(true), toldMissing)
  useShortcut('help', showHelp)
  useShortcut('theme', toggleTheme)
  const search = () => {
    holdKeys()
    void loadPalette().then(
      () => setPalette(true),
      () => {
        releaseKeys()
        toldMissing()
      },
    )
  }
  usePaletteKey(() => (palette ? setPalette(false) : search()))
  return (
    <div className="lg:grid lg:grid-cols-[13.5rem_minmax(0,1fr)]">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:top-1 focus:left-1 focus:z-50 focus:rounded focus:bg-panel focus:p-2"
      >
        {t.common.skipToContent}
      </a>
      <aside className="sticky top-0 hidden h-dvh flex-col border-r border-line bg-rail lg:flex">
        <div className="flex h-13 items-center px-4">
          <HomeLink />
        </div>
        <div className="px-3 pb-3">
          <SearchButton onOpen={search} />
        </div>
        <NavLinks />
        <div className="mt-auto border-t border-line p-2">
          <AccountMenu onHelp={showHelp} className="w-full justify-start" />
        </div>
      </aside>
      <div className="flex min-h-dvh min-w-0 flex-col">
        <header className="sticky top-0 z-30 flex h-12 items-center gap-1 border-b border-line bg-panel px-3 lg:hidden">
          <NavDrawer />
          <HomeLink />
          <button
            type="button"
            aria-label={t.palette.open}
            onClick={search}
            className="ml-auto grid size-9 place-items-center rounded-md hover:bg-sunken"
          >
            <Icon name="search" />
          </button>
          <AccountMenu onHelp={showHelp} />
        </header>
        <Banners />
        <main
          id="content"
          tabIndex={-1}
          className="mx-auto w-full max-w-[1760px] flex-1 px-3 py-3 outline-none sm:px-5 sm:py-4"
        >
          <Outlet />
        </main>
      </div>
      <Toasts label={t.common.notices} closeLabel={t.common.close} />
      <Suspense fallback={null}>
        {palette && <Palette onClose={() => setPalette(false)} onHelp={showHelp} />}
        {help && <ShortcutsHelp onClose={() => setHelp(false)} />}
      </Suspense>
    </div>
  )
}

/** Ctrl+K opens it everywhere, also from within a field. */
function usePaletteKey(toggle: () => void) {
  const onKey = useEffectEvent(toggle)
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.code !== 'KeyK') return
      event.preventDefault()
      onKey()
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [])
}

function useGoShortcuts() {
  const navigate = useNavigate()
  const go = (to: string) => () => void navigate({ to })
  useShortcut('goFleet', go(paths.home()))
  useShortcut('goServers', go(paths.servers()))
  useShortcut('goExplore', go(paths.explore()))
  useShortcut('goEvents', go(paths.events()))
  useShortcut('goPlugins', go(paths.plugins()))
  useShortcut('goRuns', go(paths.runs()))
  useShortcut('goAudit', go(paths.audit()))
}

const HomeLink = () => (
  <Link to={paths.home()} aria-label="pgvigil" className="rounded">
    <Logo />
  </Link>
)

function SearchButton(props: { onOpen: () => void }) {
  const { t } = useI18n()
  return (
    <button
      type="button"
      aria-keyshortcuts="Control+K"
      onClick={props.onOpen}
      className="flex min-h-8 w-full items-center gap-2 rounded-md border border-line bg-panel px-2 text-dim hover:border-line-strong hover:text-ink"
    >
      <Icon name="search" className="size-3.5 shrink-0" />
      <span className="flex-1 truncate text-left">{t.palette.open}</span>
      <Kbd>Ctrl K</Kbd>
    </button>
  )
}

function NavLinks(props: { onGo?: () => void }) {
  const { t } = useI18n()
  const groups = useNav(useUser().role)
  return (
    <nav aria-label={t.nav.main} className="min-h-0 overflow-y-auto px-3">
      {groups.map((group) => (
        <div key={group.label} className="mb-3">
          <h2 className="px-2 pb-1 text-2xs font-medium text-dim">{group.label}</h2>
          <ul className="grid gap-px">
            {group.items.map((item) => (
              <li key={item.to}>
                <Link
                  to={item.to}
                  onClick={() => props.onGo?.()}
                  activeOptions={{ exact: item.exact === true, includeSearch: false }}
                  className="flex min-h-8 items-center gap-2.5 rounded-md px-2 font-medium text-dim hover:bg-sunken hover:text-ink"
                  activeProps={{ className: 'bg-accent-soft! text-accent-strong!', 'aria-current': 'page' }}
                >
                  <Icon name={item.icon} />
                  {item.label}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  )
}

/** The same links on a narrow screen. */
function NavDrawer() {
  const { t } = useI18n()
  const [open, setOpen] = useState(false)
  return (
    <Dialog.Root open={open} onOpenChange={setOpen}>
      <Dialog.Trigger
        aria-label={t.nav.menu}
        className="-ml-1 grid size-9 place-items-center rounded-md hover:bg-sunken"
      >
        <Icon name="menu" />
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-black/40 dark:bg-black/60" />
        <Dialog.Popup className="fixed inset-y-0 left-0 z-50 flex w-64 flex-col border-r border-line bg-rail pt-3 text-ink outline-none">
          <Dialog.Title className="sr-only">{t.nav.menu}</Dialog.Title>
          <div className="mb-3 flex items-center justify-between px-4">
            <Logo />
            <Dialog.Close
              aria-label={t.common.close}
              className="grid size-8 place-items-center rounded-md hover:bg-sunken"
            >
              <Icon name="cross" />
            </Dialog.Close>
          </div>
          <NavLinks onGo={() => setOpen(false)} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function AccountMenu(props: { onHelp: () => void; className?: string }) {
  const { t, locale, setLocale } = useI18n()
  const user = useUser()
  const theme = useTheme()
  const navigate = useNavigate()
  const queryClient = useQueryClient()
  const themeNames = { system: t.nav.themeSystem, light: t.nav.themeLight, dark: t.nav.themeDark }
  const signOut = () =>
    unsaved.leave(() => {
      void session.signOut()
      queryClient.clear()
    })
  return (
    <MenuButton
      className={cx('inline-flex min-h-9 items-center gap-2 rounded-md px-2 hover:bg-sunken', props.className)}
      trigger={
        <>
          <Icon name="user" />
          <span className="sr-only">{t.nav.account}:</span>
          <span className="flex min-w-0 flex-1 flex-wrap items-baseline gap-x-2 text-left">
            <span className="max-w-24 truncate font-medium lg:max-w-full">{user.login}</span>
            <span className="hidden max-w-full truncate text-xs text-dim lg:inline">{t.roles[user.role]}</span>
          </span>
          <Icon name="chevron" className="size-3 shrink-0 text-dim" />
        </>
      }
    >
      <MenuItem icon="user" onSelect={() => void navigate({ to: paths.account() })}>
        {t.nav.account}
      </MenuItem>
      <MenuItem icon="keyboard" onSelect={props.onHelp}>
        {t.shortcuts.title}
      </MenuItem>
      <MenuItem icon="external" onSelect={() => window.open(paths.apiSwagger(), '_blank', 'noopener')}>
        {t.nav.apiDocs}
      </MenuItem>
      <MenuSeparator />
      <MenuChoice
        label={t.nav.language}
        value={locale}
        choices={LOCALES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
        onChange={setLocale}
      />
      <MenuSeparator />
      <MenuChoice
        label={t.nav.theme}
        value={theme}
        choices={THEMES.map((value) => ({ value, label: themeNames[value] }))}
        onChange={setTheme}
      />
      <MenuSeparator />
      <MenuItem icon="signOut" onSelect={signOut}>
        {t.nav.signOut}
      </MenuItem>
    </MenuButton>
  )
}
