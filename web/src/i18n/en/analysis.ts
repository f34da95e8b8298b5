export const analysis = {
  analysis: {
    title: 'Usage of databases',
    period: (from: string, to: string) => `What was done from ${from} to ${to}`,
    known: (known: string, period: string) => `Known are ${known} of the ${period} that are looked at`,
    unusedSize: (size: string) => `Databases that are dead or only held open take ${size}`,
    shortWindow: (days: string) =>
      `Shorter than the ${days} days of the criteria: whether a database is dead or static cannot be told.`,
    watchedThrough: 'pgvigil itself connects here',
    columns: {
      name: 'Database',
      verdict: 'Verdict',
      reason: 'Why',
      idle: 'Idle, days',
      transactions: 'Per hour',
      connections: 'Connections',
      size: 'Size',
    },
    verdicts: {
      dead: 'Dead',
      static: 'Static',
      'low-activity': 'Low activity',
      active: 'Active',
      'not-enough-data': 'Not known yet',
    },
    reasons: {
      used: (perHour: string, connections: string) => `${perHour} transactions an hour, connections: ${connections}`,
      connectedButIdle: (connections: string, days: string) =>
        `connections are held (${connections}), but nothing was done for ${days}`,
      unused: (days: string) => `no activity for ${days}, and hardly any connections or none`,
      unusedConnectionsUnknown: (days: string) => `no activity for ${days}; connections are not known`,
      noSamples: 'no samples in this period',
      nothingToCompare: 'only one sample: there is nothing to compare it with',
      observedTooShortly: (days: string, needed: string) =>
        `no activity, but only ${days} are known; ${needed} are needed to tell`,
      rowsNotCounted: (days: string, needed: string) =>
        `few transactions, but rows were counted for the last ${days} only; ${needed} are needed to tell`,
      tooEarlyForLowActivity: (perHour: string, days: string, needed: string) =>
        `${perHour} transactions an hour; to call it little takes ${needed}, and ${days} are known`,
    },
    criteria: 'Criteria',
    criteriaText:
      'The host keeps them for all servers and everybody. What monitoring and autovacuum do is no activity.',
    criteriaSaved: 'The criteria are saved.',
    usual: (value: string) => `Usually ${value}.`,
    criterionNames: {
      dead_days: 'Dead after days',
      static_connections_days: 'Static after days',
      low_activity_connections: 'Low activity: connections below',
      low_activity_transactions_per_hour: 'Low activity: transactions an hour below',
      background_transactions_per_hour: 'Background: transactions an hour',
      background_rows_read_per_hour: 'Background: rows read an hour',
      background_rows_written_per_hour: 'Background: rows written an hour',
    },
    criterionHelp: {
      dead_days: 'Without activity and without connections for so long.',
      static_connections_days: 'With connections, but without activity for so long.',
      low_activity_connections: 'On average.',
      low_activity_transactions_per_hour: 'On average, with few connections.',
      background_transactions_per_hour: 'Up to so many are no activity.',
      background_rows_read_per_hour: 'Up to so many are no activity.',
      background_rows_written_per_hour: 'Up to so many are no activity.',
    },
    emptyTitle: 'No databases yet',
    emptyText: 'What a database does is judged when the server has been watched for a while.',
  },
}
