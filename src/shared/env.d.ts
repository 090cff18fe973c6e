// The few platform globals that both Node and the browser have. `src/shared` is compiled
// with neither DOM nor Node types, so whatever it may use of the platform is listed here.
interface AbortSignal {
  readonly aborted: boolean
  readonly reason: unknown
  throwIfAborted(): void
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}
declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean })
  decode(bytes?: Uint8Array): string
}
declare const crypto: { randomUUID(): string }
declare function atob(text: string): string
declare function btoa(text: string): string
