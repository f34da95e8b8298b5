import type {
  AbsenceReason,
  FailureReason,
  PluginState,
  Role,
  RunOutcome,
  ServerState,
  StepOutcome,
} from '../../api/types'
import type { UnitWords } from '../../lib/units'

const units: UnitWords = {
  bytes: ['B', 'KB', 'MB', 'GB', 'TB', 'PB'],
  perSecond: '/s',
  perMinute: '/min',
  perHour: '/h',
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

const serverStates: Record<ServerState, string> = {
  ok: 'OK',
  warning: 'Warning',
  unreachable: 'Unreachable',
  pending: 'Not collected yet',
}

const failureReasons: Record<FailureReason, string> = {
  unreachable: 'No connection',
  'authentication-failed': 'Sign-in to the server refused',
  'tls-failed': 'TLS failed',
  'server-refused': 'The server refused',
  'timed-out': 'Timed out',
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

export const words = {
  units,
  roles,
  serverStates,
  failureReasons,
  absenceReasons,
  runOutcomes,
  pluginStates,
  stepOutcomes,
}
