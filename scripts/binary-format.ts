const elfMachines: Readonly<Record<number, string>> = { 0x3e: 'x64', 0xb7: 'arm64', 0x28: 'arm', 0x03: 'ia32' }
const peMachines: Readonly<Record<number, string>> = { 0x8664: 'x64', 0xaa64: 'arm64', 0x014c: 'ia32' }
const machMachines: Readonly<Record<number, string>> = { 0x01000007: 'x64', 0x0100000c: 'arm64' }

/**
 * What machine a program or library is made for, by its first bytes and not by its name: `linux-x64`, `win32-arm64`,
 * `darwin-arm64`, `darwin-universal`. An unknown machine is given as `linux-0xf3`. Null when it is no native code.
 */
export function binaryFormat(head: Uint8Array): string | null {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  if (view.byteLength < 20) return null
  const magic = view.getUint32(0)
  if (magic === 0x7f454c46) return named('linux', elfMachines, view.getUint16(18, view.getUint8(5) === 1))
  if (magic === 0xcffaedfe) return named('darwin', machMachines, view.getUint32(4, true))
  // The same mark as that of a Java class, whose version number would stand for thousands of machines.
  if (magic === 0xcafebabe && view.getUint32(4) < 20) return 'darwin-universal'
  if (view.getUint16(0) === 0x4d5a && view.byteLength >= 64) {
    const at = view.getUint32(60, true)
    if (at + 6 <= view.byteLength && view.getUint32(at) === 0x50450000) {
      return named('win32', peMachines, view.getUint16(at + 4, true))
    }
  }
  return null
}

function named(platform: string, machines: Readonly<Record<number, string>>, machine: number): string {
  return `${platform}-${machines[machine] ?? `0x${machine.toString(16)}`}`
}
