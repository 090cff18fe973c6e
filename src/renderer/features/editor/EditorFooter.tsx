import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { setBrushDiameter, setOpacity, useEditorView } from './editor-view.ts'

/** The slider is finer where brushes are small: its position is the square root of the diameter. */
const sliderSteps = 100
const sliderLargest = 300

/** Brush, opacity and zoom. */
export function EditorFooter(properties: { readonly hasOutline: boolean }): ReactElement {
  const { t } = useTranslation()
  const { hasOutline } = properties
  const diameter = useEditorView((state) => state.brushDiameter)
  const opacity = useEditorView((state) => state.opacity)
  const zoom = useEditorView((state) => state.zoom)
  const drawsPolygon = useEditorView((state) => state.polygon.kind === 'drawing')
  const corner = useEditorView((state) => state.corner)
  const tool = useEditorView((state) => state.tool)
  const percent = Math.round(opacity * 100)
  const outlineHelp = corner === null ? t('editor.outlineHelp') : t('editor.cornerHelp')
  const polygonHelp = drawsPolygon ? t('editor.polygonHelp') : t('editor.polygonStartHelp')
  const help = tool === 'polygon' ? polygonHelp : tool === 'select' && hasOutline ? outlineHelp : ''
  const zoomPercent = zoom >= 0.1 ? Math.round(zoom * 100) : Math.round(zoom * 1000) / 10
  return (
    <footer className="flex h-8 shrink-0 items-center gap-4 border-t border-line bg-surface px-3 text-sm text-muted">
      <label className="flex shrink-0 items-center gap-2">
        {t('editor.brushSize')}
        <input
          type="range"
          className="w-24 accent-accent"
          min={1}
          max={sliderSteps}
          step={1}
          value={Math.round(Math.sqrt(diameter / sliderLargest) * sliderSteps)}
          aria-valuetext={t('editor.pixels', { count: diameter })}
          onChange={(event) => {
            setBrushDiameter((event.currentTarget.valueAsNumber / sliderSteps) ** 2 * sliderLargest)
          }}
        />
        <span data-testid="brush-diameter" className="w-12 text-text tabular-nums">
          {t('editor.pixels', { count: diameter })}
        </span>
      </label>
      <label className="flex shrink-0 items-center gap-2">
        {t('editor.opacity')}
        <input
          type="range"
          className="w-20 accent-accent"
          min={0}
          max={100}
          step={5}
          value={percent}
          onChange={(event) => setOpacity(event.currentTarget.valueAsNumber / 100)}
        />
        <span className="w-9 text-text tabular-nums">{t('editor.percent', { percent })}</span>
      </label>
      <p className="line-clamp-2 min-w-0 flex-1 text-center text-xs leading-tight">{help}</p>
      <span data-testid="zoom" className="shrink-0 text-text tabular-nums" aria-label={t('editor.zoom')}>
        {t('editor.percent', { percent: zoomPercent })}
      </span>
    </footer>
  )
}
