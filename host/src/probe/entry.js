// Stands between the host and app.js. The bindings take a list of numbers only as a Float64Array: of a plain array they make
// other numbers, without an error.

import * as app from './app.js';

export function describe(config) {
  return app.describe(config);
}

export function collect(target) {
  const report = app.collect(target);
  for (const { set, rows } of report.samples) {
    for (const row of rows) {
      row.values = Float64Array.from(row.values, (value) => number(set, value));
    }
  }
  return report;
}

// What is not there is NaN to the host.
function number(set, value) {
  if (value === null || value === undefined) return NaN;
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  throw { tag: 'internal', val: `a value of metric set ${set} is a ${typeof value}, not a number: ${value}` };
}
