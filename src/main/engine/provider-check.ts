import { AppError } from '../../shared/errors.ts'
import { forkSpawner } from '../processes/spawner.ts'
import type { Spawner } from '../processes/spawner.ts'
import { superviseProcess } from '../processes/supervised-process.ts'
import type { SupervisedProcess } from '../processes/supervised-process.ts'
import type { EngineKinds, EngineSetup } from './engine-messages.ts'
import { reportWithoutFigures } from './provider-proof.ts'
import type { ProviderProof } from './provider-proof.ts'
import type { ProviderName } from './runtime.ts'
import { inferenceThreads } from './threads.ts'

/** How engine processes for a look at this machine are started. */
export interface TrialOptions {
  readonly modelsFolder: string
  /** Default: the training-free one; what is asked of a device is the same for all. */
  readonly predictor?: string | undefined
  readonly log: (line: string) => void
  readonly signal?: AbortSignal | undefined
  /** Entry file of the engine process. */
  readonly entry?: URL | undefined
  readonly spawner?: Spawner | undefined
  /** A request that takes longer counts as hung. Default: long enough for a software driver. */
  readonly timeoutMs?: number | undefined
}

const defaultTimeoutMs = 90_000

/** How a piece of work in an engine process of its own ended, if not with an answer. */
export type TrialOutcome<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: AppError }

/**
 * Works with an engine process of its own, which ends with the work. What the engine refuses or dies of is
 * an outcome. Rejects only with `Cancelled`.
 */
export async function withTrialEngine<Value>(
  options: TrialOptions,
  work: (engine: SupervisedProcess<EngineKinds>) => Promise<Value>,
): Promise<TrialOutcome<Value>> {
  const setup: EngineSetup = {
    modelsFolder: options.modelsFolder,
    threads: inferenceThreads(),
    predictor: options.predictor ?? 'training-free',
  }
  const engine = superviseProcess<EngineKinds>({
    name: 'engine',
    entry: options.entry ?? new URL('./engine-process.ts', import.meta.url),
    spawner: options.spawner ?? forkSpawner,
    setup,
    maxRestarts: 0,
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    // A network that runs does not hear that it is cancelled.
    killOnAbort: ['proveProvider', 'checkGolden'],
    log: options.log,
  })
  try {
    return { ok: true, value: await work(engine) }
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'Cancelled') throw error
    return { ok: false, error }
  } finally {
    await engine.close()
  }
}

/**
 * The proof of one provider from a process of its own, so that a crash or a hang is a result like any other.
 * Rejects with `Cancelled`, and with the model's fault when no provider could run at all.
 */
export async function checkProvider(provider: ProviderName, options: TrialOptions): Promise<ProviderProof> {
  /** The runtime prints which library is missing, and throws only that one is. */
  let missing: string | null = null
  const log = (line: string): void => {
    missing = /Failed to load library .*?([^/\\]+: cannot open shared object file)/.exec(line)?.[1] ?? missing
    options.log(line)
  }
  const outcome = await withTrialEngine({ ...options, log }, (engine) =>
    engine.request('proveProvider', provider, { signal: options.signal }),
  )
  if (outcome.ok) {
    const proof = outcome.value
    return proof.verdict === 'missing' ? { ...proof, detail: missing ?? proof.detail } : proof
  }
  const end = processEnd(outcome.error)
  if (end !== null) return reportWithoutFigures(provider, end.verdict, end.detail)
  // A bug met on the way to another device must not keep the CPU from working.
  if (outcome.error.code === 'Internal' && provider !== 'cpu')
    return reportWithoutFigures(provider, 'failed', outcome.error.message)
  throw outcome.error
}

/** How the engine process ended during a request; null when it was the request that was refused. */
export function processEnd(error: AppError): { readonly verdict: 'crashed' | 'hung'; readonly detail: string } | null {
  if (error.code !== 'EngineLost') return null
  const detail = String(error.params['reason'] ?? error.message)
  return { verdict: error.params['seconds'] === undefined ? 'crashed' : 'hung', detail }
}
