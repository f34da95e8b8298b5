/** A few line drawings on a 16 by 16 grid; they repeat what a text beside them says, so screen readers skip them. */
const SHAPES = {
  analysis: 'M2.5 13.5v-3M6.2 13.5V6M9.8 13.5V8.5M13.5 13.5V3M1.5 5.5 5 2.5l3.2 2.8',
  audit: 'M8 1.8 13.2 4v3.8c0 3-2 5.2-5.2 6.4-3.2-1.2-5.2-3.4-5.2-6.4V4zM5.6 8l1.8 1.8L10.6 6.4',
  calendar: 'M2.5 3.5h11v10h-11zM2.5 6.5h11M5.5 1.8v3M10.5 1.8v3',
  chart: 'M2 2.5v11h12M4.5 10l3-4 2.5 2.5L13.5 4',
  check: 'M3 8.5 6.5 12 13 4.5',
  chevron: 'M4 6l4 4 4-4',
  clock: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M8 4.6V8l2.3 1.6',
  columns: 'M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10',
  command:
    'M6 6h4v4H6zM6 6V4.2A1.8 1.8 0 1 0 4.2 6zM10 6V4.2A1.8 1.8 0 1 1 11.8 6zM6 10v1.8A1.8 1.8 0 1 1 4.2 10zM10 10v1.8a1.8 1.8 0 1 0 1.8-1.8z',
  compare: 'M2 11c2-6 4-6 6-3s4 3 6-3M2 13.5h1.5M6 13.5h1.5M10 13.5h1.5',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  cross: 'M4 4l8 8M12 4l-8 8',
  database:
    'M3 4c0-1.2 2.2-2 5-2s5 .8 5 2-2.2 2-5 2-5-.8-5-2M3 4v8c0 1.2 2.2 2 5 2s5-.8 5-2V4M3 8c0 1.2 2.2 2 5 2s5-.8 5-2',
  down: 'M8 3v9.5M4 9l4 4 4-4',
  download: 'M8 2.5v7M5 7l3 3 3-3M2.5 12.5h11',
  edit: 'M3 13l.6-2.7L11 2.9l2.1 2.1-7.4 7.4zM9.5 4.4l2.1 2.1',
  event: 'M3.5 14V2.5h8.5L10 5.8l2 3.2H3.5',
  external: 'M6.5 3H3v10h10V9.5M9 2.5h4.5V7M13.2 2.8 7.5 8.5',
  fleet: 'M2.5 2.5h4.6v4.6H2.5zM8.9 2.5h4.6v4.6H8.9zM2.5 8.9h4.6v4.6H2.5zM8.9 8.9h4.6v4.6H8.9z',
  globe:
    'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M1.8 8h12.4M8 1.8c-4 4.2-4 8.2 0 12.4M8 1.8c4 4.2 4 8.2 0 12.4',
  image: 'M2 3h12v10H2zM2.5 11.5 6 8l2.5 2.5L10.5 8.5l3 3M10.8 5.8v.2',
  key: 'M5.5 7.5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M7.7 8.3 13.5 2.5M11 5l2 2',
  keyboard: 'M1.5 4h13v8h-13zM4 6.6v.1M6.6 6.6v.1M9.2 6.6v.1M12 6.6v.1M4.8 9.4h6.4',
  left: 'M10 3.5 5.5 8l4.5 4.5',
  lock: 'M3.5 7.5h9v6.5h-9zM5.3 7.5V5.2a2.7 2.7 0 0 1 5.4 0v2.3',
  logs: 'M2 3h12v10H2zM4.5 6l2 2-2 2M8 10.2h3.5',
  menu: 'M2 4h12M2 8h12M2 12h12',
  minus: 'M3.5 8h9',
  moon: 'M13 9.8A5.6 5.6 0 0 1 6.2 3 5.6 5.6 0 1 0 13 9.8',
  more: 'M3.5 8v.1M8 8v.1M12.5 8v.1',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3l7.5 5L5 13z',
  plugin: 'M6 2.5h4v2.2h3.5v8.8h-11V4.7H6zM6 9.2h4M8 7.2v4',
  plus: 'M8 3v10M3 8h10',
  refresh: 'M13.5 3v3.5H10M13.2 6.3A5.6 5.6 0 1 0 13.6 9',
  right: 'M6 3.5 10.5 8 6 12.5',
  runs: 'M2.5 4h2M2.5 8h2M2.5 12h2M7 4h6.5M7 8h6.5M7 12h6.5',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.4 10.4 14 14',
  server: 'M2.5 2.5h11v4.6h-11zM2.5 8.9h11v4.6h-11zM5 4.8v.1M5 11.2v.1',
  settings: 'M2 4.5h6M11.5 4.5H14M2 11.5h2.5M8 11.5h6M9.8 2.8v3.4M6.2 9.8v3.4',
  sessions: 'M2 3h12v8H9l-3 2.5V11H2zM5 6h6M5 8.3h3.5',
  signOut: 'M9.5 2.5h-6v11h6M6.5 8H14M11.5 5.5 14 8l-2.5 2.5',
  sun: 'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7',
  table: 'M2 3h12v10H2zM2 6.5h12M2 10h12M6.5 3v10',
  trash: 'M2.5 4.5h11M6 4.5V2.5h4v2M4 4.5l.6 9h6.8l.6-9',
  undo: 'M3 6.5h6.5a3.5 3.5 0 0 1 0 7H6M5.5 4 3 6.5 5.5 9',
  up: 'M8 13V3.5M4 7l4-4 4 4',
  user: 'M8 2.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M2.8 14c.4-3 2.5-4.4 5.2-4.4s4.8 1.4 5.2 4.4',
  users:
    'M6 3a2.4 2.4 0 1 0 0 4.8A2.4 2.4 0 0 0 6 3M1.5 13c.3-2.6 2.1-3.8 4.5-3.8s4.2 1.2 4.5 3.8M10.5 3.3a2.3 2.3 0 0 1 0 4.3M12 9.6c1.5.5 2.4 1.6 2.6 3.4',
  warning: 'M8 2.5 14.5 13.5h-13zM8 6.5v3.2M8 11.6v.2',
  wide: 'M2 8h12M5 5 2 8l3 3M11 5l3 3-3 3',
} as const

export type IconName = keyof typeof SHAPES

export function Icon(props: { name: IconName; className?: string }) {
  return (
    <svg aria-hidden="true" viewBox="0 0 16 16" className={props.className ?? 'size-4 shrink-0'} fill="none">
      <path
        d={SHAPES[props.name]}
        stroke="currentColor"
        strokeWidth={props.name === 'more' ? 2.6 : 1.5}
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  )
}
