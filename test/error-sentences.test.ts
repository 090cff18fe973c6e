import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync, visitorKeys } from 'oxc-parser'
import type { Argument, Function as FunctionNode, Node } from 'oxc-parser'
import { expect, test } from 'vitest'
import { errors as german } from '../src/renderer/i18n/de/errors.ts'
import { errors } from '../src/renderer/i18n/en/errors.ts'

/** Keys are read from the sources themselves, so that this cannot go stale. */

interface Site {
  readonly file: string
  readonly key: string
  /** Null when the parameters are not written out there. */
  readonly params: readonly string[] | null
}

const root = join(import.meta.dirname, '..')
/** What the page says itself, of failures that are no `AppError`. */
const own = new Set(['unexpected', 'reference'])

function children(node: Node): Node[] {
  const values = (visitorKeys[node.type] ?? []).map((key) => (node as unknown as Record<string, unknown>)[key])
  return values.flat().filter((value): value is Node => typeof value === 'object' && value !== null && 'type' in value)
}

function everyNode(
  node: Node,
  inside: readonly Node[] = [],
): { readonly node: Node; readonly inside: readonly Node[] }[] {
  return [{ node, inside }, ...children(node).flatMap((child) => everyNode(child, [...inside, node]))]
}

function literal(node: Node | null | undefined): string | undefined {
  return node?.type === 'Literal' && typeof node.value === 'string' ? node.value : undefined
}

/** Names in `{ params: { … } }`; none without options; null when they are made elsewhere. */
function paramsOf(options: Argument | undefined): readonly string[] | null {
  if (options === undefined) return []
  if (options.type !== 'ObjectExpression') return null
  for (const property of options.properties) {
    if (property.type !== 'Property' || property.key.type !== 'Identifier' || property.key.name !== 'params') continue
    if (property.value.type !== 'ObjectExpression') return null
    return property.value.properties.flatMap((each) =>
      each.type === 'Property' && each.key.type === 'Identifier' ? [each.key.name] : [],
    )
  }
  return []
}

/** The keys that `new AppError(code, key, …)` can have: written there, a constant, or handed to a helper of the file. */
function keysOf(key: Argument | undefined, inside: readonly Node[], all: readonly Node[]): (string | undefined)[] {
  if (key?.type !== 'Identifier') return [literal(key)]
  for (const node of all) {
    if (node.type === 'VariableDeclarator' && node.id.type === 'Identifier' && node.id.name === key.name)
      return [literal(node.init)]
  }
  const helper = inside.findLast((node): node is FunctionNode => node.type === 'FunctionDeclaration')
  const at = helper?.params.findIndex((each) => each.type === 'Identifier' && each.name === key.name) ?? -1
  const calls = all.filter(
    (node) =>
      node.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.name === helper?.id?.name,
  )
  return at < 0 ? [undefined] : calls.map((call) => (call.type === 'CallExpression' ? literal(call.arguments[at]) : ''))
}

function sitesOf(file: string): Site[] {
  const found = everyNode(parseSync(file, readFileSync(join(root, file), 'utf8')).program)
  const all = found.map(({ node }) => node)
  return found.flatMap(({ node, inside }) => {
    if (node.type !== 'NewExpression' || node.callee.type !== 'Identifier' || node.callee.name !== 'AppError') return []
    const isCopy = inside.some((each) => each.type === 'MethodDefinition' && each.static)
    if (isCopy) return []
    return keysOf(node.arguments[1], inside, all).map((key) => {
      if (key === undefined) throw new Error(`${file} makes an AppError with a key that cannot be read from the source`)
      return { file, key, params: paramsOf(node.arguments[3]) }
    })
  })
}

const sites = globSync('src/**/*.{ts,tsx}', { cwd: root })
  .filter((file) => !/\.(test|fixture|test-support)\.tsx?$/.test(file))
  .flatMap(sitesOf)

test('every key of an AppError has its sentence in the language file', () => {
  expect(sites.length).toBeGreaterThan(100)
  const missing = sites.filter(({ key }) => !Object.hasOwn(errors, key)).map(({ key, file }) => `${key} (${file})`)
  expect(missing).toEqual([])
})

test('the language file holds no sentence that nothing says', () => {
  const used = new Set(sites.map(({ key }) => key))
  expect(Object.keys(errors).filter((key) => !used.has(key) && !own.has(key))).toEqual([])
})

test.each([
  ['English', errors],
  ['German', german],
])('a sentence in %s names only what its error carries everywhere', (_language, sentences) => {
  const wrong = sites.flatMap(({ key, file, params }) => {
    const sentence = (sentences as Readonly<Record<string, string>>)[key] ?? ''
    const named = [...sentence.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? '')
    return named
      .filter((name) => name !== 'message' && params !== null && !params.includes(name))
      .map((name) => `${key}: ${name} (${file})`)
  })
  expect(wrong).toEqual([])
})
