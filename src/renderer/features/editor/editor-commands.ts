import type { ClassRecord } from '../../../shared/domain/records.ts'
import { invokeCommand, listCommands } from '../../app/commands.ts'
import type { Command, CommandContext } from '../../app/commands.ts'
import { preferences, setMaskOpacity } from '../../app/preferences.ts'
import { selectAnnotation, session, setActiveClass } from '../../app/session.ts'
import type { EditorController } from './editor-controller.ts'
import { editorView, setHidden, setTool, stepBrush } from './editor-view.ts'
import type { Tool } from './editor-view.ts'

const opacityStep = 0.1
const zoomStep = 1.5
const digits = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0'] as const
const reassignDigits = ['1', '2', '3', '4', '5', '6', '7', '8', '9'] as const

function tool(name: Tool, key: string): Command {
  return {
    id: `editor.${name}`,
    labelKey: `editor.command.${name}`,
    keys: [key],
    run: () => setTool(name),
  }
}

/** Everything a person can do in the editor; `controller` is null until the screen is there. */
export function editorCommands(
  controller: EditorController | null,
  classes: readonly ClassRecord[],
): readonly Command[] {
  const selected = () => session.getState().selectedAnnotationId
  const hasSelection = () => selected() !== null
  const drawsPolygon = () => editorView.getState().polygon.kind === 'drawing'
  const drawsStroke = () => editorView.getState().drawing
  const isOnCanvas = () => controller?.view !== null && document.activeElement === controller?.view?.canvas
  return [
    tool('select', 'V'),
    tool('brush', 'B'),
    tool('eraser', 'E'),
    tool('polygon', 'P'),
    {
      id: 'editor.lastTool',
      labelKey: 'editor.command.lastTool',
      keys: ['N'],
      run: () => setTool(editorView.getState().lastTool),
    },
    {
      id: 'editor.finish',
      labelKey: 'editor.command.finish',
      keys: ['Enter'],
      isEnabled: drawsPolygon,
      run: () => controller?.polygon({ kind: 'finish' }),
    },
    {
      id: 'editor.cancel',
      labelKey: 'editor.command.cancel',
      keys: ['Escape'],
      isEnabled: () => drawsPolygon() || drawsStroke() || hasSelection(),
      run: () => controller?.escape(),
    },
    {
      id: 'editor.removePoint',
      labelKey: 'editor.command.removePoint',
      keys: ['Backspace', 'Ctrl+Z'],
      isEnabled: () => drawsPolygon() || drawsStroke(),
      run: () => {
        if (drawsStroke()) controller?.escape()
        else controller?.polygon({ kind: 'removeLast' })
      },
    },
    {
      // Undo means the last thing drawn, also when that is still on its way.
      id: 'editor.undoWhenSaved',
      labelKey: 'editor.command.undoWhenSaved',
      keys: ['Ctrl+Z'],
      isEnabled: () => {
        const saving = controller?.queue.state.getState()
        return saving !== undefined && saving.pending > 0 && saving.failure === null && !drawsPolygon()
      },
      run: (context) => undoWhenSaved(controller, context),
    },
    {
      id: 'editor.delete',
      labelKey: 'editor.command.delete',
      keys: ['Delete'],
      isEnabled: () => hasSelection() && !drawsStroke(),
      run: () => {
        const id = selected()
        if (id === null) return
        controller?.document.remove(id)
        selectAnnotation(null)
      },
    },
    {
      id: 'editor.brushSmaller',
      labelKey: 'editor.command.brushSmaller',
      keys: ['['],
      run: () => stepBrush(-1),
    },
    {
      id: 'editor.brushLarger',
      labelKey: 'editor.command.brushLarger',
      keys: [']'],
      run: () => stepBrush(1),
    },
    { id: 'editor.fit', labelKey: 'editor.command.fit', keys: ['Ctrl+F'], run: () => controller?.view?.fit() },
    {
      id: 'editor.actualSize',
      labelKey: 'editor.command.actualSize',
      keys: ['Ctrl+0'],
      run: () => controller?.view?.actualSize(),
    },
    {
      id: 'editor.zoomIn',
      labelKey: 'editor.command.zoomIn',
      keys: ['+', '='],
      run: () => controller?.view?.zoomBy(zoomStep),
    },
    {
      id: 'editor.zoomOut',
      labelKey: 'editor.command.zoomOut',
      keys: ['-'],
      run: () => controller?.view?.zoomBy(1 / zoomStep),
    },
    {
      id: 'editor.hide',
      labelKey: 'editor.command.hide',
      keys: ['H'],
      isEnabled: hasSelection,
      run: () => {
        const id = selected()
        if (id !== null) setHidden([id], !editorView.getState().hiddenIds.has(id))
      },
    },
    {
      id: 'editor.hideAll',
      labelKey: 'editor.command.hideAll',
      keys: ['Shift+H'],
      run: () => {
        const ids = controller?.document.state.getState().annotations.map((record) => record.id) ?? []
        setHidden(ids, !ids.every((id) => editorView.getState().hiddenIds.has(id)))
      },
    },
    {
      id: 'editor.bare',
      labelKey: 'editor.command.bare',
      keys: ['X'],
      // By key it lasts until the key is released; a button switches.
      run: ({ source }) => editorView.setState(({ bare }) => ({ bare: source === 'key' || !bare })),
    },
    {
      // Only on the canvas, and not past the last object: the page stays walkable by Tab.
      id: 'editor.nextObject',
      labelKey: 'editor.command.nextObject',
      keys: ['Tab'],
      isEnabled: () => isOnCanvas() && controller?.neighbour(1) !== null,
      run: () => controller?.cycleSelection(1),
    },
    {
      id: 'editor.previousObject',
      labelKey: 'editor.command.previousObject',
      keys: ['Shift+Tab'],
      isEnabled: () => isOnCanvas() && controller?.neighbour(-1) !== null,
      run: () => controller?.cycleSelection(-1),
    },
    {
      id: 'editor.lessOpaque',
      labelKey: 'editor.command.lessOpaque',
      keys: [','],
      run: () => setMaskOpacity(preferences.getState().maskOpacity - opacityStep),
    },
    {
      id: 'editor.moreOpaque',
      labelKey: 'editor.command.moreOpaque',
      keys: ['.'],
      run: () => setMaskOpacity(preferences.getState().maskOpacity + opacityStep),
    },
    ...digits.map((digit): Command => ({
      id: `editor.class${digit}`,
      labelKey: `editor.command.class${digit}`,
      keys: [digit],
      isEnabled: () => classes.some((each) => each.key === digit),
      run: () => chooseClass(controller, classes, digit),
    })),
    ...reassignDigits.map((digit): Command => ({
      id: `editor.reassign${digit}`,
      labelKey: `editor.command.reassign${digit}`,
      keys: [`Ctrl+${digit}`],
      isEnabled: () => hasSelection() && classes.some((each) => each.key === digit),
      run: () => {
        const id = selected()
        const chosen = classes.find((each) => each.key === digit)
        if (id !== null && chosen !== undefined) controller?.document.reassign(id, chosen.id)
      },
    })),
  ]
}

/** Another class in hand means another object: what is selected of a different class is let go. */
function chooseClass(controller: EditorController | null, classes: readonly ClassRecord[], digit: string): void {
  const chosen = classes.find((each) => each.key === digit)
  if (chosen === undefined) return
  setActiveClass(chosen.id)
  const selectedId = session.getState().selectedAnnotationId
  const record = selectedId === null ? undefined : controller?.document.annotation(selectedId)
  if (record !== undefined && record.classId !== chosen.id) selectAnnotation(null)
}

async function undoWhenSaved(controller: EditorController | null, context: CommandContext): Promise<void> {
  if (controller === null || !(await controller.queue.settled())) return
  // Called whether or not it knows already that there is something to undo.
  const undo = listCommands().find((command) => command.id === 'app.undo')
  if (undo !== undefined) invokeCommand(undo, context)
}
