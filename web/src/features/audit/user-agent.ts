/** Asked in this order: browsers also name those that they want to be taken for. */
const BROWSERS = [
  [/\bEdg\/(\d+)/, 'Edge'],
  [/\bOPR\/(\d+)/, 'Opera'],
  [/\bYaBrowser\/(\d+)/, 'Yandex'],
  [/\bFirefox\/(\d+)/, 'Firefox'],
  [/\b(?:Headless)?Chrome\/(\d+)/, 'Chrome'],
  [/\bVersion\/(\d+).*\bSafari\//, 'Safari'],
  [/\bcurl\/([\d.]+)/, 'curl'],
  [/\bpython-requests\/([\d.]+)/, 'Python'],
] as const

const SYSTEMS = [
  [/\bAndroid\b/, 'Android'],
  [/\biPhone|iPad\b/, 'iOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
] as const

/** `Firefox 133, Linux`; what is not known stays as it is. */
export function browserName(agent: string | null | undefined): string {
  if (agent == null || agent === '') return '–'
  const found = BROWSERS.map(([pattern, name]) => ({ match: pattern.exec(agent), name })).find(
    ({ match }) => match !== null,
  )
  if (found === undefined) return agent
  const system = SYSTEMS.find(([pattern]) => pattern.test(agent))?.[1]
  return [`${found.name} ${found.match?.[1] ?? ''}`, system].filter(Boolean).join(', ')
}
