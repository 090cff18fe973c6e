import type { DeviceReport } from '../../shared/contract/contract.ts'
import type { ProviderName } from './runtime.ts'

/** Devices in words, for the command line, errors and job records. The page has sentences of its own. */

const names: Readonly<Record<ProviderName, string>> = {
  cpu: 'CPU',
  cuda: 'CUDA',
  directml: 'DirectML',
  coreml: 'Core ML',
  webgpu: 'WebGPU',
}

export function deviceName(provider: ProviderName): string {
  return names[provider]
}

/** What a verdict means, one sentence. */
export function verdictSentence(report: Omit<DeviceReport, 'checkedAt'>): string {
  const { verdict, detail, difference, tolerance } = report
  const added = detail === null ? '' : `: ${detail}`
  switch (verdict) {
    case 'untried':
      return 'It was not tried yet.'
    case 'passed':
      return 'It passed every check.'
    case 'slower':
      return 'It works, but is not faster than the CPU.'
    case 'missing':
      return `Its library is not here${added}.`
    case 'notStarted':
      return `It could not be started${added}.`
    case 'failed':
      return `It started but failed to run${added}.`
    case 'ignored':
      return 'The runtime accepted the name but ran everything on the CPU.'
    case 'different':
      return `Its result differs from that of the CPU by ${difference?.toExponential(1) ?? 'an unknown amount'}, more than the ${tolerance.toExponential(0)} allowed.`
    case 'notNumbers':
      return 'Its result holds values that are no numbers.'
    case 'crashed':
      return `It took its process down${added}.`
    case 'hung':
      return `It hung${added}.`
    case 'failedAtWork':
      return `It passed the check but failed at work${added}.`
  }
}

/** For job records: `CPU (onnxruntime 1.30.0, 2 threads)`. Names the device that it stands in for, and why. */
export function deviceText(
  provider: ProviderName,
  facts: { readonly runtimeVersion: string; readonly threads: number },
  instead: DeviceReport | null,
): string {
  const threads = facts.threads === 1 ? '1 thread' : `${facts.threads} threads`
  const own =
    provider === 'cpu'
      ? `CPU (onnxruntime ${facts.runtimeVersion}, ${threads})`
      : `${deviceName(provider)} (onnxruntime ${facts.runtimeVersion})`
  if (instead === null) return own
  return `${own} instead of ${deviceName(instead.provider)}, which failed: ${instead.detail ?? 'unknown reason'}`
}
