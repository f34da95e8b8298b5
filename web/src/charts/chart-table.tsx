import { useMemo } from 'react'
import { type Column, DataTable } from '../blocks/data-table'
import { useI18n } from '../i18n'
import { formatValue } from '../lib/units'
import { seriesFacts } from './facts'
import type { ChartData, ChartMark } from './model'

interface Row {
  at: number
  index: number
}

/** The same numbers, newest first; what happened stands at its time. */
export function ChartTable(props: { title: string; data: ChartData; marks: readonly ChartMark[] }) {
  const { t, u } = useI18n()
  const { data, marks } = props
  const rows = useMemo(() => data.timestamps.map((at, index) => ({ at, index })).toReversed(), [data])
  const columns = useMemo<Column<Row>[]>(() => {
    const value = (key: string, label: string, values: readonly (number | null)[]): Column<Row> => ({
      id: key,
      header: label,
      numeric: true,
      width: 112,
      cell: (row) => formatValue(u, data.format, values[row.index], seriesFacts(values).max),
    })
    return [
      { id: 'time', header: t.charts.time, cell: (row) => u.dateTime(row.at * 1_000), width: 200 },
      ...data.series.map((one) => value(one.key, one.label, one.values)),
      ...data.compared.map((one) => value(`${one.key} before`, `${one.label} (${t.charts.before})`, one.values)),
      ...(marks.length === 0
        ? []
        : [{ id: 'mark', header: t.events.title, width: 200, cell: (row: Row) => marksAt(marks, data, row.index) }]),
    ]
  }, [data, marks, t, u])
  return (
    <DataTable
      label={`${props.title}: ${t.charts.values}`}
      columns={columns}
      rows={rows}
      rowKey={(row) => String(row.at)}
      rowHeight={28}
      allColumns
      maxHeightClass="h-[200px]"
    />
  )
}

/** Between this time and the next. */
function marksAt(marks: readonly ChartMark[], data: ChartData, index: number): string {
  const from = data.timestamps[index] ?? 0
  const to = data.timestamps[index + 1] ?? Number.POSITIVE_INFINITY
  return marks
    .filter((mark) => mark.at >= from && mark.at < to)
    .map((mark) => mark.text)
    .join('; ')
}
