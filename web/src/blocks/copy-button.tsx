import { useState } from 'react'
import { useI18n } from '../i18n'
import { Button } from '../ui/button'
import { Icon } from '../ui/icon'

export function CopyButton(props: { text: string; label: string }) {
  const { t } = useI18n()
  const [copied, setCopied] = useState(false)
  // The clipboard exists in secure contexts only.
  if (!('clipboard' in navigator)) return null
  const copy = () => {
    void navigator.clipboard.writeText(props.text).then(
      () => setCopied(true),
      () => setCopied(false),
    )
  }
  return (
    <Button onClick={copy}>
      <Icon name={copied ? 'check' : 'copy'} />
      <span aria-live="polite">{copied ? t.common.copied : props.label}</span>
    </Button>
  )
}
