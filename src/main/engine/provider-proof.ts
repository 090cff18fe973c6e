import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DeviceReport } from '../../shared/contract/contract.ts'
import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'
import { createBackbone } from './backbone.ts'
import type { Backbone } from './backbone.ts'
import { verdictSentence } from './device-words.ts'
import { goldenPixels, goldenSide } from './golden.ts'
import type { BackboneEntry, VerifiedModel } from './models.ts'
import type { FeatureMaps } from './predictor.ts'
import type { CreateSession, ProviderName } from './runtime.ts'

/** What the profile of a session calls each provider. */
const profileNames: Readonly<Record<ProviderName, string>> = {
  cpu: 'CPUExecutionProvider',
  cuda: 'CUDAExecutionProvider',
  directml: 'DmlExecutionProvider',
  coreml: 'CoreMLExecutionProvider',
  webgpu: 'WebGpuExecutionProvider',
}

const singlePrecision = 1e-4
const halfPrecision = 1e-2

/**
 * Largest difference from the CPU that still counts as the same result, relative to each map's largest value.
 * DirectML and WebGPU compute in the model's single precision. CUDA multiplies in TF32 on newer cards and Core ML in
 * float16 on its neural engine: both keep the ten bits of half precision.
 */
const tolerances: Readonly<Record<ProviderName, number>> = {
  cpu: singlePrecision,
  cuda: halfPrecision,
  directml: singlePrecision,
  coreml: halfPrecision,
  webgpu: singlePrecision,
}

/** Timed runs end with this many, or when this much time is up. */
const mostRuns = 3
const longestTimingMs = 2_000
/** A first run this slow is a software driver's, not the compilation of shaders: it needs no second one to be timed. */
const slowRunMs = 20_000

/** The proof of one provider; when it was made is its caller's to say. */
export type ProviderProof = Omit<DeviceReport, 'checkedAt'>

/** What it takes to try a provider. */
export interface ProofContext {
  readonly model: VerifiedModel<BackboneEntry>
  readonly threads: number
  readonly createSession: CreateSession
}

/** Key of the error of a provider that cannot be used, or not any more. Its `detail` is for `DeviceReport`. */
export const providerFaultKey = 'providerUnsupported'

/** `Unsupported` for a provider that was asked for and does not do it, with the reason. */
export function providerFault(proof: ProviderProof): AppError {
  const { provider, verdict } = proof
  const sentence = verdictSentence(proof)
  const reason = `${sentence.charAt(0).toLowerCase()}${sentence.slice(1).replace(/\.$/, '')}`
  return new AppError(
    'Unsupported',
    providerFaultKey,
    `The provider ${provider} does not run on this computer (${reason}); use auto or cpu.`,
    { params: { provider, reason, verdict, detail: reason } },
  )
}

/** A report of a provider without any figures. */
export function reportWithoutFigures(
  provider: ProviderName,
  verdict: DeviceReport['verdict'],
  detail: string | null,
): ProviderProof {
  return {
    provider,
    verdict,
    loaded: verdict === 'failed',
    ran: false,
    detail,
    difference: null,
    tolerance: tolerances[provider],
    milliseconds: null,
    cpuMilliseconds: null,
    nodeShare: null,
  }
}

/**
 * Tries a provider by making a session with it alone, looking at its own profile (the name of an unknown or missing
 * provider may be dropped silently by the runtime), comparing a fixed run with the CPU, and timing both.
 * It may take the whole process down or never return: run it where that does no harm.
 */
export async function proveProvider(provider: ProviderName, context: ProofContext): Promise<ProviderProof> {
  await using stack = new AsyncDisposableStack()
  try {
    const own = stack.use(await tryOut(provider, context))
    const cpu = provider === 'cpu' ? own : stack.use(await tryOut('cpu', context))
    const difference = relativeDifference(own.features, cpu.features)
    const cpuMilliseconds = await fastestRun(cpu)
    const milliseconds = own === cpu ? cpuMilliseconds : await fastestRun(own)
    const verdict = verdictOf(own, difference)
    const isSlower = verdict === 'passed' && own !== cpu && milliseconds >= cpuMilliseconds
    return {
      ...reportWithoutFigures(provider, isSlower ? 'slower' : verdict, null),
      loaded: true,
      ran: verdict === 'passed',
      difference: Number.isFinite(difference) ? difference : null,
      milliseconds,
      cpuMilliseconds,
      nodeShare: own.nodeShare,
    }
  } catch (cause) {
    if (cause instanceof Unusable) return reportWithoutFigures(provider, cause.verdict, cause.message)
    throw cause
  }
}

/**
 * The backbone on that provider, for work. Any other than the CPU is confirmed on this very session: it runs, its
 * profile names it, and it agrees with the CPU. What was found out earlier may have ceased to be true.
 * Throws `Unsupported` (`providerFaultKey`) otherwise.
 */
export async function openBackbone(provider: ProviderName, context: ProofContext): Promise<Backbone> {
  const { model, threads, createSession } = context
  if (provider === 'cpu') return createBackbone(model, { provider, threads }, createSession)
  await using stack = new AsyncDisposableStack()
  let own: Tried
  try {
    own = stack.use(await tryOut(provider, context))
  } catch (cause) {
    if (cause instanceof Unusable) throw providerFault(reportWithoutFigures(provider, cause.verdict, cause.message))
    throw cause
  }
  let difference: number
  {
    await using cpu = await tryOut('cpu', context)
    difference = relativeDifference(own.features, cpu.features)
  }
  const verdict = verdictOf(own, difference)
  if (verdict !== 'passed') throw providerFault({ ...reportWithoutFigures(provider, verdict, null), difference })
  stack.move()
  return own.backbone
}

/** Whether every value of every map is a finite number. */
export function areNumbers({ maps }: FeatureMaps): boolean {
  return Object.values(maps).every(({ data }) => data.every((value) => Number.isFinite(value)))
}

/** `failed` for what a run threw, in the runtime's first line. */
export function runFault(provider: ProviderName, cause: unknown): AppError {
  return providerFault(reportWithoutFigures(provider, 'failed', firstLine(cause)))
}

interface Tried extends AsyncDisposable {
  readonly backbone: Backbone
  readonly features: FeatureMaps
  readonly firstRunMs: number
  /** Share of the executed nodes that ran on the provider. */
  readonly nodeShare: number
}

/** The provider got no further than this. */
class Unusable extends Error {
  override readonly name = 'Unusable'
  readonly verdict: 'missing' | 'notStarted' | 'failed'

  constructor(verdict: Unusable['verdict'], cause: unknown) {
    super(firstLine(cause), { cause })
    this.verdict = verdict
  }
}

/** Makes a session with the provider alone and runs the fixed picture once, profiled. */
async function tryOut(provider: ProviderName, { model, threads, createSession }: ProofContext): Promise<Tried> {
  const folder = await mkdtemp(join(tmpdir(), 'exemplar-profile-'))
  try {
    const options = { provider, threads, profilePrefix: join(folder, 'profile') }
    await using stack = new AsyncDisposableStack()
    const backbone = stack.use(
      await createBackbone(model, options, createSession).catch((cause: unknown) => {
        throw new Unusable(isLibraryMissing(cause) ? 'missing' : 'notStarted', cause)
      }),
    )
    const start = performance.now()
    const features = await runOn(backbone)
    const firstRunMs = performance.now() - start
    backbone.endProfiling()
    const nodeShare = await nodeShareOf(folder, profileNames[provider])
    stack.move()
    return { backbone, features, firstRunMs, nodeShare, [Symbol.asyncDispose]: () => backbone[Symbol.asyncDispose]() }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function runOn(backbone: Backbone): Promise<FeatureMaps> {
  return backbone.run(goldenPixels(goldenSide, goldenSide)).catch((cause: unknown) => {
    throw new Unusable('failed', cause)
  })
}

async function fastestRun({ backbone, firstRunMs }: Tried): Promise<number> {
  if (firstRunMs > slowRunMs) return firstRunMs
  let fastest = Infinity
  const begun = performance.now()
  for (let run = 0; run < mostRuns && performance.now() - begun < longestTimingMs; run++) {
    const start = performance.now()
    await runOn(backbone)
    fastest = Math.min(fastest, performance.now() - start)
  }
  return fastest
}

function verdictOf(own: Tried, difference: number): 'passed' | 'ignored' | 'different' | 'notNumbers' {
  if (own.nodeShare === 0) return 'ignored'
  if (!areNumbers(own.features)) return 'notNumbers'
  return difference <= tolerances[own.backbone.provider] ? 'passed' : 'different'
}

/** The runtime throws plain errors: whether a library is absent can only be told by its words. */
function isLibraryMissing(cause: unknown): boolean {
  return /comes without it|failed to load|cannot open shared object|LoadLibrary/i.test(firstLine(cause))
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

const profileSchema = z.array(
  z.object({ cat: z.string(), args: z.object({ provider: z.string().optional() }).optional() }),
)

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
      if (!Number.isFinite(distance)) return Infinity
      scale = Math.max(scale, Math.abs(value))
      difference = Math.max(difference, distance)
    }
    if (difference > 0) largest = Math.max(largest, difference / scale)
  }
  return largest
}

/** The first line, without the place in the runtime's own sources. */
function firstLine(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause)
  const line = (text.split('\n')[0] ?? '').trim()
  if (line.includes('backend not found')) return `onnxruntime for ${process.platform} comes without it`
  return line.replace(/^\S+\.cc:\d+ .*? was false\. /, '').replace(/\.$/, '')
}
