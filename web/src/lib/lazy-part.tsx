import { type ComponentType, type FunctionComponent, useEffect, useState } from 'react'

export type LazyPart<Props> = FunctionComponent<Props> & {
  /** Loads it ahead. Where that fails, drawing it tries again and tells. Not there any more when it is loaded. */
  preload?: (() => Promise<void>) | undefined
}

/** As long as for an answer of the API: a network that swallows packets says nothing at all. */
const LOAD_MS = 30_000
/** A host that is back is noticed this late. */
const AGAIN_MS = 5_000
/** So long a press on a link may seem to do nothing; then the page is shown to be on its way. */
const STAY_MS = 500

/**
 * A part of the page whose code is loaded when it is needed. When that fails, as while the host is away, nothing else
 * is lost, and one can try again; React's `lazy` keeps a failure for good, and that of the router reloads the window.
 * A browser that waits for a file in vain asks for it no second time, whatever is imported: then only loading the page
 * anew does.
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
    const [state, setState] = useState<'waiting' | 'late' | 'missing' | 'loaded'>(
      Loaded === undefined ? 'waiting' : 'loaded',
    )
    useEffect(() => {
      // Also where it came after this was drawn: nobody else would draw it again.
      if (state !== 'waiting') return
      ensure().then(
        () => setState('loaded'),
        () => setState('missing'),
      )
      const timer = setTimeout(() => setState('late'), LOAD_MS)
      return () => clearTimeout(timer)
    }, [state])
    useEffect(() => {
      if (state !== 'missing') return
      // Whoever does not look comes back to a page that is there.
      const timer = setInterval(
        () =>
          void ensure().then(
            () => setState('loaded'),
            () => undefined,
          ),
        AGAIN_MS,
      )
      return () => clearInterval(timer)
    }, [state])
    if (Loaded !== undefined) return <Loaded {...props} />
    if (state === 'waiting') return <Waiting />
    return <Missing onRetry={() => (state === 'late' ? location.reload() : setState('waiting'))} />
  }
  // The router changes the page only when this is done.
  Part.preload = () =>
    Promise.race([ensure().catch(() => undefined), new Promise<void>((go) => setTimeout(go, STAY_MS))])
  return Part
}
