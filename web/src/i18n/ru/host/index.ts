import { type HostText, translator } from '../../host-texts'
import { connections } from './connections'
import { forms } from './forms'
import { host } from './host'
import { plugins } from './plugins'
import { runs } from './runs'

/** All texts of the host and of its own probes that a page can show. A test holds them against the host's source. */
export const HOST_TEXTS: readonly HostText[] = [...forms, ...connections, ...runs, ...plugins, ...host]

export const said = translator(HOST_TEXTS)
