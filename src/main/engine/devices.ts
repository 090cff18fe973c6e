import { deviceProviders, deviceReportSchema, providers } from '../../shared/contract/contract.ts'
import type { DeviceList, DeviceReport } from '../../shared/contract/contract.ts'
import type { Progress } from '../../shared/contract/define.ts'
import { AppError, cancelled, throwIfAborted } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'
import type { Spawner } from '../processes/spawner.ts'
import { deviceName } from './device-words.ts'
import { describeMachine, hardwareText, machineSchema } from './machine.ts'
import { backboneEntrySchema, featureHash, readModelEntry } from './models.ts'
import { checkProvider } from './provider-check.ts'
import { reportWithoutFigures } from './provider-proof.ts'
import { runtimeVersion } from './runtime.ts'
import type { ProviderName } from './runtime.ts'

/** What results of a check hold for. Anything else about the machine is not known to matter. */
export const deviceKeySchema = z.strictObject({
  machine: machineSchema,
  runtimeVersion: z.string(),
  /** Backbone file and preprocessing. */
  featureHash: z.string(),
  /** Counts up when the proof demands something else. */
  proofVersion: z.int(),
})
export type DeviceKey = z.infer<typeof deviceKeySchema>

const proofVersion = 1

/** Where results are kept between starts. Neither throws: what cannot be read is unknown. */
export interface DeviceMemory {
  readonly read: (key: DeviceKey) => readonly DeviceReport[] | null
  readonly write: (key: DeviceKey, reports: readonly DeviceReport[]) => void
}

/** What the engine is to run on. */
export interface DeviceChoice {
  readonly provider: ProviderName
  /** Asked for by name: there is no other. */
  readonly forced: boolean
  /** The device that would be used, had it not failed at work. */
  readonly instead: DeviceReport | null
}

export interface DeviceOptions {
  readonly signal?: AbortSignal | undefined
  readonly progress?: ((progress: Progress) => void) | undefined
}

/** What the devices of this machine can do. One for a program: engines share what is found out. */
export interface Devices extends AsyncDisposable {
  /** What is known; tries nothing. Rejects like the engine when the model is damaged. */
  readonly list: () => Promise<DeviceList>
  /** Tries every device anew and remembers the result, unless cancelled before the last. */
  readonly check: (options?: DeviceOptions) => Promise<DeviceList>
  /** What `auto` means now. Tries the devices first when nothing is known of them. */
  readonly choose: (options?: DeviceOptions) => Promise<DeviceChoice>
  /** A chosen device failed at work: `auto` leaves it alone from now on, until the next check. */
  readonly reportFailure: (provider: ProviderName, detail: string) => Promise<void>
  /** Ends a check that runs. */
  readonly close: () => Promise<void>
}

export interface CreateDevicesOptions {
  readonly modelsFolder: string
  readonly memory: DeviceMemory
  /** Called when a device has failed at work. */
  readonly onFailure?: (report: DeviceReport) => void
  /** Default: every one there is. */
  readonly providers?: readonly ProviderName[]
  readonly environment?: NodeJS.ProcessEnv
  /** As for `createEngine`. */
  readonly spawner?: Spawner | undefined
  readonly entry?: URL
  readonly timeoutMs?: number
}

/** The name of the variable that stands in for `auto`. */
const variable = 'EXEMPLAR_PROVIDER'

export function createDevices(options: CreateDevicesOptions): Devices {
  return new MachineDevices(options)
}

/** A memory that lasts as long as the program. */
export function createVolatileMemory(): DeviceMemory {
  const known = new Map<string, readonly DeviceReport[]>()
  return {
    read: (key) => known.get(JSON.stringify(key)) ?? null,
    write: (key, reports) => known.set(JSON.stringify(key), reports),
  }
}

/** The fastest other device than the CPU with one of the verdicts; undefined when there is none. */
function fastestOf(
  reports: readonly DeviceReport[],
  ...verdicts: readonly DeviceReport['verdict'][]
): DeviceReport | undefined {
  return reports
    .filter(({ provider, verdict }) => provider !== 'cpu' && verdicts.includes(verdict))
    .toSorted((a, b) => (a.milliseconds ?? Infinity) - (b.milliseconds ?? Infinity))[0]
}

interface RunningCheck {
  readonly controller: AbortController
  readonly done: Promise<readonly DeviceReport[]>
  readonly listeners: Set<(progress: Progress) => void>
  /** What was reported last: whoever joins hears of it at once. */
  readonly latest: () => Progress | null
  waiting: number
}

class MachineDevices implements Devices {
  readonly #options: CreateDevicesOptions
  readonly #environment: NodeJS.ProcessEnv
  #running: RunningCheck | null = null
  /** The end of the last check, also of one that was given up: the next begins after it. */
  #ended: Promise<void> = Promise.resolve()
  #closed = false

  constructor(options: CreateDevicesOptions) {
    this.#options = options
    this.#environment = options.environment ?? process.env
  }

  readonly list = async (): Promise<DeviceList> => {
    const key = await this.#key()
    return this.#listOf(key, this.#options.memory.read(key))
  }

  readonly check = async (options: DeviceOptions = {}): Promise<DeviceList> => {
    const key = await this.#key()
    return this.#listOf(key, await this.#checked(key, options))
  }

  readonly choose = async (options: DeviceOptions = {}): Promise<DeviceChoice> => {
    const named = this.#override()
    if (named !== null) return { provider: named, forced: true, instead: null }
    const key = await this.#key()
    const reports = this.#options.memory.read(key) ?? (await this.#checked(key, options))
    const wanted = fastestOf(reports, 'passed', 'failedAtWork')
    return {
      provider: fastestOf(reports, 'passed')?.provider ?? 'cpu',
      forced: false,
      instead: wanted?.verdict === 'failedAtWork' ? wanted : null,
    }
  }

  readonly reportFailure = async (provider: ProviderName, detail: string): Promise<void> => {
    const key = await this.#key()
    const reports = this.#options.memory.read(key) ?? this.#untried()
    const before = reports.find((report) => report.provider === provider)
    // Of several requests under way at once, the first tells.
    if (before === undefined || before.verdict === 'failedAtWork') return
    const failed: DeviceReport = { ...before, verdict: 'failedAtWork', ran: false, detail }
    this.#options.memory.write(
      key,
      reports.map((report) => (report === before ? failed : report)),
    )
    this.#options.onFailure?.(failed)
  }

  readonly close = async (): Promise<void> => {
    this.#closed = true
    this.#running?.controller.abort()
    await this.#ended
  }

  readonly [Symbol.asyncDispose] = (): Promise<void> => this.close()

  get #providers(): readonly ProviderName[] {
    return this.#options.providers ?? deviceProviders
  }

  async #key(): Promise<DeviceKey> {
    const entry = await readModelEntry(this.#options.modelsFolder, 'backbone', backboneEntrySchema)
    return {
      machine: describeMachine(this.#environment),
      runtimeVersion: runtimeVersion(),
      featureHash: featureHash(entry),
      proofVersion,
    }
  }

  #listOf(key: DeviceKey, reports: readonly DeviceReport[] | null): DeviceList {
    const named = this.#override()
    const provider = named ?? fastestOf(reports ?? [], 'passed')?.provider ?? 'cpu'
    const why =
      named !== null ? 'variable' : reports === null ? 'untried' : provider === 'cpu' ? 'noneBetter' : 'fastest'
    return {
      devices: [...(reports ?? this.#untried())],
      auto: { provider, why },
      runtimeVersion: key.runtimeVersion,
      hardware: hardwareText(key.machine),
    }
  }

  #untried(): DeviceReport[] {
    return this.#providers.map((provider) => ({
      ...reportWithoutFigures(provider, 'untried', null),
      checkedAt: null,
    }))
  }

  /** The provider that the variable names; null when it leaves the choice open. Throws `InvalidInput`. */
  #override(): ProviderName | null {
    const value = this.#environment[variable]
    if (value === undefined || value === '' || value === 'auto') return null
    const named = deviceProviders.find((provider) => provider === value)
    if (named !== undefined) return named
    throw new AppError(
      'InvalidInput',
      'providerVariable',
      `${variable} is "${value.slice(0, 40)}"; set it to one of ${providers.join(', ')}.`,
      { params: { value: value.slice(0, 40), known: providers.join(', ') } },
    )
  }

  /** A fresh check, shared by all who ask for one while it runs. It is given up when nobody waits any more. */
  async #checked(key: DeviceKey, { signal, progress }: DeviceOptions): Promise<readonly DeviceReport[]> {
    throwIfAborted(signal)
    if (this.#closed) throw cancelled()
    const running = (this.#running ??= this.#begin(key))
    running.waiting += 1
    const latest = running.latest()
    if (latest !== null) progress?.(latest)
    if (progress !== undefined) running.listeners.add(progress)
    try {
      return await untilAborted(running.done, signal)
    } finally {
      running.waiting -= 1
      if (progress !== undefined) running.listeners.delete(progress)
      if (running.waiting === 0) {
        running.controller.abort()
        if (this.#running === running) this.#running = null
      }
    }
  }

  #begin(key: DeviceKey): RunningCheck {
    const controller = new AbortController()
    const listeners: RunningCheck['listeners'] = new Set()
    let latest: Progress | null = null
    const done = this.#tryAll(key, controller.signal, (progress) => {
      latest = progress
      for (const listener of listeners) listener(progress)
    }).finally(() => {
      if (this.#running?.controller === controller) this.#running = null
    })
    // Whoever waits hears of a failure; when nobody does, nobody needs to.
    this.#ended = done.then(
      () => undefined,
      () => undefined,
    )
    return { controller, done, listeners, latest: () => latest, waiting: 0 }
  }

  async #tryAll(
    key: DeviceKey,
    signal: AbortSignal,
    progress: (progress: Progress) => void,
  ): Promise<readonly DeviceReport[]> {
    const { modelsFolder, spawner, entry, timeoutMs, memory } = this.#options
    await this.#ended
    const reports: DeviceReport[] = []
    const total = this.#providers.length
    for (const provider of this.#providers) {
      progress({ done: reports.length, total, note: deviceName(provider) })
      const trial = { modelsFolder, signal, spawner, entry, timeoutMs, log: () => undefined }
      const proof = await checkProvider(provider, trial)
      reports.push(deviceReportSchema.parse({ ...proof, checkedAt: new Date().toISOString() }))
    }
    throwIfAborted(signal)
    memory.write(key, reports)
    return reports
  }
}

/** The promise, or `Cancelled` as soon as the signal says so. */
async function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return promise
  using aborted = new DisposableStack()
  return await Promise.race([
    promise,
    new Promise<never>((_, reject) => {
      const stop = (): void => reject(cancelled())
      signal.addEventListener('abort', stop, { once: true })
      aborted.defer(() => signal.removeEventListener('abort', stop))
    }),
  ])
}
