import type { DeviceList, DeviceReport } from '../../shared/contract/contract.ts'
import { deviceText, verdictSentence } from './device-words.ts'
import { createDevices, createVolatileMemory } from './devices.ts'
import type { DeviceOptions, Devices } from './devices.ts'
import type { GoldenCheck } from './engine-messages.ts'
import type { EngineInfo } from './engine-port.ts'
import { withTrialEngine } from './provider-check.ts'
import type { TrialOptions } from './provider-check.ts'
import { inferenceThreads } from './threads.ts'

export interface DoctorOptions extends TrialOptions, DeviceOptions {
  /** Remembers what is found out. Default: nobody does. */
  readonly devices?: Devices
}

/** What became of one provider, with why it does not count in a sentence; `reason` is null when it ran. */
export type ProviderReport = DeviceReport & { readonly reason: string | null }

export interface EngineReport {
  /** What the engine runs on; null when it cannot run at all. */
  readonly engine: (EngineInfo & { readonly golden: GoldenCheck }) | null
  /** The models were compared with their manifest, the CPU ran and returned the golden values. */
  readonly healthy: boolean
  /** Why not, one sentence; null when healthy. */
  readonly problem: string | null
  readonly providers: readonly ProviderReport[]
  /** What `auto` uses, and why; null when the engine cannot run at all. */
  readonly auto: DeviceList['auto'] | null
  readonly hardware: string | null
}

/** As the golden files say: relative to each map's largest value. */
const goldenTolerance = 1e-4

/**
 * The engine's self-test: model hashes, a run on the CPU against stored values, and every provider asked for alone.
 * Rejects only with `Cancelled`, and with `InvalidInput` when `EXEMPLAR_PROVIDER` names no provider.
 */
export async function examineEngine(options: DoctorOptions): Promise<EngineReport> {
  const { modelsFolder, signal, progress } = options
  const found = await withTrialEngine(options, async (engine) => {
    const { predictor, modelHash, runtimeVersion } = await engine.request('identify', null, { signal })
    const golden = await engine.request('checkGolden', null, { signal })
    const device = deviceText('cpu', { runtimeVersion, threads: inferenceThreads() }, null)
    return { predictor, modelHash, provider: 'cpu', device, golden }
  })
  if (!found.ok) {
    const problem = found.error.message
    return { engine: null, healthy: false, problem, providers: [], auto: null, hardware: null }
  }
  const { difference } = found.value.golden
  const isGolden = difference === null || difference <= goldenTolerance
  const devices = options.devices ?? createDevices({ modelsFolder, memory: createVolatileMemory() })
  const list = await devices.check({ signal, progress })
  return {
    engine: found.value,
    healthy: isGolden,
    problem: isGolden
      ? null
      : `The backbone differs from its stored values by ${difference.toPrecision(2)} of their scale on this computer; please report it.`,
    providers: list.devices.map((report) => ({ ...report, reason: report.ran ? null : verdictSentence(report) })),
    auto: list.auto,
    hardware: list.hardware,
  }
}
