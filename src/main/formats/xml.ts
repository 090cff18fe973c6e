import { createReadStream } from 'node:fs'
import { TextDecoder } from 'node:util'
import { SaxesParser } from 'saxes'
import { AppError, throwIfAborted } from '../../shared/errors.ts'
import { requireFile } from './files.ts'

/** One element with everything in it. */
export interface XmlElement {
  readonly name: string
  /** Without a prototype, so any attribute name is only a key. */
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
  /** The text directly inside, without that of children, trimmed. */
  readonly text: string
  /** Of its start tag, from 1: for messages. */
  readonly line: number
}

/** What of a file is wanted: the path of an element from the top, `annotations/image`, and the element. */
export interface XmlPiece {
  readonly path: string
  readonly element: XmlElement
}

/**
 * Reads an XML file of any size: every element whose path from the top (`annotations/image`) is in `wanted`
 * comes as a whole, in the order of the file, and nothing else is kept. An element inside a wanted one does not come
 * again. UTF-8, or whatever a byte order mark or the XML declaration names.
 *
 * Only the five entities of XML and character references are known. What a DOCTYPE declares is never expanded or
 * fetched: a file that uses such an entity is refused. Throws `InvalidInput` that names line and column when
 * the file is not well-formed or has a text beyond all measure, `NotFound` when it cannot be read, and `Cancelled`.
 */
export async function* readXml(
  path: string,
  wanted: ReadonlySet<string>,
  signal?: AbortSignal,
): AsyncGenerator<XmlPiece> {
  await requireFile(path)
  const reader = new ElementReader(path, wanted)
  let decoder: TextDecoder | undefined
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) {
    throwIfAborted(signal)
    const bytes = chunk as Buffer
    decoder ??= decoderOf(path, bytes)
    yield* reader.push(decode(path, decoder, bytes))
  }
  yield* reader.end(decoder === undefined ? '' : decode(path, decoder))
}

/** The first child of that name. */
export function xmlChild(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name)
}

/** What XML 1.0 can hold of a text, not even as a reference: all else becomes U+FFFD. */
export function xmlText(text: string): string {
  return text.toWellFormed().replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
}

/** Text for XML, inside an element or a quoted attribute, as `xmlText` leaves it. */
export function escapeXml(text: string): string {
  return xmlText(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;')
    .replaceAll(/[\t\n\r]/g, (space) => `&#${space.charCodeAt(0)};`)
}

function decoderOf(path: string, start: Buffer): TextDecoder {
  const mark = start.subarray(0, 2).toString('hex')
  if (mark === 'fffe') return new TextDecoder('utf-16le', { fatal: true })
  if (mark === 'feff') return new TextDecoder('utf-16be', { fatal: true })
  const label = /^(?:\xEF\xBB\xBF)?<\?xml\s[^>]*?encoding\s*=\s*["']([^"']+)["']/.exec(
    start.subarray(0, 400).toString('latin1'),
  )?.[1]
  try {
    return new TextDecoder(label ?? 'utf-8', { fatal: true })
  } catch (cause) {
    throw invalid(path, 1, 1, `the encoding ${label ?? ''} is unknown`, cause)
  }
}

function decode(path: string, decoder: TextDecoder, bytes?: Buffer): string {
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true })
  } catch (cause) {
    const reason = `it holds bytes that are not ${decoder.encoding}`
    throw new AppError(
      'InvalidInput',
      'xmlEncoding',
      `${path} cannot be read as text: ${reason}. Save it as UTF-8, or name its encoding in the XML declaration.`,
      { params: { file: path, reason }, cause },
    )
  }
}

function invalid(path: string, line: number, column: number, reason: string, cause?: unknown): AppError {
  return new AppError(
    'InvalidInput',
    'xmlInvalid',
    `${path} is not valid XML at line ${line}, column ${column} (${reason}). Correct it there, or write the file again.`,
    { params: { file: path, line, column, reason }, cause },
  )
}

/** An attribute or a text of more characters than this is damage: a mask of 24 million pixels of noise needs half of it. */
const longestText = 1 << 27

interface OpenElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: XmlElement[]
  readonly text: string[]
  readonly line: number
}

class ElementReader {
  readonly #file: string
  readonly #parser = new SaxesParser({ xmlns: false })
  /** Names of the open elements from the top. */
  readonly #path: string[] = []
  /** The open elements from the wanted one down; empty outside of one. */
  readonly #open: OpenElement[] = []
  #ready: XmlPiece[] = []
  #startLine = 1
  /** Characters since the last tag began or ended. */
  #sinceTag = 0

  constructor(file: string, wanted: ReadonlySet<string>) {
    this.#file = file
    const parser = this.#parser
    const deepest = Math.max(...[...wanted].map((path) => path.split('/').length))
    parser.on('error', (error) => {
      const reason = error.message.replace(/^(?:.*?:)?\d+:\d+: /, '').replace(/[.\s]+$/, '')
      throw invalid(file, parser.line, parser.column, reason, error)
    })
    parser.on('opentagstart', () => {
      this.#startLine = parser.line
    })
    parser.on('opentag', ({ name, attributes }) => {
      this.#sinceTag = 0
      this.#path.push(name)
      if (this.#open.length === 0 && (this.#path.length > deepest || !wanted.has(this.#path.join('/')))) return
      this.#open.push({ name, attributes, children: [], text: [], line: this.#startLine })
    })
    parser.on('text', (text) => this.#open.at(-1)?.text.push(text))
    parser.on('cdata', (text) => this.#open.at(-1)?.text.push(text))
    parser.on('closetag', () => {
      this.#sinceTag = 0
      const open = this.#open.pop()
      if (open !== undefined) {
        const element = { ...open, text: open.text.join('').trim() }
        const parent = this.#open.at(-1)
        if (parent === undefined) this.#ready.push({ path: this.#path.join('/'), element })
        else parent.children.push(element)
      }
      this.#path.pop()
    })
  }

  push(text: string): readonly XmlPiece[] {
    this.#sinceTag += text.length
    if (this.#sinceTag > longestText) {
      const { line, column } = this.#parser
      throw invalid(this.#file, line, column, `a text has more than ${longestText} characters`)
    }
    this.#parser.write(text)
    const ready = this.#ready
    this.#ready = []
    return ready
  }

  end(text: string): readonly XmlPiece[] {
    const ready = this.push(text)
    this.#parser.close()
    return [...ready, ...this.push('')]
  }
}
