import { useVirtualizer, useWindowVirtualizer, type Virtualizer } from '@tanstack/react-virtual'
import {
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react'
import { useI18n } from '../i18n'
import { useShortcut } from '../lib/shortcuts'
import { type SortValue, sortRows } from '../lib/sort'
import type { Sort } from '../lib/url-state'
import { cx } from '../ui/classes'
import { SelectFilter } from '../ui/field'
import { Icon } from '../ui/icon'
import { columnWidths, fittingColumns, STACKED_BELOW } from './table-layout'

export interface Column<Row, Id extends string = string> {
  id: Id
  header: string
  /** The header is for screen readers: what the column is can be seen. */
  plain?: boolean
  cell: (row: Row) => ReactNode
  /** Makes the column sortable. */
  sortBy?: (row: Row) => SortValue
  /** Numbers stand to the right, so that digits of one weight stand below each other. */
  numeric?: boolean
  /** In pixels; of one that grows, the least. */
  width: number
  grow?: boolean
  /** 0 is always shown; the greater, the sooner the column makes room for others. */
  priority?: number
}

export interface DataTableProps<Row, Id extends string> {
  label: string
  columns: readonly Column<Row, Id>[]
  rows: readonly Row[]
  rowKey: (row: Row) => string
  sort?: Sort<Id> | undefined
  onSort?: ((sort: Sort<Id>) => void) | undefined
  /** Columns that the reader chose; without a choice those that fit. */
  chosen?: readonly Id[] | undefined
  /** Is told which columns are shown, where there are columns. */
  fitting?: RefObject<readonly string[] | undefined>
  /** No column makes room; what does not fit is reached by scrolling. */
  allColumns?: boolean
  rowHeight?: number
  /** More about a row, below it. */
  detail?: (row: Row) => ReactNode | null
  /** What a click on a row does, beside what is in it to press: for a pointer only, so something in it does the same. */
  onOpen?: (row: Row) => void
  /** What a row says where there is no room for columns; without it, all that would fit. */
  card?: (row: Row) => ReactNode
  /** The row that is looked at. */
  currentKey?: string | undefined
  /** Room for the table on the screen; it scrolls within. Without it, down to the end of the window. */
  maxHeightClass?: string
  /** Pixels below the table that belong to something else. */
  reserve?: number
}

const ROW_HEIGHT = 40
const CARD_HEIGHT = 64
/** The padding below a page's content. */
const PAGE_END = 20

/** A table that draws only the rows in view: 1,000 of them cost what 30 do. */
export function DataTable<Row, Id extends string>(props: DataTableProps<Row, Id>) {
  const { sort, columns, allColumns, chosen, fitting } = props
  const [attach, scroller, { room, top }] = useScroller()
  const sortBy = sort && columns.find((column) => column.id === sort.id)?.sortBy
  const rows = useMemo(
    () => (sort && sortBy ? sortRows(props.rows, sortBy, sort.descending) : props.rows),
    [props.rows, sort, sortBy],
  )
  const stacked = room > 0 && room < STACKED_BELOW && allColumns !== true
  const measured = stacked || props.detail !== undefined
  const height = stacked ? CARD_HEIGHT : (props.rowHeight ?? ROW_HEIGHT)
  // Cards scroll with the page: a list within it would be a slot of two or three.
  const withPage = stacked && props.maxHeightClass === undefined
  const options = {
    count: room === 0 ? 0 : rows.length,
    estimateSize: () => height,
    getItemKey: (index: number) => keyAt(rows, index, props.rowKey),
    overscan: 6,
  }
  const within = useVirtualizer({ ...options, getScrollElement: () => scroller, enabled: !withPage })
  const ofPage = useWindowVirtualizer({ ...options, scrollMargin: top, enabled: withPage })
  const virtualizer = withPage ? ofPage : within
  const shown = useMemo(
    () => (allColumns === true ? [...columns] : fittingColumns(columns, room, chosen)),
    [columns, room, chosen, allColumns],
  )
  useEffect(() => {
    if (fitting !== undefined) fitting.current = stacked ? undefined : shown.map((column) => column.id)
  }, [fitting, stacked, shown])
  const walk = useRowWalk(scroller, virtualizer, rows.length)
  const view: View<Row, Id> = { props, rows, shown, room, height, measured, virtualizer }
  return (
    <>
      {stacked && props.onSort && <SortChoice {...props} />}
      <section
        ref={attach}
        // Scrolls by keyboard too, which needs a focus.
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label={props.label}
        onKeyDown={walk}
        {...(props.maxHeightClass === undefined && !withPage
          ? { style: { maxHeight: `max(18rem, calc(100dvh - ${top + (props.reserve ?? 0) + PAGE_END}px))` } }
          : {})}
        className={cx(
          'rounded-lg border border-line bg-panel',
          !withPage && 'overflow-auto overscroll-contain',
          props.maxHeightClass,
        )}
      >
        {stacked ? <Cards view={view} /> : <Grid view={view} />}
      </section>
    </>
  )
}

/** What draws the rows in view, of the table or of the page. */
type Rows = Virtualizer<HTMLDivElement, Element> | Virtualizer<Window, Element>

interface View<Row, Id extends string> {
  props: DataTableProps<Row, Id>
  rows: readonly Row[]
  shown: Column<Row, Id>[]
  room: number
  height: number
  measured: boolean
  virtualizer: Rows
}

function keyAt<Row>(rows: readonly Row[], index: number, rowKey: (row: Row) => string): string | number {
  const row = rows[index]
  return row === undefined ? index : rowKey(row)
}

/** Where the table is: its inner width, and how far below the top of the page it begins. */
interface Place {
  room: number
  top: number
}

const placeOf = (element: HTMLElement): Place => ({
  room: element.clientWidth,
  top: Math.round(element.getBoundingClientRect().top + scrollY),
})

/** The element that scrolls and its place, known before the first paint; the first of the three is its `ref`. */
function useScroller(): [(element: HTMLDivElement) => () => void, HTMLDivElement | null, Place] {
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null)
  const [place, setPlace] = useState<Place>({ room: 0, top: 0 })
  const attach = useCallback((element: HTMLDivElement) => {
    const measure = () =>
      setPlace((before) => {
        const now = placeOf(element)
        return before.room === now.room && before.top === now.top ? before : now
      })
    setScroller(element)
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    // What stands above may come later.
    observer.observe(document.body)
    return () => observer.disconnect()
  }, [])
  return [attach, scroller, place]
}

/** `j` and `k` anywhere on the page, arrows within the table: the focus goes to the first link of the next row. */
function useRowWalk(scroller: HTMLElement | null, virtualizer: Rows, count: number): (event: KeyboardEvent) => void {
  // Where the focus is on its way to: keys come faster than frames.
  const target = useRef<number | null>(null)
  const step = (by: 1 | -1) => {
    const current = document.activeElement?.closest('[data-index]')
    const within = current !== null && scroller?.contains(current ?? null) === true
    const from =
      target.current ??
      (within ? Number(current?.getAttribute('data-index')) : (virtualizer.range?.startIndex ?? 0) - 1)
    const index = Math.min(count - 1, Math.max(0, from + by))
    const focus = () => {
      const link = scroller?.querySelector<HTMLElement>(`[data-index="${index}"] :is(a, button, input)`)
      link?.focus({ preventScroll: true })
      return link !== null && link !== undefined
    }
    virtualizer.scrollToIndex(index)
    if (focus()) {
      target.current = null
      return
    }
    // Not drawn yet; it is with the next frame.
    target.current = index
    requestAnimationFrame(() => {
      target.current = null
      focus()
    })
  }
  useShortcut('nextRow', () => step(1), count > 0)
  useShortcut('previousRow', () => step(-1), count > 0)
  return (event) => {
    const inField = event.target instanceof HTMLElement && event.target.closest('input, textarea, select') !== null
    if (inField || (event.key !== 'ArrowDown' && event.key !== 'ArrowUp')) return
    event.preventDefault()
    step(event.key === 'ArrowDown' ? 1 : -1)
  }
}

function Grid<Row, Id extends string>({ view }: { view: View<Row, Id> }) {
  const { props, rows, shown, room, virtualizer } = view
  const items = virtualizer.getVirtualItems()
  const above = items[0]?.start ?? 0
  const last = items.at(-1)
  const below = last === undefined ? 0 : virtualizer.getTotalSize() - last.end
  const widths = columnWidths(shown, room)
  const total = widths.reduce((sum, width) => sum + width, 0)
  return (
    <table
      aria-label={props.label}
      aria-rowcount={rows.length + 1}
      style={{ width: Math.max(total, room) }}
      className="table-fixed border-separate border-spacing-0 text-left"
    >
      <colgroup>
        {shown.map((column, index) => (
          <col key={column.id} style={{ width: widths[index] }} />
        ))}
      </colgroup>
      <thead>
        <tr aria-rowindex={1}>
          {shown.map((column) => (
            <HeaderCell key={column.id} column={column} sort={props.sort} onSort={props.onSort} />
          ))}
        </tr>
      </thead>
      {above > 0 && <Spacer height={above} columns={shown.length} />}
      {items.map((item) => {
        const row = rows[item.index]
        return row === undefined ? null : <GridRow key={item.key} view={view} row={row} index={item.index} />
      })}
      {below > 0 && <Spacer height={below} columns={shown.length} />}
    </table>
  )
}

function GridRow<Row, Id extends string>({ view, row, index }: { view: View<Row, Id>; row: Row; index: number }) {
  const { props, shown, height } = view
  const detail = props.detail?.(row)
  const isCurrent = props.currentKey !== undefined && props.currentKey === props.rowKey(row)
  return (
    <tbody data-index={index} {...(view.measured ? { ref: view.virtualizer.measureElement } : {})} className="group">
      <tr
        aria-rowindex={index + 2}
        style={{ height }}
        className={cx('hover:bg-sunken/70', props.onOpen && 'cursor-pointer', isCurrent && 'bg-accent-soft/60')}
        onClick={clickOn(row, props.onOpen)}
      >
        {shown.map((column) => (
          <td
            key={column.id}
            className={cx(
              'truncate border-line px-3 py-1 align-middle',
              !detail && 'border-b group-last:border-b-0',
              column.numeric && 'text-right tabular-nums',
            )}
          >
            {column.cell(row)}
          </td>
        ))}
      </tr>
      {detail && (
        <tr>
          <td colSpan={shown.length} className="border-b border-line p-0 group-last:border-b-0">
            {detail}
          </td>
        </tr>
      )}
    </tbody>
  )
}

/** Neither a press of something in the row nor the end of a selection of its text opens it. */
const clickOn = <Row,>(row: Row, onOpen: ((row: Row) => void) | undefined) =>
  onOpen &&
  ((event: MouseEvent<HTMLElement>) => {
    const pressed = event.target instanceof Element && event.target.closest('a, button, input, label, select') !== null
    if (!pressed && getSelection()?.isCollapsed !== false) onOpen(row)
  })

const Spacer = (props: { height: number; columns: number }) => (
  <tbody aria-hidden="true">
    <tr>
      <td colSpan={props.columns} style={{ height: props.height }} className="p-0" />
    </tr>
  </tbody>
)

function Cards<Row, Id extends string>({ view }: { view: View<Row, Id> }) {
  const { props, rows, virtualizer } = view
  const items = virtualizer.getVirtualItems()
  const margin = virtualizer.options.scrollMargin
  const above = (items[0]?.start ?? margin) - margin
  const last = items.at(-1)
  const below = last === undefined ? 0 : virtualizer.getTotalSize() + margin - last.end
  return (
    // Without cards it must be as high as they will be: the virtualizer draws nothing into a table of no height.
    <ul
      aria-label={props.label}
      style={{ minHeight: virtualizer.getTotalSize(), paddingTop: above, paddingBottom: below }}
    >
      {items.map((item) => {
        const row = rows[item.index]
        if (row === undefined) return null
        const isCurrent = props.currentKey !== undefined && props.currentKey === props.rowKey(row)
        const detail = props.detail?.(row)
        return (
          <li
            key={item.key}
            data-index={item.index}
            ref={virtualizer.measureElement}
            aria-setsize={rows.length}
            aria-posinset={item.index + 1}
            className={cx('border-b border-line px-3 py-2 last:border-b-0', isCurrent && 'bg-accent-soft/60')}
          >
            {/* biome-ignore lint/a11y/noStaticElementInteractions: the same is done by what is in it to press */}
            {/* biome-ignore lint/a11y/useKeyWithClickEvents: the same is done by what is in it to press */}
            <div onClick={clickOn(row, props.onOpen)} className={cx(props.onOpen && 'cursor-pointer')}>
              {props.card ? props.card(row) : <PlainCard view={view} row={row} />}
            </div>
            {detail && <div className="-mx-3 mt-2 -mb-2">{detail}</div>}
          </li>
        )
      })}
    </ul>
  )
}

/** The first column as a heading, the others with their names. */
function PlainCard<Row, Id extends string>({ view, row }: { view: View<Row, Id>; row: Row }) {
  const [first, ...rest] = view.props.chosen === undefined ? view.props.columns : view.shown
  return (
    <>
      <div className="min-w-0">{first?.cell(row)}</div>
      <dl className="mt-1 grid grid-cols-[max-content_minmax(0,1fr)] gap-x-3 gap-y-0.5 text-xs">
        {rest.map((column) => (
          <div key={column.id} className="contents has-[dd:empty]:hidden">
            <dt className="text-dim">{column.header}</dt>
            <dd className="min-w-0 break-words">{column.cell(row)}</dd>
          </div>
        ))}
      </dl>
    </>
  )
}

interface SortProps<Row, Id extends string> {
  columns: readonly Column<Row, Id>[]
  sort?: Sort<Id> | undefined
  onSort?: ((sort: Sort<Id>) => void) | undefined
}

/** Cards have no headers to press. */
function SortChoice<Row, Id extends string>({ columns, sort, onSort }: SortProps<Row, Id>) {
  const { t } = useI18n()
  const sortable = columns.filter((column) => column.sortBy !== undefined && column.header !== '')
  const choices = [
    ...(sort === undefined ? [{ value: '', label: `${t.table.sortedBy}: ${t.table.usualOrder}` }] : []),
    ...sortable.flatMap((column) => [
      { value: column.id, label: `${t.table.sortedBy}: ${column.header} ↑` },
      { value: `-${column.id}`, label: `${t.table.sortedBy}: ${column.header} ↓` },
    ]),
  ]
  const choose = (value: string) => {
    const found = sortable.find((column) => column.id === value.replace(/^-/, ''))
    if (found) onSort?.({ id: found.id, descending: value.startsWith('-') })
  }
  return (
    <div className="mb-2">
      <SelectFilter
        label={t.table.sortedBy}
        value={sort ? `${sort.descending ? '-' : ''}${sort.id}` : ''}
        choices={choices}
        onChange={choose}
      />
    </div>
  )
}

function HeaderCell<Row, Id extends string>(props: {
  column: Column<Row, Id>
  sort: Sort<Id> | undefined
  onSort?: ((sort: Sort<Id>) => void) | undefined
}) {
  const { column, sort, onSort } = props
  const sorted = sort?.id === column.id ? sort : undefined
  const className = cx(
    'sticky top-0 z-10 h-8 border-b border-line bg-sunken px-3 text-xs font-medium text-dim',
    column.numeric && 'text-right',
  )
  if (!onSort || !column.sortBy) {
    return (
      <th scope="col" className={cx(className, 'truncate')}>
        <span className={column.plain ? 'sr-only' : ''}>{column.header}</span>
      </th>
    )
  }
  const toggle = () => onSort({ id: column.id, descending: sorted ? !sorted.descending : column.numeric === true })
  return (
    <th
      scope="col"
      aria-sort={sorted ? (sorted.descending ? 'descending' : 'ascending') : 'none'}
      className={className}
    >
      <button
        type="button"
        onClick={toggle}
        className={cx(
          'inline-flex min-h-[24px] max-w-full items-center gap-1 rounded hover:text-ink',
          column.numeric && 'flex-row-reverse',
          sorted && 'text-ink',
        )}
      >
        <span className="truncate">{column.header}</span>
        {sorted && <Icon name={sorted.descending ? 'down' : 'up'} className="size-3 shrink-0" />}
      </button>
    </th>
  )
}
