import type { Run } from '../../api/types'
import { groupBy } from '../../lib/group'

/** Runs come newest first. */
export function newestOfEach(runs: readonly Run[]): Run[] {
  const seen = new Map<string, Run>()
  for (const run of runs) if (!seen.has(run.plugin)) seen.set(run.plugin, run)
  return [...seen.values()].toSorted((a, b) => a.plugin.localeCompare(b.plugin))
}

/** A run with all plugins whose runs failed for the same cause: it is told once, and not once for each of them. */
export const byCause = (runs: readonly Run[]): { run: Run; plugins: string[] }[] =>
  [...groupBy(runs, causeOf).values()].flatMap((same) =>
    same.slice(0, 1).map((run) => ({ run, plugins: same.map(({ plugin }) => plugin) })),
  )

const causeOf = (run: Run): string =>
  run.outcome === 'collected' ? run.plugin : JSON.stringify([run.outcome, run.reason, run.detail])
