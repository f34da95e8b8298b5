import { createContext, useContext } from 'react'
import type { User } from '../api/types'

const UserContext = createContext<User | null>(null)
export const UserProvider = UserContext.Provider

/** The signed-in user. Pages exist only below a session, so there always is one. */
export function useUser(): User {
  const user = useContext(UserContext)
  if (user === null) throw new Error('useUser is used outside of a session')
  return user
}
