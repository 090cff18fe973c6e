import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import type { Contract } from '../../src/shared/contract/contract.ts'
import { masksPath } from '../../src/shared/contract/media.ts'
import { unpackMasks } from '../../src/shared/contract/mask-pack.ts'
import type { PackedMask } from '../../src/shared/contract/mask-pack.ts'
import type { BridgeOf } from '../../src/shared/contract/define.ts'
import { envelopeSchema, fromWire, toWire } from '../../src/shared/contract/wire.ts'
import { AppError } from '../../src/shared/errors.ts'
import { z } from '../../src/shared/zod.ts'
import { exemplarScript } from './run-exemplar.ts'
import { testHome } from './test-home.ts'

type Calls = BridgeOf<Contract>

/** A running `exemplar serve`, spoken to over HTTP as the page does. */
export class HostProcess {
  readonly url: string
  readonly child: ChildProcess
  readonly #origin: string
  readonly #token: string

  static async start(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    script = exemplarScript,
  ): Promise<HostProcess> {
    // The inner Node, not the wrapper: a signal must reach the process that holds the project.
    const child = spawn(process.execPath, [script, 'serve', '--json', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, EXEMPLAR_HOME: testHome(), ...env },
    })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    const line = await new Promise<string>((done, failed) => {
      let text = ''
      child.stdout.setEncoding('utf8').on('data', (part: string) => {
        text += part
        if (text.includes('\n')) done(text)
      })
      child.once('close', (code) => failed(new Error(`serve ended with ${code}: ${stderr}`)))
    })
    return new HostProcess(child, z.object({ url: z.string() }).parse(JSON.parse(line)).url)
  }

  private constructor(child: ChildProcess, url: string) {
    this.child = child
    this.url = url
    const parsed = new URL(url)
    this.#origin = parsed.origin
    this.#token = new URLSearchParams(parsed.hash.slice(1)).get('t') ?? ''
  }

  /** Calls one method of the contract; rejects with the `AppError` that the host answered. */
  async call<Group extends keyof Calls & string, Name extends keyof Calls[Group] & string>(
    group: Group,
    name: Name,
    input: Calls[Group][Name] extends (input: infer In, ...rest: never[]) => Promise<unknown> ? In : never,
  ): Promise<Calls[Group][Name] extends (...args: never[]) => Promise<infer Out> ? Out : never>
  async call(group: string, name: string, input: unknown): Promise<unknown> {
    const response = await fetch(`${this.#origin}/rpc/${group}.${name}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json', origin: this.#origin },
      body: toWire({ callId: randomUUID(), input }),
    })
    const envelope = envelopeSchema.parse(fromWire(await response.text()))
    if (!envelope.ok) throw AppError.fromRecord(envelope.error)
    return envelope.value
  }

  /** The masks of an image as the page gets them. */
  async masks(projectId: string, imageId: string): Promise<PackedMask[]> {
    const response = await fetch(`${this.#origin}${masksPath(projectId, imageId, 0)}`, {
      headers: { authorization: `Bearer ${this.#token}` },
    })
    if (!response.ok) throw new Error(`masks of ${imageId}: ${response.status}`)
    return unpackMasks(new Uint8Array(await response.arrayBuffer()))
  }

  /** Process ids below the host by what they run: `engine` and `codec`. Linux only. */
  children(): { readonly engine: number | null; readonly codec: number | null } {
    const find = (word: string): number | null =>
      processesBelow(this.child.pid ?? 0).find((each) => each.command.includes(word))?.pid ?? null
    return { engine: find('engine-process'), codec: find('codec-process') }
  }

  /** The host itself: the wrapper's child where the wrapper started another Node, else the child. */
  get hostPid(): number {
    const inner = processesBelow(this.child.pid ?? 0).find((each) => /cli\/main|main\/cli/.test(each.command))
    return inner?.pid ?? this.child.pid ?? 0
  }

  /** Resolves when the process has ended. */
  async ended(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    await new Promise((done) => this.child.once('close', done))
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM')
    await this.ended()
  }
}

interface RunningProcess {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

function processesBelow(root: number): RunningProcess[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name): RunningProcess[] => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
        return [
          { pid: Number(name), parent, command: readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ') },
        ]
      } catch {
        // The process ended between listing and reading.
        return []
      }
    })
  const below: RunningProcess[] = []
  const parents = new Set([root])
  for (let before = -1; before !== below.length;) {
    before = below.length
    for (const each of all) {
      if (!parents.has(each.parent) || parents.has(each.pid)) continue
      parents.add(each.pid)
      below.push(each)
    }
  }
  return below
}
