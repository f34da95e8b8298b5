import { useQueryClient } from '@tanstack/react-query'
import { Link, Navigate, Outlet, useLocation, useNavigate } from '@tanstack/react-router'
import { session } from '../api/client'
import { LOCALES, useI18n } from '../i18n'
import { paths } from '../lib/paths'
import { canEditSettings } from '../lib/roles'
import { setTheme, THEMES, useTheme } from '../lib/theme'
import { cx } from '../ui/classes'
import { Icon } from '../ui/icon'
import { MenuButton, MenuChoice, MenuItem, MenuSeparator } from '../ui/menu'
import { Logo } from './logo'
import { useUser } from './session-context'

const LANGUAGE_NAMES = { en: 'English', ru: 'Русский' } as const

function useNavItems(): { to: string; label: string }[] {
  const { t } = useI18n()
  const user = useUser()
  const items = [
    { to: paths.servers(), label: t.nav.servers },
    { to: paths.plugins(), label: t.nav.plugins },
    { to: paths.runs(), label: t.nav.runs },
    { to: paths.events(), label: t.nav.events },
  ]
  return canEditSettings(user.role) ? [...items, { to: paths.settings(), label: t.nav.settings }] : items
}

const iconButton = 'inline-flex min-h-8 items-center gap-1.5 rounded-md px-2 hover:bg-sunken'

export function Shell() {
  const { t } = useI18n()
  const path = useLocation({ select: (location) => location.pathname })
  if (path === paths.login()) return <Navigate to={paths.servers()} replace />
  return (
    <div className="flex min-h-dvh flex-col">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:top-1 focus:left-1 focus:z-50 focus:rounded focus:bg-panel focus:p-2"
      >
        {t.common.skipToContent}
      </a>
      <header className="sticky top-0 z-30 border-b border-line bg-panel">
        <div className="mx-auto flex h-12 max-w-[1600px] items-center gap-3 px-3 sm:px-4">
          <Link to={paths.servers()} aria-label="pgvigil" className="rounded">
            <Logo />
          </Link>
          <NavLinks />
          <div className="ml-auto flex items-center">
            <AccountMenu />
            <NavMenu />
          </div>
        </div>
      </header>
      <main id="content" tabIndex={-1} className="mx-auto w-full max-w-[1600px] flex-1 px-3 py-3 outline-none sm:px-4">
        <Outlet />
      </main>
    </div>
  )
}

function NavLinks() {
  const { t } = useI18n()
  return (
    <nav aria-label={t.nav.main} className="hidden gap-0.5 md:flex">
      {useNavItems().map((item) => (
        <Link
          key={item.to}
          to={item.to}
          className="inline-flex min-h-8 items-center rounded-md px-2.5 font-medium text-dim hover:bg-sunken hover:text-ink"
          activeProps={{ className: 'bg-accent-soft! text-accent-strong!', 'aria-current': 'page' }}
        >
          {item.label}
        </Link>
      ))}
    </nav>
  )
}

/** The same links on a narrow screen. */
function NavMenu() {
  const { t } = useI18n()
  const navigate = useNavigate()
  return (
    <MenuButton label={t.nav.menu} trigger={<Icon name="menu" />} className={cx(iconButton, 'md:hidden')}>
      {useNavItems().map((item) => (
        <MenuItem key={item.to} onSelect={() => void navigate({ to: item.to })}>
          {item.label}
        </MenuItem>
      ))}
    </MenuButton>
  )
}

function AccountMenu() {
  const { t, locale, setLocale } = useI18n()
  const user = useUser()
  const theme = useTheme()
  const queryClient = useQueryClient()
  const themeNames = { system: t.nav.themeSystem, light: t.nav.themeLight, dark: t.nav.themeDark }
  const signOut = () => {
    void session
      .signOut()
      .catch(() => undefined) // The page is closed in any case; the cookie dies with its time.
      .finally(() => queryClient.clear())
  }
  return (
    <MenuButton
      label={`${t.nav.account}: ${user.login}`}
      className={iconButton}
      trigger={
        <>
          <Icon name="user" />
          <span className="max-w-24 truncate sm:max-w-40">{user.login}</span>
          <Icon name="chevron" className="size-3 shrink-0 text-dim" />
        </>
      }
    >
      <div className="px-2.5 py-1.5 text-xs text-dim">
        {user.login}, {t.roles[user.role]}
      </div>
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
      <MenuItem onSelect={() => window.open('/docs', '_blank', 'noopener')}>{t.nav.apiDocs}</MenuItem>
      <MenuSeparator />
      <MenuItem onSelect={signOut}>{t.nav.signOut}</MenuItem>
    </MenuButton>
  )
}
