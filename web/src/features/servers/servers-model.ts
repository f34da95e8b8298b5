import type { Condition, ServerStatus } from '../../api/types'
import { countsOf } from '../../lib/group'

/** What the reader asked for; unset ones do not filter. */
export interface ServerFilter {
  text: string
  state: Condition | undefined
  version: string | undefined
  tag: string | undefined
}

/** `18.1 (Debian ...)` is of `18`, `9.6.24` of `9.6`. */
export function majorVersion(version: string | null | undefined): string | undefined {
  const match = /^(\d+)(?:\.(\d+))?/.exec(version ?? '')
  if (match === null) return undefined
  return Number(match[1]) >= 10 ? match[1] : `${match[1]}.${match[2] ?? 0}`
}

/** Made once for each answer of the host, so that a key press only compares texts. */
const haystacks = new WeakMap<ServerStatus, string>()

function haystack(server: ServerStatus): string {
  const known = haystacks.get(server)
  if (known !== undefined) return known
  const made = [server.name, server.host, server.version, ...server.tags].filter(Boolean).join('\n').toLocaleLowerCase()
  haystacks.set(server, made)
  return made
}

type Facet = 'state' | 'version' | 'tag'

/** All that `filter` wants; `except` names the one that does not count, for counting its own choices. */
export function filterServers(
  servers: readonly ServerStatus[],
  filter: ServerFilter,
  conditionOf: (server: ServerStatus) => Condition,
  except?: Facet,
): ServerStatus[] {
  const words = filter.text.toLocaleLowerCase().split(/\s+/).filter(Boolean)
  const { state, version, tag } = filter
  return servers.filter(
    (server) =>
      words.every((word) => haystack(server).includes(word)) &&
      (except === 'state' || state === undefined || conditionOf(server) === state) &&
      (except === 'version' || version === undefined || majorVersion(server.version) === version) &&
      (except === 'tag' || tag === undefined || server.tags.includes(tag)),
  )
}

export interface FacetChoice {
  value: string
  count: number
}

/** How many would remain with each choice, whatever is chosen in the same facet now. */
export function facetChoices(servers: readonly ServerStatus[], values: (server: ServerStatus) => readonly string[]) {
  return [...countsOf(servers.flatMap((server) => values(server)))].map(
    ([value, count]): FacetChoice => ({ value, count }),
  )
}
