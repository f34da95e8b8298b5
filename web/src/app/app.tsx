import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { lazy, Suspense, useSyncExternalStore } from 'react'
import { session } from '../api/client'
import { ApiProblem } from '../api/problem'
import { LoginPage } from '../features/login/login-page'
import { UserProvider } from './session-context'
import { Splash, Unavailable } from './splash'

/** Attempts after the first; more than these would only delay the words that help. */
const RETRIES = 2

const refused = (error: Error) => error instanceof ApiProblem && error.status >= 400 && error.status < 500

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // Freshness has its own place, which knows of pauses.
      refetchOnWindowFocus: false,
      refetchOnReconnect: true,
      // What the host refused it will refuse again; what it could not be reached for may pass.
      retry: (failures, error) => failures < RETRIES && !refused(error),
      retryDelay: (attempt) => Math.min(500 * 2 ** attempt, 5_000),
    },
  },
})

/** Router and components are needed only by those who are in. */
export const loadSignedIn = () => import('./signed-in').then((module) => ({ default: module.SignedIn }))
const SignedIn = lazy(loadSignedIn)

export function App() {
  return (
    <QueryClientProvider client={queryClient}>
      <Gate />
    </QueryClientProvider>
  )
}

/** Signed out, the form stands at every address: signing in returns to where the link led. */
function Gate() {
  const state = useSyncExternalStore(session.subscribe, session.state)
  switch (state.kind) {
    case 'restoring':
      return <Splash />
    case 'unavailable':
      return <Unavailable problem={state.problem} onRetry={() => void session.restore()} />
    case 'signed-out':
      return <LoginPage expired={state.expired} />
    case 'signed-in':
      return (
        <UserProvider value={state.user}>
          <Suspense fallback={<Splash />}>
            <SignedIn />
          </Suspense>
        </UserProvider>
      )
  }
}
