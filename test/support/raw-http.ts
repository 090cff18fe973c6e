import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** HTTP spoken byte by byte: what no well-behaved client would send. */

export interface RawAnswer {
  /** Of the first answer; 0 when the connection ended without one. */
  readonly status: number
  /** How many answers came back. */
  readonly count: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  /** All that came back. */
  readonly text: string
}

/** Connects and resolves once connected. */
export function openRaw(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.off('error', reject)
      // A refused peer may be reset while it still writes.
      socket.on('error', () => undefined)
      resolve(socket)
    })
    socket.once('error', reject)
  })
}

/** Sends exactly these bytes and collects what comes back until the other side ends the connection. */
export async function sendRaw(port: number, bytes: string | Uint8Array): Promise<RawAnswer> {
  const socket = await openRaw(port)
  const chunks: Buffer[] = []
  const ended = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.once('close', () => resolve())
  })
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  await ended
  return parseAnswer(Buffer.concat(chunks).toString('latin1'))
}

function parseAnswer(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  return {
    status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1] ?? 0),
    count: text.match(/HTTP\/1\.1 \d{3} /g)?.length ?? 0,
    headers,
    body: rest.join('\r\n\r\n'),
    text,
  }
}

export interface RawRequest {
  readonly method?: string
  readonly target?: string
  /** Added after the others, or instead of one of them of that name; null leaves it out. */
  readonly headers?: Readonly<Record<string, string | null>>
  readonly body?: string
}

/** A request as text, with a `Content-Length` that fits unless one is given; the connection ends after its answer. */
export function rawRequest({ method = 'GET', target = '/', headers = {}, body }: RawRequest): string {
  const all: Record<string, string | null> = {
    ...(body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body, 'latin1')) }),
    Connection: 'close',
    ...headers,
  }
  const lines = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]))
  return `${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body ?? ''}`
}
