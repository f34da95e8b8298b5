import { useI18n } from '../i18n'
import { setPreferences, usePreferences } from '../lib/preferences'
import { SHORTCUTS, type ShortcutId } from '../lib/shortcuts'
import { ModalDialog } from '../ui/dialog'
import { Checkbox } from '../ui/field'
import { Kbd } from '../ui/kbd'

const GROUPS = {
  everywhere: ['help', 'search', 'theme'],
  rows: ['nextRow', 'previousRow'],
  time: ['earlier', 'later', 'widen', 'compare', 'pause', 'live'],
  go: ['goFleet', 'goServers', 'goExplore', 'goEvents', 'goPlugins', 'goRuns', 'goAudit'],
} as const satisfies Record<string, readonly ShortcutId[]>

export function ShortcutsHelp(props: { onClose: () => void }) {
  const { t } = useI18n()
  const { shortcuts } = usePreferences()
  const words = t.shortcuts
  return (
    <ModalDialog
      open
      onOpenChange={(open) => !open && props.onClose()}
      title={words.title}
      closeLabel={t.common.close}
      size="wide"
    >
      <div className="mt-4 grid gap-x-8 gap-y-5 sm:grid-cols-2">
        <Group title={words.everywhere} extra={[['Ctrl K', t.palette.open] as const]} ids={GROUPS.everywhere} />
        <Group title={words.rows} extra={[['Enter', words.open] as const]} ids={GROUPS.rows} />
        <Group title={words.time} ids={GROUPS.time} />
        <Group title={words.go} ids={GROUPS.go} />
      </div>
      <div className="mt-5 border-t border-line pt-4">
        <Checkbox
          label={words.enabled}
          hint={words.enabledHint}
          checked={shortcuts}
          onChange={(checked) => setPreferences(() => ({ shortcuts: checked }))}
        />
      </div>
    </ModalDialog>
  )
}

function Group(props: { title: string; ids: readonly ShortcutId[]; extra?: readonly (readonly [string, string])[] }) {
  const { t } = useI18n()
  const rows = [...(props.extra ?? []), ...props.ids.map((id) => [SHORTCUTS[id], t.shortcuts.names[id]] as const)]
  return (
    <section>
      <h3 className="mb-1.5 text-xs font-semibold text-dim">{props.title}</h3>
      <dl className="grid gap-1">
        {rows.map(([keys, name]) => (
          <div key={keys} className="flex items-center justify-between gap-3">
            <dt>{name}</dt>
            <dd className="flex shrink-0 gap-1">
              {keysOf(keys, t.shortcuts.space).map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

const keysOf = (keys: string, space: string): string[] => (keys === ' ' ? [space] : keys.split(' '))
