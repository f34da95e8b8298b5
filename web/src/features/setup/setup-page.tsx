import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, type ReactNode, useRef, useState } from 'react'
import { serverQuery } from '../../api/queries'
import type { ServerState } from '../../api/types'
import { useUser } from '../../app/session-context'
import { CopyButton } from '../../blocks/copy-button'
import { FormProblem } from '../../blocks/form-problem'
import { LeaveQuestion } from '../../blocks/leave-question'
import { PageHeader } from '../../blocks/page-header'
import { ForbiddenState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { makePassword } from '../../lib/password'
import { paths } from '../../lib/paths'
import { canEditServers } from '../../lib/roles'
import { useUrlState } from '../../lib/router-hooks'
import { anyText, oneOf } from '../../lib/url-state'
import { Button } from '../../ui/button'
import { cx } from '../../ui/classes'
import { SelectField, TextField } from '../../ui/field'
import { Icon } from '../../ui/icon'
import { Segmented } from '../../ui/segmented'
import { TextSkeleton } from '../../ui/skeleton'
import { EMPTY_DRAFT, type ServerDraft, SSL_MODES } from '../servers/server-draft'
import { TestPanel } from '../servers/test-panel'
import { type ServerForm, saveServer, useServerForm, useServerTest } from '../servers/use-server-form'
import { ASK_EVERY_MS, FirstSample } from './first-sample'
import { nameFromHost, type RoleKind, roleSql } from './role-sql'

/** The server, from the moment at which it is saved. */
const IN_URL = { server: anyText }

/** From nothing to the first numbers: a role, an address, a sample. */
export function SetupPage() {
  const { t } = useI18n()
  const [search] = useUrlState(IN_URL)
  const [tested, setTested] = useState<Outcome>()
  if (!canEditServers(useUser().role)) {
    return (
      <>
        <PageHeader title={t.setup.title} />
        <ForbiddenState />
      </>
    )
  }
  return (
    <>
      <PageHeader title={t.setup.title} note={t.setup.note} />
      {search.server === undefined ? <Connect onSaved={setTested} /> : <Watch server={search.server} tested={tested} />}
    </>
  )
}

/** Of a step; undefined as long as that is not known. */
type Outcome = 'done' | 'failed' | undefined

const OUTCOME_CLASS = { done: 'bg-ok-soft text-ok', failed: 'bg-bad-soft text-bad' }

function Step(props: { number: number; title: string; outcome?: Outcome; children?: ReactNode }) {
  const { t } = useI18n()
  const { outcome } = props
  return (
    <section aria-label={props.title} className="grid grid-cols-[2rem_minmax(0,1fr)] gap-x-3">
      <span
        className={cx(
          'grid size-7 place-items-center rounded-full font-semibold',
          outcome ? OUTCOME_CLASS[outcome] : 'bg-accent-soft text-accent-strong',
        )}
      >
        {outcome ? <Icon name={outcome === 'done' ? 'check' : 'cross'} /> : props.number}
      </span>
      <h2 className="self-center text-base font-semibold">
        {props.title}
        {outcome === 'done' && <span className="sr-only"> ({t.common.done})</span>}
        {outcome === 'failed' && <span className="font-normal text-bad"> ({t.setup.notPassed})</span>}
      </h2>
      <div className={cx('col-start-2', props.children ? 'pt-2 pb-6' : 'pb-3')}>{props.children}</div>
    </section>
  )
}

function Connect({ onSaved }: { onSaved: (tested: Outcome) => void }) {
  const { t } = useI18n()
  const [, setSearch] = useUrlState(IN_URL)
  const client = useQueryClient()
  // A password that nobody has thought of is a good one; who has a role already types its own.
  const [start] = useState<ServerDraft>(() => ({ ...EMPTY_DRAFT, user: 'pgvigil', password: makePassword() }))
  const done = useRef(false)
  const test = useServerTest(null)
  const save = useMutation({
    mutationFn: (draft: ServerDraft) => saveServer(null, draft),
    onSuccess: async (server) => {
      done.current = true
      client.setQueryData(serverQuery(server.name).queryKey, server)
      await client.invalidateQueries({ queryKey: ['servers'] })
      onSaved(tested)
      setSearch({ server: server.name }, 'push')
    },
  })
  const form = useServerForm(start, null, [save, test])
  const tested = test.data && test.variables === form.draft ? outcomeOf(test.data.postgres.success) : undefined
  const passed = tested === 'done'
  const submit = (event: FormEvent) => {
    event.preventDefault()
    form.ifValid((valid) => (passed ? save.mutate(valid) : test.mutate(valid)))
  }
  return (
    <form onSubmit={submit} noValidate className="max-w-4xl">
      <Step number={1} title={t.setup.role}>
        <RoleStep form={form} />
      </Step>
      <Step number={2} title={t.setup.address}>
        <AddressFields form={form} />
      </Step>
      <Step number={3} title={t.setup.check} outcome={tested}>
        <TestPanel test={test} draft={form.draft} />
        <FormProblem error={save.error} />
        {form.hasErrors && (
          <p role="alert" className="mt-3 rounded-md bg-bad-soft px-3 py-2 text-bad">
            {t.form.fix}
          </p>
        )}
        <div className="mt-3 flex flex-wrap items-center gap-2">
          <Button
            look={passed ? 'plain' : 'primary'}
            disabled={test.isPending}
            onClick={() => form.ifValid((valid) => test.mutate(valid))}
          >
            {test.isPending ? t.form.testing : t.form.test}
          </Button>
          <Button
            look={passed ? 'primary' : 'plain'}
            disabled={save.isPending || test.isPending}
            onClick={() => form.ifValid((valid) => save.mutate(valid))}
          >
            {save.isPending ? t.common.saving : passed ? t.setup.watch : t.setup.watchAnyway}
          </Button>
          <Link
            to={paths.newServer()}
            className="inline-flex min-h-[24px] items-center text-accent-strong hover:underline"
          >
            {t.setup.allSettings}
          </Link>
        </div>
      </Step>
      <Step number={4} title={t.setup.sample} />
      <LeaveQuestion isOpen={() => form.dirty && !done.current} />
    </form>
  )
}

function RoleStep({ form }: { form: ServerForm }) {
  const { t } = useI18n()
  const [kind, setKind] = useState<RoleKind>('pg_monitor')
  const sql = roleSql(form.draft.user, form.draft.password, kind, form.draft.database)
  return (
    <div className="grid gap-3">
      <p className="text-dim">{t.setup.roleText}</p>
      <span>
        <Segmented
          label={t.setup.version}
          value={kind}
          segments={[
            { value: 'pg_monitor', label: t.setup.version10 },
            { value: 'old', label: t.setup.version96 },
          ]}
          onChange={setKind}
        />
      </span>
      <pre className="rounded-md border border-line bg-panel p-3 font-mono text-xs break-words whitespace-pre-wrap">
        {sql}
      </pre>
      <div>
        <CopyButton text={sql} label={t.form.copySql} />
      </div>
    </div>
  )
}

function AddressFields({ form }: { form: ServerForm }) {
  const { t } = useI18n()
  const { draft, text, change } = form
  const setHost = (host: string) => {
    // The name follows the address as long as nobody gave it one.
    const follows = draft.name === '' || draft.name === nameFromHost(draft.host)
    change({ host, ...(follows ? { name: nameFromHost(host) } : {}) })
  }
  return (
    <div className="grid gap-4 sm:grid-cols-6">
      <TextField
        label={t.form.host}
        hint={t.form.hostHint}
        className="sm:col-span-4"
        {...text('host')}
        onChange={(event) => setHost(event.target.value)}
      />
      <TextField label={t.form.port} inputMode="numeric" className="sm:col-span-2" {...text('port')} />
      <TextField label={t.form.user} className="sm:col-span-2" {...text('user')} />
      <TextField label={t.form.password} hint={t.setup.passwordHint} className="sm:col-span-2" {...text('password')} />
      <SelectField
        label={t.form.sslmode}
        hint={t.form.sslmodeHints[draft.sslmode]}
        className="sm:col-span-2"
        choices={SSL_MODES.filter((mode) => !mode.startsWith('verify')).map((mode) => ({ value: mode, label: mode }))}
        value={draft.sslmode}
        onChange={(event) => change({ sslmode: oneOf(event.target.value, SSL_MODES) ?? draft.sslmode })}
      />
      <TextField label={t.form.name} hint={t.form.nameHint} className="sm:col-span-4" {...text('name')} />
    </div>
  )
}

function Watch(props: { server: string; tested: Outcome }) {
  const { t } = useI18n()
  const query = useQuery({ ...serverQuery(props.server), refetchInterval: ASK_EVERY_MS })
  const tried = outcomeOfTrying(query.data?.state, props.tested)
  return (
    <div className="max-w-4xl">
      <Step number={1} title={t.setup.role} outcome={tried === 'done' ? tried : undefined} />
      <Step number={2} title={t.setup.address} outcome={query.data && 'done'} />
      <Step number={3} title={t.setup.check} outcome={tried} />
      <Step number={4} title={t.setup.sample}>
        <QueryView query={query} skeleton={<TextSkeleton />} notFoundText={t.server.notFound(props.server)}>
          {(server) => <FirstSample server={server} />}
        </QueryView>
      </Step>
    </div>
  )
}

const outcomeOf = (success: boolean): Outcome => (success ? 'done' : 'failed')

/** What the first runs found counts more than the test before them, whose outcome no longer stands after a reload. */
function outcomeOfTrying(state: ServerState | undefined, tested: Outcome): Outcome {
  if (state === undefined) return undefined
  return state === 'pending' ? tested : outcomeOf(state !== 'unreachable')
}
