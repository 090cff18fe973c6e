import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'
import { createBackbone } from './backbone.ts'
import { goldenPixels, goldenSide } from './golden.ts'
import type { BackboneEntry, VerifiedModel } from './models.ts'
import type { FeatureMaps } from './predictor.ts'
import type { ProviderName } from './runtime.ts'

/** What the profile of a session calls each provider. */
const profileNames: Readonly<Record<ProviderName, string>> = {
  cpu: 'CPUExecutionProvider',
  cuda: 'CUDAExecutionProvider',
  directml: 'DmlExecutionProvider',
  coreml: 'CoreMLExecutionProvider',
  webgpu: 'WebGpuExecutionProvider',
}

const profileSchema = z.array(
  z.object({ cat: z.string(), args: z.object({ provider: z.string().optional() }).optional() }),
)

/** Largest difference from the CPU that still counts as the same result, relative to each map's largest value. */
const tolerance = 1e-2
const runs = 3

/** What became of one provider that was asked for alone. */
export interface ProviderProof {
  readonly provider: ProviderName
  /** The session could be made. */
  readonly loaded: boolean
  /** It ran, nodes really ran on the provider, and the result is that of the CPU. */
  readonly ran: boolean
  /** Why it does not count, one sentence; null when it ran. */
  readonly reason: string | null
  /** Largest difference from the CPU, relative to each map's largest value. */
  readonly difference: number | null
  /** Best of three runs at 448 x 448. */
  readonly milliseconds: number | null
  readonly cpuMilliseconds: number
  /** Share of the executed nodes that ran on the provider, 0 to 1. */
  readonly nodeShare: number | null
}

/**
 * Tries a provider by making a session with it alone and comparing a run with the CPU. The name of an
 * unknown or missing provider may be dropped silently by the runtime, hence the look at its own profile.
 * It may take the whole process down: run it where that does no harm.
 */
export async function proveProvider(
  provider: ProviderName,
  model: VerifiedModel<BackboneEntry>,
  threads: number,
): Promise<ProviderProof> {
  const cpu = await measure('cpu', model, threads)
  const failed = {
    provider,
    ran: false,
    difference: null,
    milliseconds: null,
    cpuMilliseconds: cpu.milliseconds,
    nodeShare: null,
  }
  let own: Measured
  try {
    own = await measure(provider, model, threads)
  } catch (cause) {
    const reason = firstLine(cause)
    return { ...failed, loaded: !(cause instanceof NoSession), reason: `It cannot be used here: ${reason}` }
  }
  const difference = relativeDifference(own.features, cpu.features)
  const found = {
    provider,
    loaded: true,
    difference,
    milliseconds: own.milliseconds,
    cpuMilliseconds: cpu.milliseconds,
    nodeShare: own.nodeShare,
  }
  if (own.nodeShare === 0)
    return { ...found, ran: false, reason: 'The runtime accepted the name but ran everything on the CPU.' }
  if (!(difference <= tolerance)) {
    return { ...found, ran: false, reason: `Its result differs from the CPU's by ${difference.toPrecision(2)}.` }
  }
  return { ...found, ran: true, reason: null }
}

/** Throws `Unsupported`, with the reason, unless the provider really runs on this computer. */
export async function requireProvider(
  provider: ProviderName,
  model: VerifiedModel<BackboneEntry>,
  threads: number,
): Promise<void> {
  const { ran, reason } = await proveProvider(provider, model, threads)
  if (ran) return
  throw new AppError(
    'Unsupported',
    'providerUnsupported',
    `The provider ${provider} does not run on this computer (${reason ?? 'unknown reason'}); use auto or cpu.`,
    { params: { provider, reason: reason ?? '' } },
  )
}

interface Measured {
  readonly features: FeatureMaps
  readonly milliseconds: number
  readonly nodeShare: number
}

/** The session itself could not be made. */
class NoSession extends Error {
  override readonly name = 'NoSession'
}

async function measure(
  provider: ProviderName,
  model: VerifiedModel<BackboneEntry>,
  threads: number,
): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'exemplar-profile-'))
  try {
    const options = { provider, threads, profilePrefix: join(folder, 'profile') }
    await using backbone = await createBackbone(model, options).catch((cause: unknown) => {
      throw new NoSession(firstLine(cause), { cause })
    })
    const pixels = goldenPixels(goldenSide, goldenSide)
    let features = await backbone.run(pixels)
    let milliseconds = Infinity
    for (let run = 0; run < runs; run++) {
      const start = performance.now()
      features = await backbone.run(pixels)
      milliseconds = Math.min(milliseconds, performance.now() - start)
    }
    backbone.endProfiling()
    return { features, milliseconds, nodeShare: await nodeShareOf(folder, profileNames[provider]) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function nodeShareOf(folder: string, profileName: string): Promise<number> {
  let all = 0
  let own = 0
  for (const file of await readdir(folder)) {
    const events = profileSchema.parse(JSON.parse(await readFile(join(folder, file), 'utf8')))
    for (const { cat, args } of events) {
      if (cat !== 'Node' || args?.provider === undefined) continue
      all += 1
      if (args.provider === profileName) own += 1
    }
  }
  return all === 0 ? 0 : own / all
}

/** Infinite when a map is missing, of another size, or holds anything but numbers. */
function relativeDifference(found: FeatureMaps, expected: FeatureMaps): number {
  let largest = 0
  for (const [name, { data }] of Object.entries(expected.maps)) {
    const other = found.maps[name]?.data
    if (other?.length !== data.length) return Infinity
    let scale = 0
    let difference = 0
    for (let i = 0; i < data.length; i++) {
      const value = data[i] ?? 0
      const distance = Math.abs(value - (other[i] ?? 0))
      if (Number.isNaN(distance)) return Infinity
      scale = Math.max(scale, Math.abs(value))
      difference = Math.max(difference, distance)
    }
    largest = Math.max(largest, difference / scale)
  }
  return largest
}

function firstLine(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause)
  return (text.split('\n')[0] ?? '').trim()
}
