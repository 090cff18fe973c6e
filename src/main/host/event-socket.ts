import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import { z } from '../../shared/zod.ts'
import { toWire } from '../../shared/contract/wire.ts'

const firstMessageSchema = z.strictObject({ token: z.string().max(200) })

const policyViolation = 1008
const goingAway = 1001
/** A page that does not read its events any more is cut off; it reconnects and asks afresh. */
const maxBufferedBytes = 8 << 20
const maxConnections = 64

export interface EventSocket {
  /** Takes over a connection whose host and origin have been checked. */
  readonly accept: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** To every page that has shown its token. */
  readonly send: (message: object) => void
  readonly close: () => void
}

/**
 * The events connection: a page must show its token in the first message within `tokenWaitMs`, is then
 * told `ready`, and from there on only listens.
 */
export function createEventSocket(options: {
  readonly isToken: (text: string) => boolean
  readonly tokenWaitMs: number
}): EventSocket {
  const server = new WebSocketServer({ noServer: true, maxPayload: 4096, perMessageDeflate: false })
  const admitted = new Set<WebSocket>()

  function admit(socket: WebSocket): void {
    const timer = setTimeout(() => socket.close(policyViolation, 'no token'), options.tokenWaitMs)
    const refuse = (): void => {
      clearTimeout(timer)
      admitted.delete(socket)
      socket.close(policyViolation, 'refused')
    }
    socket.on('message', (data, isBinary) => {
      if (admitted.has(socket) || isBinary || !showsToken(String(data as Buffer))) {
        refuse()
        return
      }
      clearTimeout(timer)
      admitted.add(socket)
      socket.send(JSON.stringify({ type: 'ready' }))
    })
    socket.on('close', () => {
      clearTimeout(timer)
      admitted.delete(socket)
    })
    // An oversize or broken frame; `close` follows.
    socket.on('error', () => socket.terminate())
  }

  function showsToken(text: string): boolean {
    let message: unknown
    try {
      message = JSON.parse(text)
    } catch (error) {
      if (error instanceof SyntaxError) return false
      throw error
    }
    const parsed = firstMessageSchema.safeParse(message)
    return parsed.success && options.isToken(parsed.data.token)
  }

  return {
    accept: (request, socket, head) => {
      if (server.clients.size >= maxConnections) socket.destroy()
      else server.handleUpgrade(request, socket, head, admit)
    },
    send: (message) => {
      if (admitted.size === 0) return
      const text = toWire(message)
      for (const socket of admitted) {
        if (socket.bufferedAmount > maxBufferedBytes) socket.terminate()
        else if (socket.readyState === WebSocket.OPEN) socket.send(text)
      }
    },
    close: () => {
      for (const socket of server.clients) {
        socket.close(goingAway)
        socket.terminate()
      }
      server.close()
    },
  }
}
