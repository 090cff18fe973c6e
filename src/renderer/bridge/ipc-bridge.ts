import { AppError, cancelled, isAppError, throwIfAborted } from '../../shared/errors.ts'
import type { Bridge, GivenFiles, ReceivedFiles } from '../../shared/contract/contract.ts'
import { call as callSpec } from '../../shared/contract/define.ts'
import type { CallOptions, CallSpec, EventSpec, MediaAnswer, Progress } from '../../shared/contract/define.ts'
import { desktopKey } from '../../shared/contract/desktop.ts'
import type { Desktop } from '../../shared/contract/desktop.ts'
import { idSchema } from '../../shared/domain/records.ts'
import { z } from '../../shared/zod.ts'
import { readAnswer, readMedia } from './answers.ts'
import { contractGroups } from './contract-groups.ts'

const progressSchema = z.object({ done: z.number(), total: z.number().nullable(), note: z.string().optional() })
/** `receive` is no call of the contract: only the preload can make it, since only it knows the path. */
const receiveSpec = callSpec({ in: z.unknown(), out: idSchema })

/** What the preload script of the desktop window exposes; null in a browser. */
export function desktopOf(page: object): Desktop | null {
  return (Reflect.get(page, desktopKey) as Desktop | undefined) ?? null
}

/** The bridge over the preload script. Bytes are fetched: page and media are of one origin. */
export function createIpcBridge(desktop: Desktop): Bridge {
  const progressListeners = new Map<string, (progress: Progress) => void>()
  desktop.progress((callId, progress) => progressListeners.get(callId)?.(progressSchema.parse(progress)))

  async function call(
    group: string,
    name: string,
    spec: CallSpec,
    input: unknown,
    { signal, onProgress }: CallOptions,
  ): Promise<unknown> {
    if (signal?.aborted === true) throw cancelled()
    const send = desktop.calls[group]?.[name]
    if (send === undefined) throw new Error(`The preload has no call ${group}.${name}`)
    const callId = crypto.randomUUID()
    if (onProgress !== undefined) progressListeners.set(callId, onProgress)
    // A cancellable call still answers, since it says what was kept. The answer of any other is dropped.
    const onAbort = (): void => void desktop.cancel(callId).catch(() => undefined)
    if (spec.cancellable) signal?.addEventListener('abort', onAbort)
    try {
      const envelope = await orLost(send(callId, input))
      if (!spec.cancellable) throwIfAborted(signal)
      return readAnswer(`${group}.${name}`, spec, envelope)
    } finally {
      progressListeners.delete(callId)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  function subscribe(group: string, name: string, spec: EventSpec, listener: (payload: unknown) => void): () => void {
    const follow = desktop.events[group]?.[name]
    if (follow === undefined) throw new Error(`The preload has no event ${group}.${name}`)
    return follow((payload) => listener(spec.payload.parse(payload)))
  }

  async function media(path: string, { signal }: Pick<CallOptions, 'signal'> = {}): Promise<MediaAnswer> {
    let response: Response
    try {
      response = await fetch(path, signal === undefined ? {} : { signal })
    } catch (error) {
      throw signal?.aborted === true ? cancelled() : connectionLost(error)
    }
    return readMedia(response, signal)
  }

  /** By their paths, which stay between preload and main process: nothing is copied. */
  async function receive({ roots }: GivenFiles, { signal, onProgress }: CallOptions = {}): Promise<ReceivedFiles> {
    const placeIds: string[] = []
    const problems: { readonly name: string; readonly reason: string }[] = []
    for (const [done, root] of roots.entries()) {
      throwIfAborted(signal)
      onProgress?.({ done, total: roots.length, note: root.name })
      try {
        placeIds.push(readAnswer('receive', receiveSpec, await orLost(desktop.receive(root))) as string)
      } catch (error) {
        if (!isAppError(error)) throw error
        problems.push({ name: root.name, reason: error.message })
      }
    }
    return { placeIds, temporary: false, problems }
  }

  return {
    ...contractGroups({ call, subscribe }),
    media,
    receive,
    // The main process ends this window with it: the connection is never lost while the page lives.
    connection: () => () => undefined,
    // Built from the contract, which is the type's own source.
  } as unknown as Bridge
}

/** Electron rejects where the main process is on its way out. */
async function orLost<Value>(answer: Promise<Value>): Promise<Value> {
  try {
    return await answer
  } catch (error) {
    throw connectionLost(error)
  }
}

function connectionLost(cause: unknown): AppError {
  return new AppError(
    'Io',
    'connectionLost',
    'Exemplar Studio does not answer. Start it again and open the address it prints.',
    { cause },
  )
}
