import { pluralizer } from '../plural'

const plural = pluralizer('en')

export const fleet = {
  fleet: {
    title: 'Fleet',
    emptyText: 'Watch the first PostgreSQL server: a role, an address, and the first numbers are here within a minute.',
    setUp: 'Set up the first server',
    fullDisks: 'disk ≥ 85 %',
    connections: 'Connections',
    transactions: 'Transactions',
    size: 'Databases',
    map: 'Servers',
    colouredBy: 'Coloured by',
    measures: {
      severity: 'State',
      disk: 'Disk',
      connections: 'Connections',
      transactions: 'Transactions',
      size: 'Size',
      history: 'Over time',
    },
    history: {
      title: 'Servers over time',
      states: {
        ok: 'all runs collected',
        some: 'some runs failed',
        bad: 'most runs failed',
        none: 'nothing ran',
      },
      cell: (duration: string) => `a bar is ${duration}`,
      runs: (runs: string, failed: string) => `runs: ${runs}, failed: ${failed}`,
      summary: (cells: number, bad: number, some: number, none: number) =>
        `Of ${cells} parts: most runs failed in ${bad}, some failed in ${some}, nothing ran in ${none}`,
    },
    oldest: (duration: string) => `numbers up to ${duration} old`,
    noValue: 'no value',
    legend: 'What the colours mean',
    diskFull: (used: string) => `disk ${used}`,
    worst: 'Needs attention',
    allWell: (count: number) => `All is well: ${plural(count, { one: 'server answers', other: 'servers answer' })}.`,
    allAnswer: (count: number) => `${plural(count, { one: 'server answers', other: 'servers answer' })}.`,
    incomplete: (count: number) => `${plural(count, { one: 'server', other: 'servers' })} with parts not collected:`,
    without: (count: number) => `without ${plural(count, { one: 'server', other: 'servers' })}`,
    moreTrouble: (count: number) => `${plural(count, { one: 'server', other: 'servers' })} more`,
    busiest: 'Busiest',
    events: 'Recent events',
    allEvents: 'All events',
  },
}
