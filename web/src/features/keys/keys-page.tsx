import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { sshKeysQuery } from '../../api/admin-queries'
import type { SshKey } from '../../api/types'
import { useUser } from '../../app/session-context'
import { type Column, DataTable } from '../../blocks/data-table'
import { PageHeader } from '../../blocks/page-header'
import { EmptyState, ForbiddenState, NoMatchState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { canSeeKeys } from '../../lib/roles'
import { useUrlState } from '../../lib/router-hooks'
import { matchesSearch } from '../../lib/sort'
import { anyText, parseSort, sortOf, sortToText } from '../../lib/url-state'
import { Badge } from '../../ui/badge'
import { Button, iconButtonClass } from '../../ui/button'
import { Icon } from '../../ui/icon'
import { MenuButton, MenuItem, MenuSeparator } from '../../ui/menu'
import { SearchBox } from '../../ui/search-box'
import { TableSkeleton } from '../../ui/skeleton'
import { DeleteKey } from './delete-key'
import { KeyDetails } from './key-details'
import { KeyDialog } from './key-dialog'
import { NewKeyDialog } from './new-key-dialog'

const COLUMN_IDS = ['name', 'type', 'fingerprint', 'servers', 'createdBy', 'created', 'actions'] as const
type ColumnId = (typeof COLUMN_IDS)[number]
const IN_URL = { q: anyText, sort: sortOf(COLUMN_IDS) }
const DEFAULT_SORT = { id: 'name', descending: false } as const

type Open = { kind: 'generate' | 'import' } | { kind: 'show' | 'edit' | 'delete'; key: SshKey } | null

export function KeysPage() {
  const { t } = useI18n()
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  if (!canSeeKeys(useUser().role)) {
    return (
      <>
        <PageHeader title={t.keys.title} />
        <ForbiddenState />
      </>
    )
  }
  const made = (key: SshKey) => setOpen({ kind: 'show', key })
  return (
    <>
      <PageHeader title={t.keys.title}>
        <Button onClick={() => setOpen({ kind: 'import' })}>{t.keys.import}</Button>
        <Button look="primary" onClick={() => setOpen({ kind: 'generate' })}>
          <Icon name="plus" />
          {t.keys.generate}
        </Button>
      </PageHeader>
      <Keys onOpen={setOpen} />
      {(open?.kind === 'generate' || open?.kind === 'import') && (
        <NewKeyDialog kind={open.kind} onMade={made} onClose={close} />
      )}
      {open?.kind === 'show' && <KeyDetails sshKey={open.key} onClose={close} />}
      {open?.kind === 'edit' && <KeyDialog sshKey={open.key} onClose={close} />}
      {open?.kind === 'delete' && <DeleteKey sshKey={open.key} onClose={close} />}
    </>
  )
}

function Keys({ onOpen }: { onOpen: (open: Open) => void }) {
  const { t } = useI18n()
  const query = useQuery(sshKeysQuery())
  return (
    <QueryView query={query} skeleton={<TableSkeleton rows={5} />}>
      {(keys) =>
        keys.length === 0 ? (
          <EmptyState title={t.keys.emptyTitle} text={t.keys.emptyText}>
            <Button look="primary" onClick={() => onOpen({ kind: 'generate' })}>
              {t.keys.generate}
            </Button>
          </EmptyState>
        ) : (
          <KeysTable keys={keys} onOpen={onOpen} />
        )
      }
    </QueryView>
  )
}

function KeysTable({ keys, onOpen }: { keys: SshKey[]; onOpen: (open: Open) => void }) {
  const { t } = useI18n()
  const [search, setSearch] = useUrlState(IN_URL)
  const columns = useColumns(onOpen)
  const { q = '' } = search
  const rows = keys.filter((key) => matchesSearch(q, [key.name, key.fingerprint, key.description, key.created_by]))
  return (
    <>
      <SearchBox
        label={t.keys.searchLabel}
        value={q}
        onChange={(text) => setSearch({ q: text })}
        className="mb-3 w-full sm:w-72"
      />
      {rows.length === 0 ? (
        <NoMatchState title={t.keys.noMatchTitle} onReset={() => setSearch({ q: undefined })} />
      ) : (
        <DataTable
          label={t.keys.title}
          columns={columns}
          rows={rows}
          rowKey={(key) => key.id}
          rowHeight={44}
          sort={parseSort(search.sort, COLUMN_IDS) ?? DEFAULT_SORT}
          onSort={(sort) => setSearch({ sort: sortToText(sort) })}
        />
      )}
    </>
  )
}

function useColumns(onOpen: (open: Open) => void): Column<SshKey, ColumnId>[] {
  const { t, u } = useI18n()
  const names = t.keys.columns
  return useMemo(
    () => [
      {
        id: 'name',
        header: names.name,
        width: 180,
        grow: true,
        priority: 0,
        sortBy: (key) => key.name,
        cell: (key) => (
          <>
            <button
              type="button"
              onClick={() => onOpen({ kind: 'show', key })}
              className="block max-w-full truncate font-medium text-accent-strong hover:underline"
            >
              {key.name}
            </button>
            {key.description && <div className="truncate text-xs text-dim">{key.description}</div>}
          </>
        ),
      },
      {
        id: 'type',
        header: names.type,
        width: 210,
        priority: 2,
        sortBy: (key) => key.key_type,
        cell: (key) => (
          <span className="flex items-center gap-1.5">
            {key.key_type}
            {key.has_passphrase && (
              <Badge tone="idle" icon="lock">
                {t.keys.withPassphrase}
              </Badge>
            )}
          </span>
        ),
      },
      {
        id: 'fingerprint',
        header: names.fingerprint,
        width: 220,
        priority: 4,
        cell: (key) => (
          <code className="font-mono text-xs" title={key.fingerprint}>
            {key.fingerprint}
          </code>
        ),
      },
      {
        id: 'servers',
        header: names.servers,
        width: 96,
        numeric: true,
        priority: 1,
        sortBy: (key) => key.servers_count,
        cell: (key) => u.integer(key.servers_count),
      },
      {
        id: 'createdBy',
        header: names.createdBy,
        width: 130,
        priority: 6,
        sortBy: (key) => key.created_by,
        cell: (key) => key.created_by,
      },
      {
        id: 'created',
        header: names.created,
        width: 130,
        numeric: true,
        priority: 5,
        sortBy: (key) => Date.parse(key.created_at),
        cell: (key) => u.date(key.created_at),
      },
      {
        id: 'actions',
        header: t.common.actions,
        plain: true,
        width: 56,
        priority: 3,
        cell: (key) => <KeyMenu sshKey={key} onOpen={(kind) => onOpen({ kind, key })} />,
      },
    ],
    [t, u, names, onOpen],
  )
}

function KeyMenu(props: { sshKey: SshKey; onOpen: (kind: 'show' | 'edit' | 'delete') => void }) {
  const { t } = useI18n()
  return (
    <MenuButton
      label={`${t.common.actions}: ${props.sshKey.name}`}
      trigger={<Icon name="more" />}
      className={`${iconButtonClass} size-7!`}
    >
      <MenuItem icon="key" onSelect={() => props.onOpen('show')}>
        {t.keys.show}
      </MenuItem>
      <MenuItem icon="edit" onSelect={() => props.onOpen('edit')}>
        {t.common.edit}
      </MenuItem>
      <MenuSeparator />
      <MenuItem icon="trash" tone="bad" onSelect={() => props.onOpen('delete')}>
        {t.common.delete}
      </MenuItem>
    </MenuButton>
  )
}
