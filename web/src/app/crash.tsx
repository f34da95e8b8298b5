import type { ErrorComponentProps } from '@tanstack/react-router'
import { useI18n } from '../i18n'
import { Button } from '../ui/button'

export function CrashPage(props: ErrorComponentProps) {
  const { t } = useI18n()
  return (
    <div role="alert" className="mx-auto max-w-lg p-6 text-center">
      <h1 className="text-lg font-semibold">{t.states.crashTitle}</h1>
      <p className="mt-1 text-dim">{t.states.crashText}</p>
      <pre className="mt-3 rounded-md bg-sunken p-3 text-left text-xs break-words whitespace-pre-wrap">
        {props.error instanceof Error ? props.error.message : String(props.error)}
      </pre>
      <Button className="mt-4" onClick={() => location.reload()}>
        {t.states.reload}
      </Button>
    </div>
  )
}
