import type { Plugin } from '../../api/types'
import { Age } from '../../blocks/age'
import { CopyButton } from '../../blocks/copy-button'
import { useI18n } from '../../i18n'
import { cx } from '../../ui/classes'
import { Icon } from '../../ui/icon'
import { failureText, newestFailure } from './trouble-model'

/** What is wrong with the plugin as a whole, and the line that would help. */
export function PluginTrouble({ plugin }: { plugin: Plugin }) {
  const { t } = useI18n()
  const failure = newestFailure(plugin)
  const { state, state_detail: detail, missing_grants: missing, is_held_back: heldBack } = plugin
  const bad = state === 'refused' || state === 'quarantined'
  return (
    <>
      {detail && (
        <Notice bad={bad}>
          <p className="break-words whitespace-pre-wrap first-letter:uppercase">{t.said(detail)}</p>
          {plugin.on_servers.some((one) => one.state === 'quarantined') && (
            <p className="mt-0.5">{t.plugins.quarantineEnds}</p>
          )}
          {failure && (
            <p className="mt-0.5 break-words">
              {t.plugins.newestFailure}: {failureText(failure, t)} (<Age at={failure.started_at} />)
            </p>
          )}
        </Notice>
      )}
      {heldBack && (
        <Notice bad={false}>
          <p>{t.plugins.heldBackText}</p>
        </Notice>
      )}
      {missing.length > 0 && (
        <Notice bad={false}>
          <p>{t.plugins.missingText}</p>
          <pre className="mt-1.5 rounded-md bg-panel p-2 font-mono text-xs text-ink break-words whitespace-pre-wrap">
            {missing.join('\n')}
          </pre>
          <div className="mt-1.5">
            <CopyButton text={missing.join('\n')} label={t.common.copy} />
          </div>
        </Notice>
      )}
    </>
  )
}

function Notice(props: { bad: boolean; children: React.ReactNode }) {
  return (
    <div
      role={props.bad ? 'alert' : 'status'}
      className={cx(
        'mb-3 flex gap-2 rounded-md px-3 py-2',
        props.bad ? 'bg-bad-soft text-bad' : 'bg-warn-soft text-warn',
      )}
    >
      <Icon name="warning" className="mt-0.5 size-4 shrink-0" />
      <div className="min-w-0 flex-1">{props.children}</div>
    </div>
  )
}
