import type { Messages } from '../en/en'
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

export const ru: Messages = {
  // Comes later than all else; see HOST_TEXTS.
  said: (text) => text,
  quotes: ['«', '»'],
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
