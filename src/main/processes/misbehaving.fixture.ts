import { existsSync, writeFileSync } from 'node:fs'
import { AppError } from '../../shared/errors.ts'
import { serveRequests } from './child.ts'

/** A child that does every wrong thing on request, for `supervised-process.test.ts`. */

export type MisbehavingKinds = {
  readonly echo: { readonly payload: unknown; readonly result: unknown }
  readonly setup: { readonly payload: null; readonly result: unknown }
  readonly fail: { readonly payload: null; readonly result: never }
  readonly bug: { readonly payload: null; readonly result: never }
  readonly print: { readonly payload: string; readonly result: null }
  readonly count: { readonly payload: number; readonly result: number }
  /** Never answers; writes the flag file when it has begun. */
  readonly hang: { readonly payload: string; readonly result: never }
  /** Answers `aborted` as soon as it is cancelled. */
  readonly untilCancelled: { readonly payload: string; readonly result: string }
  /** Dies the first time only: the flag file tells. */
  readonly crashOnce: { readonly payload: string; readonly result: string }
  readonly crash: { readonly payload: null; readonly result: never }
}

export interface MisbehavingSetup {
  readonly failStart?: boolean
  readonly exitAtStart?: boolean
  readonly note?: string
  /** Written when the child is told to let go of everything. */
  readonly disposeFlag?: string
  /** `blocking`: nothing else runs in the child meanwhile, as in a driver that hangs. */
  readonly dispose?: 'quickly' | 'never' | 'blocking'
}

serveRequests<MisbehavingKinds>((value) => {
  const setup = value as MisbehavingSetup
  if (setup.exitAtStart === true) process.exit(4)
  if (setup.failStart === true) throw new AppError('ModelMissing', 'modelMissing', 'model.onnx is missing.')
  return {
    echo: (payload) => payload,
    setup: () => setup,
    fail: () => {
      throw new AppError('InvalidInput', 'badPicture', 'a.jpg is damaged.', { params: { file: 'a.jpg' } })
    },
    bug: () => {
      throw new Error('secret detail')
    },
    print: (line) => {
      console.error(line)
      return null
    },
    count: (to, { progress }) => {
      for (let done = 1; done <= to; done++) progress({ done, total: to })
      return to
    },
    hang: (flag) => {
      writeFileSync(flag, '')
      return new Promise(() => undefined)
    },
    untilCancelled: (flag, { signal }) => {
      writeFileSync(flag, '')
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve('aborted'))
      })
    },
    crashOnce: (flag) => {
      if (existsSync(flag)) return 'second time'
      writeFileSync(flag, '')
      process.exit(3)
    },
    crash: () => process.abort(),
    [Symbol.asyncDispose]: async () => {
      if (setup.disposeFlag !== undefined) writeFileSync(setup.disposeFlag, '')
      if (setup.dispose === 'blocking') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
      if (setup.dispose === 'never') await new Promise(() => undefined)
    },
  }
})
