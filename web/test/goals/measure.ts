import type { CDPSession, Page } from 'playwright-core'
import { expect } from 'vitest'

export interface Goal {
  what: string
  /** What the predecessor needed, measured once on another machine: a figure to remember, not one of this run. */
  ancestor?: number
  /** At most this much. */
  limit: number
  unit: string
}

/** Beside other tests, on a machine that does other things too, only what is far off is a fault of ours. */
const SLACK = process.env.GOALS === 'strict' ? 1 : 2

/** Says our figure beside the goal, and fails where it is missed. */
export function hold({ what, ancestor, limit, unit }: Goal, figure: number) {
  const shown = unit === '' ? String(figure) : `${figure.toFixed(figure < 10 ? 1 : 0)} ${unit}`
  const beside =
    ancestor === undefined ? '' : `; the ancestor then: ${ancestor}, ours is ${(figure / ancestor).toFixed(3)} of it`
  console.log(`${figure > limit ? 'OVER' : 'ok  '} ${what}: ${shown} of at most ${limit}${beside}`)
  expect.soft(figure, what).toBeLessThanOrEqual(limit * SLACK)
}

/** What the main thread of a page does. CPU time says more than wall time on a machine that does other things too. */
export class Meter {
  readonly #page: Page
  readonly #session: CDPSession

  private constructor(page: Page, session: CDPSession) {
    this.#page = page
    this.#session = session
  }

  static async on(page: Page): Promise<Meter> {
    const session = await page.context().newCDPSession(page)
    await session.send('Performance.enable', { timeDomain: 'threadTicks' })
    return new Meter(page, session)
  }

  async #metric(name: string): Promise<number> {
    const { metrics } = await this.#session.send('Performance.getMetrics')
    const found = metrics.find((metric) => metric.name === name)
    if (found === undefined) throw new Error(`the browser has no figure ${name}`)
    return found.value
  }

  /** Milliseconds of CPU of the main thread until all that follows from `act` is drawn; what the test itself costs is not ours. */
  async cpu(act: () => Promise<unknown>): Promise<number> {
    const before = await this.#busy()
    await act()
    await this.drawn()
    return ((await this.#busy()) - before) * 1_000
  }

  async #busy(): Promise<number> {
    return (await this.#metric('TaskDuration')) - (await this.#metric('DevToolsCommandDuration'))
  }

  /** Two frames: in the first it is drawn, the second comes after it. */
  async drawn(): Promise<void> {
    await this.#page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))')
  }

  /** Megabytes of objects that something still refers to. */
  async heap(): Promise<number> {
    await this.#session.send('HeapProfiler.collectGarbage')
    return (await this.#metric('JSHeapUsedSize')) / 1_000_000
  }
}
