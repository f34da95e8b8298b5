/** A few line drawings on a 16 by 16 grid; they repeat what a text beside them says, so screen readers skip them. */
const SHAPES = {
  check: 'M3 8.5 6.5 12 13 4.5',
  cross: 'M4 4l8 8M12 4l-8 8',
  warning: 'M8 2.5 14.5 13.5h-13zM8 6.5v3.2M8 11.6v.2',
  clock: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M8 4.6V8l2.3 1.6',
  plus: 'M8 3v10M3 8h10',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.4 10.4 14 14',
  user: 'M8 2.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M2.8 14c.4-3 2.5-4.4 5.2-4.4s4.8 1.4 5.2 4.4',
  menu: 'M2 4h12M2 8h12M2 12h12',
  up: 'M8 13V3.5M4 7l4-4 4 4',
  down: 'M8 3v9.5M4 9l4 4 4-4',
  chevron: 'M4 6l4 4 4-4',
  lock: 'M3.5 7.5h9v6.5h-9zM5.3 7.5V5.2a2.7 2.7 0 0 1 5.4 0v2.3',
  table: 'M2 3h12v10H2zM2 6.5h12M2 10h12M6.5 3v10',
  chart: 'M2 2.5v11h12M4.5 10l3-4 2.5 2.5L13.5 4',
  refresh: 'M13.5 3v3.5H10M13.2 6.3A5.6 5.6 0 1 0 13.6 9',
  edit: 'M3 13l.6-2.7L11 2.9l2.1 2.1-7.4 7.4zM9.5 4.4l2.1 2.1',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  minus: 'M3.5 8h9',
} as const

export type IconName = keyof typeof SHAPES

export function Icon(props: { name: IconName; className?: string }) {
  return (
    <svg aria-hidden="true" viewBox="0 0 16 16" className={props.className ?? 'size-4 shrink-0'} fill="none">
      <path
        d={SHAPES[props.name]}
        stroke="currentColor"
        strokeWidth="1.6"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  )
}
