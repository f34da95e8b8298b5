import { ApiProblem } from '../../api/problem'
import type { ServerIn, ServerStatus } from '../../api/types'

export const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
export type SslMode = (typeof SSL_MODES)[number]

/** As the API calls them. */
export type SecretName = 'password' | 'ssh_password'

export const SSH_AUTHS = ['password', 'key'] as const
export type SshAuth = (typeof SSH_AUTHS)[number]

/** What the form holds: texts as typed, checked when it is sent. */
export interface ServerDraft {
  name: string
  host: string
  port: string
  user: string
  password: string
  database: string
  sslmode: SslMode
  sslrootcert: string
  tags: string
  sshEnabled: boolean
  sshHost: string
  sshPort: string
  sshUser: string
  sshAuth: SshAuth
  sshPassword: string
  sshKeyId: string
  sshKeyPassphrase: string
  /** Stored secrets that the host should forget. */
  clear: readonly SecretName[]
}

export type DraftErrors = Partial<Record<keyof ServerDraft, 'required' | 'name' | 'port' | 'host'>>

export const EMPTY_DRAFT: ServerDraft = {
  name: '',
  host: '',
  port: '5432',
  user: '',
  password: '',
  database: 'postgres',
  sslmode: 'prefer',
  sslrootcert: '',
  tags: '',
  sshEnabled: false,
  sshHost: '',
  sshPort: '22',
  sshUser: '',
  sshAuth: 'password',
  sshPassword: '',
  sshKeyId: '',
  sshKeyPassphrase: '',
  clear: [],
}

/** Secrets never come back from the host: their fields start empty, and empty means "keep". */
export function draftOf(server: ServerStatus): ServerDraft {
  return {
    ...EMPTY_DRAFT,
    name: server.name,
    host: server.host,
    port: String(server.port),
    user: server.user,
    database: server.database,
    sslmode: SSL_MODES.find((mode) => mode === server.sslmode) ?? 'prefer',
    sslrootcert: server.sslrootcert ?? '',
    tags: server.tags.join(', '),
    sshEnabled: server.ssh_user !== '',
    sshHost: server.ssh_host ?? '',
    sshPort: String(server.ssh_port),
    sshUser: server.ssh_user,
    sshAuth: server.ssh_auth_type === 'key' ? 'key' : 'password',
    sshKeyId: server.ssh_key_id ?? '',
  }
}

/** Whether the draft leads elsewhere than what is stored: there the host takes no stored password. */
export function movedSecrets(draft: ServerDraft, stored: ServerStatus): Record<SecretName, boolean> {
  const before = draftOf(stored)
  const login = ({ host, port, user }: ServerDraft) => JSON.stringify([host.trim(), Number(port), user.trim()])
  const ssh = (of: ServerDraft) =>
    login({ ...of, host: of.sshHost.trim() || of.host, port: of.sshPort, user: of.sshUser })
  return { password: login(draft) !== login(before), ssh_password: ssh(draft) !== ssh(before) }
}

const NAME = /^[A-Za-z0-9_.-]{1,64}$/

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535
const isHost = (text: string): boolean => !/\s|:\/\//.test(text)

export function checkDraft(draft: ServerDraft): DraftErrors {
  const errors: DraftErrors = {}
  if (draft.name === '') errors.name = 'required'
  else if (!NAME.test(draft.name) || draft.name === '.' || draft.name === '..') errors.name = 'name'
  if (draft.host.trim() === '') errors.host = 'required'
  else if (!isHost(draft.host.trim())) errors.host = 'host'
  if (!isPort(draft.port)) errors.port = 'port'
  if (draft.user.trim() === '') errors.user = 'required'
  if (draft.database.trim() === '') errors.database = 'required'
  if (draft.sshEnabled) {
    if (draft.sshUser.trim() === '') errors.sshUser = 'required'
    if (!isPort(draft.sshPort)) errors.sshPort = 'port'
    if (!isHost(draft.sshHost.trim())) errors.sshHost = 'host'
    if (draft.sshAuth === 'key' && draft.sshKeyId === '') errors.sshKeyId = 'required'
  }
  return errors
}

/** As the API takes it; call it with a draft that `checkDraft` accepts. */
export function settingsOf(draft: ServerDraft): ServerIn {
  const ssh = draft.sshEnabled
  const byKey = ssh && draft.sshAuth === 'key'
  return {
    name: draft.name,
    host: draft.host.trim(),
    port: Number(draft.port),
    user: draft.user.trim(),
    password: draft.password,
    database: draft.database.trim(),
    sslmode: draft.sslmode,
    sslrootcert: draft.sslrootcert.trim(),
    tags: draft.tags
      .split(',')
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ''),
    ssh_user: ssh ? draft.sshUser.trim() : '',
    ssh_password: ssh && draft.sshAuth === 'password' ? draft.sshPassword : '',
    ssh_port: isPort(draft.sshPort) ? Number(draft.sshPort) : 22,
    ssh_host: ssh ? draft.sshHost.trim() : '',
    ssh_auth_type: ssh ? draft.sshAuth : 'password',
    ssh_key_id: byKey ? draft.sshKeyId : null,
    ssh_key_passphrase: byKey ? draft.sshKeyPassphrase : '',
    ...(draft.clear.length === 0 ? {} : { clear_secrets: [...draft.clear] }),
  }
}

/** The fields of the API's 422 answers by our names. */
export const FIELD_NAMES: Record<string, keyof ServerDraft> = {
  name: 'name',
  host: 'host',
  port: 'port',
  user: 'user',
  password: 'password',
  database: 'database',
  sslmode: 'sslmode',
  sslrootcert: 'sslrootcert',
  tags: 'tags',
  ssh_host: 'sshHost',
  ssh_port: 'sshPort',
  ssh_user: 'sshUser',
  ssh_password: 'sshPassword',
  ssh_key_id: 'sshKeyId',
  ssh_key_passphrase: 'sshKeyPassphrase',
}

/** A test has the settings of the form within: what the host says of them is said of the form's fields. */
export function ofTheForm(error: unknown): unknown {
  if (!(error instanceof ApiProblem)) return error
  const { status, message, requestId, retryAfterSeconds, kind } = error
  const fields = error.fields.map((one) => ({ ...one, field: one.field.replace(/^settings\./, '') }))
  return new ApiProblem(status, message, requestId, fields, retryAfterSeconds, kind)
}
