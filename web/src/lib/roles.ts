import type { Role } from '../api/types'

/** The same rules as the API's; the API enforces them, these only hide what would be refused. */
export const canEditServers = (role: Role): boolean => role === 'admin' || role === 'operator'
export const canSeeKeys = (role: Role): boolean => role === 'admin' || role === 'operator'
export const canEditKeys = (role: Role): boolean => role === 'admin' || role === 'operator'
export const canEditSettings = (role: Role): boolean => role === 'admin'
export const canManageUsers = (role: Role): boolean => role === 'admin'
export const canSeeAudit = (role: Role): boolean => role === 'admin'
export const canRunPlugins = (role: Role): boolean => role === 'admin' || role === 'operator'
export const canManagePlugins = (role: Role): boolean => role === 'admin'
