import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from './project-root.ts'

/** One security setting turned the wrong way round, and the tests that must notice. */
export interface Flip {
  readonly kind: string
  readonly name: string
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly from: string
  readonly to: string
  readonly tests: readonly string[]
}

const shell = 'test/electron/shell.test.ts'
const guards = 'test/electron/guards.test.ts'
const ipc = 'test/electron/ipc.test.ts'
const pageTest = 'test/electron/protocol.test.ts'
const scan = 'test/electron/source-scan.test.ts'
const preloadBundle = 'test/build/preload-bundle.test.ts'
const attacks = 'test/host/attacks.test.ts'
const http = 'src/main/host/http.test.ts'
const media = 'src/main/host/media.test.ts'
const places = 'src/main/host/places.test.ts'
const router = 'src/main/host/router.test.ts'

/** Flips of one file that share their tests. */
function flipsOf(
  kind: string,
  file: string,
  tests: readonly string[],
  changes: readonly (readonly [name: string, from: string, to: string])[],
): readonly Flip[] {
  return changes.map(([name, from, to]) => ({ kind, name, file, from, to, tests }))
}

function booleans(
  kind: string,
  file: string,
  tests: readonly string[],
  settings: Readonly<Record<string, boolean>>,
): readonly Flip[] {
  return Object.entries(settings).map(([name, value]) => ({
    ...{ kind, name, file, tests },
    from: `${name}: ${value}`,
    to: `${name}: ${!value}`,
  }))
}

const scheme =
  '{ scheme: pageScheme, privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } }'

export const flips: readonly Flip[] = [
  ...booleans('web preference', 'src/main/electron/window.ts', [shell], {
    contextIsolation: true,
    sandbox: true,
    webSecurity: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webviewTag: false,
    plugins: false,
    navigateOnDragDrop: false,
    spellcheck: false,
  }),
  ...flipsOf(
    'web preference',
    'src/main/electron/window.ts',
    [shell],
    [
      ['developer tools in a packed program', 'devTools: options.devTools', 'devTools: true'],
      ['no preload script', '      preload: options.preload,\n', ''],
    ],
  ),
  ...flipsOf(
    'web preference',
    'src/main/electron/window.ts',
    [scan],
    [
      [
        'insecure content',
        '      sandbox: true,\n',
        '      sandbox: true,\n      allowRunningInsecureContent: true,\n',
      ],
      ['experimental features', '      sandbox: true,\n', '      sandbox: true,\n      experimentalFeatures: true,\n'],
      ['Blink features', '      sandbox: true,\n', "      sandbox: true,\n      enableBlinkFeatures: 'X',\n"],
    ],
  ),

  ...booleans('scheme privilege', 'src/main/electron/protocol.ts', [shell], {
    standard: true,
    secure: true,
    supportFetchAPI: true,
    stream: true,
  }),
  ...['bypassCSP', 'corsEnabled', 'allowServiceWorkers', 'allowExtensions'].map((name) => ({
    kind: 'scheme privilege',
    name,
    file: 'src/main/electron/protocol.ts',
    from: scheme,
    to: scheme.replace('stream: true', `stream: true, ${name}: true`),
    tests: [shell],
  })),

  ...flipsOf(
    'start',
    'src/main/electron/shell.ts',
    [shell],
    [
      ['no sandbox for all', '  app.enableSandbox()\n', ''],
      ['scheme registered too late', '  registerPageScheme()\n', '  void app.whenReady().then(registerPageScheme)\n'],
      ['contents not restricted', '(_event, contents) => restrictNavigation(contents)', '() => undefined'],
      ['session not restricted', '  restrictSession(session.defaultSession)\n', ''],
      [
        'no single instance',
        '  if (!app.requestSingleInstanceLock({ path: asked })) {',
        '  if (app.isPackaged && !app.hasSingleInstanceLock()) {',
      ],
      ['profile shared with other starts', "join(configurationFolder(), 'window')", "'/tmp/window'"],
      [
        'a second start is believed',
        'secondStartSchema.safeParse(data).data?.path ?? null',
        '(data as { path: string }).path',
      ],
      ['a closed window may go on calling', '      dismiss()\n', ''],
      ['developer tools in the packed menu', 'const devTools = !app.isPackaged', 'const devTools = true'],
    ],
  ),

  ...flipsOf(
    'permission',
    'src/main/electron/permissions.ts',
    [guards],
    [
      [
        'request: any permission',
        'callback(allowed.has(permission) && isOurUrl(details.requestingUrl))',
        'callback(isOurUrl(details.requestingUrl))',
      ],
      [
        'request: any page',
        'callback(allowed.has(permission) && isOurUrl(details.requestingUrl))',
        'callback(allowed.has(permission))',
      ],
      [
        'check: any permission',
        'return allowed.has(permission) && isOurUrl(requestingOrigin)',
        'return isOurUrl(requestingOrigin)',
      ],
      [
        'check: any page',
        'return allowed.has(permission) && isOurUrl(requestingOrigin)',
        'return allowed.has(permission)',
      ],
      ['device', 'setDevicePermissionHandler(() => false)', 'setDevicePermissionHandler(() => true)'],
      ['reading the clipboard', "'clipboard-sanitized-write'", "'clipboard-sanitized-write', 'clipboard-read'"],
      ['camera and microphone', "'clipboard-sanitized-write'", "'clipboard-sanitized-write', 'media'"],
      ['network', 'callback({ cancel: true })', 'callback({ cancel: false })'],
      ['network: WebSockets', ", 'ws://*/*'", ''],
      [
        'downloads',
        "session.on('will-download', (event) => event.preventDefault())",
        "session.on('will-download', () => undefined)",
      ],
    ],
  ),

  ...flipsOf(
    'navigation',
    'src/main/electron/navigation.ts',
    [guards],
    [
      ['will-navigate', "contents.on('will-navigate'", "contents.on('did-navigate'"],
      ['will-redirect', "contents.on('will-redirect'", "contents.on('did-redirect-navigation'"],
      ['will-frame-navigate', "contents.on('will-frame-navigate'", "contents.on('did-frame-navigate'"],
      ['frames inside the page', '!details.isMainFrame || ', ''],
      ['will-attach-webview', "contents.on('will-attach-webview'", "contents.on('did-attach-webview'"],
      ['windows', "action: 'deny'", "action: 'allow'"],
    ],
  ),
  ...flipsOf(
    'navigation',
    'src/main/electron/page-url.ts',
    [guards],
    [
      ['any scheme', 'parsed.protocol === `${pageScheme}:` && ', ''],
      ['any host', ' && parsed.host === pageHost', ''],
      ['host without its port', 'parsed.host === pageHost', 'parsed.hostname === pageHost'],
      ['host by its beginning', 'parsed.host === pageHost', 'parsed.host.startsWith(pageHost)'],
      [
        'media as a page',
        "isOurUrl(url) && ['/', '/index.html'].includes(URL.parse(url)?.pathname ?? '')",
        'isOurUrl(url)',
      ],
    ],
  ),

  ...flipsOf(
    'other programs',
    'src/main/electron/external.ts',
    [guards],
    [
      ['any scheme', " || parsed.protocol !== 'https:'", ''],
      ['any host', '!allowedHosts.has(parsed.host) || ', ''],
      ['any port', 'allowedHosts.has(parsed.host)', 'allowedHosts.has(parsed.hostname)'],
      ['a user name', "parsed.username !== '' || ", ''],
      ['a password', " || parsed.password !== ''", ''],
    ],
  ),

  ...flipsOf(
    'IPC sender',
    'src/main/electron/sender.ts',
    [ipc],
    [
      ['any window', '  if (!windows.has(sender.id)) return false\n', ''],
      ['no frame', 'if (senderFrame === null) return false', 'if (senderFrame === null) return true'],
      ['frames inside the page', '  if (senderFrame.parent !== null) return false\n', ''],
      ['any page', 'return isOurUrl(senderFrame.url)', 'return true'],
    ],
  ),
  ...flipsOf(
    'IPC',
    'src/main/electron/ipc.ts',
    [ipc],
    [
      ['no check of the sender', '      if (!isOurPage(event, windows)) return failure(foreignSender())\n', ''],
      ['no size limit', 'bytes: cloneSize(input, router.maxBytes(path) ?? 0)', 'bytes: 0'],
      ['calls with more in them', 'const callSchema = z.strictObject', 'const callSchema = z.object'],
      ['long call ids', 'z.string().min(1).max(64)', 'z.string().min(1)'],
      ['long paths', 'z.string().max(longestPath)', 'z.string()'],
      ['files without a path', "if (path.data === '')", "if (path.data === '/')"],
      ['bugs told to the page', 'return failure(internalError(ref))', 'throw error'],
    ],
  ),
  ...flipsOf(
    'IPC',
    'src/main/electron/clone-size.ts',
    ['test/electron/clone-size.test.ts'],
    [
      ['bytes not counted', 'return tagBytes + value.byteLength', 'return tagBytes'],
      ['text not counted', 'return tagBytes + Buffer.byteLength(value)', 'return tagBytes'],
      ['maps not looked into', 'value instanceof Map', 'value instanceof WeakMap'],
      ['no end', 'while (open.length > 0 && size <= limit)', 'while (open.length > 0 && size <= 2 * limit)'],
    ],
  ),
  ...flipsOf(
    'preload',
    'src/main/electron/preload/preload.ts',
    [preloadBundle],
    [
      [
        'exposes ipcRenderer',
        'exposeInMainWorld(desktopKey, desktop)',
        'exposeInMainWorld(desktopKey, { ...desktop, ipcRenderer })',
      ],
      [
        'exposes its functions',
        'exposeInMainWorld(desktopKey, desktop)',
        'exposeInMainWorld(desktopKey, { ...desktop, receive: ipcRenderer.invoke })',
      ],
      ['hands the event object on', 'listener(message.payload)', 'listener(_event)'],
      ['lets the page name the channel', 'ipcRenderer.invoke(desktopChannels.call, {', 'ipcRenderer.invoke(callId, {'],
      [
        'hands the path to the page',
        'ipcRenderer.invoke(desktopChannels.receive, webUtils.getPathForFile(file as File))',
        'Promise.resolve(webUtils.getPathForFile(file as File))',
      ],
      [
        'requires more than electron',
        'contextBridge.exposeInMainWorld(',
        "contextBridge.exposeInMainWorld('files', process.getBuiltinModule('node:fs'))\ncontextBridge.exposeInMainWorld(",
      ],
    ],
  ),

  ...flipsOf(
    'protocol',
    'src/main/electron/protocol.ts',
    [pageTest],
    [
      ['any host', '!isOurUrl(request.url) || ', ''],
      ['any asking origin', ' || !comesFromOurPage(request)', ''],
      ['any method', "request.method !== 'GET' && request.method !== 'HEAD'", 'request.method === null'],
      [
        'no headers',
        '    for (const [name, value] of Object.entries(securityHeaders)) response.headers.set(name, value)\n',
        '',
      ],
      ['errors told to the page', 'return refusal(500)', 'return new Response(describe(error), { status: 500 })'],
    ],
  ),

  ...[
    'default-src',
    'script-src',
    'style-src',
    'img-src',
    'connect-src',
    'font-src',
    'worker-src',
    'base-uri',
    'form-action',
    'frame-ancestors',
  ].map((directive): Flip => ({
    kind: 'content security policy',
    name: directive,
    file: 'src/main/host/security-headers.ts',
    from: `  "${directive} `,
    to: `  "${directive} * `,
    tests: [pageTest],
  })),
  ...flipsOf(
    'content security policy',
    'src/main/host/security-headers.ts',
    [http],
    [
      ['inline scripts', `"script-src 'self'"`, `"script-src 'self' 'unsafe-inline'"`],
      ['eval', `"script-src 'self'"`, `"script-src 'self' 'unsafe-eval'"`],
      ['inline styles', `"style-src 'self'"`, `"style-src 'self' 'unsafe-inline'"`],
    ],
  ),
  ...[
    'Content-Security-Policy',
    'Cross-Origin-Opener-Policy',
    'Cross-Origin-Embedder-Policy',
    'Cross-Origin-Resource-Policy',
    'X-Content-Type-Options',
    'Referrer-Policy',
  ].map((header): Flip => ({
    kind: 'header',
    name: header,
    file: 'src/main/host/security-headers.ts',
    from: `'${header}'`,
    to: `'X-${header}'`,
    tests: [pageTest],
  })),

  ...flipsOf(
    'page files',
    'src/main/host/static-files.ts',
    [pageTest],
    [
      ['NUL', " || decoded.includes('\\0')", ''],
      ['backslash', " || decoded.includes('\\\\')", ''],
      ['hidden names', " || segment.startsWith('.')", ''],
      ['drives and streams', " || segment.includes(':')", ''],
      ['any type of file', '  if (contentType === undefined) return null\n', ''],
      ['links to the outside', '!isInside(await realpath(folder), real) || ', ''],
      ['decoded twice', 'const decoded = decode(urlPath)', 'const decoded = decode(decode(urlPath) ?? urlPath)'],
    ],
  ),
  ...flipsOf(
    'places',
    'src/main/host/static-files.ts',
    [places],
    [
      [
        'inside by prefix',
        "return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)",
        'return path.startsWith(folder)',
      ],
    ],
  ),
  ...flipsOf(
    'places',
    'src/main/host/places.ts',
    [places],
    [
      ['anywhere by id', '    if (!isAllowed(real)) throw', '    if (!isAllowed(real) && real === path) throw'],
      [
        'links to the outside are listed',
        'found === null || !isAllowed(found.real)) return null\n    if (found.isFolder)',
        'found === null) return null\n    if (found.isFolder)',
      ],
      ['new things through a link', 'found === null ? isLink(path) : !isAllowed(found.real)', 'false'],
      [
        'a place for any path',
        'found === null || !isAllowed(found.real)) return null\n      return toPlace',
        'found === null) return null\n      return toPlace',
      ],
      ['a grant for the folder around', 'granted.add(real)', "granted.add(join(real, '..'))"],
      ['any name', '  checkName(name)\n', ''],
      ['hidden entries', "  if (name.startsWith('.')) return null\n", ''],
      ['ids that can be guessed', "const id = randomBytes(12).toString('base64url')", 'const id = path'],
    ],
  ),

  ...flipsOf(
    'browser host',
    'src/main/host/http.ts',
    [http],
    [
      ['any host name', 'headers.host !== authority ||', 'headers.host === undefined ||'],
      ['any origin', 'if (headers.origin !== undefined && headers.origin !== origin)', "if (headers.origin === '')"],
      [
        'calls without an origin',
        '      if (headers.origin !== origin) return send(response, 403, foreignOrigin())\n',
        '',
      ],
      [
        'calls without a token',
        '      if (!isAuthorized(request)) return send(response, 401, wrongToken())\n      if (path',
        '      if (path',
      ],
      [
        'media without a token',
        '      if (!isAuthorized(request)) return send(response, 401, wrongToken())\n      return answerMedia',
        '      return answerMedia',
      ],
      ['any token', 'shown !== undefined && isToken(shown)', 'shown !== undefined'],
      ['a shorter token', 'randomBytes(32)', 'randomBytes(8)'],
      ['calls as a form', "$/i.test(headers['content-type'] ?? '')", "$/i.test('application/json')"],
      [
        'uploads as a form',
        "const type = request.headers['content-type'] ?? ''",
        "const type = number === undefined ? 'application/json' : 'application/octet-stream'",
      ],
      ['calls by GET', "if (method !== 'POST') return notAllowed(response, 'POST')", ''],
      ['the page by POST', "if (method !== 'GET' && method !== 'HEAD') return notAllowed(response, 'GET, HEAD')", ''],
      ['events from any host', 'host === authority && from === origin', 'from === origin'],
      ['events from any origin', 'host === authority && from === origin', 'host === authority'],
      ['every address of the machine', "const address = '127.0.0.1'", "const address = '0.0.0.0'"],
      ['large bodies', 'if (size > maxBytes)', 'if (size > 1000 * maxBytes)'],
      [
        'no headers',
        '    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value)\n',
        '',
      ],
    ],
  ),
  ...flipsOf(
    'browser host',
    'src/main/host/http.ts',
    [attacks],
    [['two host names', " || request.headersDistinct['host']?.length !== 1", '']],
  ),
  ...flipsOf(
    'browser host',
    'src/main/host/event-socket.ts',
    [http],
    [
      ['events without a token', '!showsToken(String(data as Buffer))', 'false'],
      ['events before the token', 'for (const socket of admitted)', 'for (const socket of server.clients)'],
      [
        'no time limit',
        "setTimeout(() => socket.close(policyViolation, 'no token'), options.tokenWaitMs)",
        'setTimeout(() => undefined, options.tokenWaitMs)',
      ],
    ],
  ),

  ...flipsOf(
    'router',
    'src/main/host/router.ts',
    [router],
    [
      ['no size limit', '    if (call.bytes > spec.maxBytes) throw requestTooLarge(call.path, spec.maxBytes)\n', ''],
      [
        'no input schema',
        'const input = spec.in.safeParse(call.input)',
        'const input = { success: true as const, data: call.input, error: { issues: [] as never[] } }',
      ],
      [
        'no output schema',
        'const output = spec.out.safeParse(value)',
        'const output = { success: true as const, data: value, error: null }',
      ],
    ],
  ),
  ...flipsOf(
    'media',
    'src/main/host/media.ts',
    [media],
    [
      ['any method', "request.method !== 'GET' && request.method !== 'HEAD'", 'request.method === null'],
      ['any id', 'const idPattern = /^[A-Za-z0-9_-]{1,64}$/', 'const idPattern = /./'],
      ['any number', 'const numberPattern = /^(?:0|[1-9][0-9]{0,8})$/', 'const numberPattern = /./'],
      [
        'bugs told to the page',
        'known = internalError(ref)',
        "known = new AppError('Internal', 'internal', describe(error))",
      ],
    ],
  ),

  ...fuses(),
]

/** The fuses of the packed program, where it is packed: each value the other way round. */
function fuses(): readonly Flip[] {
  const file = 'electron-builder.yml'
  const path = join(projectRoot, file)
  if (!existsSync(path)) return []
  const [, block = ''] = /^electronFuses:\n((?:[ \t]+.*\n?)+)/m.exec(readFileSync(path, 'utf8')) ?? []
  const tests = globSync('test/**/*.test.ts', { cwd: projectRoot }).filter((test) =>
    readFileSync(join(projectRoot, test), 'utf8').includes('electronFuses'),
  )
  return [...block.matchAll(/^[ \t]+(\w+): (true|false)\b/gm)].map(([line, name = '', value]) => ({
    kind: 'fuse',
    name,
    file,
    from: line,
    to: line.replace(`: ${value}`, value === 'true' ? ': false' : ': true'),
    tests,
  }))
}
