import { CSPProvider } from '@base-ui/react/csp-provider'
import { RouterProvider } from '@tanstack/react-router'
import { useState } from 'react'
import { createAppRouter } from './router'

export function SignedIn() {
  const [router] = useState(createAppRouter)
  return (
    // Base UI would add <style> elements, which the CSP forbids.
    <CSPProvider disableStyleElements>
      <RouterProvider router={router} />
    </CSPProvider>
  )
}
