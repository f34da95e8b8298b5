export const sessions = {
  sessions: {
    title: 'Sessions',
    hint: 'Read from the server at this moment, with one extra connection.',
    refresh: 'Read again',
    truncated: 'There are more sessions than are shown.',
    columns: { pid: 'PID', user: 'User', database: 'Database', state: 'State', query: 'Query' },
    emptyTitle: 'No sessions',
    emptyText: 'Nobody is connected but the monitoring itself.',
    searchLabel: 'Search by user, database, state or text',
    noMatchTitle: 'No session matches',
  },
}
