import { afterEach, describe, expect, it } from 'vitest'
import { createFakeBridge } from './fake-bridge.test-support.ts'
import { rememberView, restoreView } from './restore-view.ts'
import {
  closeProject,
  leaveTour,
  openImage,
  openProject,
  resetSession,
  session,
  setActiveClass,
  setTourStep,
} from './session.ts'

class MemoryStorage implements Storage {
  readonly #items = new Map<string, string>()
  get length(): number {
    return this.#items.size
  }
  clear(): void {
    this.#items.clear()
  }
  getItem(key: string): string | null {
    return this.#items.get(key) ?? null
  }
  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null
  }
  removeItem(key: string): void {
    this.#items.delete(key)
  }
  setItem(key: string, value: string): void {
    this.#items.set(key, value)
  }
}

afterEach(resetSession)

describe('after a reload', () => {
  it('returns to the image and class of before', async () => {
    const storage = new MemoryStorage()
    const stop = rememberView(storage)
    openProject('p1')
    setActiveClass('c1')
    openImage('i1')
    stop()
    resetSession()
    await restoreView(createFakeBridge({ open: ['p1', 'p2'] }).bridge, storage)
    expect(session.getState()).toMatchObject({ projectId: 'p1', screen: 'editor', imageId: 'i1', activeClassId: 'c1' })
  })

  it('goes on with the guided tour, and not after it has been left', async () => {
    const storage = new MemoryStorage()
    const stop = rememberView(storage)
    openProject('p1')
    setTourStep(3)
    stop()
    resetSession()
    await restoreView(createFakeBridge({ open: ['p1', 'p2'] }).bridge, storage)
    expect(session.getState()).toMatchObject({ tourStep: 3 })
    const stopAgain = rememberView(storage)
    leaveTour()
    openProject('p2')
    stopAgain()
    resetSession()
    await restoreView(createFakeBridge({ open: ['p1', 'p2'] }).bridge, storage)
    expect(session.getState()).toMatchObject({ projectId: 'p2', tourStep: null })
  })

  it('shows the welcome screen when that project is not open any more, or was closed', async () => {
    const storage = new MemoryStorage()
    const stop = rememberView(storage)
    openProject('p1')
    await restoreView(createFakeBridge({ open: [] }).bridge, storage)
    closeProject()
    stop()
    await restoreView(createFakeBridge({ open: ['p1'] }).bridge, storage)
    expect(session.getState()).toMatchObject({ projectId: null, screen: 'welcome' })
  })

  it('opens the project that the program was started with in a new window', async () => {
    await restoreView(createFakeBridge({ open: ['p7'] }).bridge, new MemoryStorage())
    expect(session.getState()).toMatchObject({ projectId: 'p7', screen: 'gallery' })
  })
})
