import { createReadStream } from 'node:fs'
import { requireFile } from './files.ts'
import { AppError } from '../../shared/errors.ts'

/** One value of a JSON file whose top level is an object. */
export interface JsonPiece {
  /** Key at the top level. */
  readonly section: string
  /** `element`: one entry of an array. `array`: the array has begun. `value`: anything else. */
  readonly kind: 'array' | 'element' | 'value'
  readonly value: unknown
}

interface Place {
  readonly line: number
  readonly column: number
}

const quote = 34
const backslash = 92
const newline = 10

function isSpace(code: number): boolean {
  return code === 32 || code === newline || code === 13 || code === 9
}

/**
 * Reads a JSON file of any size value by value: the entries of the arrays at its top level come one by one,
 * and nothing else is kept. Sections outside `wanted` are passed over. NaN and Infinity, which Python writes
 * although JSON has no such thing, are read as null.
 *
 * Throws `InvalidInput` when it is not valid JSON, naming the place, and when the top level is an array.
 */
export async function* readJsonSections(path: string, wanted: ReadonlySet<string>): AsyncGenerator<JsonPiece> {
  await requireFile(path)
  const reader = new SectionReader(path, wanted)
  const stream = createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 18 })
  for await (const chunk of stream) {
    yield* reader.push(chunk as string)
  }
  reader.end()
}

/** Where the reader stands. `value` and `element` last until the bracket depth is back. */
type State =
  | 'start'
  | 'keyOrEnd'
  | 'key'
  | 'colon'
  | 'valueStart'
  | 'value'
  | 'elementOrEnd'
  | 'elementStart'
  | 'element'
  | 'afterValue'
  | 'done'

class SectionReader {
  readonly #path: string
  readonly #wanted: ReadonlySet<string>
  #state: State = 'start'
  #section = ''
  /** Text of the value being read, as far as earlier chunks hold it. */
  #text: string[] = []
  #depth = 0
  #inArray = false
  #inString = false
  #escaped = false
  #line = 1
  #lineStart = 0
  #offset = 0
  #valuePlace: Place = { line: 1, column: 1 }

  constructor(path: string, wanted: ReadonlySet<string>) {
    this.#path = path
    this.#wanted = wanted
  }

  *push(chunk: string): Generator<JsonPiece> {
    let from = 0
    for (let at = 0; at < chunk.length; at++) {
      const code = chunk.charCodeAt(at)
      if (code === newline) {
        this.#line++
        this.#lineStart = this.#offset + at + 1
      }
      if (this.#state === 'value' || this.#state === 'element' || this.#state === 'key') {
        if (!this.#endsValue(code)) continue
        // A string key includes its closing quote; other values end before the separator.
        const end = this.#state === 'key' ? at + 1 : at
        this.#text.push(chunk.slice(from, end))
        const piece = this.#finishValue()
        if (piece !== null) yield piece
        if (end > at) continue
      }
      const started = this.#step(code, at)
      if (started === 'text') from = at
      if (started === 'array') yield { section: this.#section, kind: 'array', value: null }
    }
    if (this.#state === 'value' || this.#state === 'element' || this.#state === 'key')
      this.#text.push(chunk.slice(from))
    this.#offset += chunk.length
  }

  end(): void {
    if (this.#state !== 'done') throw this.#invalid(this.#place(0))
  }

  /** Follows strings and brackets; true when the value being read ends at this character. */
  #endsValue(code: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false
      else if (code === backslash) this.#escaped = true
      else if (code === quote) {
        this.#inString = false
        return this.#state === 'key'
      }
      return false
    }
    if (code === quote) this.#inString = true
    else if (code === 91 || code === 123) this.#depth++
    else if (code === 93 || code === 125) {
      if (this.#depth === 0) return true
      this.#depth--
    } else if (code === 44) return this.#depth === 0
    return false
  }

  #finishValue(): JsonPiece | null {
    const text = this.#text.join('')
    this.#text = []
    if (this.#state === 'key') {
      this.#section = String(this.#parse(text))
      this.#state = 'colon'
      return null
    }
    const kind = this.#state === 'element' ? 'element' : 'value'
    this.#state = 'afterValue'
    if (!this.#wanted.has(this.#section)) return null
    return { section: this.#section, kind, value: this.#parse(text) }
  }

  /** Handles a character between values. Says whether a value's text or an array starts with it. */
  #step(code: number, at: number): 'text' | 'array' | null {
    if (isSpace(code) || (this.#state === 'start' && code === 0xfeff)) return null
    switch (this.#state) {
      case 'start':
        if (code === 91) {
          throw new AppError(
            'InvalidInput',
            'cocoResultsFile',
            `${this.#path} is a results file (a list of predictions), not a COCO instances file. Import an instances file instead.`,
            { params: { file: this.#path } },
          )
        }
        if (code !== 123) throw this.#invalid(this.#place(at))
        this.#state = 'keyOrEnd'
        return null
      case 'keyOrEnd':
        if (code === 125) {
          this.#state = 'done'
          return null
        }
        if (code !== quote) throw this.#invalid(this.#place(at))
        return this.#begin('key', at)
      case 'colon':
        if (code !== 58) throw this.#invalid(this.#place(at))
        this.#state = 'valueStart'
        return null
      case 'valueStart':
        if (code === 91) {
          this.#state = 'elementOrEnd'
          this.#inArray = true
          return 'array'
        }
        return this.#begin('value', at, code)
      case 'elementOrEnd':
        if (code === 93) {
          this.#inArray = false
          this.#state = 'afterValue'
          return null
        }
        return this.#begin('element', at, code)
      case 'elementStart':
        return this.#begin('element', at, code)
      case 'afterValue':
        if (this.#inArray) {
          if (code === 44) this.#state = 'elementStart'
          else if (code === 93) this.#inArray = false
          else throw this.#invalid(this.#place(at))
          return null
        }
        if (code === 44) this.#state = 'keyOrEnd'
        else if (code === 125) this.#state = 'done'
        else throw this.#invalid(this.#place(at))
        return null
      case 'done':
      case 'key':
      case 'value':
      case 'element':
        throw this.#invalid(this.#place(at))
    }
  }

  #begin(state: 'key' | 'value' | 'element', at: number, code = quote): 'text' {
    this.#valuePlace = this.#place(at)
    if (code === 44 || code === 93 || code === 125 || code === 58) throw this.#invalid(this.#valuePlace)
    this.#state = state
    this.#inString = code === quote
    this.#escaped = false
    this.#depth = code === 91 || code === 123 ? 1 : 0
    return 'text'
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text)
    } catch (cause) {
      const plain = text.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (match) =>
        match.startsWith('"') ? match : 'null',
      )
      if (plain === text) throw this.#invalid(this.#valuePlace, cause)
      try {
        return JSON.parse(plain)
      } catch (second) {
        throw this.#invalid(this.#valuePlace, second)
      }
    }
  }

  #place(at: number): Place {
    return { line: this.#line, column: this.#offset + at - this.#lineStart + 1 }
  }

  #invalid({ line, column }: Place, cause?: unknown): AppError {
    const message = `${this.#path} is not valid JSON at line ${line}, column ${column}. Write the file again or repair it there.`
    const params = { file: this.#path, line, column }
    return new AppError('InvalidInput', 'jsonInvalid', message, cause === undefined ? { params } : { params, cause })
  }
}
