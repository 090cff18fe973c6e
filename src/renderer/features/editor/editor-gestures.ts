import type { Gesture } from '../../app/commands.ts'

/** What the pointer does on the canvas; see `editor-controller.ts`. */
export const editorGestures: readonly Gesture[] = [
  { id: 'canvas.pan', labelKey: 'help.gesture.pan', keys: ['Space+drag', 'middleDrag'] },
  { id: 'canvas.zoom', labelKey: 'help.gesture.zoom', keys: ['wheel'] },
  { id: 'canvas.brushSize', labelKey: 'help.gesture.brushSize', keys: ['Shift+wheel'] },
  { id: 'canvas.line', labelKey: 'help.gesture.line', keys: ['Shift+click'] },
  { id: 'canvas.opposite', labelKey: 'help.gesture.opposite', keys: ['Ctrl+drag'] },
  { id: 'canvas.close', labelKey: 'help.gesture.close', keys: ['doubleClick'] },
  { id: 'canvas.subtract', labelKey: 'help.gesture.subtract', keys: ['Alt+click'] },
  { id: 'canvas.select', labelKey: 'help.gesture.select', keys: ['click'] },
]
