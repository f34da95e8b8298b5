import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { ownSessionsQuery } from '../../api/admin-queries'
import { api, session, unwrap } from '../../api/client'
import { asProblem } from '../../api/problem'
import type { OwnSession } from '../../api/types'
import { Age } from '../../blocks/age'
import { Card } from '../../blocks/card'
import { QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { problemText } from '../../i18n/problem-text'
import { Badge } from '../../ui/badge'
import { Button } from '../../ui/button'
import { TextSkeleton } from '../../ui/skeleton'
import { toast } from '../../ui/toasts'
import { browserName } from '../audit/user-agent'

/** Where one is signed in, and the way to end it. */
export function OwnSessions() {
  const { t } = useI18n()
  const client = useQueryClient()
  const query = useQuery(ownSessionsQuery())
  const refresh = () => client.invalidateQueries({ queryKey: ownSessionsQuery().queryKey })
  const fail = (error: unknown) => toast(problemText(t, asProblem(error)), 'bad')
  const endOthers = useMutation({
    mutationFn: () => unwrap(api.DELETE('/api/users/me/sessions')),
    onSuccess: async () => {
      toast(t.account.othersEnded)
      await refresh()
    },
    onError: fail,
  })
  const end = useMutation({
    mutationFn: (id: string) => unwrap(api.DELETE('/api/users/me/sessions/{id}', { params: { path: { id } } })),
    onSuccess: refresh,
    onError: fail,
  })
  return (
    <Card
      title={t.account.sessions}
      actions={
        (query.data?.length ?? 0) > 1 && (
          <Button disabled={endOthers.isPending} onClick={() => endOthers.mutate()}>
            {t.account.endOthers}
          </Button>
        )
      }
    >
      <div className="p-4">
        <QueryView query={query} skeleton={<TextSkeleton />}>
          {(sessions) => (
            <ul className="grid gap-3">
              {sessions.map((one) => (
                <SessionRow key={one.id} session={one} onEnd={() => end.mutate(one.id)} />
              ))}
            </ul>
          )}
        </QueryView>
      </div>
    </Card>
  )
}

function SessionRow(props: { session: OwnSession; onEnd: () => void }) {
  const { t, u } = useI18n()
  const one = props.session
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <div className="min-w-0 flex-1">
        <div className="flex flex-wrap items-center gap-2">
          <span className="font-medium" title={one.user_agent ?? undefined}>
            {browserName(one.user_agent)}
          </span>
          {one.current && <Badge tone="ok">{t.account.thisOne}</Badge>}
        </div>
        <div className="text-xs text-dim">
          {one.ip_address ?? u.integer(null)} · {t.account.seen} <Age at={one.renewed_at} /> · {t.account.since}{' '}
          {u.dateTime(one.signed_in_at)}
        </div>
      </div>
      {one.current ? (
        <Button onClick={() => void session.signOut()}>{t.nav.signOut}</Button>
      ) : (
        <Button onClick={props.onEnd}>{t.account.end}</Button>
      )}
    </li>
  )
}
