import type { AwaitedLock, LiveQuery } from '../../api/types'
import { groupBy } from '../../lib/group'
import { countBlocked } from './sessions-model'

/** One that keeps others waiting, or waits itself; each stands once in a tree. */
export interface BlockingNode {
  pid: number
  /** Not known of a prepared transaction, of what ended meanwhile, and of what is not among those shown. */
  session: LiveQuery | undefined
  /** How many wait behind it, also those who wait for one that itself waits. */
  blocks: number
  /** Whom it waits for beside the one above it. */
  also: number[]
  behind: BlockingNode[]
}

/** Who waits for nobody stands at the top, first the one behind whom most wait. */
export function blockingTree(sessions: readonly LiveQuery[]): BlockingNode[] {
  const counts = countBlocked(sessions)
  const byPid = new Map(sessions.map((session) => [session.pid, session]))
  const blockersOf = (pid: number) => [...new Set(byPid.get(pid)?.blocked_by)]
  const edges = sessions.flatMap(({ pid }) => blockersOf(pid).map((blocker) => ({ blocker, pid })))
  const waiting = groupBy(edges, ({ blocker }) => blocker)
  const countOf = (pid: number) => counts.get(pid) ?? 0
  const byCount = (a: number, b: number) => countOf(b) - countOf(a) || a - b

  const placed = new Set<number>()
  const place = (pid: number, above?: number): BlockingNode => {
    placed.add(pid)
    const also = blockersOf(pid).filter((blocker) => blocker !== above)
    return { pid, session: byPid.get(pid), blocks: countOf(pid), also, behind: [] }
  }
  /** Level by level: a queue for one lock stands behind its holder, not each behind the one before. */
  const grow = (roots: readonly number[]): BlockingNode[] => {
    const tops = roots.map((pid) => place(pid))
    const open = [...tops]
    // What is added meanwhile is gone through too.
    for (const node of open) {
      const pids = (waiting.get(node.pid) ?? []).map(({ pid }) => pid).toSorted(byCount)
      node.behind = pids.filter((pid) => !placed.has(pid)).map((pid) => place(pid, node.pid))
      open.push(...node.behind)
    }
    return tops
  }

  const blockers = [...waiting.keys()].toSorted(byCount)
  const tree = grow(blockers.filter((pid) => blockersOf(pid).length === 0))
  // The rest waits in a circle or behind one, and behind who is in it wait more than behind who is not.
  for (const pid of blockers) if (!placed.has(pid)) tree.push(...grow([pid]))
  return tree
}

/** Those that are nearest to the top, and how many there are beside them. */
export function nearest(tree: readonly BlockingNode[], room: number): { shown: Set<BlockingNode>; left: number } {
  const all = [...tree]
  for (const node of all) all.push(...node.behind)
  return { shown: new Set(all.slice(0, room)), left: Math.max(0, all.length - room) }
}

/** In the words of pg_locks. Of a relation in another database only the number is known. */
export function lockText(lock: AwaitedLock, database: string | null | undefined): string {
  const number = lock.relation_oid == null ? null : `${database ?? ''} oid ${lock.relation_oid}`.trim()
  return [lock.locktype, lock.mode, lock.relation ?? number].filter((part) => part !== null).join(' · ')
}
