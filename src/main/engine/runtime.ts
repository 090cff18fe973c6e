import { createRequire } from 'node:module'
import type * as OnnxRuntime from 'onnxruntime-node'
import type { InferenceSession } from 'onnxruntime-node'
import type { deviceProviders } from '../../shared/contract/contract.ts'
import { z } from '../../shared/zod.ts'
import { AppError } from '../../shared/errors.ts'
import type { VerifiedModel } from './models.ts'

export type Runtime = typeof OnnxRuntime

export type ProviderName = (typeof deviceProviders)[number]

/** What the runtime calls the providers of the contract. */
const runtimeProviders: Readonly<Record<ProviderName, string>> = {
  cpu: 'cpu',
  cuda: 'cuda',
  directml: 'dml',
  coreml: 'coreml',
  webgpu: 'webgpu',
}

export interface SessionOptions {
  readonly provider: ProviderName
  readonly threads: number
  /** Where a profile of every node's provider is written: the beginning of a path. Off when absent. */
  readonly profilePrefix?: string
}

/**
 * Loads the runtime. It is native: where its library is missing, only what needs the engine fails, with
 * `Unsupported`.
 */
export async function loadRuntime(): Promise<Runtime> {
  try {
    return await import('onnxruntime-node')
  } catch (cause) {
    throw new AppError(
      'Unsupported',
      'runtimeMissing',
      'The library onnxruntime cannot be loaded on this computer; reinstall the program for this platform.',
      { cause },
    )
  }
}

/** The runtime's version without loading it. */
export function runtimeVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('onnxruntime-node/package.json')
  return z.object({ version: z.string() }).parse(manifest).version
}

/** How a session is made; tests put faults in its place. */
export type CreateSession = typeof createSession

/** Makes a session with one provider, the only one besides what the runtime itself leaves on the CPU. */
export async function createSession(model: VerifiedModel, options: SessionOptions): Promise<InferenceSession> {
  const runtime = await loadRuntime()
  return runtime.InferenceSession.create(model.bytes, {
    executionProviders: [runtimeProviders[options.provider]],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    // A thread that waits by spinning takes the core from the decoder and from this program's own work.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    // Errors only: warnings of the runtime are for its developers.
    logSeverityLevel: 3,
    ...(options.profilePrefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: options.profilePrefix }),
  })
}
