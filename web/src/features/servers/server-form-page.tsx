import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useRef } from 'react'
import { serverQuery } from '../../api/queries'
import type { ServerStatus } from '../../api/types'
import { useUser } from '../../app/session-context'
import { Card } from '../../blocks/card'
import { FormProblem } from '../../blocks/form-problem'
import { LeaveQuestion } from '../../blocks/leave-question'
import { PageHeader } from '../../blocks/page-header'
import { ForbiddenState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { canEditServers } from '../../lib/roles'
import { useParam } from '../../lib/router-hooks'
import { Button } from '../../ui/button'
import { FormSkeleton } from '../../ui/skeleton'
import { DeleteServer } from './delete-server'
import { ForgetHostKey } from './forget-host-key'
import { draftOf, EMPTY_DRAFT, FIELD_NAMES, type ServerDraft } from './server-draft'
import { PostgresFields, SshFields } from './server-fields'
import { TestPanel } from './test-panel'
import { saveServer, useServerForm, useServerTest } from './use-server-form'

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

function StoredServer({ name }: { name: string }) {
  const { t } = useI18n()
  const query = useQuery(serverQuery(name))
  return (
    <QueryView query={query} skeleton={<FormSkeleton />} notFoundText={t.server.notFound(name)}>
      {(server) => (
        <>
          <ServerForm initial={draftOf(server)} stored={server} />
          <div className="mt-6 flex flex-wrap items-center gap-2 border-t border-line pt-4">
            <DeleteServer name={server.name} />
            {server.ssh_user !== '' && <ForgetHostKey name={server.name} />}
          </div>
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
  const done = useRef(false)
  const test = useServerTest(stored)
  const save = useMutation({
    mutationFn: (saved: ServerDraft) => saveServer(stored, saved),
    onSuccess: async (server) => {
      done.current = true
      queryClient.setQueryData(serverQuery(server.name).queryKey, server)
      await queryClient.invalidateQueries({ queryKey: ['servers'] })
      await navigate({ to: paths.server(server.name) })
    },
  })
  const form = useServerForm(props.initial, stored, [save, test])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    form.ifValid((valid) => save.mutate(valid))
  }
  return (
    <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_26rem]">
      <form onSubmit={submit} noValidate className="grid gap-4">
        <Card title={t.form.postgres}>
          <PostgresFields form={form} />
        </Card>
        <Card title={t.form.ssh}>
          <SshFields form={form} />
        </Card>
        {form.hasErrors && (
          <p role="alert" className="rounded-md bg-bad-soft px-3 py-2 text-bad">
            {t.form.fix}
          </p>
        )}
        <FormProblem error={save.error} fields={FIELD_NAMES} />
        <div className="flex flex-wrap items-center gap-2">
          <Button type="submit" look="primary" disabled={save.isPending}>
            {save.isPending ? t.common.saving : stored ? t.form.save : t.form.saveNew}
          </Button>
          <Button disabled={test.isPending} onClick={() => form.ifValid((valid) => test.mutate(valid))}>
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
      <TestPanel test={test} draft={form.draft} className="xl:sticky xl:top-4" />
      <LeaveQuestion isOpen={() => form.dirty && !done.current} />
    </div>
  )
}
