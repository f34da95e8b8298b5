import { useState } from 'react'
import { useUser } from '../../app/session-context'
import { Age } from '../../blocks/age'
import { Card, Facts } from '../../blocks/card'
import { PageHeader } from '../../blocks/page-header'
import { LOCALES, useI18n } from '../../i18n'
import { setPreferences, usePreferences } from '../../lib/preferences'
import { setTheme, THEMES, useTheme } from '../../lib/theme'
import { browserZone } from '../../lib/zone'
import { Checkbox, SelectField } from '../../ui/field'
import { Segmented } from '../../ui/segmented'
import { OwnSessions } from './own-sessions'
import { PasswordForm } from './password-form'

const LANGUAGE_NAMES = { en: 'English', ru: 'Русский' } as const

export function AccountPage() {
  const { t, u } = useI18n()
  const user = useUser()
  return (
    <>
      <PageHeader title={t.account.title} note={`${user.login}, ${t.roles[user.role]}`} />
      <div className="grid max-w-6xl items-start gap-4 lg:grid-cols-2">
        <div className="grid gap-4">
          <Card title={t.account.about}>
            <Facts
              items={[
                [t.users.columns.login, user.login],
                [t.users.columns.role, `${t.roles[user.role]}. ${t.users.roleHints[user.role]}`],
                [t.users.columns.email, user.email ?? u.integer(null)],
                [t.users.columns.lastLogin, <Age key="login" at={user.last_login} />],
                [t.users.columns.created, u.date(user.created_at)],
              ]}
            />
          </Card>
          <PasswordForm />
        </div>
        <div className="grid gap-4">
          <Looks />
          <OwnSessions />
        </div>
      </div>
    </>
  )
}

/** What this browser remembers; it is not part of the account. */
function Looks() {
  const { t, locale, setLocale } = useI18n()
  const theme = useTheme()
  const preferences = usePreferences()
  const themes = { system: t.nav.themeSystem, light: t.nav.themeLight, dark: t.nav.themeDark }
  const [browser] = useState(browserZone)
  const [zones] = useState(() => Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC'))
  return (
    <Card title={t.account.looks}>
      <div className="grid gap-4 p-4">
        <div className="grid gap-1">
          <span className="font-medium">{t.nav.language}</span>
          <span>
            <Segmented
              label={t.nav.language}
              value={locale}
              segments={LOCALES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
              onChange={setLocale}
            />
          </span>
        </div>
        <div className="grid gap-1">
          <span className="font-medium">{t.nav.theme}</span>
          <span>
            <Segmented
              label={t.nav.theme}
              value={theme}
              segments={THEMES.map((value) => ({ value, label: themes[value] }))}
              onChange={setTheme}
            />
          </span>
        </div>
        <SelectField
          label={t.time.zone}
          hint={t.account.zoneHint}
          value={preferences.zone ?? ''}
          choices={[
            { value: '', label: t.time.zoneBrowser(browser) },
            { value: 'UTC', label: 'UTC' },
            ...zones.map((zone) => ({ value: zone, label: zone })),
          ]}
          onChange={(event) => setPreferences(() => ({ zone: event.target.value === '' ? null : event.target.value }))}
        />
        <Checkbox
          label={t.shortcuts.enabled}
          hint={t.shortcuts.enabledHint}
          checked={preferences.shortcuts}
          onChange={(shortcuts) => setPreferences(() => ({ shortcuts }))}
        />
        <Checkbox
          label={t.account.keepSignedIn}
          hint={t.account.keepSignedInHint}
          checked={preferences.keepSignedIn}
          onChange={(keepSignedIn) => setPreferences(() => ({ keepSignedIn }))}
        />
      </div>
    </Card>
  )
}
