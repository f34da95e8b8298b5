import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, unwrap } from '../../api/client'
import { asProblem } from '../../api/problem'
import { pluginQuery, pluginsQuery } from '../../api/queries'
import type { Plugin } from '../../api/types'
import { useUser } from '../../app/session-context'
import { FormProblem } from '../../blocks/form-problem'
import { useI18n } from '../../i18n'
import { problemText } from '../../i18n/problem-text'
import { canManagePlugins, canRunPlugins } from '../../lib/roles'
import { Button, iconButtonClass } from '../../ui/button'
import { DialogActions, QuestionDialog } from '../../ui/dialog'
import { Icon } from '../../ui/icon'
import { MenuButton, MenuItem } from '../../ui/menu'
import { toast } from '../../ui/toasts'
import { RunNowDialog } from './run-now-dialog'

type Act = 'enable' | 'disable' | 'rollback' | 'retry'

/** What a role may do; the API holds the same table. */
export function PluginActions({ plugin }: { plugin: Plugin }) {
  const { t } = useI18n()
  const { role } = useUser()
  const [running, setRunning] = useState(false)
  const [asked, setAsked] = useState<Act | null>(null)
  const isOff = plugin.state === 'disabled'
  const runnable = plugin.metadata != null && !isOff
  return (
    <>
      {canRunPlugins(role) && (
        <Button disabled={!runnable} onClick={() => setRunning(true)}>
          <Icon name="play" />
          {t.plugins.runNow}
        </Button>
      )}
      {canManagePlugins(role) && (
        <MenuButton
          label={t.common.actions}
          trigger={<Icon name="more" />}
          className={`${iconButtonClass} border border-line-strong/60 bg-panel`}
        >
          {isOff ? (
            <MenuItem icon="play" onSelect={() => setAsked('enable')}>
              {t.plugins.enable}
            </MenuItem>
          ) : (
            <MenuItem icon="pause" onSelect={() => setAsked('disable')}>
              {t.plugins.disable}
            </MenuItem>
          )}
          {plugin.is_held_back ? (
            <MenuItem icon="refresh" onSelect={() => setAsked('retry')}>
              {t.plugins.retry}
            </MenuItem>
          ) : (
            <MenuItem icon="undo" disabled={plugin.earlier_digest == null} onSelect={() => setAsked('rollback')}>
              {t.plugins.rollback}
            </MenuItem>
          )}
        </MenuButton>
      )}
      {running && <RunNowDialog plugin={plugin} onClose={() => setRunning(false)} />}
      {asked && <ActQuestion plugin={plugin} act={asked} onClose={() => setAsked(null)} />}
    </>
  )
}

const actOn = (act: Act, name: string) => {
  const params = { path: { name } }
  switch (act) {
    case 'enable':
      return unwrap(api.POST('/api/plugins/{name}/enable', { params }))
    case 'disable':
      return unwrap(api.POST('/api/plugins/{name}/disable', { params }))
    case 'rollback':
      return unwrap(api.POST('/api/plugins/{name}/rollback', { params }))
    case 'retry':
      return unwrap(api.POST('/api/plugins/{name}/retry', { params }))
  }
}

/** Each act is said once more, with what follows from it. */
function ActQuestion(props: { plugin: Plugin; act: Act; onClose: () => void }) {
  const { t } = useI18n()
  const client = useQueryClient()
  const { plugin, act, onClose } = props
  const words = t.plugins.acts[act]
  const mutation = useMutation({
    mutationFn: () => actOn(act, plugin.name),
    onSuccess: async (after) => {
      client.setQueryData(pluginQuery(plugin.name).queryKey, after)
      toast(words.done(plugin.name))
      onClose()
      await client.invalidateQueries({ queryKey: pluginsQuery().queryKey })
    },
  })
  return (
    <QuestionDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={words.title(plugin.name)}
      text={
        <>
          {words.text}
          {act === 'rollback' && plugin.earlier_digest && (
            <code className="mt-2 block font-mono text-xs break-all">{plugin.earlier_digest}</code>
          )}
        </>
      }
    >
      <FormProblem error={mutation.error} />
      <DialogActions>
        <Button onClick={onClose}>{t.common.cancel}</Button>
        <Button
          look={act === 'enable' || act === 'retry' ? 'primary' : 'danger'}
          disabled={mutation.isPending}
          onClick={() => mutation.mutate()}
        >
          {t.plugins[act]}
        </Button>
      </DialogActions>
    </QuestionDialog>
  )
}

/** For lists that act on one server. */
export function useRunNow(name: string) {
  const { t } = useI18n()
  const client = useQueryClient()
  return useMutation({
    mutationFn: (server: string | null) =>
      unwrap(
        api.POST('/api/plugins/{name}/run', {
          params: { path: { name } },
          body: { server },
        }),
      ),
    onSuccess: async ({ started, busy }) => {
      toast(t.plugins.started(started, busy))
      await client.invalidateQueries({ queryKey: ['runs'] })
      await client.invalidateQueries({ queryKey: pluginQuery(name).queryKey })
    },
    onError: (error) => toast(problemText(t, asProblem(error)), 'bad'),
  })
}
