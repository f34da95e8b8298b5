import { type ComponentType, type FunctionComponent, useEffect, useState } from 'react'

export type LazyPart<Props> = FunctionComponent<Props> & {
  /** Loads it ahead. Where that fails, drawing it tries again and tells. Not there any more when it is loaded. */
  preload?: (() => Promise<void>) | undefined
}

/**
 * A part of the page whose code is loaded when it is needed. When that fails, as while the host is away, nothing else
 * is lost, and one can try again; React's `lazy` keeps a failure for good, and that of the router reloads the window.
 */
export function lazyPart<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  Waiting: ComponentType,
  Missing: ComponentType<{ onRetry: () => void }>,
): LazyPart<Props> {
  let Loaded: ComponentType<Props> | undefined
  const ensure = async () => {
    Loaded ??= await load()
    Part.preload = undefined
  }
  const Part: LazyPart<Props> = (props) => {
    const [state, setState] = useState<'waiting' | 'missing' | 'loaded'>(Loaded === undefined ? 'waiting' : 'loaded')
    useEffect(() => {
      // Also where it came after this was drawn: nobody else would draw it again.
      if (state !== 'waiting') return
      ensure().then(
        () => setState('loaded'),
        () => setState('missing'),
      )
    }, [state])
    if (Loaded !== undefined) return <Loaded {...props} />
    return state === 'missing' ? <Missing onRetry={() => setState('waiting')} /> : <Waiting />
  }
  Part.preload = () => ensure().catch(() => undefined)
  return Part
}
