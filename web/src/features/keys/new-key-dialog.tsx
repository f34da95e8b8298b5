import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ChangeEvent, type FormEvent, useRef, useState } from 'react'
import { sshKeysQuery } from '../../api/admin-queries'
import { api, unwrap } from '../../api/client'
import type { SshKey } from '../../api/types'
import { FormDialog } from '../../blocks/form-dialog'
import { FormProblem, fieldProblem } from '../../blocks/form-problem'
import { useI18n } from '../../i18n'
import { Button } from '../../ui/button'
import { DialogActions } from '../../ui/dialog'
import { SelectField, TextArea, TextField } from '../../ui/field'
import { Icon } from '../../ui/icon'

/** Kinds of keys that the host makes; the first is what one should take. */
const KINDS = {
  ed25519: { key_type: 'ed25519' },
  'rsa-3072': { key_type: 'rsa', key_size: 3_072 },
  'rsa-4096': { key_type: 'rsa', key_size: 4_096 },
} as const
type Kind = keyof typeof KINDS

const isKind = (text: string): text is Kind => text in KINDS

/** A key that the host makes, or one that is brought along. */
export function NewKeyDialog(props: {
  kind: 'generate' | 'import'
  onMade: (key: SshKey) => void
  onClose: () => void
}) {
  const { t } = useI18n()
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const [passphrase, setPassphrase] = useState('')
  const [kind, setKind] = useState<Kind>('ed25519')
  const [privateKey, setPrivateKey] = useState('')
  const [tried, setTried] = useState(false)
  const isImport = props.kind === 'import'
  const label = {
    name: name.trim(),
    ...(passphrase === '' ? {} : { passphrase }),
    ...(description === '' ? {} : { description }),
  }
  const make = useMutation({
    mutationFn: () =>
      unwrap(
        isImport
          ? api.POST('/api/ssh-keys/import', { body: { ...label, private_key: privateKey } })
          : api.POST('/api/ssh-keys/generate', { body: { ...label, ...KINDS[kind] } }),
      ),
    onSuccess: async (key) => {
      await client.invalidateQueries({ queryKey: sshKeysQuery().queryKey })
      props.onMade(key)
    },
  })
  const missing = (text: string) => (tried && text.trim() === '' ? t.form.errors.required : undefined)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (name.trim() !== '' && (!isImport || privateKey.trim() !== '')) make.mutate()
  }
  return (
    <FormDialog
      onClose={props.onClose}
      title={isImport ? t.keys.importTitle : t.keys.generateTitle}
      text={isImport ? t.keys.importText : t.keys.generateText}
    >
      <form onSubmit={submit} noValidate className="mt-4 grid gap-4">
        <TextField
          label={t.keys.columns.name}
          value={name}
          error={missing(name) ?? fieldProblem(t, make.error, 'name')}
          onChange={(event) => setName(event.target.value)}
        />
        {isImport ? (
          <PrivateKey
            value={privateKey}
            error={missing(privateKey) ?? fieldProblem(t, make.error, 'private_key')}
            onChange={setPrivateKey}
          />
        ) : (
          <SelectField
            label={t.keys.columns.type}
            value={kind}
            choices={Object.keys(KINDS).map((value) => ({ value, label: isKind(value) ? t.keys.kinds[value] : value }))}
            onChange={(event) => isKind(event.target.value) && setKind(event.target.value)}
          />
        )}
        <TextField
          label={t.keys.passphrase}
          hint={isImport ? t.keys.passphraseImportHint : t.keys.passphraseHint}
          type="password"
          autoComplete="new-password"
          value={passphrase}
          error={fieldProblem(t, make.error, 'passphrase')}
          onChange={(event) => setPassphrase(event.target.value)}
        />
        <TextField
          label={t.keys.description}
          value={description}
          error={fieldProblem(t, make.error, 'description')}
          onChange={(event) => setDescription(event.target.value)}
        />
        <FormProblem error={make.error} />
        <DialogActions>
          <Button onClick={props.onClose}>{t.common.cancel}</Button>
          <Button type="submit" look="primary" disabled={make.isPending}>
            {make.isPending ? t.common.saving : isImport ? t.keys.import : t.keys.generate}
          </Button>
        </DialogActions>
      </form>
    </FormDialog>
  )
}

/** A key has a few thousand characters; a greater file is another one. */
const FILE_BYTES_MAX = 64 * 1024

/** Pasted, or read from a file: it goes in the body of the call in either case, and never into an address. */
function PrivateKey(props: { value: string; error: string | undefined; onChange: (key: string) => void }) {
  const { t } = useI18n()
  const [tooLarge, setTooLarge] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  const read = (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0]
    if (file === undefined) return
    setTooLarge(file.size > FILE_BYTES_MAX)
    if (file.size <= FILE_BYTES_MAX) void file.text().then(props.onChange)
  }
  return (
    <div className="grid gap-2">
      <TextArea
        label={t.keys.privateKey}
        hint={t.keys.privateKeyHint}
        placeholder="-----BEGIN OPENSSH PRIVATE KEY-----"
        value={props.value}
        error={tooLarge ? t.keys.fileTooLarge : props.error}
        onChange={(event) => props.onChange(event.target.value)}
      />
      {/* The browser's own has its own look, and words in its own language. */}
      <input ref={field} type="file" hidden onChange={read} />
      <Button className="justify-self-start" onClick={() => field.current?.click()}>
        <Icon name="up" />
        {t.keys.fromFile}
      </Button>
    </div>
  )
}
