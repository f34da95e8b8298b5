import type { ServerStatus } from '../api/types'
import { useI18n } from '../i18n'
import { grantsIn } from '../lib/grants'
import { Icon } from '../ui/icon'
import { Age } from './age'
import { CopyButton } from './copy-button'

/**
 * What plugins looked for and did not get, with the statement that gives it, and what is not measured any more: a server
 * that answers is not all well by that.
 */
export function NotCollected({ server }: { server: ServerStatus }) {
  const { t } = useI18n()
  const { not_collected: absent, outdated } = server
  if (absent.length === 0 && outdated.length === 0) return null
  // What a statement mends stands above it, and nothing else does.
  const mended = absent.filter(({ detail }) => grantsIn(detail).length > 0)
  const others = absent.filter((one) => !mended.includes(one))
  const grants = [...new Set(mended.flatMap(({ detail }) => grantsIn(detail)))]
  const absence = ({ plugin, reason, detail, sets, places }: ServerStatus['not_collected'][number]) => (
    <li key={`${plugin} ${reason} ${detail}`} className="break-words">
      <code className="font-mono text-xs">{sets.join(', ')}</code>
      {places > sets.length && <span className="text-dim"> ({t.server.places(places)})</span>}{' '}
      <span className="text-warn">{t.absenceReasons[reason]}</span>: {t.said(detail)}
    </li>
  )
  return (
    <section
      aria-label={t.server.notCollected}
      className="mb-3 flex gap-2 rounded-md border border-line bg-panel px-3 py-2"
    >
      <Icon name="warning" className="mt-0.5 size-4 shrink-0 text-warn" />
      <div className="min-w-0 flex-1">
        <h2 className="font-semibold">{t.server.notCollected}</h2>
        <ul className="mt-0.5 grid gap-0.5">
          {mended.map(absence)}
          {grants.length > 0 && (
            <li className="my-1">
              <CopyButton text={grants.join('\n')} label={t.form.copySql} />
            </li>
          )}
          {others.map(absence)}
          {outdated.map(({ set, since }) => (
            <li key={set} className="break-words">
              <code className="font-mono text-xs">{set}</code> <span className="text-warn">{t.server.outdated}</span>:{' '}
              <Age at={since} />
            </li>
          ))}
        </ul>
      </div>
    </section>
  )
}
