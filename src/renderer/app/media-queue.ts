import { cancelled } from '../../shared/errors.ts'

interface Waiting {
  readonly start: () => void
  readonly refuse: () => void
}

/**
 * Lets a few downloads run at a time, newest first: what has just scrolled into view matters most,
 * and calls must never wait behind a screen full of thumbnails for one of the browser's six connections.
 */
export function createMediaQueue(limit: number): {
  /** Runs the task when its turn comes; rejects with `Cancelled` if aborted before. */
  readonly run: <Result>(task: () => Promise<Result>, signal: AbortSignal) => Promise<Result>
} {
  const waiting: Waiting[] = []
  let running = 0

  function next(): void {
    if (running < limit) waiting.pop()?.start()
  }

  async function run<Result>(task: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    await new Promise<void>((resolve, reject) => {
      const entry: Waiting = {
        start: () => {
          signal.removeEventListener('abort', entry.refuse)
          running++
          resolve()
        },
        refuse: () => {
          waiting.splice(waiting.indexOf(entry), 1)
          reject(cancelled())
        },
      }
      if (signal.aborted) {
        reject(cancelled())
        return
      }
      signal.addEventListener('abort', entry.refuse, { once: true })
      waiting.push(entry)
      next()
    })
    try {
      return await task()
    } finally {
      running--
      next()
    }
  }

  return { run }
}
