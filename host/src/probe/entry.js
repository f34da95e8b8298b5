// Stands between the host and app.js, and says what the bindings would only trap at: exceptions, fields that are missing, and
// lists of numbers, which they take only as a Float64Array (of a plain array they make other numbers).

import * as app from './app.js';

const METADATA = [
  ...['name', 'version', 'summary', 'scope', 'defaultIntervalMs', 'defaultTimeoutMs', 'capabilities', 'sshCommands'],
  ...['minServerVersion', 'options', 'sets', 'attrs'],
];

export function describe(config) {
  return told(
    () => {
      const metadata = app.describe(config);
      has('describe()', metadata, METADATA);
      each('options', metadata.options, ['key', 'kind', 'help', 'required']);
      each('sets', metadata.sets, ['name', 'help', 'labels', 'metrics']);
      metadata.sets.forEach((set, at) => each(`sets[${at}].metrics`, set.metrics, ['name', 'kind', 'unit', 'help']));
      return metadata;
    },
    (message) => ({ path: [], message }),
  );
}

export function collect(target) {
  return told(
    () => {
      const report = app.collect(target);
      has('collect()', report, ['samples', 'entities', 'tables', 'absences', 'attrs']);
      each('samples', report.samples, ['set', 'rows']);
      for (const { set, rows } of report.samples) {
        each(`rows of ${set}`, rows, ['labels', 'values']);
        for (const row of rows) {
          row.values = Float64Array.from(row.values, (value) => number(set, value));
        }
      }
      return report;
    },
    (message) => ({ tag: 'internal', val: message }),
  );
}

// What is thrown by design has a shape of the contract; anything else is a mistake in app.js.
function told(run, failure) {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw failure(`${error.name}: ${error.message}\n${error.stack ?? ''}`.trimEnd());
  }
}

function each(place, records, fields) {
  records.forEach((record, at) => has(`${place}[${at}]`, record, fields));
}

function has(place, record, fields) {
  const missing = fields.find((field) => record?.[field] === undefined);
  if (missing !== undefined) throw new TypeError(`${place} has no ${missing}`);
}

// What is not there is NaN to the host.
function number(set, value) {
  if (value === null || value === undefined) return NaN;
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  throw new TypeError(`a value of ${set} is a ${typeof value}, not a number: ${value}`);
}
