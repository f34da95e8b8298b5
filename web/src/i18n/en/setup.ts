import { pluralizer } from '../plural'

const plural = pluralizer('en')

export const setup = {
  setup: {
    title: 'Watch a server',
    note: 'Four steps to the first numbers',
    role: 'Make a role on the server',
    roleText:
      'Run this once on the server as a superuser. pg_monitor reads statistics and no data; the password is a fresh one.',
    version: 'Version of the server',
    version10: 'PostgreSQL 10 and later',
    version96: '9.6',
    address: 'Say where the server is',
    passwordHint: 'The one from above, or that of a role that exists.',
    check: 'Try it',
    notPassed: 'not passed',
    watch: 'Watch this server',
    watchAnyway: 'Watch it anyway',
    allSettings: 'All settings: SSH, certificates, tags',
    sample: 'The first sample',
    waiting: 'The collector has just been told. The first numbers come within a minute.',
    values: (count: number) => plural(count, { one: 'value', other: 'values' }),
    collected: 'The first numbers are here.',
    answers: (version: string) => `PostgreSQL ${version} answers.`,
    firstNumbers: (version: string, connections: string) =>
      `PostgreSQL ${version} answers, with ${connections} connections.`,
    open: 'Open the server',
    change: 'Change its settings',
  },
}
