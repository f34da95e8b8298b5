import { pluralizer } from '../plural'

const plural = pluralizer('en')

export const fleet = {
  fleet: {
    title: 'Fleet',
    emptyText: 'Watch the first PostgreSQL server: a role, an address, and the first numbers are here within a minute.',
    setUp: 'Set up the first server',
    fullDisks: 'Disks ≥ 85 %',
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
    },
    notCollected: 'not collected',
    diskFull: (used: string) => `disk ${used}`,
    worst: 'Needs attention',
    allWell: (count: number) => `All is well: ${plural(count, { one: 'server answers', other: 'servers answer' })}.`,
    moreTrouble: (count: number) => `${plural(count, { one: 'server', other: 'servers' })} more`,
    busiest: 'Busiest',
    events: 'Recent events',
    allEvents: 'All events',
  },
}
