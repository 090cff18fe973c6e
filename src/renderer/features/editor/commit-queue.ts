import { createStore } from 'zustand/vanilla'
import type { StoreApi } from 'zustand/vanilla'
import type { Bridge } from '../../../shared/contract/contract.ts'
import type { HistoryEntry, HistoryState } from '../../../shared/domain/history.ts'

/** An entry on its way to the store. */
export interface Commit<Gesture> {
  readonly imageId: string
  readonly entry: HistoryEntry
  /** What made the entry, so that it can be made again on a newer state. */
  readonly gesture: Gesture
}

export interface QueueState {
  /** Entries not acknowledged yet. */
  readonly pending: number
  /** Why the first of them was not written; nothing is sent while it is set. */
  readonly failure: { readonly imageId: string; readonly problem: unknown } | null
}

interface CommitListener<Gesture> {
  readonly onCommitted?: (commit: Commit<Gesture>, state: HistoryState) => void
  /** Nothing is on its way any more, written or failed. */
  readonly onIdle?: () => void
}

/**
 * The entries of one project in the order in which they were made, one at a time: the next is sent when
 * the one before is acknowledged, that is, on disk. After a failure it stops and keeps everything.
 */
export class CommitQueue<Gesture> {
  readonly state: StoreApi<QueueState> = createStore<QueueState>(() => ({ pending: 0, failure: null }))
  readonly #send: (entry: HistoryEntry) => Promise<HistoryState>
  readonly #listeners = new Set<CommitListener<Gesture>>()
  #waiting: Commit<Gesture>[] = []
  #sending = false

  constructor(send: (entry: HistoryEntry) => Promise<HistoryState>) {
    this.#send = send
  }

  /** Returns the unsubscribe function. */
  listen(listener: CommitListener<Gesture>): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  push(commit: Commit<Gesture>): void {
    this.#waiting.push(commit)
    this.#publish(this.state.getState().failure)
    this.#next()
  }

  /** Whether an entry of this image is not acknowledged yet. */
  holds(imageId: string): boolean {
    return this.#waiting.some((commit) => commit.imageId === imageId)
  }

  /** Sends the failed entry again. An entry that did arrive is known by its id and not applied twice. */
  retry(): void {
    this.#publish(null)
    this.#next()
  }

  /** Takes what is kept of an image out of the queue after a failure; the rest goes on. */
  takeBack(imageId: string): Commit<Gesture>[] {
    if (this.#sending) throw new Error('An entry is on its way')
    const taken = this.#waiting.filter((commit) => commit.imageId === imageId)
    this.#waiting = this.#waiting.filter((commit) => commit.imageId !== imageId)
    this.#publish(null)
    this.#next()
    if (this.#waiting.length === 0) this.#tellIdle()
    return taken
  }

  /** Resolves when nothing is pending; false when it stopped at a failure. */
  settled(): Promise<boolean> {
    const { pending, failure } = this.state.getState()
    if (failure !== null || pending === 0) return Promise.resolve(failure === null)
    return new Promise((resolve) => {
      const stop = this.listen({
        onIdle: () => {
          stop()
          resolve(this.state.getState().failure === null)
        },
      })
    })
  }

  #next(): void {
    const commit = this.#waiting[0]
    if (this.#sending || commit === undefined || this.state.getState().failure !== null) return
    this.#sending = true
    void this.#deliver(commit)
  }

  async #deliver(commit: Commit<Gesture>): Promise<void> {
    try {
      const state = await this.#send(commit.entry)
      this.#sending = false
      this.#waiting.shift()
      for (const listener of [...this.#listeners]) listener.onCommitted?.(commit, state)
      this.#publish(null)
    } catch (problem) {
      this.#sending = false
      this.#publish({ imageId: commit.imageId, problem })
    }
    if (this.#waiting.length === 0 || this.state.getState().failure !== null) this.#tellIdle()
    this.#next()
  }

  #publish(failure: QueueState['failure']): void {
    this.state.setState({ pending: this.#waiting.length, failure })
  }

  #tellIdle(): void {
    for (const listener of [...this.#listeners]) listener.onIdle?.()
  }
}

const queues = new WeakMap<Bridge, Map<string, CommitQueue<unknown>>>()

/**
 * The page's queue of a project. It outlives the editor's screen: leaving an image never loses what is on
 * its way or has failed. All callers of one page use the same `Gesture`.
 */
export function commitQueueOf<Gesture>(bridge: Bridge, projectId: string): CommitQueue<Gesture> {
  const ofBridge = queues.get(bridge) ?? new Map<string, CommitQueue<unknown>>()
  queues.set(bridge, ofBridge)
  const queue =
    ofBridge.get(projectId) ?? new CommitQueue<unknown>((entry) => bridge.history.commit({ projectId, entry }))
  ofBridge.set(projectId, queue)
  return queue as CommitQueue<Gesture>
}
