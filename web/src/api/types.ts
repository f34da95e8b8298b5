import type { paths } from './schema'

/** Types of answers and bodies, by route: they follow the host's document whatever it calls its schemas. */
type Answer<Route> = Route extends { responses: { 200: { content: { 'application/json': infer Sent } } } }
  ? Sent
  : never
type Body<Route> = Route extends { requestBody: { content: { 'application/json': infer Sent } } } ? Sent : never
type Get<Path extends keyof paths> = paths[Path] extends { get: infer Route } ? Answer<Route> : never
type One<List> = List extends readonly (infer Item)[] ? Item : never

export type TokenAnswer = Answer<paths['/api/token']['post']>
export type User = Get<'/api/users/me'>
export type Role = User['role']
export type ServerStatus = Get<'/api/servers/{name}'>
export type ServerState = ServerStatus['state']
/** A server may answer and yet need somebody at once, as with a full disk. */
export type Condition = ServerState | 'critical'
export type ServerIn = Body<paths['/api/servers']['post']>
export type TestAnswer = Answer<paths['/api/servers/test']['post']>
export type TestResult = TestAnswer['postgres']
export type TestStep = One<TestResult['steps']>
export type StepOutcome = TestStep['outcome']
export type DatabaseStatus = One<Get<'/api/servers/{name}/databases'>>
export type FilesystemStatus = One<Get<'/api/servers/{name}/filesystems'>>
export type SeriesResponse = Get<'/api/series'>
export type Plugin = Get<'/api/plugins/{name}'>
export type PluginState = Plugin['state']
export type PluginOnServer = One<Plugin['on_servers']>
export type LastRun = One<Plugin['last_runs']>
export type Reload = Answer<paths['/api/plugins/reload']['post']>
export type MetricSetDeclaration = One<NonNullable<Plugin['metadata']>['sets']>
export type DatabaseAnalysis = Get<'/api/analysis'>
export type AnalysedDatabase = One<DatabaseAnalysis['items']>
export type AnalysisCriteria = Get<'/api/analysis/criteria'>
export type DeclaredSet = One<Get<'/api/metric-sets'>>
export type Costs = Get<'/api/costs'>
export type CostItem = One<Costs['items']>
export type MetricDeclaration = One<MetricSetDeclaration['metrics']>
export type Run = One<Get<'/api/runs'>>
export type RunOutcome = Run['outcome']
export type FailureReason = NonNullable<Run['reason']>
export type AbsenceReason = One<Run['absences']>['reason']
export type HostEvent = One<Get<'/api/events'>>
export type LiveSessions = Get<'/api/server_stats/{name}'>
export type LiveQuery = One<LiveSessions['queries']>
export type AwaitedLock = NonNullable<LiveQuery['awaited_lock']>
export type SettingsMap = Get<'/api/settings'>
export type SshKey = One<Get<'/api/ssh-keys'>>
export type AuditEvent = One<Get<'/api/audit/sessions'>['items']>
export type LogEntry = One<Get<'/api/logs'>['items']>
export type LogLevel = LogEntry['level']
export type OwnSession = One<Get<'/api/users/me/sessions'>>
export type Health = Get<'/api/health'>
