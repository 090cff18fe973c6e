import type { ChildMessage, ParentMessage } from './messages.ts'

/** What connects a child process with the supervisor that started it. */
export interface ParentLink {
  /** When the parent is gone, nobody is left to tell: the message is dropped. */
  readonly post: (message: ChildMessage) => void
  /** Called once, right after connecting. */
  readonly onMessage: (listener: (message: ParentMessage) => void) => void
  /** Called when the parent is gone. Electron ends its children itself then. */
  readonly onGone: (listener: () => void) => void
}

/** The port of a process that Electron's `utilityProcess` started: this much of `process.parentPort`. */
interface UtilityPort {
  on: (event: 'message', listener: (event: { readonly data: unknown }) => void) => unknown
  postMessage: (message: unknown) => void
}

/** Electron gives its children a port and ends them itself; `fork` of Node gives them a channel. */
export function connectToParent(): ParentLink {
  const port = Reflect.get(process, 'parentPort') as UtilityPort | null | undefined
  return port === undefined || port === null ? overChannel() : overPort(port)
}

function overPort(port: UtilityPort): ParentLink {
  return {
    post: (message) => port.postMessage(message),
    onMessage: (listener) => {
      port.on('message', ({ data }) => listener(data as ParentMessage))
    },
    onGone: () => undefined,
  }
}

function overChannel(): ParentLink {
  return {
    post: (message) => {
      process.send?.(message, undefined, undefined, () => undefined)
    },
    onMessage: (listener) => {
      process.on('message', (message) => listener(message as ParentMessage))
    },
    onGone: (listener) => {
      process.once('disconnect', listener)
    },
  }
}
