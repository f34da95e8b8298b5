import type { Plugin } from '../../api/types'
import { useI18n } from '../../i18n'
import { Badge, type Tone } from '../../ui/badge'

const TONES: Record<Plugin['state'], Tone> = {
  loaded: 'ok',
  running: 'ok',
  degraded: 'warn',
  quarantined: 'bad',
  disabled: 'idle',
  refused: 'bad',
}

export function PluginStateBadge(props: { state: Plugin['state'] }) {
  const { t } = useI18n()
  return (
    <Badge tone={TONES[props.state]} {...(props.state === 'disabled' ? { icon: 'minus' as const } : {})}>
      {t.pluginStates[props.state]}
    </Badge>
  )
}

/** How the newest run went, over all servers. */
export function LastRuns({ plugin }: { plugin: Plugin }) {
  const { t } = useI18n()
  const { collected, failed, not_applicable: other } = plugin.runs
  if (collected + failed + other === 0) return <span className="text-dim">{t.plugins.noRuns}</span>
  return (
    <span className="flex flex-wrap gap-1">
      {failed > 0 && <Badge tone="bad">{t.plugins.failed(failed)}</Badge>}
      {collected > 0 && <Badge tone="ok">{t.plugins.ok(collected)}</Badge>}
      {other > 0 && (
        <Badge tone="idle" icon="minus">
          {t.plugins.notApplicable(other)}
        </Badge>
      )}
    </span>
  )
}
