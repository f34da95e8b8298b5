import type { Reload } from '../../api/types'
import { useI18n } from '../../i18n'
import { Button } from '../../ui/button'
import { cx } from '../../ui/classes'
import { DialogActions, ModalDialog } from '../../ui/dialog'
import { Icon } from '../../ui/icon'

/** What a reload did to each plugin, or why it did nothing. */
export function ReloadReport({ report, onClose }: { report: Reload; onClose: () => void }) {
  const { t } = useI18n()
  const refused = report.outcome === 'refused'
  return (
    <ModalDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t.plugins.reloadOutcomes[report.outcome]}
      closeLabel={t.common.close}
      size="wide"
    >
      {report.detail && (
        <pre
          className={cx(
            'mt-3 rounded-md p-3 font-mono text-xs break-words whitespace-pre-wrap',
            refused ? 'bg-bad-soft text-bad' : 'bg-sunken',
          )}
        >
          {t.said(report.detail)}
        </pre>
      )}
      {refused && <p className="mt-3 text-dim">{t.plugins.reloadKept}</p>}
      {report.changes.length > 0 && (
        <ul className="mt-3 grid gap-2">
          {report.changes.map((change) => (
            <li key={change.plugin} className="flex gap-2">
              <Icon
                name={change.is_trouble ? 'warning' : 'check'}
                className={cx('mt-0.5 size-4 shrink-0', change.is_trouble ? 'text-warn' : 'text-ok')}
              />
              <div className="min-w-0">
                <span className="font-medium">{change.plugin}</span>
                <span className="block break-words text-dim">{t.said(change.detail)}</span>
              </div>
            </li>
          ))}
        </ul>
      )}
      {!refused && report.changes.length === 0 && <p className="mt-3 text-dim">{t.plugins.reloadSame}</p>}
      <DialogActions>
        <Button look="primary" onClick={onClose}>
          {t.common.close}
        </Button>
      </DialogActions>
    </ModalDialog>
  )
}
