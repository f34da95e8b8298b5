import type { Role } from '../api/types'

/** The same rule as the API's; the API enforces it, this only hides what would be refused. */
export const canEditServers = (role: Role): boolean => role === 'admin' || role === 'operator'
export const canEditSettings = (role: Role): boolean => role === 'admin'
