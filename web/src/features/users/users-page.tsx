import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { usersQuery } from '../../api/admin-queries'
import type { User } from '../../api/types'
import { useUser } from '../../app/session-context'
import { Age } from '../../blocks/age'
import { type Column, DataTable } from '../../blocks/data-table'
import { NameFilter } from '../../blocks/name-filter'
import { PageHeader } from '../../blocks/page-header'
import { ForbiddenState, NoMatchState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { canManageUsers } from '../../lib/roles'
import { useUrlState } from '../../lib/router-hooks'
import { matchesSearch } from '../../lib/sort'
import { anyText, choiceOf, oneOf, parseSort, sortOf, sortToText } from '../../lib/url-state'
import { Badge } from '../../ui/badge'
import { Button, iconButtonClass } from '../../ui/button'
import { Icon } from '../../ui/icon'
import { MenuButton, MenuItem, MenuSeparator } from '../../ui/menu'
import { SearchBox } from '../../ui/search-box'
import { TableSkeleton } from '../../ui/skeleton'
import { DeleteUser } from './delete-user'
import { UserDialog } from './user-dialog'

const COLUMN_IDS = ['login', 'role', 'active', 'email', 'lastLogin', 'created', 'actions'] as const
type ColumnId = (typeof COLUMN_IDS)[number]
const ROLES = ['admin', 'operator', 'viewer'] as const
const IN_URL = { q: anyText, role: choiceOf(ROLES), sort: sortOf(COLUMN_IDS) }
const DEFAULT_SORT = { id: 'login', descending: false } as const

/** What is open beside the list. */
type Open = { kind: 'new' } | { kind: 'edit' | 'delete'; user: User } | null

export function UsersPage() {
  const { t } = useI18n()
  const [open, setOpen] = useState<Open>(null)
  if (!canManageUsers(useUser().role)) return <Forbidden />
  return (
    <>
      <PageHeader title={t.users.title}>
        <Button look="primary" onClick={() => setOpen({ kind: 'new' })}>
          <Icon name="plus" />
          {t.users.add}
        </Button>
      </PageHeader>
      <Users onOpen={setOpen} />
      {open?.kind === 'new' && <UserDialog user={null} onClose={() => setOpen(null)} />}
      {open?.kind === 'edit' && <UserDialog user={open.user} onClose={() => setOpen(null)} />}
      {open?.kind === 'delete' && <DeleteUser user={open.user} onClose={() => setOpen(null)} />}
    </>
  )
}

function Forbidden() {
  const { t } = useI18n()
  return (
    <>
      <PageHeader title={t.users.title} />
      <ForbiddenState />
    </>
  )
}

function Users({ onOpen }: { onOpen: (open: Open) => void }) {
  const query = useQuery(usersQuery())
  return (
    <QueryView query={query} skeleton={<TableSkeleton rows={6} />}>
      {(users) => <UsersTable users={users} onOpen={onOpen} />}
    </QueryView>
  )
}

function UsersTable({ users, onOpen }: { users: User[]; onOpen: (open: Open) => void }) {
  const { t } = useI18n()
  const [search, setSearch] = useUrlState(IN_URL)
  const columns = useColumns(onOpen)
  const { q = '', role } = search
  const rows = users.filter(
    (user) => matchesSearch(q, [user.login, user.email]) && (role === undefined || user.role === role),
  )
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <SearchBox
          label={t.users.searchLabel}
          value={q}
          onChange={(text) => setSearch({ q: text })}
          className="w-full sm:w-72"
        />
        <NameFilter
          label={t.users.columns.role}
          value={role}
          names={ROLES}
          text={(name) => t.roles[oneOf(name, ROLES) ?? 'viewer']}
          onChange={(chosen) => setSearch({ role: oneOf(chosen, ROLES) })}
        />
      </div>
      {rows.length === 0 ? (
        <NoMatchState title={t.users.noMatchTitle} onReset={() => setSearch({ q: undefined, role: undefined })} />
      ) : (
        <DataTable
          label={t.users.title}
          columns={columns}
          rows={rows}
          rowKey={(user) => user.login}
          sort={parseSort(search.sort, COLUMN_IDS) ?? DEFAULT_SORT}
          onSort={(sort) => setSearch({ sort: sortToText(sort) })}
        />
      )}
    </>
  )
}

function useColumns(onOpen: (open: Open) => void): Column<User, ColumnId>[] {
  const { t, u } = useI18n()
  const own = useUser().login
  const names = t.users.columns
  return useMemo(
    () => [
      {
        id: 'login',
        header: names.login,
        width: 180,
        grow: true,
        priority: 0,
        sortBy: (user) => user.login,
        cell: (user) => (
          <button
            type="button"
            onClick={() => onOpen({ kind: 'edit', user })}
            className="max-w-full truncate font-medium text-accent-strong hover:underline"
          >
            {user.login}
            {user.login === own && <span className="font-normal text-dim"> · {t.users.you}</span>}
          </button>
        ),
      },
      {
        id: 'role',
        header: names.role,
        width: 140,
        priority: 1,
        sortBy: (user) => ROLES.indexOf(oneOf(user.role, ROLES) ?? 'viewer'),
        cell: (user) => t.roles[user.role],
      },
      {
        id: 'active',
        header: names.active,
        width: 120,
        priority: 2,
        sortBy: (user) => (user.is_active ? 0 : 1),
        cell: (user) =>
          user.is_active ? (
            <Badge tone="ok">{t.users.active}</Badge>
          ) : (
            <Badge tone="idle" icon="lock">
              {t.users.inactive}
            </Badge>
          ),
      },
      {
        id: 'email',
        header: names.email,
        width: 200,
        priority: 5,
        sortBy: (user) => user.email,
        cell: (user) => user.email ?? u.integer(null),
      },
      {
        id: 'lastLogin',
        header: names.lastLogin,
        width: 140,
        numeric: true,
        priority: 3,
        sortBy: (user) => (user.last_login ? Date.parse(user.last_login) : null),
        cell: (user) => (user.last_login ? <Age at={user.last_login} /> : t.common.never),
      },
      {
        id: 'created',
        header: names.created,
        width: 130,
        numeric: true,
        priority: 6,
        sortBy: (user) => Date.parse(user.created_at),
        cell: (user) => u.date(user.created_at),
      },
      {
        id: 'actions',
        header: t.common.actions,
        plain: true,
        width: 56,
        priority: 4,
        cell: (user) => <UserMenu user={user} own={user.login === own} onOpen={(kind) => onOpen({ kind, user })} />,
      },
    ],
    [t, u, names, own, onOpen],
  )
}

function UserMenu(props: { user: User; own: boolean; onOpen: (kind: 'edit' | 'delete') => void }) {
  const { t } = useI18n()
  return (
    <MenuButton
      label={`${t.common.actions}: ${props.user.login}`}
      trigger={<Icon name="more" />}
      className={`${iconButtonClass} size-7!`}
    >
      <MenuItem icon="edit" onSelect={() => props.onOpen('edit')}>
        {t.common.edit}
      </MenuItem>
      <MenuSeparator />
      <MenuItem icon="trash" tone="bad" disabled={props.own} onSelect={() => props.onOpen('delete')}>
        {t.common.delete}
      </MenuItem>
    </MenuButton>
  )
}
