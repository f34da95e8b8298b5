import { admin } from './admin'
import { analysis } from './analysis'
import { app } from './app'
import { charts } from './charts'
import { databases } from './databases'
import { explore } from './explore'
import { fleet } from './fleet'
import { keys } from './keys'
import { plugins } from './plugins'
import { servers } from './servers'
import { sessions } from './sessions'
import { settings } from './settings'
import { setup } from './setup'
import { shell } from './shell'
import { time } from './time'
import { users } from './users'
import { words } from './words'

/** What the host said, in this language; comes later than all else, see HOST_TEXTS. */
const said = (text: string): string => text

export const en = {
  said,
  quotes: ['“', '”'] as readonly [before: string, after: string],
  ...words,
  ...time,
  ...app,
  ...shell,
  ...servers,
  ...databases,
  ...sessions,
  ...charts,
  ...plugins,
  ...settings,
  ...users,
  ...keys,
  ...admin,
  ...fleet,
  ...setup,
  ...explore,
  ...analysis,
}

/** Every other language has exactly these texts. */
export type Messages = typeof en
