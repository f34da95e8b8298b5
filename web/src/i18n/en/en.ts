import { admin } from './admin'
import { app } from './app'
import { charts } from './charts'
import { databases } from './databases'
import { keys } from './keys'
import { plugins } from './plugins'
import { servers } from './servers'
import { sessions } from './sessions'
import { settings } from './settings'
import { shell } from './shell'
import { time } from './time'
import { users } from './users'
import { words } from './words'

export const en = {
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
}

/** Every other language has exactly these texts. */
export type Messages = typeof en
