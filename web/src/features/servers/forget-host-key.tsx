import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { api, unwrap } from '../../api/client'
import { ConfirmDanger } from '../../blocks/confirm-danger'
import { useI18n } from '../../i18n'
import { Button } from '../../ui/button'

/** A machine that was set up anew shows another host key than the one that was pinned. */
export function ForgetHostKey({ name }: { name: string }) {
  const { t } = useI18n()
  const [open, setOpen] = useState(false)
  const forget = useMutation({
    mutationFn: () => unwrap(api.DELETE('/api/servers/{name}/host-keys', { params: { path: { name } } })),
    onSuccess: () => setOpen(false),
  })
  const change = (next: boolean) => {
    setOpen(next)
    forget.reset()
  }
  return (
    <>
      <Button onClick={() => change(true)}>{t.form.forgetKey}</Button>
      <span role="status" className="text-dim">
        {forget.isSuccess && t.form.forgotten}
      </span>
      <ConfirmDanger
        open={open}
        onOpenChange={change}
        title={t.form.forgetKeyTitle(name)}
        text={t.form.forgetKeyText}
        name={name}
        act={t.form.forgetKey}
        pending={forget.isPending}
        error={forget.error}
        onConfirm={() => forget.mutate()}
      />
    </>
  )
}
