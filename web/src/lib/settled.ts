import { useEffect, useState } from 'react'

const SETTLE_MS = 250

/** Whether the row has stayed for a moment: rows that fly by are not asked for. */
export function useSettled(): boolean {
  const [settled, setSettled] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(true), SETTLE_MS)
    return () => clearTimeout(timer)
  }, [])
  return settled
}
