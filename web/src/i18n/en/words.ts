import type {
  AbsenceReason,
  Condition,
  FailureReason,
  PluginState,
  Role,
  RunOutcome,
  StepOutcome,
} from '../../api/types'
import type { UnitWords } from '../../lib/units'

const units: UnitWords = {
  bytes: ['B', 'KB', 'MB', 'GB', 'TB', 'PB'],
  perSecond: '/s',
  perMinute: '/min',
  perHour: '/h',
  microsecond: 'µs',
  millisecond: 'ms',
  second: 's',
  minute: 'min',
  hour: 'h',
  day: 'd',
  now: 'just now',
  ago: (duration) => `${duration} ago`,
  ahead: (duration) => `in ${duration}`,
}

const roles: Record<Role, string> = { admin: 'administrator', operator: 'operator', viewer: 'viewer' }

const serverStates: Record<Condition, string> = {
  ok: 'OK',
  warning: 'Warning',
  critical: 'Critical',
  unreachable: 'Unreachable',
  pending: 'Not collected yet',
}

const failureReasons: Record<FailureReason, string> = {
  unreachable: 'No connection',
  'authentication-failed': 'Sign-in to the server refused',
  'tls-failed': 'TLS failed',
  'server-refused': 'The server refused',
  'timed-out': 'Timed out',
  'connection-busy': 'Connection in use',
  'not-granted': 'Not granted in plugins.toml',
  'missing-privilege': 'Privilege missing',
  misconfigured: 'Wrong configuration',
  'sql-failed': 'SQL failed',
  'ssh-failed': 'SSH failed',
  'host-key-changed': 'SSH host key changed',
  'host-call-failed': 'Host call failed',
  'limit-exceeded': 'Limit exceeded',
  'out-of-memory': 'Out of memory',
  'out-of-cpu': 'Out of CPU time',
  trapped: 'The probe crashed',
  'invalid-report': 'Invalid report',
  'probe-failed': 'The probe failed',
  cancelled: 'Cancelled',
  'host-failed': 'Fault of the host',
}

const absenceReasons: Record<AbsenceReason, string> = {
  denied: 'denied',
  locked: 'locked',
  'timed-out': 'timed out',
  'not-applicable': 'not applicable',
  failed: 'failed',
}

const runOutcomes: Record<RunOutcome, string> = {
  collected: 'Collected',
  'not-applicable': 'Not applicable',
  failed: 'Failed',
}

const pluginStates: Record<PluginState, string> = {
  loaded: 'Loaded',
  running: 'Running',
  degraded: 'Degraded',
  quarantined: 'Quarantined',
  disabled: 'Disabled',
  refused: 'Refused',
}

const stepOutcomes: Record<StepOutcome, string> = {
  passed: 'Passed',
  warning: 'Warning',
  failed: 'Failed',
  skipped: 'Skipped',
}

/** Refusals by the word that the host gives them; what needs its details is shown as the host puts it. */
const problems = {
  'role-insufficient': 'Your role does not allow this.',
  'no-such-server': 'There is no such server any more.',
  'no-such-user': 'There is no such user any more.',
  'no-such-ssh-key': 'There is no such SSH key any more.',
  'server-exists': 'A server with this name exists already.',
  'user-exists': 'A user with this name exists already.',
  'ssh-key-exists': 'An SSH key with this name exists already.',
  'ssh-key-known': 'This very key is stored already.',
  'own-account': 'You cannot delete your own account; another administrator can.',
  'last-admin': 'This would leave no active administrator; make another user one first.',
  'too-many-requests': 'Too many requests; try again in a moment.',
  busy: 'The host is busy; try again in a moment.',
  'server-timed-out': 'The server did not answer in time.',
  'store-away': 'The store of the host does not answer.',
  'host-failed': 'The host failed; its log says why.',
}

export const words = {
  problems,
  units,
  roles,
  serverStates,
  failureReasons,
  absenceReasons,
  runOutcomes,
  pluginStates,
  stepOutcomes,
}
