import { useQuery } from '@tanstack/react-query'
import { pluginQuery } from '../../api/queries'
import type { Plugin } from '../../api/types'
import { useParam } from '../../lib/router-hooks'

/** The plugin of the page; its tabs are drawn only when it is there. */
export function usePlugin(): Plugin | undefined {
  return useQuery(pluginQuery(useParam('name'))).data
}
