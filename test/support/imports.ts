import { parseSync, visitorKeys } from 'oxc-parser'
import type { Comment, Node, Program } from 'oxc-parser'

/** One place where a file names another module. */
export type Import = {
  /** As written, e.g. `../store/ids.ts`, `node:fs`, `react-dom/client`. */
  readonly specifier: string
  /** `import type`, `export type` and `import('…')` in a type: gone when the code runs. */
  readonly typeOnly: boolean
}

export type ParsedSource = {
  readonly imports: readonly Import[]
  /** Texts of comments, without their markers. */
  readonly comments: readonly string[]
  /** Number of places that name the type `any`. */
  readonly anyCount: number
}

/** Stands for the specifier of an import that is computed when the code runs and so cannot be checked. */
export const computedSpecifier = '<computed>'

/**
 * Finds every way in which a module names another: static imports and re-exports, dynamic `import()`, types by
 * `import('…')`, `require`, `import.meta.resolve`, and code started by URL, `new URL('./x.ts', import.meta.url)`.
 */
export function parseSource(path: string, text: string): ParsedSource {
  const result = parseSync(path, text, { sourceType: 'module' })
  const [error] = result.errors
  if (error !== undefined) throw new Error(`${path}: ${error.message}`)
  const imports: Import[] = []
  let anyCount = 0
  visit(result.program, (node) => {
    imports.push(...importsOfNode(node))
    if (node.type === 'TSAnyKeyword') anyCount++
  })
  return { imports, comments: result.comments.map((comment: Comment) => comment.value), anyCount }
}

function importsOfNode(node: Node): readonly Import[] {
  if (node.type === 'ImportDeclaration') return [of(node.source, node.importKind === 'type')]
  if (node.type === 'ExportAllDeclaration') return [of(node.source, node.exportKind === 'type')]
  if (node.type === 'ExportNamedDeclaration') {
    return node.source === null ? [] : [of(node.source, node.exportKind === 'type')]
  }
  if (node.type === 'ImportExpression') return [of(node.source, false)]
  if (node.type === 'TSImportType') return [of(node.source, true)]
  if (node.type === 'TSExternalModuleReference') return [of(node.expression, false)]
  if (node.type === 'CallExpression') return isLoaderCall(node.callee) ? [of(node.arguments[0], false)] : []
  if (node.type === 'NewExpression') return codeByUrl(node)
  return []
}

function of(source: Node | undefined, typeOnly: boolean): Import {
  const literal = source?.type === 'Literal' && typeof source.value === 'string' ? source.value : undefined
  return { specifier: literal ?? computedSpecifier, typeOnly }
}

/** `require(…)`, `require.resolve(…)`, `import.meta.resolve(…)`. */
function isLoaderCall(callee: Node): boolean {
  if (callee.type === 'Identifier') return callee.name === 'require'
  if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return false
  const isRequire = callee.object.type === 'Identifier' && callee.object.name === 'require'
  return callee.property.name === 'resolve' && (isRequire || callee.object.type === 'MetaProperty')
}

/** Data files are named by URL too: only code counts. */
function codeByUrl(node: Extract<Node, { type: 'NewExpression' }>): readonly Import[] {
  const [path, base] = node.arguments
  if (node.callee.type !== 'Identifier' || node.callee.name !== 'URL') return []
  if (base?.type !== 'MemberExpression' || base.object.type !== 'MetaProperty') return []
  const found = of(path, false)
  return /\.[cm]?[jt]sx?$/.test(found.specifier) ? [found] : []
}

function visit(node: Node | Program, look: (node: Node) => void): void {
  look(node)
  const children = node as unknown as Readonly<Record<string, Node | null | readonly (Node | null)[]>>
  for (const key of visitorKeys[node.type] ?? []) {
    const child = children[key]
    for (const one of Array.isArray(child) ? (child as readonly (Node | null)[]) : [child as Node | null]) {
      if (one !== null && one !== undefined) visit(one, look)
    }
  }
}
