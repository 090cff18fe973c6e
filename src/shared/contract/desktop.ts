import type { Contract } from './contract.ts'

/** What the desktop window's preload script exposes to the page, and how it reaches the main process. */

/** Name of the preload's object in the page's `window`. */
export const desktopKey = 'exemplarDesktop'

/** Every channel of Electron's IPC that is in use. */
export const desktopChannels = {
  /** To main: one call; answered by its envelope. */
  call: 'exemplar:call',
  /** To main: cancels a call. */
  cancel: 'exemplar:cancel',
  /** To main: the path of a file that a person handed over; answered by an envelope with its place id. */
  receive: 'exemplar:receive',
  /** To the page: one event of the contract. */
  event: 'exemplar:event',
  /** To the page: progress of one of its calls. */
  progress: 'exemplar:progress',
} as const

type KindsOf<Shape> = {
  readonly [Group in keyof Shape]: {
    readonly [Name in keyof Shape[Group]]: Shape[Group][Name] extends { readonly kind: infer Kind } ? Kind : never
  }
}

/**
 * The contract by name and kind only: the preload needs no more, and without the schemas it stays small enough to
 * read. Does not compile unless it names exactly what the contract does.
 */
export const contractKinds = {
  app: { info: 'call', projectOpened: 'event' },
  devices: { list: 'call', check: 'call', failed: 'event' },
  models: { list: 'call', add: 'call' },
  preferences: { get: 'call', set: 'call', changed: 'event' },
  places: { list: 'call', createFolder: 'call', choose: 'call', beside: 'call' },
  sample: { open: 'call' },
  project: { create: 'call', open: 'call', close: 'call', info: 'call', engine: 'call', changed: 'event' },
  images: { import: 'call', list: 'call', get: 'call', lookAgain: 'call', neighbour: 'call' },
  classes: { usage: 'call', remove: 'call', merge: 'call' },
  history: { commit: 'call', undo: 'call', redo: 'call', state: 'call' },
  supports: { set: 'call', list: 'call' },
  jobs: {
    start: 'call',
    pause: 'call',
    resume: 'call',
    cancel: 'call',
    list: 'call',
    failures: 'call',
    progress: 'event',
  },
  review: { accept: 'call', notHere: 'call', setReviewed: 'call' },
  learn: { run: 'call', versions: 'call', restore: 'call' },
  annotations: { import: 'call' },
  formats: { list: 'call', recognise: 'call' },
  export: { run: 'call', contents: 'call', preflight: 'call' },
} as const satisfies KindsOf<Contract>

/** Sends one call; resolves with its envelope, unchecked. */
export type DesktopCall = (callId: string, input: unknown) => Promise<unknown>
/** Returns the unsubscribe function. */
export type DesktopEvent = (listener: (payload: unknown) => void) => () => void

/**
 * All that the page is given: one function per call and event of the contract, and what belongs to a call. There is
 * no channel name, no event object and no path among it.
 */
export interface Desktop {
  readonly calls: Readonly<Record<string, Readonly<Record<string, DesktopCall>>>>
  readonly events: Readonly<Record<string, Readonly<Record<string, DesktopEvent>>>>
  readonly cancel: (callId: string) => Promise<unknown>
  readonly progress: (listener: (callId: string, progress: unknown) => void) => () => void
  /** Takes a DOM `File` that a person dropped or chose; resolves with an envelope whose value is a place id. */
  readonly receive: (file: unknown) => Promise<unknown>
}
