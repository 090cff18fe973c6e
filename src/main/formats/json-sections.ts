import { createReadStream } from 'node:fs'
import { requireFile } from './files.ts'
import { AppError, throwIfAborted } from '../../shared/errors.ts'

/** One value of a JSON file whose top level is an object. */
export interface JsonPiece {
  /** Key at the top level; `rootSection` for the entries of a file that is one array. */
  readonly section: string
  /**
   * `element`: one entry of an array. `tooLong`: one that was passed over; `value` says where it is, after "Entry 3 was left
   * out: ". `array`: the array has begun. `value`: anything else.
   */
  readonly kind: 'array' | 'element' | 'tooLong' | 'value'
  readonly value: unknown
}

/** An entry of more characters than this is damage: a mask of 24 million pixels of noise needs a third of it. */
const longestValue = 1 << 26

/** So many digits in a row, none of a fraction, that a whole number of them may not be exact. */
const manyDigits = /(?<![\d.])\d{16,}(?![\d.eE])/
const wholeNumber = /^-?[1-9]\d*$/

/**
 * JSON text with every word outside of strings (numbers, `true`, NaN) replaced. Strings are stepped over by hand, since a
 * mask in one has millions of characters, and an expression that takes them one by one runs out of stack.
 */
function mapWords(text: string, change: (word: string) => string): string {
  const parts: string[] = []
  for (let at = 0; at < text.length;) {
    const open = text.indexOf('"', at)
    const end = open < 0 ? text.length : open
    parts.push(text.slice(at, end).replace(/[^\s,:[\]{}]+/g, change))
    at = open < 0 ? end : endOfString(text, open)
    parts.push(text.slice(end, at))
  }
  return parts.join('')
}

/** The place after the quote that closes the string which begins at `open`. */
function endOfString(text: string, open: number): number {
  for (let close = text.indexOf('"', open + 1); close >= 0; close = text.indexOf('"', close + 1)) {
    let slashes = 0
    while (text.charCodeAt(close - 1 - slashes) === backslash) slashes++
    if (slashes % 2 === 0) return close + 1
  }
  return text.length
}

/** Whole numbers that would be rounded, put into quotes. */
function quoteLongNumbers(text: string): string {
  if (!manyDigits.test(text)) return text
  return mapWords(text, (word) =>
    word.length > 15 && wholeNumber.test(word) && !Number.isSafeInteger(Number(word)) ? `"${word}"` : word,
  )
}
/** Asks for the entries of a file whose top level is an array, and for nothing else. */
export const rootSection = ''

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
 * although JSON has no such thing, are read as null. A whole number of so many digits that a JavaScript number would
 * round it (an id made of a hash) is read as its text, so that two of them stay two. Of an entry beyond all measure only
 * its place is kept.
 *
 * Throws `InvalidInput` when it is not valid JSON, naming the place, and when the top level is an array although
 * `rootSection` was not asked for, or the other way round; and `Cancelled`, also where nothing wanted comes for long.
 */
export async function* readJsonSections(
  path: string,
  wanted: ReadonlySet<string>,
  signal?: AbortSignal,
): AsyncGenerator<JsonPiece> {
  await requireFile(path)
  const reader = new SectionReader(path, wanted)
  const stream = createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 18 })
  for await (const chunk of stream) {
    throwIfAborted(signal)
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
  #textLength = 0
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
        this.#keep(chunk.slice(from, end))
        const piece = this.#finishValue()
        if (piece !== null) yield piece
        if (end > at) continue
      }
      const started = this.#step(code, at)
      if (started === 'text') from = at
      if (started === 'array') yield { section: this.#section, kind: 'array', value: null }
    }
    if (this.#state === 'value' || this.#state === 'element' || this.#state === 'key') this.#keep(chunk.slice(from))
    this.#offset += chunk.length
  }

  end(): void {
    if (this.#state !== 'done') throw this.#invalid(this.#place(0))
  }

  /** Of what is not asked for or too long only the length is known. */
  #keep(text: string): void {
    this.#textLength += text.length
    if (this.#textLength > longestValue) this.#text = []
    else if (this.#state === 'key' || this.#wanted.has(this.#section)) this.#text.push(text)
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
    const isTooLong = this.#textLength > longestValue
    this.#text = []
    this.#textLength = 0
    if (this.#state === 'key') {
      this.#section = String(this.#parse(text))
      this.#state = 'colon'
      return null
    }
    const kind = this.#state === 'element' ? 'element' : 'value'
    this.#state = 'afterValue'
    if (!this.#wanted.has(this.#section)) return null
    if (!isTooLong) return { section: this.#section, kind, value: this.#parse(text) }
    const { line, column } = this.#valuePlace
    const value = `it begins at line ${line}, column ${column}, and has more than ${longestValue} characters. Write it shorter.`
    return { section: this.#section, kind: 'tooLong', value }
  }

  /** Handles a character between values. Says whether a value's text or an array starts with it. */
  #step(code: number, at: number): 'text' | 'array' | null {
    if (isSpace(code) || (this.#state === 'start' && code === 0xfeff)) return null
    switch (this.#state) {
      case 'start':
        return this.#stepStart(code, at)
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
          this.#endArray()
          return null
        }
        return this.#begin('element', at, code)
      case 'elementStart':
        return this.#begin('element', at, code)
      case 'afterValue':
        if (this.#inArray) {
          if (code === 44) this.#state = 'elementStart'
          else if (code === 93) this.#endArray()
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

  /** The top level: an array only where its entries were asked for. */
  #stepStart(code: number, at: number): 'array' | null {
    const wantsRoot = this.#wanted.has(rootSection)
    if (code === 91 && wantsRoot) {
      this.#state = 'elementOrEnd'
      this.#inArray = true
      return 'array'
    }
    if (code === 91) {
      throw new AppError(
        'InvalidInput',
        'cocoResultsFile',
        `${this.#path} is a results file (a list of predictions), not a COCO instances file. Import it as coco-results, with its instances file beside it, or import an instances file.`,
        { params: { file: this.#path } },
      )
    }
    if (code !== 123) throw this.#invalid(this.#place(at))
    if (wantsRoot) {
      throw new AppError(
        'InvalidInput',
        'cocoNoResultsFile',
        `${this.#path} is not a results file: a results file is one list of predictions. Import an instances file as coco.`,
        { params: { file: this.#path } },
      )
    }
    this.#state = 'keyOrEnd'
    return null
  }

  #endArray(): void {
    this.#inArray = false
    this.#state = this.#section === rootSection && this.#wanted.has(rootSection) ? 'done' : 'afterValue'
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

  #parse(written: string): unknown {
    const text = quoteLongNumbers(written)
    try {
      return JSON.parse(text)
    } catch (cause) {
      const plain = mapWords(text, (word) => (/^(?:NaN|-?Infinity)$/.test(word) ? 'null' : word))
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
