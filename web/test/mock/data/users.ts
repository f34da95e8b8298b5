import type { User } from '../../../src/api/types.ts'
import { ago, DAY, HOUR } from './base.ts'

export function makeUsers(): User[] {
  const user = (login: string, role: User['role'], more: Partial<User> = {}): User => ({
    login,
    role,
    email: `${login}@example.org`,
    created_at: ago(300 * DAY),
    last_login: ago(2 * HOUR),
    is_active: true,
    ...more,
  })
  return [
    user('admin', 'admin', { email: null }),
    user('operator', 'operator'),
    user('viewer', 'viewer', { last_login: ago(9 * DAY) }),
    user('ivanova', 'operator', { last_login: null, created_at: ago(DAY) }),
    user('former', 'viewer', { is_active: false, last_login: ago(80 * DAY) }),
  ]
}
