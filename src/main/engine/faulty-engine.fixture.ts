import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { InferenceSession } from 'onnxruntime-node'
import { serveRequests } from '../processes/child.ts'
import type { EngineKinds } from './engine-messages.ts'
import { startEngineService } from './engine-service.ts'
import { goldenSide } from './golden.ts'
import { createPredictor } from './predictors.ts'
import { createSession } from './runtime.ts'
import type { CreateSession } from './runtime.ts'

/**
 * The engine process on a machine with a CUDA device that is told what to do by `EXEMPLAR_FAULT`. The device is the
 * CPU under another name: real sessions, real numbers, real profiles with the name changed. It seems faster because
 * the CPU itself is held back at the test picture.
 */

export const faults = [
  'none',
  'missing',
  'notStarted',
  'crashAtStart',
  'hangAtStart',
  'ignored',
  'different',
  'notNumbers',
  'failed',
  'crashInRun',
  'hangInRun',
] as const
export type Fault = (typeof faults)[number]

const fault = process.env['EXEMPLAR_FAULT'] as Fault
/** Only pictures of another size than the test picture meet the fault. */
const isOnlyAtWork = process.env['EXEMPLAR_FAULT_AT'] === 'work'

function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

function isTestPicture(feeds: InferenceSession.FeedsType): boolean {
  const dims = Object.values(feeds)[0]?.dims ?? []
  return dims[2] === goldenSide && dims[3] === goldenSide
}

const faultySession: CreateSession = async (model, options) => {
  if (model.entry.kind !== 'backbone') return createSession(model, options)
  if (options.provider !== 'cuda') {
    const session = await createSession(model, options)
    return altered(session, async (feeds) => {
      if (isTestPicture(feeds)) block(250)
      return await session.run(feeds)
    })
  }
  if (!isOnlyAtWork) {
    if (fault === 'missing') {
      throw new Error('OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library')
    }
    if (fault === 'notStarted') throw new Error('CUDA failure 999: unknown error ; GPU=0')
    if (fault === 'crashAtStart') process.abort()
    if (fault === 'hangAtStart') block(Infinity)
  }
  const session = await createSession(model, { ...options, provider: 'cpu' })
  const run = async (feeds: InferenceSession.FeedsType): Promise<InferenceSession.ReturnType> => {
    const isMet = !isOnlyAtWork || !isTestPicture(feeds)
    if (isMet && fault === 'failed') throw new Error('Non-zero status code returned while running Conv node')
    if (isMet && fault === 'crashInRun') process.abort()
    if (isMet && fault === 'hangInRun') block(Infinity)
    const outputs = await session.run(feeds)
    for (const { data } of Object.values(outputs)) {
      if (!isMet || !(data instanceof Float32Array)) continue
      if (fault === 'different') data.forEach((value, at) => (data[at] = value * 1.5))
      if (fault === 'notNumbers') data[7] = NaN
    }
    return outputs
  }
  const isNamed = isOnlyAtWork || fault !== 'ignored'
  return altered(session, run, () => {
    session.endProfiling()
    if (isNamed && options.profilePrefix !== undefined) renameProvider(options.profilePrefix)
  })
}

function altered(
  session: InferenceSession,
  run: (feeds: InferenceSession.FeedsType) => Promise<InferenceSession.ReturnType>,
  endProfiling: () => void = () => session.endProfiling(),
): InferenceSession {
  // What `backbone.ts` uses of a session.
  const parts = { run, endProfiling, release: () => session.release() }
  return parts as unknown as InferenceSession
}

function renameProvider(profilePrefix: string): void {
  const folder = dirname(profilePrefix)
  for (const name of readdirSync(folder).filter((each) => each.startsWith(basename(profilePrefix)))) {
    const path = join(folder, name)
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll('CPUExecutionProvider', 'CUDAExecutionProvider'))
  }
}

serveRequests<EngineKinds>((setup) => startEngineService(setup, createPredictor, faultySession))
