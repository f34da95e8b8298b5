// Settings by where their values come from, and how many wait for a restart.

import { query } from 'pgvigil:probe/postgres@1.0.0';

// One statement, explicit columns. The host runs it in a read-only transaction, within its limits.
const SQL = `
select
    s.source,
    count(*) as count,
    count(*) filter (where s.pending_restart) as pending_restart
from pg_settings as s
where s.source like $1
group by s.source
`;

export function describe(config) {
  if (config.some(({ key, val }) => key === 'sources' && val === '')) {
    throw { path: ['sources'], message: 'must not be empty; "%" means all' };
  }
  return {
    name: 'settings',
    version: '0.1.0',
    summary: 'Settings by where they come from',
    scope: 'per-server',
    defaultIntervalMs: 3_600_000n,
    defaultTimeoutMs: 10_000n,
    capabilities: ['postgres'],
    sshCommands: [],
    minServerVersion: 90_600,
    options: [
      { key: 'sources', kind: 'text', help: 'Which sources, as a pattern of LIKE', default: '%', required: false },
    ],
    sets: [
      {
        name: 'settings',
        help: 'Settings by where they come from',
        labels: ['source'],
        metrics: [
          { name: 'count', kind: 'gauge', unit: '', help: 'Settings' },
          { name: 'pending_restart', kind: 'gauge', unit: '', help: 'Settings that wait for a restart' },
        ],
      },
    ],
    attrs: [],
  };
}

export function collect(target) {
  const { val: pattern } = target.config.find(({ key }) => key === 'sources');
  const rows = ask(SQL, [{ tag: 'text', val: pattern }]).map(([source, ...values]) => ({
    labels: [source],
    values,
    sinceUs: undefined,
  }));
  return { samples: [{ set: 'settings', rows }], entities: [], tables: [], absences: [], attrs: [] };
}

// Rows as plain values. NULL is null: a metric that is absent, never zero.
function ask(sql, params) {
  try {
    return query(sql, params, undefined).rows.map((row) => row.map(({ tag, val }) => (tag === 'null' ? null : val)));
  } catch (error) {
    const { tag, val } = error.payload ?? {};
    if (tag === undefined) throw error;
    if (tag === 'not-granted') throw { tag: 'config', val };
    if (tag === 'sql') throw { tag: 'host-call', val: `PostgreSQL refused with ${val.sqlstate}: ${val.message}` };
    throw { tag: 'host-call', val: String(val ?? 'the query timed out') };
  }
}
