import { readdirSync, readFileSync } from 'node:fs'
import { cpus, hostname, release } from 'node:os'
import { join } from 'node:path'
import { z } from '../../shared/zod.ts'

/** What the result of a check depends on, as far as the system tells without asking another program. */
export const machineSchema = z.strictObject({
  host: z.string(),
  /** System, its release (whose kernel holds most graphics drivers) and architecture. */
  system: z.string(),
  processor: z.string(),
  /** Vendor and device number of each graphics card, on Linux. */
  graphics: z.array(z.string()),
  /** The NVIDIA driver's own version line, on Linux; null where there is none. */
  driver: z.string().nullable(),
  /** Variables that decide which driver or card a program sees. */
  variables: z.array(z.string()),
})
export type Machine = z.infer<typeof machineSchema>

const deciding = [
  'CUDA_VISIBLE_DEVICES',
  'LD_LIBRARY_PATH',
  'NVIDIA_TF32_OVERRIDE',
  'VK_DRIVER_FILES',
  'VK_ICD_FILENAMES',
]

export function describeMachine(environment: NodeJS.ProcessEnv = process.env): Machine {
  return {
    host: hostname(),
    system: `${process.platform} ${release()} ${process.arch}`,
    processor: cpus()[0]?.model ?? 'unknown',
    graphics: graphicsCards(),
    driver: textOf('/proc/driver/nvidia/version')?.split('\n')[0]?.trim() ?? null,
    variables: deciding.flatMap((name) => {
      const value = environment[name]
      return value === undefined || value === '' ? [] : [`${name}=${value}`]
    }),
  }
}

/** Graphics hardware and driver in words; null when the system tells nothing. */
export function hardwareText({ graphics, driver, variables }: Machine): string | null {
  const icd = variables.find((each) => each.startsWith('VK_'))
  const parts = [...graphics.map((card) => `graphics card ${card}`), ...(driver === null ? [] : [driver]), icd ?? '']
  return parts.filter((part) => part !== '').join(', ') || null
}

function graphicsCards(): string[] {
  const folder = '/sys/class/drm'
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause
    // Not Linux, or no graphics at all.
    return []
  }
  return names
    .filter((name) => /^card\d+$/.test(name))
    .toSorted()
    .flatMap((name) => {
      const vendor = textOf(join(folder, name, 'device', 'vendor'))
      const device = textOf(join(folder, name, 'device', 'device'))
      return vendor === null || device === null ? [] : [`${vendor.trim()}:${device.trim()}`]
    })
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause
    // Not there, or not ours to read: it stays unknown.
    return null
  }
}
