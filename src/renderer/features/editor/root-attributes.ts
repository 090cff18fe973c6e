import { session } from '../../app/session.ts'
import type { EditorController } from './editor-controller.ts'
import { editorView } from './editor-view.ts'

/**
 * Writes the editor's state to attributes of its root, the moment it changes: what scripts and tests
 * may rely on. Returns the function that stops it.
 *
 * `data-image-id`, `data-saved` (everything drawn is on disk), `data-ready` (every tile and mask in view
 * is drawn and up to date), `data-zoom` (device pixels per image pixel), `data-annotation-count`,
 * `data-selected-id`, `data-tool`, `data-corner` (`ring,index` of the corner in hand); the canvas has `data-viewport` (`scale,offsetX,offsetY`, CSS pixels).
 */
export function mirrorState(root: HTMLElement, controller: EditorController, imageId: string): () => void {
  function write(): void {
    const { phase, settled, annotations } = controller.document.state.getState()
    const { drawn, drawing, zoom, tool, corner } = editorView.getState()
    const { pending, failure } = controller.queue.state.getState()
    const ready = controller.view !== null && phase === 'ready' && settled && drawn && !drawing
    Object.assign(root.dataset, {
      imageId,
      saved: String(pending === 0 && failure === null && !drawing),
      ready: String(ready),
      zoom: String(zoom),
      annotationCount: String(annotations.length),
      selectedId: session.getState().selectedAnnotationId ?? '',
      tool,
      corner: corner === null ? '' : `${corner.ring},${corner.index}`,
    })
  }
  write()
  const stops = [
    controller.document.state.subscribe(write),
    controller.queue.state.subscribe(write),
    editorView.subscribe(write),
    session.subscribe(write),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
