/** Files in folders, as a drag from the desktop hands them to a page. */
export type Tree = { readonly [name: string]: Tree | string | Uint8Array<ArrayBuffer> }

/** Most entries that a folder hands out at once: fewer than browsers do, so that every folder takes several. */
const portion = 2

/**
 * A drop of these files and folders. The files are real; the entries are made here, since a page cannot make any.
 * `after` is told when the event is over: from then on the data gives nothing away, as in a browser.
 */
function dropOf(tree: Tree): { readonly data: DataTransfer; readonly after: () => void } {
  const data = new DataTransfer()
  let isOver = false
  const items = Object.entries(tree).map(([name, content]) => {
    const entry = entryOf(name, content)
    return {
      kind: 'file',
      getAsFile: () => (isOver ? null : fileOf(name, content)),
      webkitGetAsEntry: () => (isOver ? null : entry),
    }
  })
  Object.defineProperty(data, 'items', { value: items })
  Object.defineProperty(data, 'types', { value: ['Files'] })
  return {
    data,
    after: () => {
      isOver = true
    },
  }
}

function fileOf(name: string, content: Tree[string]): File {
  return new File(typeof content === 'string' || content instanceof Uint8Array ? [content] : [], name)
}

function entryOf(name: string, content: Tree[string]): object {
  if (typeof content === 'string' || content instanceof Uint8Array) {
    return {
      name,
      isFile: true,
      isDirectory: false,
      file: (found: (file: File) => void) => found(fileOf(name, content)),
    }
  }
  return {
    name,
    isFile: false,
    isDirectory: true,
    createReader: () => {
      const left = Object.entries(content).map(([child, below]) => entryOf(child, below))
      return { readEntries: (found: (entries: object[]) => void) => found(left.splice(0, portion)) }
    },
  }
}

/** Drags over the middle of the window. */
export function dragOver(tree: Tree): DragEvent {
  const { data } = dropOf(tree)
  const event = new DragEvent('dragover', { dataTransfer: data, bubbles: true, cancelable: true })
  document.body.dispatchEvent(event)
  return event
}

export function leaveWindow(): void {
  document.body.dispatchEvent(new DragEvent('dragleave', { bubbles: true, relatedTarget: null }))
}

/** Drops them; returns the event after it has been handled. */
export function drop(tree: Tree): DragEvent {
  const { data, after } = dropOf(tree)
  const event = new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })
  document.body.dispatchEvent(event)
  after()
  return event
}
