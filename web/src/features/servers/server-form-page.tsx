import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useBlocker, useNavigate } from '@tanstack/react-router'
import { type FormEvent, useRef, useState } from 'react'
import { api, unwrap } from '../../api/client'
import { ApiProblem, asProblem } from '../../api/problem'
import { serverQuery } from '../../api/queries'
import type { ServerStatus } from '../../api/types'
import { useUser } from '../../app/session-context'
import { Card } from '../../blocks/card'
import { PageHeader } from '../../blocks/page-header'
import { ForbiddenState, QueryView, RequestId } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { canEditServers } from '../../lib/roles'
import { useParam } from '../../lib/router-hooks'
import { Button } from '../../ui/button'
import { QuestionDialog } from '../../ui/dialog'
import { SelectField, TextArea, TextField } from '../../ui/field'
import { FormSkeleton } from '../../ui/skeleton'
import { DeleteServer } from './delete-server'
import {
  checkDraft,
  type DraftErrors,
  draftOf,
  EMPTY_DRAFT,
  FIELD_NAMES,
  type ServerDraft,
  SSL_MODES,
  settingsOf,
} from './server-draft'
import { TestReport } from './test-report'

export function NewServerPage() {
  const { t } = useI18n()
  const mayEdit = canEditServers(useUser().role)
  return (
    <>
      <PageHeader title={t.form.addTitle} />
      {mayEdit ? <ServerForm initial={EMPTY_DRAFT} stored={null} /> : <ForbiddenState />}
    </>
  )
}

export function EditServerPage() {
  const { t } = useI18n()
  const name = useParam('name')
  const mayEdit = canEditServers(useUser().role)
  return (
    <>
      <PageHeader title={t.form.editTitle(name)} />
      {mayEdit ? <StoredServer name={name} /> : <ForbiddenState />}
    </>
  )
}

function StoredServer(props: { name: string }) {
  const query = useQuery(serverQuery(props.name))
  return (
    <QueryView query={query} skeleton={<FormSkeleton />}>
      {(server) => (
        <>
          <ServerForm initial={draftOf(server)} stored={server} />
          <DeleteServer name={server.name} />
        </>
      )}
    </QueryView>
  )
}

function ServerForm(props: { initial: ServerDraft; stored: ServerStatus | null }) {
  const { t } = useI18n()
  const { stored } = props
  const navigate = useNavigate()
  const queryClient = useQueryClient()
  // What the form began with: the server's state is read again every few seconds, what is typed must not be lost.
  const [initial] = useState(props.initial)
  const [draft, setDraft] = useState(initial)
  const [errors, setErrors] = useState<DraftErrors>({})
  const done = useRef(false)
  const dirty = JSON.stringify(draft) !== JSON.stringify(initial)

  const test = useMutation({
    mutationFn: (tested: ServerDraft) =>
      unwrap(
        api.POST('/api/servers/test', {
          body: { settings: settingsOf(tested), ...(stored ? { name: stored.name } : {}) },
        }),
      ),
  })

  const save = useMutation({
    mutationFn: (saved: ServerDraft) => {
      const body = settingsOf(saved)
      return unwrap(
        stored
          ? api.PUT('/api/servers/{name}', { params: { path: { name: stored.name } }, body })
          : api.POST('/api/servers', { body }),
      )
    },
    onSuccess: async (server) => {
      done.current = true
      queryClient.setQueryData(serverQuery(server.name).queryKey, server)
      await queryClient.invalidateQueries({ queryKey: ['servers'] })
      await navigate({ to: paths.server(server.name) })
    },
  })

  const blocker = useBlocker({
    shouldBlockFn: () => dirty && !done.current,
    enableBeforeUnload: () => dirty && !done.current,
    withResolver: true,
  })

  const change = (part: Partial<ServerDraft>) => {
    setDraft((previous) => ({ ...previous, ...part }))
    setErrors((previous) => {
      const rest = { ...previous }
      for (const key of Object.keys(part)) Reflect.deleteProperty(rest, key)
      return rest
    })
  }

  const ifValid = (act: (draft: ServerDraft) => void) => {
    const found = checkDraft(draft)
    setErrors(found)
    if (Object.keys(found).length === 0) act(draft)
  }

  const submit = (event: FormEvent) => {
    event.preventDefault()
    ifValid((valid) => save.mutate(valid))
  }

  const fromHost = save.error instanceof ApiProblem ? save.error.fields : []
  const errorOf = (field: keyof ServerDraft): string | undefined => {
    const own = errors[field]
    if (own) return t.form.errors[own]
    return fromHost.find((problem) => FIELD_NAMES[problem.field] === field)?.message
  }
  const text = (field: Exclude<keyof ServerDraft, 'sshEnabled' | 'sshKeyId' | 'sslmode'>) => ({
    value: draft[field],
    error: errorOf(field),
    onChange: (event: { target: { value: string } }) => change({ [field]: event.target.value }),
  })

  return (
    <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_26rem]">
      <form onSubmit={submit} noValidate className="grid gap-4">
        <Card title={t.form.postgres}>
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
            <TextField
              label={t.form.password}
              type="password"
              autoComplete="new-password"
              hint={stored?.has_password ? t.form.passwordKeep : t.form.passwordHint}
              className="sm:col-span-3"
              {...text('password')}
            />
            <TextField label={t.form.database} className="sm:col-span-3" {...text('database')} />
            <SelectField
              label={t.form.sslmode}
              className="sm:col-span-3"
              choices={SSL_MODES.map((mode) => ({ value: mode, label: mode }))}
              value={draft.sslmode}
              error={errorOf('sslmode')}
              onChange={(event) =>
                change({ sslmode: SSL_MODES.find((mode) => mode === event.target.value) ?? draft.sslmode })
              }
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
        </Card>

        <Card title={t.form.ssh}>
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
                <TextField
                  label={t.form.sshHost}
                  hint={t.form.sshHostHint}
                  className="sm:col-span-4"
                  {...text('sshHost')}
                />
                <TextField label={t.form.sshPort} inputMode="numeric" className="sm:col-span-2" {...text('sshPort')} />
                <TextField label={t.form.sshUser} className="sm:col-span-3" {...text('sshUser')} />
                {draft.sshKeyId === null ? (
                  <TextField
                    label={t.form.sshPassword}
                    type="password"
                    autoComplete="new-password"
                    hint={stored?.has_ssh_password ? t.form.passwordKeep : t.form.passwordHint}
                    className="sm:col-span-3"
                    {...text('sshPassword')}
                  />
                ) : (
                  <p className="self-end pb-1.5 text-dim sm:col-span-3">{t.form.sshKeyUsed}</p>
                )}
              </>
            )}
          </div>
        </Card>

        {Object.keys(errors).length > 0 && (
          <p role="alert" className="rounded-md bg-bad-soft px-3 py-2 text-bad">
            {t.form.fix}
          </p>
        )}
        <FormProblem error={save.error} />

        <div className="flex flex-wrap items-center gap-2">
          <Button type="submit" look="primary" disabled={save.isPending}>
            {save.isPending ? t.common.saving : stored ? t.form.save : t.form.saveNew}
          </Button>
          <Button disabled={test.isPending} onClick={() => ifValid((valid) => test.mutate(valid))}>
            {test.isPending ? t.form.testing : t.form.test}
          </Button>
          <Button
            look="quiet"
            onClick={() => void navigate({ to: stored ? paths.server(stored.name) : paths.servers() })}
          >
            {t.common.cancel}
          </Button>
        </div>
      </form>

      <Card title={t.form.test} className="xl:sticky xl:top-16">
        <div aria-live="polite" aria-busy={test.isPending} className="grid gap-4 p-4">
          {test.isPending ? (
            <p className="text-dim">{t.form.testing}</p>
          ) : test.data ? (
            <>
              {test.variables !== draft && <p className="text-warn">{t.form.testStale}</p>}
              <TestReport title={t.form.postgres} result={test.data.postgres} stale={test.variables !== draft} />
              {test.data.ssh && (
                <TestReport title={t.form.ssh} result={test.data.ssh} stale={test.variables !== draft} />
              )}
            </>
          ) : test.error ? (
            <FormProblem error={test.error} />
          ) : (
            <p className="text-dim">{t.form.testEmpty}</p>
          )}
        </div>
      </Card>

      <QuestionDialog
        open={blocker.status === 'blocked'}
        onOpenChange={(open) => !open && blocker.reset?.()}
        title={t.form.leaveTitle}
        text={t.form.leaveText}
      >
        <div className="mt-4 flex flex-wrap justify-end gap-2">
          <Button onClick={() => blocker.reset?.()}>{t.form.stay}</Button>
          <Button look="danger" onClick={() => blocker.proceed?.()}>
            {t.form.leave}
          </Button>
        </div>
      </QuestionDialog>
    </div>
  )
}

function FormProblem(props: { error: unknown }) {
  const { t } = useI18n()
  if (!props.error) return null
  const problem = asProblem(props.error)
  return (
    <div role="alert" className="rounded-md bg-bad-soft px-3 py-2 break-words text-bad">
      {problem.status === 0 ? t.states.unreachableTitle : problem.message}
      <RequestId problem={problem} />
    </div>
  )
}
