import { ago } from '../data/base.ts'
import { bodyOf, type Route, route } from '../http.ts'

export const settingRoutes: readonly Route[] = [
  route('get', '/api/settings', 'admin', ({ world }) => world.settings),
  route('put', '/api/settings', 'admin', (call) => {
    const { world } = call
    for (const [key, value] of Object.entries(bodyOf(call, 'put', '/api/settings'))) {
      const item = world.settings[key]
      if (!item || value == null) continue
      world.settings = { ...world.settings, [key]: { ...item, value: String(value), updated_at: ago(0) } }
    }
    return world.settings
  }),
]
