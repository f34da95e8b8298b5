import { useMemo } from 'react'
import type { Role } from '../api/types'
import { useI18n } from '../i18n'
import type { Messages } from '../i18n/en/en'
import { paths } from '../lib/paths'
import { canEditSettings, canSeeKeys } from '../lib/roles'
import type { IconName } from '../ui/icon'

export interface NavItem {
  to: string
  label: string
  icon: IconName
  /** Only this address, and not those below it. */
  exact?: boolean
}

export interface NavGroup {
  label: string
  items: NavItem[]
}

/** The parts of the page of a server. */
export const serverTabs = (name: string, tabs: Messages['server']['tabs']) => [
  { to: paths.server(name), label: tabs.overview, exact: true },
  { to: paths.serverDatabases(name), label: tabs.databases },
  { to: paths.serverAnalysis(name), label: tabs.analysis },
  { to: paths.serverSessions(name), label: tabs.sessions },
  { to: paths.serverMetrics(name), label: tabs.metrics },
  { to: paths.serverPlugins(name), label: tabs.plugins },
  { to: paths.serverEvents(name), label: tabs.events },
]

/** What a role can reach; the API refuses the rest in any case. */
export function useNav(role: Role): NavGroup[] {
  const { t } = useI18n()
  return useMemo(() => navOf(role, t.nav), [role, t])
}

function navOf(role: Role, nav: Messages['nav']): NavGroup[] {
  const admin: NavItem[] = [
    { to: paths.users(), label: nav.users, icon: 'users' },
    { to: paths.sshKeys(), label: nav.sshKeys, icon: 'key' },
    { to: paths.audit(), label: nav.audit, icon: 'audit' },
    { to: paths.logs(), label: nav.logs, icon: 'logs' },
    { to: paths.settings(), label: nav.settings, icon: 'settings' },
  ]
  const groups: NavGroup[] = [
    {
      label: nav.watching,
      items: [
        { to: paths.home(), label: nav.fleet, icon: 'fleet', exact: true },
        { to: paths.servers(), label: nav.servers, icon: 'server' },
        { to: paths.explore(), label: nav.explore, icon: 'chart' },
        { to: paths.events(), label: nav.events, icon: 'event' },
      ],
    },
    {
      label: nav.collecting,
      items: [
        { to: paths.plugins(), label: nav.plugins, icon: 'plugin' },
        { to: paths.runs(), label: nav.runs, icon: 'runs' },
      ],
    },
    { label: nav.administering, items: admin.filter((item) => mayOpen(role, item.to)) },
  ]
  return groups.filter((group) => group.items.length > 0)
}

function mayOpen(role: Role, path: string): boolean {
  return path === paths.sshKeys() ? canSeeKeys(role) : canEditSettings(role)
}
