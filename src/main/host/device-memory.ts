import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { deviceReportSchema } from '../../shared/contract/contract.ts'
import { z } from '../../shared/zod.ts'
import { createDevices, deviceKeySchema } from '../engine/devices.ts'
import type { CreateDevicesOptions, DeviceKey, DeviceMemory, Devices } from '../engine/devices.ts'
import { configurationFolder } from './recent.ts'
import { replaceFile } from './replace-file.ts'

/** A home folder may be shared between machines, and a driver may come back: this many results are kept. */
const mostResults = 8

const resultSchema = z.strictObject({ key: deviceKeySchema, devices: z.array(deviceReportSchema) })
const fileSchema = z.strictObject({ schemaVersion: z.literal(1), results: z.array(resultSchema) })
type Result = z.infer<typeof resultSchema>

/**
 * Results of device checks in one small file of the configuration folder, replaced whole. A file that is damaged,
 * unreadable or of another version counts as unknown; so does a result under another key.
 */
export function createDeviceMemory(file = join(configurationFolder(), 'devices.json')): DeviceMemory {
  function read(): readonly Result[] {
    try {
      const parsed = fileSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')))
      return parsed.success ? parsed.data.results : []
    } catch (error) {
      if (error instanceof SyntaxError || (error instanceof Error && 'syscall' in error)) return []
      throw error
    }
  }

  /** What could not be written is remembered as long as the program runs. */
  let unwritten: Result | null = null

  return {
    read: (key) =>
      [...(unwritten === null ? [] : [unwritten]), ...read()].find((result) => isSame(result.key, key))?.devices ??
      null,
    write: (key, devices) => {
      const result: Result = { key, devices: [...devices] }
      const results = [result, ...read().filter((other) => !isSame(other.key, key))].slice(0, mostResults)
      try {
        mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
        replaceFile(file, `${JSON.stringify({ schemaVersion: 1, results }, null, 2)}\n`)
        unwritten = null
      } catch (error) {
        // A full or read-only home folder costs another check at the next start, nothing else.
        if (!(error instanceof Error && 'syscall' in error)) throw error
        unwritten = result
      }
    },
  }
}

/** The devices of this machine, with what earlier starts found out. */
export function createMachineDevices(options: Omit<CreateDevicesOptions, 'memory'>): Devices {
  return createDevices({ ...options, memory: createDeviceMemory() })
}

function isSame(a: DeviceKey, b: DeviceKey): boolean {
  return JSON.stringify(deviceKeySchema.parse(a)) === JSON.stringify(deviceKeySchema.parse(b))
}
