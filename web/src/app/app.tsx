import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { session } from '../api/client'
import { ApiProblem, unreachable } from '../api/problem'
import { LoginPage } from '../features/login/login-page'
import { lazyPart } from '../lib/lazy-part'
import { UserProvider } from './session-context'
import { Splash, Unavailable } from './splash'

/** Attempts after the first; more than these would only delay the words that help. */
const RETRIES = 2

const refused = (error: Error) => error instanceof ApiProblem && error.status >= 400 && error.status < 500

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // Without a network a request fails like any other; what waited for it unseen would look fresh.
      networkMode: 'always',
      // Freshness has its own place, which knows of pauses.
      refetchOnWindowFocus: false,
      refetchOnReconnect: true,
      // What the host refused it will refuse again; what it could not be reached for may pass.
      retry: (failures, error) => failures < RETRIES && !refused(error),
      retryDelay: (attempt) => Math.min(500 * 2 ** attempt, 5_000),
    },
    // Nor may a deletion wait: whoever cancels it must not find it done when the network is back.
    mutations: { networkMode: 'always' },
  },
})

const Away = (props: { onRetry: () => void }) => <Unavailable problem={unreachable()} onRetry={props.onRetry} />

/** Router and components are needed only by those who are in. */
export const SignedIn = lazyPart(() => import('./signed-in').then((module) => module.SignedIn), Splash, Away)

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
      return <LoginPage expired={state.expired} unended={state.unended} />
    case 'signed-in':
      return (
        <UserProvider value={state.user}>
          <SignedIn />
        </UserProvider>
      )
  }
}
