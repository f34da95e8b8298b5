import type { Plugin } from '../../api/types'
import { Age } from '../../blocks/age'
import { Card, Facts } from '../../blocks/card'
import { useI18n } from '../../i18n'
import { LastRuns } from './plugin-badges'
import { probeWords, versionText } from './probe-words'
import { usePlugin } from './use-plugin'

export function PluginOverviewTab() {
  const plugin = usePlugin()
  if (plugin === undefined) return null
  return (
    <div className="grid items-start gap-3 xl:grid-cols-2">
      <About plugin={plugin} />
      <Bounds plugin={plugin} />
    </div>
  )
}

function About({ plugin }: { plugin: Plugin }) {
  const { t, u, locale } = useI18n()
  const { metadata } = plugin
  const list = (texts: readonly string[]) => (texts.length === 0 ? t.plugins.none : texts.join(', '))
  return (
    <Card title={metadata ? probeWords(metadata, locale).summary : plugin.probe}>
      <Facts
        items={[
          [t.plugins.columns.lastRuns, <LastRuns key="runs" plugin={plugin} />],
          [t.plugins.columns.interval, u.duration(plugin.interval_ms)],
          [t.plugins.servers, list(plugin.servers)],
          ...(metadata
            ? ([
                [t.plugins.version, metadata.version],
                [t.plugins.scope, t.plugins.scopes[metadata.scope]],
                // A probe that asks no server runs with any.
                ...(metadata.min_server_version > 0
                  ? ([[t.plugins.minVersion, versionText(metadata.min_server_version)]] as const)
                  : []),
              ] as const)
            : []),
          [t.plugins.loadedAt, <Age key="loaded" at={plugin.loaded_at} />],
          [t.plugins.digest, <Digest key="digest" digest={plugin.digest} />],
          [t.plugins.earlier, <Digest key="earlier" digest={plugin.earlier_digest} />],
        ]}
      />
    </Card>
  )
}

function Digest({ digest }: { digest: string | null | undefined }) {
  const { t } = useI18n()
  if (digest == null) return <span className="text-dim">{t.plugins.none}</span>
  return <code className="font-mono text-xs break-all">{digest}</code>
}

/** What it asks for, what it was given, and how far it may go. */
function Bounds({ plugin }: { plugin: Plugin }) {
  const { t, u } = useI18n()
  const { limits } = plugin
  return (
    <Card title={t.plugins.bounds}>
      <div className="border-b border-line">
        <Facts
          items={[
            // What is not loaded has not said.
            [t.plugins.asks, plugin.metadata ? <Codes key="asks" texts={plugin.asks} /> : t.common.unknown],
            [t.plugins.grants, <Codes key="grants" texts={plugin.grants} />],
            ...(plugin.missing_grants.length === 0
              ? []
              : ([
                  [t.plugins.missing, <Codes key="missing" texts={plugin.missing_grants} tone="text-warn" />],
                ] as const)),
          ]}
        />
      </div>
      <Facts
        items={[
          [t.plugins.columns.timeout, u.duration(plugin.timeout_ms)],
          [t.plugins.limits.cpu, u.duration(limits.cpu_ms)],
          [t.plugins.limits.memory, u.bytes(limits.memory_bytes)],
          [t.plugins.limits.rows, u.integer(limits.rows)],
          [t.plugins.limits.answer, u.bytes(limits.answer_bytes)],
          [t.plugins.limits.calls, u.integer(limits.host_calls)],
          [t.plugins.limits.values, u.integer(limits.values)],
          [t.plugins.limits.series, u.integer(limits.series)],
          [t.plugins.limits.log, u.integer(limits.log_lines)],
          [t.plugins.limits.state, u.bytes(limits.state_bytes)],
        ]}
      />
    </Card>
  )
}

function Codes(props: { texts: readonly string[]; tone?: string }) {
  const { t } = useI18n()
  if (props.texts.length === 0) return <span className="text-dim">{t.plugins.none}</span>
  return (
    <ul className={props.tone}>
      {props.texts.map((text) => (
        <li key={text}>
          <code className="font-mono text-xs break-words">{text}</code>
        </li>
      ))}
    </ul>
  )
}
