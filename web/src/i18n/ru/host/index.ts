import { type HostText, translator } from '../../host-texts'
import { words } from '../words'
import { connections } from './connections'
import { forms } from './forms'
import { host } from './host'
import { plugins } from './plugins'
import { runs } from './runs'

/** All texts of the host and of its own probes that a page can show. A test holds them against the host's source. */
export const HOST_TEXTS: readonly HostText[] = [...forms, ...connections, ...runs, ...plugins, ...host]

/** Why a run failed, by the host's word for it, where that stands within a text. */
const REASONS = Object.entries(words.failureReasons).map(
  ([reason, text]): HostText => [reason, text.charAt(0).toLowerCase() + text.slice(1)],
)

export const said = translator([...HOST_TEXTS, ...REASONS])
