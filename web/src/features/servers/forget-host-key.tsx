import { useMutation } from '@tanstack/react-query'
import { api, unwrap } from '../../api/client'
import { DangerButton } from '../../blocks/confirm-danger'
import { useI18n } from '../../i18n'

/** A machine that was set up anew shows another host key than the one that was pinned. */
export function ForgetHostKey({ name }: { name: string }) {
  const { t } = useI18n()
  const forget = useMutation({
    mutationFn: () => unwrap(api.DELETE('/api/servers/{name}/host-keys', { params: { path: { name } } })),
  })
  return (
    <>
      <DangerButton
        label={t.form.forgetKey}
        look="plain"
        title={t.form.forgetKeyTitle(name)}
        text={t.form.forgetKeyText}
        name={name}
        act={t.form.forgetKey}
        mutation={forget}
      />
      <span role="status" className="text-dim">
        {forget.isSuccess && t.form.forgotten}
      </span>
    </>
  )
}
