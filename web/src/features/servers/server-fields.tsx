import { useQuery } from '@tanstack/react-query'
import { sshKeysQuery } from '../../api/admin-queries'
import { useI18n } from '../../i18n'
import { oneOf } from '../../lib/url-state'
import { Checkbox, SelectField, TextArea, TextField } from '../../ui/field'
import { Segmented } from '../../ui/segmented'
import { movedSecrets, type SecretName, SSH_AUTHS, SSL_MODES } from './server-draft'
import type { ServerForm } from './use-server-form'

export function PostgresFields({ form }: { form: ServerForm }) {
  const { t } = useI18n()
  const { stored, draft, change, errorOf, text } = form
  return (
    <div className="grid gap-4 p-4 sm:grid-cols-6">
      <TextField
        label={t.form.name}
        hint={stored ? t.form.nameFixed : t.form.nameHint}
        className="sm:col-span-3"
        disabled={stored !== null}
        {...text('name')}
      />
      <TextField label={t.form.tags} hint={t.form.tagsHint} className="sm:col-span-3" {...text('tags')} />
      <TextField label={t.form.host} hint={t.form.hostHint} className="sm:col-span-4" {...text('host')} />
      <TextField label={t.form.port} inputMode="numeric" className="sm:col-span-2" {...text('port')} />
      <TextField label={t.form.user} className="sm:col-span-3" {...text('user')} />
      <Secret form={form} name="password" label={t.form.password} stored={stored?.has_password === true} />
      <TextField label={t.form.database} className="sm:col-span-3" {...text('database')} />
      <SelectField
        label={t.form.sslmode}
        className="sm:col-span-3"
        choices={SSL_MODES.map((mode) => ({ value: mode, label: mode }))}
        hint={t.form.sslmodeHints[draft.sslmode]}
        value={draft.sslmode}
        error={errorOf('sslmode')}
        onChange={(event) => change({ sslmode: oneOf(event.target.value, SSL_MODES) ?? draft.sslmode })}
      />
      {draft.sslmode.startsWith('verify') && (
        <TextArea
          label={t.form.sslrootcert}
          hint={t.form.sslrootcertHint}
          className="sm:col-span-6"
          placeholder="-----BEGIN CERTIFICATE-----"
          {...text('sslrootcert')}
        />
      )}
    </div>
  )
}

const SECRET_FIELDS = { password: 'password', ssh_password: 'sshPassword' } as const

/** A stored secret is never shown: it is kept, replaced, or forgotten. */
function Secret(props: { form: ServerForm; name: SecretName; label: string; stored: boolean }) {
  const { t } = useI18n()
  const { form, name, stored } = props
  const forget = form.draft.clear.includes(name)
  const moved = form.stored !== null && movedSecrets(form.draft, form.stored)[name]
  const toggle = (on: boolean) =>
    form.change({ clear: on ? [...form.draft.clear, name] : form.draft.clear.filter((one) => one !== name) })
  return (
    <div className="grid content-start gap-2 sm:col-span-3">
      <TextField
        label={props.label}
        type="password"
        autoComplete="new-password"
        hint={!stored || forget ? t.form.passwordHint : moved ? t.form.passwordMoved : t.form.passwordKeep}
        {...form.text(SECRET_FIELDS[name])}
      />
      {stored && <Checkbox label={t.form.forget} checked={forget} onChange={toggle} />}
    </div>
  )
}

export function SshFields({ form }: { form: ServerForm }) {
  const { t } = useI18n()
  const { draft, change, text } = form
  return (
    <div className="grid gap-4 p-4 sm:grid-cols-6">
      <label className="flex items-center gap-2 font-medium sm:col-span-6">
        <input
          type="checkbox"
          className="size-4 accent-(--accent)"
          checked={draft.sshEnabled}
          onChange={(event) => change({ sshEnabled: event.target.checked })}
        />
        {t.form.sshEnable}
      </label>
      <p className="-mt-3 text-dim sm:col-span-6">{t.form.sshHint}</p>
      {draft.sshEnabled && (
        <>
          <TextField label={t.form.sshHost} hint={t.form.sshHostHint} className="sm:col-span-4" {...text('sshHost')} />
          <TextField label={t.form.sshPort} inputMode="numeric" className="sm:col-span-2" {...text('sshPort')} />
          <TextField label={t.form.sshUser} className="sm:col-span-3" {...text('sshUser')} />
          <div className="grid content-start gap-1 sm:col-span-3">
            <span className="font-medium">{t.form.sshAuth}</span>
            <span>
              <Segmented
                label={t.form.sshAuth}
                value={draft.sshAuth}
                segments={SSH_AUTHS.map((value) => ({ value, label: t.form.sshAuths[value] }))}
                onChange={(sshAuth) => change({ sshAuth })}
              />
            </span>
          </div>
          <SshSecret form={form} />
        </>
      )}
    </div>
  )
}

function SshSecret({ form }: { form: ServerForm }) {
  const { t } = useI18n()
  const { stored, draft, text } = form
  const keys = useQuery({ ...sshKeysQuery(), enabled: draft.sshAuth === 'key' })
  if (draft.sshAuth === 'password') {
    return (
      <Secret form={form} name="ssh_password" label={t.form.sshPassword} stored={stored?.has_ssh_password === true} />
    )
  }
  const known = keys.data ?? []
  const chosen = known.find((key) => key.id === draft.sshKeyId)
  // A key that is not in the list (yet) is still the one that is stored.
  const stale = draft.sshKeyId !== '' && chosen === undefined
  return (
    <>
      <SelectField
        label={t.form.sshKey}
        hint={keys.data?.length === 0 ? t.form.sshNoKeys : t.form.sshKeyHint}
        className="sm:col-span-3"
        choices={[
          { value: '', label: t.form.sshKeyChoose },
          ...(stale ? [{ value: draft.sshKeyId, label: t.form.sshKeyStored }] : []),
          ...known.map((key) => ({ value: key.id, label: `${key.name} (${key.key_type})` })),
        ]}
        {...text('sshKeyId')}
      />
      {chosen?.has_passphrase && (
        <TextField
          label={t.form.sshKeyPassphrase}
          type="password"
          autoComplete="new-password"
          hint={stored?.ssh_key_id === chosen.id ? t.form.passwordKeep : t.form.passwordHint}
          className="sm:col-span-3"
          {...text('sshKeyPassphrase')}
        />
      )}
    </>
  )
}
