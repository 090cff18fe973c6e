import { ipcMain } from 'electron'
import type { IpcMainInvokeEvent, WebContents } from 'electron'
import { contract } from '../../shared/contract/contract.ts'
import type { ContractHandlers, Emit } from '../../shared/contract/contract.ts'
import { desktopChannels } from '../../shared/contract/desktop.ts'
import type { Envelope } from '../../shared/contract/wire.ts'
import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'
import { createCheckedEmit } from '../host/checked-emit.ts'
import type { Places } from '../host/places.ts'
import { createRouter, describe, internalError } from '../host/router.ts'
import { cloneSize } from './clone-size.ts'
import { isOurPage } from './sender.ts'

export interface IpcOptions {
  readonly handlers: ContractHandlers
  readonly places: Places
  readonly log: (line: string) => void
}

export interface Ipc {
  /** Lets this window call and tells it of events, until the returned function is called. */
  readonly admit: (contents: WebContents) => () => void
  readonly emit: Emit
  /** Cancels the calls under way and resolves when all have answered; later ones are `Cancelled`. */
  readonly close: () => Promise<void>
}

const callIdSchema = z.string().min(1).max(64)
const callSchema = z.strictObject({ path: z.string().max(100), callId: callIdSchema, input: z.unknown() })
const longestPath = 32_768

/**
 * The desktop window's transport. It only establishes who is calling, and how large a call is; what a call may do is
 * the router's business. Every message is answered by an envelope, refusals included.
 */
export function serveIpc(options: IpcOptions): Ipc {
  const { log } = options
  const router = createRouter(contract, options.handlers, { log })
  const windows = new Map<number, WebContents>()

  function handle(channel: string, work: (message: unknown, from: WebContents) => Promise<Envelope>): void {
    ipcMain.handle(channel, async (event: IpcMainInvokeEvent, message: unknown): Promise<Envelope> => {
      if (!isOurPage(event, windows)) return failure(foreignSender())
      try {
        return await work(message, event.sender)
      } catch (error) {
        if (error instanceof AppError) return failure(error)
        const ref = crypto.randomUUID().slice(0, 8)
        log(`[${ref}] ${channel}: ${describe(error)}`)
        return failure(internalError(ref))
      }
    })
  }

  handle(desktopChannels.call, async (message, from) => {
    const call = callSchema.safeParse(message)
    if (!call.success) return failure(badMessage('A call has a path, a callId and an input.'))
    const { path, callId, input } = call.data
    return await router.call({
      path,
      callId,
      input,
      bytes: cloneSize(input, router.maxBytes(path) ?? 0),
      onProgress: (progress) => send(from, desktopChannels.progress, { callId, progress }),
    })
  })

  handle(desktopChannels.cancel, (message) => {
    const callId = callIdSchema.safeParse(message)
    if (!callId.success) return Promise.resolve(failure(badMessage('A cancellation names one call.')))
    router.cancel(callId.data)
    return Promise.resolve({ ok: true, value: {} })
  })

  handle(desktopChannels.receive, (message) => {
    const path = z.string().max(longestPath).safeParse(message)
    if (!path.success) return Promise.resolve(failure(badMessage('A file that is handed over has a path.')))
    // What a script or another program made lies nowhere.
    if (path.data === '') return Promise.resolve(failure(fileWithoutPath()))
    return Promise.resolve({ ok: true, value: options.places.grant(path.data).placeId })
  })

  return {
    admit: (contents) => {
      // Remembered, since a closed window cannot be asked any more.
      const { id } = contents
      windows.set(id, contents)
      return () => windows.delete(id)
    },
    emit: createCheckedEmit((event) => {
      for (const contents of windows.values()) send(contents, desktopChannels.event, event)
    }, log),
    close: () => router.close(),
  }
}

/** A window that has gone meanwhile needs no message. */
function send(contents: WebContents, channel: string, message: unknown): void {
  if (!contents.isDestroyed()) contents.send(channel, message)
}

function failure(error: AppError): Envelope {
  return { ok: false, error: error.toRecord() }
}

function foreignSender(): AppError {
  return new AppError(
    'Forbidden',
    'foreignCaller',
    'Something other than the page of Exemplar Studio tried to use it and was refused.',
  )
}

function badMessage(message: string): AppError {
  return new AppError('InvalidInput', 'badTransport', message)
}

function fileWithoutPath(): AppError {
  return new AppError(
    'InvalidInput',
    'fileWithoutPath',
    'What was dropped is no file on this computer; save it to a folder first, then drop it from there.',
  )
}
