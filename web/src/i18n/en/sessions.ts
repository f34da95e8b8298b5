import { pluralizer } from '../plural'

const plural = pluralizer('en')

export const sessions = {
  sessions: {
    title: 'Sessions',
    hint: 'The server itself is asked, over one extra connection.',
    refresh: 'Read again',
    period: 'How often to read',
    periods: {
      '0': 'only by hand',
      '1': 'every second',
      '2': 'every 2 s',
      '5': 'every 5 s',
      '15': 'every 15 s',
    },
    truncated: 'There are more sessions than are shown.',
    textsHidden: 'Texts of statements are hidden from your role by the settings of the host.',
    noText: 'The server tells no text, or it is hidden from your role.',
    copy: 'Copy the statement',
    open: (pid: number) => `Session ${pid}: details`,
    connectedFor: 'Connected for',
    blockedBy: (pids: readonly number[]) =>
      `by ${pids.map((pid) => (pid === 0 ? 'a prepared transaction' : pid)).join(', ')}`,
    blocks: (count: number) => `blocks ${count}`,
    blocking: 'Blocking',
    blockingTitle: 'Who keeps whom waiting',
    lock: 'Awaited lock',
    waits: (time: string) => `waits for ${time}`,
    waitsAtMost: (time: string) => `waits, since when is not known; its statement runs for ${time}`,
    transactionOpen: (time: string) => `transaction open for ${time}`,
    waitsAlso: (pids: readonly number[]) =>
      `also waits for ${pids.map((pid) => (pid === 0 ? 'a prepared transaction' : pid)).join(', ')}`,
    prepared: 'a prepared transaction',
    notShown: (pid: number) => `${pid}: ended, or not among the sessions shown`,
    moreSessions: (count: number) => `${count} more`,
    nobodyTitle: 'Nobody waits for a lock',
    nobodyText: 'No session keeps another one waiting at this moment.',
    gone: (pid: number) => `Session ${pid}, which you looked at, is not there any more.`,
    unknown: (count: number) =>
      `Of ${plural(count, { one: 'session the server does not say what it does', other: 'sessions the server does not say what they do' })}: the role lacks pg_monitor, or track_activities is off.`,
    columns: {
      pid: 'PID',
      user: 'User',
      database: 'Database',
      application: 'Application',
      client: 'Client',
      state: 'State',
      wait: 'Waits for',
      transaction: 'Transaction',
      statement: 'Statement',
      query: 'Query',
    },
    states: {
      active: 'Active',
      blocked: 'Blocked',
      'in-transaction': 'Idle in transaction',
      idle: 'Idle',
      unknown: 'Unknown',
    },
    emptyTitle: 'No sessions',
    emptyText: 'Nobody is connected but the monitoring itself.',
    searchLabel: 'Search by user, database, client or text',
    noMatchTitle: 'No session matches',
  },
}
