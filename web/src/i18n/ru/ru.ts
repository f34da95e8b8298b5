import type { Messages } from '../en/en'
import { app } from './app'
import { charts } from './charts'
import { databases } from './databases'
import { plugins } from './plugins'
import { servers } from './servers'
import { sessions } from './sessions'
import { settings } from './settings'
import { shell } from './shell'
import { time } from './time'
import { words } from './words'

export const ru: Messages = {
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
}
