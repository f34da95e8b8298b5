import type { Run } from '../../api/types'

/** Runs come newest first. */
export function newestOfEach(runs: readonly Run[]): Run[] {
  const seen = new Map<string, Run>()
  for (const run of runs) if (!seen.has(run.plugin)) seen.set(run.plugin, run)
  return [...seen.values()].toSorted((a, b) => a.plugin.localeCompare(b.plugin))
}
