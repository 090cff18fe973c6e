import { AppError } from '../../shared/errors.ts'
import { forkSpawner } from '../processes/spawner.ts'
import { superviseProcess } from '../processes/supervised-process.ts'
import type { SupervisedProcess } from '../processes/supervised-process.ts'
import type { EngineKinds, EngineSetup, GoldenCheck } from './engine-messages.ts'
import type { EngineInfo } from './engine-port.ts'
import type { ProviderProof } from './provider-proof.ts'
import { runtimeProviders } from './runtime.ts'
import type { ProviderName } from './runtime.ts'
import { inferenceThreads } from './threads.ts'

export interface DoctorOptions {
  readonly modelsFolder: string
  readonly log: (line: string) => void
  readonly signal?: AbortSignal | undefined
  /** Entry file of the engine process. */
  readonly entry?: URL
}

/** What became of one provider: its proof, or the way its process ended. */
export type ProviderReport = Omit<ProviderProof, 'cpuMilliseconds'> & { readonly cpuMilliseconds: number | null }

export interface EngineReport {
  /** What the engine runs on; null when it cannot run at all. */
  readonly engine: (EngineInfo & { readonly golden: GoldenCheck }) | null
  /** The models were compared with their manifest, the CPU ran and returned the golden values. */
  readonly healthy: boolean
  /** Why not, one sentence; null when healthy. */
  readonly problem: string | null
  readonly providers: readonly ProviderReport[]
}

/** As the golden files say: relative to each map's largest value. */
const goldenTolerance = 1e-4
const providerTimeoutMs = 60_000

/**
 * The engine's self-test: model hashes, a run on the CPU against stored values, and every other provider
 * asked for alone in a process of its own, so that a crash is a result like any other.
 * Rejects only with `Cancelled`.
 */
export async function examineEngine(options: DoctorOptions): Promise<EngineReport> {
  const found = await withEngine(options, async (engine) => {
    const requestOptions = { signal: options.signal }
    const { info } = await engine.request('info', null, requestOptions)
    return { ...info, golden: await engine.request('checkGolden', null, requestOptions) }
  })
  if (!found.ok) return { engine: null, healthy: false, problem: found.reason, providers: [] }
  const { difference } = found.value.golden
  const isGolden = difference === null || difference <= goldenTolerance
  const providers: ProviderReport[] = []
  for (const provider of Object.keys(runtimeProviders) as ProviderName[]) {
    providers.push(await tryProvider(options, provider))
  }
  return {
    engine: found.value,
    healthy: isGolden,
    problem: isGolden
      ? null
      : `The backbone differs from its stored values by ${difference.toPrecision(2)} of their scale on this computer; please report it.`,
    providers,
  }
}

async function tryProvider(options: DoctorOptions, provider: ProviderName): Promise<ProviderReport> {
  const found = await withEngine(options, (engine) =>
    engine.request('proveProvider', provider, { signal: options.signal }),
  )
  if (found.ok) return found.value
  return {
    provider,
    loaded: false,
    ran: false,
    reason: `It took its process down: ${found.reason}`,
    difference: null,
    milliseconds: null,
    cpuMilliseconds: null,
    nodeShare: null,
  }
}

type Outcome<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly reason: string }

async function withEngine<Value>(
  options: DoctorOptions,
  work: (engine: SupervisedProcess<EngineKinds>) => Promise<Value>,
): Promise<Outcome<Value>> {
  const setup: EngineSetup = {
    modelsFolder: options.modelsFolder,
    provider: 'cpu',
    threads: inferenceThreads(),
    predictor: 'training-free',
  }
  const engine = superviseProcess<EngineKinds>({
    name: 'engine',
    entry: options.entry ?? new URL('./engine-process.ts', import.meta.url),
    spawner: forkSpawner,
    setup,
    maxRestarts: 0,
    timeoutMs: providerTimeoutMs,
    log: options.log,
  })
  try {
    return { ok: true, value: await work(engine) }
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'Cancelled') throw error
    return { ok: false, reason: error.message }
  } finally {
    await engine.close()
  }
}
