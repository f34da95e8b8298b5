import type { ReactNode } from 'react'
import type { LiveQuery } from '../../api/types'
import { useHold } from '../../app/live'
import { Card } from '../../blocks/card'
import { useI18n } from '../../i18n'
import { Button } from '../../ui/button'
import { cx } from '../../ui/classes'
import { type BlockingNode, lockText, nearest } from './blocking-model'
import { PidButton, SessionDetails } from './session-details'
import { isBlocked, lasted, statementStart } from './sessions-model'

/** Deeper levels stand no further to the right: a telephone has no room for them. */
const INDENTED_LEVELS = 6

/** In a long queue for one lock everybody waits for all before. */
const ALSO_SHOWN = 5

interface TreeProps {
  tree: readonly BlockingNode[]
  /** At most so many rows. */
  room: number
  readAt: number
  open: number | undefined
  onToggle: (pid: number) => void
  /** Where there are more rows. */
  onAll?: (() => void) | undefined
}

/** Who keeps whom waiting, the cause above. */
export function BlockingTree({ tree, room, onAll, ...row }: TreeProps) {
  const { t } = useI18n()
  const { shown, left } = nearest(tree, room)
  return (
    <Card title={t.sessions.blockingTitle} className="mb-3">
      <Level nodes={tree} level={0} shown={shown} {...row} />
      {left > 0 && (
        <div className="border-t border-line px-3 py-2 text-dim">
          {onAll ? <Button onClick={onAll}>{t.sessions.moreSessions(left)}</Button> : t.sessions.moreSessions(left)}
        </div>
      )}
    </Card>
  )
}

interface RowProps extends Pick<TreeProps, 'readAt' | 'open' | 'onToggle'> {
  level: number
  shown: ReadonlySet<BlockingNode>
}

function Level({ nodes, ...row }: RowProps & { nodes: readonly BlockingNode[] }) {
  const { level, shown } = row
  const visible = nodes.filter((node) => shown.has(node))
  if (visible.length === 0) return null
  return (
    <ul
      className={level === 0 ? 'px-3 py-1' : cx(level < INDENTED_LEVELS && 'ml-2 border-l-2 border-line pl-2 sm:ml-3')}
    >
      {visible.map((node) => (
        <li key={node.pid} className={cx(level === 0 && 'border-b border-line py-1 last:border-b-0')}>
          <Row node={node} {...row} />
          <Level nodes={node.behind} {...row} level={level + 1} />
        </li>
      ))}
    </ul>
  )
}

function Row({ node, readAt, open, onToggle }: RowProps & { node: BlockingNode }) {
  const { t } = useI18n()
  const { session, pid, blocks, also } = node
  const isOpen = open === pid
  const blocking = blocks > 0 && <span className="font-semibold text-bad">{t.sessions.blocks(blocks)}</span>
  if (session === undefined) {
    return (
      <p className="flex flex-wrap gap-x-3 py-1">
        <span>{pid === 0 ? t.sessions.prepared : t.sessions.notShown(pid)}</span>
        {blocking}
      </p>
    )
  }
  const lock = session.awaited_lock
  return (
    <div className="py-0.5">
      <div className="flex flex-wrap items-center gap-x-3">
        <PidButton session={session} open={isOpen} onToggle={() => onToggle(pid)} />
        {blocking}
        <span className="min-w-0 break-words">{[session.usename, session.datname].filter(Boolean).join(' · ')}</span>
        <Since session={session} readAt={readAt} />
        {lock && <span className="min-w-0 break-words text-warn">{lockText(lock, session.datname)}</span>}
        {also.length > 0 && (
          <span className="min-w-0 text-dim">
            {t.sessions.waitsAlso(also.slice(0, ALSO_SHOWN))}
            {also.length > ALSO_SHOWN && '…'}
          </span>
        )}
      </div>
      {isOpen ? (
        <Held>
          <SessionDetails session={session} blocks={blocks || undefined} readAt={readAt} />
        </Held>
      ) : (
        session.query != null && <code className="block truncate pl-4.5 font-mono text-xs">{session.query}</code>
      )}
    </div>
  )
}

/** For how long it waits; of who does not wait, for how long it keeps what it has. */
function Since({ session, readAt }: { session: LiveQuery; readAt: number }) {
  const { t, u } = useI18n()
  const time = (since: string | null | undefined) => u.duration(lasted(since, readAt))
  const waitsSince = session.awaited_lock?.waitstart
  const text = waitsSince
    ? t.sessions.waits(time(waitsSince))
    : isBlocked(session)
      ? t.sessions.waitsAtMost(time(statementStart(session)))
      : t.sessions.transactionOpen(time(session.xact_start))
  return <span className="tabular-nums">{text}</span>
}

/** What one reads must neither move away nor change. */
function Held({ children }: { children: ReactNode }) {
  useHold(true)
  return children
}
