import { type RefObject, useState } from 'react'
import { useI18n } from '../i18n'
import { setPreferences, usePreferences } from '../lib/preferences'
import { listToText, parseList } from '../lib/url-state'
import { iconButtonClass } from '../ui/button'
import { Icon } from '../ui/icon'
import { MenuButton, MenuCheck, MenuItem, MenuSeparator } from '../ui/menu'

/** The columns that the URL names, else those that this browser remembers; undefined: those that fit. */
export function useColumnChoice<Id extends string>(table: string, ids: readonly Id[], inUrl: string | undefined) {
  const remembered = usePreferences().columns[table]
  return parseList(inUrl ?? (remembered && listToText(remembered)), ids)
}

interface ColumnChoiceProps<Id extends string> {
  table: string
  columns: readonly { id: Id; header: string; priority?: number }[]
  chosen: readonly Id[] | undefined
  /** Those that fit now. */
  fitting: RefObject<readonly string[] | undefined>
  /** For the URL, so that a link shows what its sender saw. */
  onChange: (col: string | undefined) => void
}

export function ColumnChoice<Id extends string>(props: ColumnChoiceProps<Id>) {
  const { t } = useI18n()
  return (
    <MenuButton
      label={t.table.columns}
      trigger={<Icon name="columns" />}
      className={`${iconButtonClass} border border-line-strong/60 bg-panel`}
    >
      <Choices {...props} />
    </MenuButton>
  )
}

/** Drawn when it opens, so that it knows what fits then. */
function Choices<Id extends string>(props: ColumnChoiceProps<Id>) {
  const { t } = useI18n()
  const [fitting] = useState(() => props.fitting.current)
  const optional = props.columns.filter((column) => column.priority !== 0)
  const all = optional.map((column) => column.id)
  const shown = props.chosen ?? all.filter((id) => fitting?.includes(id) ?? true)
  const choose = (ids: readonly Id[] | undefined) => {
    setPreferences(({ columns: { [props.table]: _before, ...others } }) => ({
      columns: ids === undefined ? others : { ...others, [props.table]: ids },
    }))
    props.onChange(ids && listToText(ids))
  }
  const toggle = (id: Id, on: boolean) => choose(on ? [...shown, id] : shown.filter((one) => one !== id))
  return (
    <>
      {optional.map((column) => (
        <MenuCheck key={column.id} checked={shown.includes(column.id)} onChange={(on) => toggle(column.id, on)}>
          {column.header}
        </MenuCheck>
      ))}
      <MenuSeparator />
      <MenuItem icon="undo" disabled={props.chosen === undefined} onSelect={() => choose(undefined)}>
        {t.table.columnsFit}
      </MenuItem>
    </>
  )
}
